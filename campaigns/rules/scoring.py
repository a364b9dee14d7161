"""Score readings against a rulebook: an exact band from worst to best, and whether the campaign passes.

Not assessed, zero and not applicable are three different things. A clause without a reading may still become
anything between 0 and its points, so every sum is a band; a clause that is not applicable leaves the sums, and the
base score is brought back to its full scale (合理缺项). Everything is exact; only ``as_document`` rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

from campaigns.rules.numbers import Fields, Malformed, beside, flag, plain, printed, remark
from campaigns.rules.rulebook import (
    Clause,
    Kind,
    PassRule,
    ReadingRefused,
    Rulebook,
    RulebookRefused,
    ScoringRefused,
    parse_rulebook,
)

__all__ = [
    "ClauseScore",
    "ReadingRefused",
    "Rulebook",
    "RulebookRefused",
    "Score",
    "ScoringRefused",
    "parse_rulebook",
    "score",
]

State = Literal["scored", "unassessed", "not_applicable"]
Result = Literal["pass", "fail", "open"]

ZERO: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class ClauseScore:
    """What one clause brings: at worst ``low``, at best ``high``, and why.

    ``lost`` counts what an assessed base clause gave away, so the losses of a whole rulebook add up to what is
    missing from its base; a bonus that was not earned is no loss. ``facts`` is ``why`` without its result; ``vetoed``: a veto came true.
    """

    clause: Clause
    low: Fraction
    high: Fraction
    lost: Fraction
    state: State
    why: str
    facts: str = ""
    vetoed: bool = False

    @property
    def no(self) -> str:
        return self.clause.no

    def as_document(self) -> dict[str, str]:
        """One entry of ``clauses`` in the scoring contract."""
        return {
            "no": self.no,
            "low": printed(self.low),
            "high": printed(self.high),
            "lost": printed(self.lost),
            "state": self.state,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Band:
    """The points still possible for some clauses together, and what those of them that apply are worth."""

    low: Fraction
    high: Fraction
    applicable: Fraction

    def rates(self) -> tuple[Fraction, Fraction]:
        """Worst and best as a share of the applicable points, of which there must be some."""
        return self.low / self.applicable, self.high / self.applicable


@dataclass(frozen=True, slots=True)
class KeyRate:
    """A topmost key clause whose best possible rate lies below the floor."""

    no: str
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a campaign as far as it is known; all points exact and in the rulebook's own scale."""

    rulebook: Rulebook
    base_low: Fraction
    base_high: Fraction
    bonus_low: Fraction
    bonus_high: Fraction
    vetoes: tuple[str, ...]
    key_below_floor: tuple[KeyRate, ...]
    result: Result
    reasons: tuple[str, ...]
    clauses: tuple[ClauseScore, ...]

    @property
    def base_points(self) -> Fraction:
        return self.rulebook.base_points

    @property
    def total_low(self) -> Fraction:
        return self.base_low + self.bonus_low

    @property
    def total_high(self) -> Fraction:
        return self.base_high + self.bonus_high

    def as_document(self) -> dict[str, object]:
        """The answer in the shape of the scoring contract; points as text, rounded half up to 0.01.

        ``clauses`` holds the scored clauses, the leaves of the tree, in the order of the rulebook.
        """
        return {
            "base_points": printed(self.base_points),
            "base_low": printed(self.base_low),
            "base_high": printed(self.base_high),
            "bonus_low": printed(self.bonus_low),
            "bonus_high": printed(self.bonus_high),
            "total_low": printed(self.total_low),
            "total_high": printed(self.total_high),
            "vetoes": list(self.vetoes),
            "key_below_floor": [{"no": key.no, "rate": printed(key.rate)} for key in self.key_below_floor],
            "result": self.result,
            "reasons": list(self.reasons),
            "clauses": [clause.as_document() for clause in self.clauses],
        }

    def chapter(self, no: str) -> Band:
        """The points still possible in one clause and everything below it, before re-basing.

        Raises KeyError for an unknown number. In a base chapter only base clauses count, in a bonus chapter its bonuses.
        """
        return _band(self.rulebook.by_no[no], {scored.no: scored for scored in self.clauses})


