"""The ten ways a clause turns what was found into points, each with its parameters and its reading.

Source: wordings of published rulebooks (得3分,否则不得分; 每发现一次扣0.5分,单项扣完为止; 每少一次扣0.25分).
A method answers with raw points, which may lie outside the clause; the engine holds them between 0 and the
clause's points. Reason sentences are printed as the scoring contract spells them, without spaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from operator import eq, ge, gt, le, lt
from typing import ClassVar, Final, Protocol, Self

from campaigns.rules.numbers import Fields, Malformed, count, exact, flag, items, plain, shown, text

OPERATORS: Final[dict[str, tuple[Callable[[Fraction, Fraction], bool], str]]] = {
    ">=": (ge, "≥"),
    ">": (gt, ">"),
    "<=": (le, "≤"),
    "<": (lt, "<"),
    "=": (eq, "="),
}
COMBINATIONS: Final = ("mean", "worst", "sum_deductions")


@dataclass(frozen=True, slots=True)
class Award:
    """Raw points and the facts they come from, in words. ``vetoed``: a veto came true."""

    points: Fraction
    facts: str
    vetoed: bool = False


class Method(Protocol):
    """A clause's scoring method with its parameters."""

    name: ClassVar[str]

    @classmethod
    def read(cls, params: Fields) -> Self:
        """Take the parameters; Malformed when one is missing or wrong."""
        ...

    def ceiling(self, points: Fraction) -> Fraction:
        """The most the clause can bring, which is what it may still become while it is unassessed."""
        ...

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        """Raw points for a reading of a clause worth ``points``; Malformed when its shape is wrong."""
        ...


class _WholeClause:
    """What most methods share: a clause can bring all its points."""

    __slots__ = ()

    def ceiling(self, points: Fraction) -> Fraction:
        return points


@dataclass(frozen=True, slots=True)
class AllOrNothing(_WholeClause):
    """得 n 分,否则不得分."""

    name: ClassVar[str] = "all_or_nothing"

    @classmethod
    def read(cls, params: Fields) -> Self:
        return cls()

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        met = reading.take("met", flag)
        return Award(points, "已达到要求") if met else Award(Fraction(0), "未达到要求")


@dataclass(frozen=True, slots=True)
class Judgement(_WholeClause):
    """否则相应扣分: a person enters the deduction and its reason."""

    name: ClassVar[str] = "judgement"

    @classmethod
    def read(cls, params: Fields) -> Self:
        return cls()

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        return Award(points - reading.take("deducted", exact), reading.take("reason", text))


@dataclass(frozen=True, slots=True)
class PerOccurrence(_WholeClause):
    """每发现一次扣 n 分,单项扣完为止."""

    name: ClassVar[str] = "per_occurrence"
    each: Fraction
    cap: Fraction | None

    @classmethod
    def read(cls, params: Fields) -> Self:
        return cls(params.take("each", exact), params.maybe("cap", exact))

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        found = reading.take("occurrences", count)
        deducted, facts = found * self.each, f"发现{found}{unit},每{unit}扣{plain(self.each)}分"
        if self.cap is not None and deducted > self.cap:
            deducted, facts = self.cap, f"{facts},最多扣{plain(self.cap)}分"
        return Award(points - deducted, facts)


@dataclass(frozen=True, slots=True)
class PerShortfall(_WholeClause):
    """每少一次扣 n 分."""

    name: ClassVar[str] = "per_shortfall"
    required: Fraction
    each: Fraction

    @classmethod
    def read(cls, params: Fields) -> Self:
        return cls(params.take("required", exact), params.take("each", exact))

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        value = reading.take("value", exact)
        missing = max(Fraction(0), self.required - value)
        facts = f"要求{plain(self.required)}{unit},实际{plain(value)}{unit}"
        return Award(points - self.each * missing, facts)


@dataclass(frozen=True, slots=True)
class Target:
    """A comparison with a fixed number, shared by thresholds and vetoes."""

    op: str
    number: Fraction

    @classmethod
    def read(cls, params: Fields) -> Self:
        return cls(params.take("op", operator), params.take("target", exact))

    def reached(self, value: Fraction) -> bool:
        return OPERATORS[self.op][0](value, self.number)

    def facts(self, value: Fraction) -> str:
        return f"要求{OPERATORS[self.op][1]}{plain(self.number)},实际{plain(value)}"


def operator(raw: object) -> str:
    """One of the five comparisons."""
    if not isinstance(raw, str) or raw not in OPERATORS:
        raise Malformed(f"应为 {'、'.join(OPERATORS)} 之一，填的是 {shown(raw)}")
    return raw


@dataclass(frozen=True, slots=True)
class Threshold(_WholeClause):
    """All points when a value reaches its target."""

    name: ClassVar[str] = "threshold"
    target: Target

    @classmethod
    def read(cls, params: Fields) -> Self:
        return cls(Target.read(params))

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        value = reading.take("value", exact)
        return Award(points if self.target.reached(value) else Fraction(0), self.target.facts(value))


