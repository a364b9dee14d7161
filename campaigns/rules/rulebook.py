"""Read a rulebook document into a frozen tree of clauses, or refuse it with the clause named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from campaigns.rules.methods import METHODS, Method, Veto
from campaigns.rules.numbers import Fields, Malformed, exact, flag, plain, shown

DEEPEST: Final = 12
DEFAULT_UNIT: Final = "次"


class Kind(StrEnum):
    """Kinds of clauses; bonus lies outside the base, a veto brings no points."""

    KEY = "key"
    BASIC = "basic"
    BONUS = "bonus"
    VETO = "veto"


KIND_WORDS: Final[dict[Kind, str]] = {
    Kind.KEY: "关键项",
    Kind.BASIC: "基本项",
    Kind.BONUS: "鼓励项",
    Kind.VETO: "否决项",
}
BASE: Final = frozenset({Kind.KEY, Kind.BASIC})

# What may stand under what. Bonus and veto clauses may stand in a base chapter without counting towards it.
_MAY_HOLD: Final[dict[Kind, frozenset[Kind]]] = {
    Kind.KEY: frozenset(Kind),
    Kind.BASIC: frozenset(Kind),
    Kind.BONUS: frozenset({Kind.BONUS, Kind.VETO}),
    Kind.VETO: frozenset({Kind.VETO}),
}


class ScoringRefused(ValueError):
    """Something that cannot be scored; ``clause`` is the number of the clause at fault, None for the whole."""

    def __init__(self, clause: str | None, sentence: str) -> None:
        super().__init__(f"条款 {clause}：{sentence}" if clause else sentence)
        self.clause, self.sentence = clause, sentence

    def as_document(self) -> dict[str, str | None]:
        """The answer of a refused command: reason and clause."""
        return {"reason": str(self), "clause": self.clause}


class RulebookRefused(ScoringRefused):
    """A rulebook that contradicts itself or says something unknown."""


class ReadingRefused(ScoringRefused):
    """A reading of the wrong shape or of an unknown clause."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause; a leaf carries a ``method``, a chapter its ``children``.

    ``points`` are in the rulebook's own scale. ``unit`` is the word its cases are counted in (次, 份, 家).
    """

    no: str
    title: str
    kind: Kind
    points: Fraction
    method: Method | None
    children: tuple[Clause, ...] = ()
    unit: str = DEFAULT_UNIT

    @property
    def in_base(self) -> bool:
        return self.kind in BASE

    def walk(self) -> Iterator[Clause]:
        """This clause and everything below it, in the order of the document."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> Iterator[Clause]:
        """The scored clauses at or below this one."""
        return (clause for clause in self.walk() if clause.method is not None)