def score(rulebook: Rulebook, readings: Mapping[str, object]) -> Score:
    """Score ``readings``, keyed by clause number, against a rulebook; a missing reading means unassessed.

    ``{"not_applicable": true}`` given for a chapter takes out everything below it. Raises ReadingRefused with the
    clause named.
    """
    if not isinstance(readings, Mapping):
        raise ReadingRefused(None, "读数应为一组键值，以条款编号为键")
    for no in readings:
        if no not in rulebook.by_no:
            raise ReadingRefused(str(no), "评价细则中没有这一条")
    left_out = _left_out(rulebook, readings)
    clauses = tuple(_score_clause(leaf, readings, left_out) for leaf in rulebook.leaves())
    base, bonus = _base(rulebook, clauses), _sum(clauses, Kind.BONUS)
    keys = [(key, _band(key, {scored.no: scored for scored in clauses})) for key in rulebook.key_clauses()]
    verdict = _Verdict(rulebook.passing, clauses, [(key, band) for key, band in keys if band.applicable])
    result, reasons = verdict.judge(base, bonus)
    return Score(
        rulebook=rulebook,
        base_low=base.low,
        base_high=base.high,
        bonus_low=bonus.low,
        bonus_high=bonus.high,
        vetoes=tuple(scored.no for scored in clauses if scored.vetoed),
        key_below_floor=verdict.below_floor(),
        result=result,
        reasons=tuple(reasons),
        clauses=clauses,
    )


def check_reading(rulebook: Rulebook, no: str, reading: object) -> None:
    """Refuse what a clause cannot be scored by. Raises ReadingRefused with the clause named."""
    clause = rulebook.by_no.get(no)
    if clause is not None and not clause.children:  # the rest of the rulebook has nothing to say about it
        rulebook = replace(rulebook, clauses=(clause,), by_no={no: clause})
    score(rulebook, {no: reading})


# --- clauses ------------------------------------------------------------------------------------


def _left_out(rulebook: Rulebook, readings: Mapping[str, object]) -> dict[str, str]:
    """The leaves that are not applicable, each with its reason sentence."""
    left_out: dict[str, str] = {}
    for no, raw in readings.items():
        clause = rulebook.by_no[no]
        try:
            fields = Fields(raw, "读数")
            applies_not = fields.maybe("not_applicable", flag)
            if applies_not:
                why, _note = fields.maybe("reason", remark), fields.maybe("note", remark)
                fields.finish()
            elif clause.children:
                raise Malformed("有下级条款，读数应填在下级条款上")
            else:
                continue
        except Malformed as problem:
            raise ReadingRefused(no, str(problem)) from None
        for leaf in clause.leaves():
            if leaf is not clause and leaf.no in readings:
                raise ReadingRefused(leaf.no, f"上级条款 {no} 已填不适用，本条不能再有读数")
            left_out[leaf.no] = f"不适用:{why}" if why else "不适用"
    return left_out


def _score_clause(leaf: Clause, readings: Mapping[str, object], left_out: Mapping[str, str]) -> ClauseScore:
    """One scored clause, held between 0 and its points."""
    if leaf.no in left_out:
        return ClauseScore(leaf, ZERO, ZERO, ZERO, "not_applicable", left_out[leaf.no])
    assert leaf.method is not None, "leaves carry a method"
    ceiling = leaf.method.ceiling(leaf.points)
    if leaf.no not in readings:
        return ClauseScore(leaf, ZERO, ceiling, ZERO, "unassessed", "未评")
    try:
        fields = Fields(readings[leaf.no], "读数")
        fields.maybe("not_applicable", flag)
        award = leaf.method.judge(fields, leaf.points, leaf.unit)
        fields.maybe("reason", remark)
        fields.maybe("note", remark)
        fields.finish()
    except Malformed as problem:
        raise ReadingRefused(leaf.no, str(problem)) from None
    points = min(max(award.points, ZERO), ceiling)
    if leaf.kind is Kind.VETO:
        why = f"{'否决' if award.vetoed else '未触发否决'}:{award.facts}"
        return ClauseScore(leaf, ZERO, ZERO, ZERO, "scored", why, award.facts, award.vetoed)
    if leaf.kind is Kind.BONUS:
        why = f"加{plain(points)}分:{award.facts}" if points else f"不加分:{award.facts}"
        return ClauseScore(leaf, points, points, ZERO, "scored", why, award.facts)
    lost = leaf.points - points
    why = f"扣{plain(lost)}分:{award.facts}" if lost else f"不扣分:{award.facts}"
    if award.points < 0:
        why += f",应扣{plain(leaf.points - award.points)}分,扣完为止"
    return ClauseScore(leaf, points, points, lost, "scored", why, award.facts)


# --- sums ---------------------------------------------------------------------------------------


def _sum(clauses: tuple[ClauseScore, ...], *kinds: Kind) -> Band:
    """The plain sums over the leaves of some kinds."""
    chosen = [scored for scored in clauses if scored.clause.kind in kinds]
    return Band(
        sum((scored.low for scored in chosen), ZERO),
        sum((scored.high for scored in chosen), ZERO),
        sum((scored.clause.points for scored in chosen if scored.state != "not_applicable"), ZERO),
    )