@dataclass(frozen=True, slots=True)
class Tiered(_WholeClause):
    """The points of the highest band reached; ``bands`` are (least value, points), the lowest first."""

    name: ClassVar[str] = "tiered"
    bands: tuple[tuple[Fraction, Fraction], ...]

    @classmethod
    def read(cls, params: Fields) -> Self:
        bands = sorted(_band(raw) for raw in params.take("bands", items))
        if len({least for least, _points in bands}) < len(bands):
            raise Malformed("参数 bands 中有两档的 min 相同")
        return cls(tuple(bands))

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        value = reading.take("value", exact)
        reached = [band for band in self.bands if band[0] <= value]
        if not reached:
            return Award(Fraction(0), f"最低一档要求≥{plain(self.bands[0][0])},实际{plain(value)}")
        least, worth = reached[-1]
        return Award(worth, f"达到≥{plain(least)}档,实际{plain(value)}")


def _band(raw: object) -> tuple[Fraction, Fraction]:
    fields = Fields(raw, "bands 的一档")
    band = fields.take("min", exact), fields.take("points", exact)
    fields.finish()
    return band


@dataclass(frozen=True, slots=True)
class Proportional(_WholeClause):
    """Points in proportion to how much of a target is reached."""

    name: ClassVar[str] = "proportional"
    target: Fraction

    @classmethod
    def read(cls, params: Fields) -> Self:
        target = params.take("target", exact)
        if not target:
            raise Malformed("参数 target 必须大于 0")
        return cls(target)

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        value = reading.take("value", exact)
        return Award(points * value / self.target, f"目标{plain(self.target)},实际{plain(value)}")


@dataclass(frozen=True, slots=True)
class Sites(_WholeClause):
    """Many site visits combined into one clause: their mean, the worst of them, or all their deductions."""

    name: ClassVar[str] = "sites"
    combine: str
    each: Fraction | None

    @classmethod
    def read(cls, params: Fields) -> Self:
        combine = params.take("combine", text)
        if combine not in COMBINATIONS:
            raise Malformed(f"参数 combine 应为 {'、'.join(COMBINATIONS)} 之一，填的是 {shown(combine)}")
        if combine == "sum_deductions":
            return cls(combine, params.take("each", exact))
        return cls(combine, params.maybe("each", exact))

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        if self.combine == "sum_deductions":
            each = self.each or Fraction(0)
            found = reading.take("sites", lambda raw: [count(site) for site in items(raw)])
            facts = f"{len(found)}个点位共{sum(found)}{unit},每{unit}扣{plain(each)}分"
            return Award(points - each * sum(found), facts)
        sites = reading.take("sites", lambda raw: [exact(site) for site in items(raw)])
        if self.combine == "worst":
            return Award(min(sites), f"{len(sites)}个点位最低{plain(min(sites))}分")
        mean = sum(sites, Fraction(0)) / len(sites)
        return Award(mean, f"{len(sites)}个点位平均{plain(mean)}分")


@dataclass(frozen=True, slots=True)
class Bonus:
    """每一项加 n 分,最多加 m 分."""

    name: ClassVar[str] = "bonus"
    each: Fraction
    cap: Fraction

    @classmethod
    def read(cls, params: Fields) -> Self:
        return cls(params.take("each", exact), params.take("cap", exact))

    def ceiling(self, points: Fraction) -> Fraction:
        return min(points, self.cap)

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        done = reading.take("occurrences", count)
        facts = f"{done}{unit},每{unit}加{plain(self.each)}分,最多加{plain(self.cap)}分"
        return Award(min(done * self.each, self.cap), facts)


@dataclass(frozen=True, slots=True)
class Veto:
    """否决项: brings no points; fails the campaign when it happened or its target is missed."""

    name: ClassVar[str] = "veto"
    target: Target | None = None

    @classmethod
    def read(cls, params: Fields) -> Self:
        if not (params.has("op") or params.has("target")):
            return cls(None)
        op = (
            params.maybe("op", operator) or ">="
        )  # a target of a veto is a least value unless it says otherwise
        return cls(Target(op, params.take("target", exact)))

    def ceiling(self, points: Fraction) -> Fraction:
        return Fraction(0)

    def judge(self, reading: Fields, points: Fraction, unit: str) -> Award:
        happened = reading.maybe("happened", flag)
        value = reading.maybe("value", exact) if self.target else None
        if happened is None and value is None:
            raise Malformed(f"读数缺少 happened{' 或 value' if self.target else ''}")
        missed = self.target is not None and value is not None and not self.target.reached(value)
        facts = [] if happened is None else ["已发生" if happened else "未发生"]
        if self.target is not None and value is not None:
            facts.append(self.target.facts(value))
        return Award(Fraction(0), ",".join(facts), vetoed=bool(happened) or missed)


METHODS: Final[dict[str, type[Method]]] = {
    method.name: method
    for method in (
        AllOrNothing,
        Judgement,
        PerOccurrence,
        PerShortfall,
        Threshold,
        Tiered,
        Proportional,
        Sites,
        Bonus,
        Veto,
    )
}