@dataclass(frozen=True, slots=True)
class PassRule:
    """When a campaign passes; None where the rulebook sets no such condition."""

    no_veto: bool = True
    min_total: Fraction | None = None
    min_base: Fraction | None = None
    key_min_rate: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A whole edition: the top clauses in order, the pass rule, and every clause by its number."""

    title: str
    clauses: tuple[Clause, ...]
    passing: PassRule
    by_no: Mapping[str, Clause] = field(compare=False, repr=False)

    def leaves(self) -> Iterator[Clause]:
        """The scored clauses in the order of the document."""
        return (leaf for clause in self.clauses for leaf in clause.leaves())

    @property
    def base_points(self) -> Fraction:
        """What all key and basic clauses are worth together."""
        return sum((leaf.points for leaf in self.leaves() if leaf.in_base), Fraction(0))

    def key_clauses(self) -> Iterator[Clause]:
        """The topmost clauses of kind key, which the key floor holds for."""
        return (key for clause in self.clauses for key in _topmost_keys(clause))


def _topmost_keys(clause: Clause) -> Iterator[Clause]:
    if clause.kind is Kind.KEY:
        yield clause
    else:
        for child in clause.children:
            yield from _topmost_keys(child)


def parse_rulebook(document: object) -> Rulebook:
    """The frozen tree of a rulebook document in the shape of the scoring contract.

    Keys the engine has no use for (sources, bound measures) are left alone; unknown methods, parameters and
    pass conditions are refused. Raises RulebookRefused.
    """
    if not isinstance(document, Mapping):
        raise RulebookRefused(None, f"评价细则应为一组键值，填的是 {shown(document)}")
    raw_clauses = document.get("clauses")
    if not isinstance(raw_clauses, list | tuple) or not raw_clauses:
        raise RulebookRefused(None, "评价细则缺少条款（clauses）")
    by_no: dict[str, Clause] = {}
    clauses = tuple(_clause(raw, None, by_no, 1) for raw in raw_clauses)
    passing = _pass_rule(document.get("pass"))
    return Rulebook(str(document.get("title") or ""), clauses, passing, MappingProxyType(by_no))


def _clause(raw: object, parent: Kind | None, by_no: dict[str, Clause], depth: int) -> Clause:
    """One clause and everything below it; registers each number on the way."""
    if not isinstance(raw, Mapping):
        raise RulebookRefused(None, f"条款应为一组键值，填的是 {shown(raw)}")
    no = _number(raw)
    if no in by_no:
        raise RulebookRefused(no, "编号重复")
    if depth > DEEPEST:
        raise RulebookRefused(no, f"条款最多 {DEEPEST} 层")
    kind = _kind(no, raw.get("kind"), parent)
    children = raw.get("children")
    if children is not None and not isinstance(children, list | tuple):
        raise RulebookRefused(no, f"下级条款应为列表，填的是 {shown(children)}")
    title, unit = str(raw.get("title") or ""), str(raw.get("unit") or DEFAULT_UNIT)
    try:
        points = None if raw.get("points") is None else exact(raw["points"])
    except Malformed as problem:
        raise RulebookRefused(no, f"分值{problem}") from None
    if kind is Kind.VETO and points:
        raise RulebookRefused(no, f"否决项不计分，填的分值是 {plain(points)}")
    if children:
        # Its place is held while the children are read, so that none of them takes its number.
        by_no[no] = Clause(no, title, kind, Fraction(0), None)
        below = tuple(_clause(child, kind, by_no, depth + 1) for child in children)
        clause = Clause(no, title, kind, _chapter_points(no, kind, points, raw, below), None, below, unit)
    else:
        method = _method(no, kind, raw)
        clause = Clause(no, title, kind, _leaf_points(no, points, method), method, (), unit)
    by_no[no] = clause
    return clause


def _number(raw: Mapping[str, object]) -> str:
    no = raw.get("no")
    if isinstance(no, int) and not isinstance(no, bool):
        no = str(no)
    if not isinstance(no, str) or not no.strip():
        raise RulebookRefused(None, f"有条款缺少编号（no）：{shown(raw.get('title') or raw)}")
    return no.strip()


def _kind(no: str, raw: object, parent: Kind | None) -> Kind:
    """The clause's kind, its parent's where it names none."""
    if raw is None and parent is not None:
        return parent
    if not isinstance(raw, str) or raw not in frozenset(Kind):
        raise RulebookRefused(no, f"类别应为 {'、'.join(Kind)} 之一，填的是 {shown(raw)}")
    kind = Kind(raw)
    if parent is not None and kind not in _MAY_HOLD[parent]:
        raise RulebookRefused(no, f"{KIND_WORDS[kind]}不能放在{KIND_WORDS[parent]}下面")
    return kind


def _chapter_points(
    no: str, kind: Kind, points: Fraction | None, raw: Mapping[str, object], below: tuple[Clause, ...]
) -> Fraction:
    """A chapter's points: those of its children, without the bonus and veto clauses in a base chapter."""
    if raw.get("method") is not None:
        raise RulebookRefused(no, "有下级条款的条款不能再写评分方法")
    counted = [child for child in below if child.in_base or kind is child.kind is Kind.BONUS]
    total = sum((child.points for child in counted), Fraction(0))
    if points is not None and points != total:
        raise RulebookRefused(
            no, f"下级条款分值之和是 {plain(total)}，本条分值是 {plain(points)}，两者应相等"
        )
    return total


def _method(no: str, kind: Kind, raw: Mapping[str, object]) -> Method:
    """A leaf's scoring method with its parameters."""
    name = raw.get("method")
    if name is None and kind is Kind.VETO:
        name = Veto.name
    if not isinstance(name, str) or name not in METHODS:
        given = "没有评分方法" if name is None else f"没有“{shown(name)}”这种评分方法"
        raise RulebookRefused(no, f"{given}，可用 {'、'.join(METHODS)}")
    if (name == Veto.name) is not (kind is Kind.VETO):
        raise RulebookRefused(
            no, f"{KIND_WORDS[kind]}不能用评分方法 {name}：否决项用 veto，veto 只用于否决项"
        )
    try:
        params = Fields(raw.get("params"), "参数")
        method = METHODS[name].read(params)
        params.finish()
    except Malformed as problem:
        raise RulebookRefused(no, str(problem)) from None
    return method


def _leaf_points(no: str, points: Fraction | None, method: Method) -> Fraction:
    """A leaf's points; a bonus that names none is worth its cap, a veto nothing."""
    if points is not None:
        return points
    if isinstance(method, Veto):
        return Fraction(0)
    cap = getattr(method, "cap", None) if method.name == "bonus" else None
    if cap is None:
        raise RulebookRefused(no, "缺少分值（points）")
    return Fraction(cap)


def _pass_rule(raw: object) -> PassRule:
    try:
        fields = Fields(raw, "通过条件")
        no_veto = fields.maybe("no_veto", flag)
        rule = PassRule(
            no_veto=True if no_veto is None else no_veto,
            min_total=fields.maybe("min_total", exact),
            min_base=fields.maybe("min_base", exact),
            key_min_rate=fields.maybe("key_min_rate", exact),
        )
        fields.finish()
    except Malformed as problem:
        raise RulebookRefused(None, str(problem)) from None
    if rule.key_min_rate is not None and rule.key_min_rate > 1:
        raise RulebookRefused(None, "通过条件 key_min_rate 应在 0 到 1 之间，如 0.60")
    return rule