def _band(clause: Clause, scored: Mapping[str, ClauseScore]) -> Band:
    """The plain sums below one clause, over what counts towards its points."""
    below = tuple(scored[leaf.no] for leaf in clause.leaves())
    return _sum(below, Kind.KEY, Kind.BASIC) if clause.in_base else _sum(below, clause.kind)


def _base(rulebook: Rulebook, clauses: tuple[ClauseScore, ...]) -> Band:
    """The base score, brought back to its full scale where clauses are not applicable.

    Where no clause is applicable there is nothing to bring back, and the base is 0.
    """
    plain_sum = _sum(clauses, Kind.KEY, Kind.BASIC)
    if not plain_sum.applicable:
        return Band(ZERO, ZERO, ZERO)
    scale = rulebook.base_points / plain_sum.applicable
    return Band(plain_sum.low * scale, plain_sum.high * scale, rulebook.base_points)


# --- passing ------------------------------------------------------------------------------------


class _Verdict:
    """Whether the pass rule holds even at worst, fails even at best, or still depends.

    Every condition grows with every clause, so worst and best of all clauses are worst and best of each condition.
    """

    def __init__(
        self, rule: PassRule, clauses: tuple[ClauseScore, ...], keys: list[tuple[Clause, Band]]
    ) -> None:
        """``keys`` are the topmost key clauses that have applicable points."""
        self._rule, self._clauses, self._keys = rule, clauses, keys
        self._failed: list[str] = []
        self._open: list[str] = []
        self._held: list[str] = []

    def judge(self, base: Band, bonus: Band) -> tuple[Result, list[str]]:
        """The result and the sentences that carry it: every failure, else everything open, else what held."""
        self._vetoes()
        self._key_floor()
        self._least("总分", base.low + bonus.low, base.high + bonus.high, self._rule.min_total)
        self._least("基础分", base.low, base.high, self._rule.min_base)
        if self._failed:
            return "fail", self._failed
        if self._open:
            return "open", self._open
        return "pass", self._held or ["评价细则没有写明通过条件"]

    def below_floor(self) -> tuple[KeyRate, ...]:
        """The key clauses below the floor even at best."""
        floor = self._rule.key_min_rate
        if floor is None:
            return ()
        best = ((key.no, band.rates()[1]) for key, band in self._keys)
        return tuple(KeyRate(no, rate) for no, rate in best if rate < floor)

    def _vetoes(self) -> None:
        vetoes = [scored for scored in self._clauses if scored.clause.kind is Kind.VETO]
        if not self._rule.no_veto or not vetoes:
            return
        happened = [scored for scored in vetoes if scored.vetoed]
        self._failed += [f"触发否决项 {_named(scored.clause)}：{scored.facts}" for scored in happened]
        unassessed = [_named(scored.clause) for scored in vetoes if scored.state == "unassessed"]
        self._open += [f"否决项 {name} 未评" for name in unassessed]
        if not unassessed:
            self._held.append("没有触发否决项")

    def _key_floor(self) -> None:
        floor = self._rule.key_min_rate
        if floor is None or not self._keys:
            return
        below = {key.no for key in self.below_floor()}
        for clause, band in self._keys:
            low, high = (rate * 100 for rate in band.rates())
            bound, name = floor * 100, f"关键项 {_named(clause)} 得分率"
            if clause.no in below:
                most = "为" if low == high else "最高"
                self._failed.append(f"{name}{most} {beside(high, bound)}%，低于 {plain(bound)}%")
            elif low < bound:
                self._open.append(
                    f"{name}在 {beside(low, bound)}% 到 {beside(high, bound)}% 之间，能否达到 {plain(bound)}% 未定"
                )
        self._held.append(f"各关键项得分率均不低于 {plain(floor * 100)}%")

    def _least(self, name: str, low: Fraction, high: Fraction, bound: Fraction | None) -> None:
        if bound is None:
            return
        if high < bound:
            most = "为" if low == high else "最高"
            self._failed.append(f"{name}{most} {beside(high, bound)} 分，达不到 {plain(bound)} 分")
        elif low < bound:
            between = f"{beside(low, bound)} 到 {beside(high, bound)} 分之间"
            self._open.append(f"{name}在 {between}，能否达到 {plain(bound)} 分未定")
        else:
            least = "为" if low == high else "最低"
            self._held.append(f"{name}{least} {beside(low, bound)} 分，达到 {plain(bound)} 分")


def _named(clause: Clause) -> str:
    return f"{clause.no}“{clause.title}”" if clause.title else clause.no
