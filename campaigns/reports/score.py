"""The frozen score as the dashboard shows it: the band against the pass line, what may still fail, where points were lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Rulebook
from campaigns.reports.cells import address
from campaigns.reports.sentences import said
from campaigns.rules import rulebook as rules
from campaigns.rules.numbers import plain
from foodsafe_portal.lib import formats
from foodsafe_portal.lib.sentences import told

KIND_SHORT = {
    "key": gettext_lazy("关键"),
    "basic": gettext_lazy("基本"),
    "bonus": gettext_lazy("加分"),
    "veto": gettext_lazy("否决"),
}


@dataclass(frozen=True, slots=True)
class KeyAtRisk:
    """A key clause whose rate lies below the floor, surely or at worst; rates in percent."""

    no: str
    title: str
    low: str
    high: str
    lost_for_sure: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """A clause that lost points: its title, kind and points, the band it can still reach and the reason sentence."""

    no: str
    title: str
    kind: Any
    points: str
    low: Decimal
    high: Decimal
    lost: Decimal
    why: str
    unit: str
    url: str

    @property
    def short_title(self) -> str:
        """The title up to its conditions."""
        return self.title.replace("：", ":").partition(":")[0]

    @property
    def pending(self) -> Decimal:
        """Points that are not assessed yet."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of passing as every page words it: what is asked, a badge (tone, words) and what it is counted over."""

    asked: str
    badge: tuple[str, str]
    note: str


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """The score of one week; points in the rulebook's own scale."""

    title: str
    edition: str
    is_demo: bool
    base_points: str
    total_low: Decimal
    total_high: Decimal
    base_low: Decimal
    base_high: Decimal
    bonus_low: Decimal
    bonus_high: Decimal
    pass_line: str
    line_of: str
    axis: tuple[int, int]
    result: str
    reasons: tuple[str, ...]
    vetoes: tuple[str, ...]
    vetoes_unread: int
    vetoes_known: int
    floor: str
    key_nos: tuple[str, ...]
    keys_at_risk: tuple[KeyAtRisk, ...]
    lost_total: Decimal
    url: str

    @property
    def edition_words(self) -> str:
        """The edition, marked where it is demonstration data and does not say so itself."""
        demo = _("演示")
        return self.edition if not self.is_demo or demo in self.edition else f"{self.edition} · {demo}"

    @property
    def about_base(self) -> bool:
        """Whether the pass line is about the base points alone; else it is about base and bonus."""
        return self.line_of == "base"

    @property
    def gap(self) -> Decimal:
        """How much the worst score misses the pass line by; 0 when it does not."""
        least = self.base_low if self.about_base else self.total_low
        return max(Decimal(self.pass_line) - least, Decimal(0)) if self.pass_line else Decimal(0)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of passing, in words: vetoes read and unread, key clauses against their floor, the total against its line."""
        found = [self._veto_condition()]
        if self.floor:
            worst = [f"{key.no} {key.low}" for key in self.keys_at_risk]
            badge = ("warn", _("%(n)s 项有风险") % {"n": len(worst)}) if worst else ("ok", _("均已达到"))
            note = _("共 %(n)s 项") % {"n": len(self.key_nos)}
            asked = _("关键项 ≥ %(n)s%%") % {"n": self.floor}
            found.append(Condition(asked, badge, _("，").join([note, *worst])))
        if self.pass_line:
            low, high = (
                (self.base_low, self.base_high) if self.about_base else (self.total_low, self.total_high)
            )
            sentence = _("基础分 ≥ %(n)s") if self.about_base else _("总分 ≥ %(n)s")
            badge = (
                ("warn", _("最低差 %(n)s") % {"n": formats.score(self.gap)})
                if self.gap
                else ("ok", _("最低也达到"))
            )
            note = _("现为 %(band)s，待评 %(n)s") % {
                "band": formats.score_band(low, high),
                "n": formats.score(high - low),
            }
            found.append(Condition(sentence % {"n": self.pass_line}, badge, note))
        return tuple(found)

    def _veto_condition(self) -> Condition:
        """Never 未触发 while a veto is unread: it may have happened."""
        note = _("共 %(n)s 项") % {"n": self.vetoes_known}
        if self.vetoes:
            badge = "bad", _("触发 %(n)s 项") % {"n": len(self.vetoes)}
            note = _("，").join([note, _("、").join(self.vetoes)])
        elif self.vetoes_unread:
            badge = "wait", _("%(n)s 项未读数") % {"n": self.vetoes_unread}
        else:
            badge = "ok", _("未触发")
        return Condition(_("否决项"), badge, note)

    @property
    def pending(self) -> Decimal:
        """Points that still depend on what is unassessed."""
        return self.total_high - self.total_low

    @property
    def badge(self) -> tuple[str, str]:
        """Tone and word of the result."""
        words = {
            "pass": ("ok", _("达到合格条件")),
            "fail": ("bad", _("未达合格条件")),
            "open": ("wait", _("结论待定")),
        }
        return words[self.result]


def score_card(
    rulebook: Rulebook, document: Mapping[str, Any], *, week: str
) -> tuple[ScoreCard, rules.Rulebook]:
    """The card of a frozen score, and the parsed edition it was made with."""
    tree = rules.parse_rulebook(rulebook.document)
    passing = tree.passing
    clauses = {clause["no"]: clause for clause in document["clauses"]}
    line = passing.min_total if passing.min_total is not None else passing.min_base
    vetoes = [leaf for leaf in tree.leaves() if leaf.kind is rules.Kind.VETO]
    numbers = {name: Decimal(document[name]) for name in _NUMBERS}
    keys = list(tree.key_clauses())
    card = ScoreCard(
        title=rulebook.title,
        edition=rulebook.edition,
        is_demo=rulebook.is_demo,
        base_points=plain(tree.base_points),
        **numbers,
        pass_line=plain(line) if line is not None else "",
        line_of="total" if passing.min_total is not None else "base",
        axis=_axis(numbers["total_low"], numbers["total_high"], tree.base_points),
        result=document["result"],
        reasons=tuple(told(reason) for reason in document["reasons"]),
        vetoes=tuple(document["vetoes"]),
        vetoes_unread=sum(clauses[leaf.no]["state"] == "unassessed" for leaf in vetoes),
        vetoes_known=len(vetoes),
        floor=plain(passing.key_min_rate * 100) if passing.key_min_rate is not None else "",
        key_nos=tuple(key.no for key in keys),
        keys_at_risk=tuple(_at_risk(keys, clauses, passing.key_min_rate)),
        lost_total=sum((Decimal(clause["lost"] or 0) for clause in document["clauses"]), Decimal(0)),
        url=address("clause-list", week=week),
    )
    return card, tree


_NUMBERS = ("total_low", "total_high", "base_low", "base_high", "bonus_low", "bonus_high")


def _axis(low: Decimal, high: Decimal, base: Fraction) -> tuple[int, int]:
    """The printed axis: from six tenths of the base, or from zero when the band begins below it."""
    end = max(-(-base.numerator // base.denominator), int(high) + (high % 1 > 0), 4)
    start = end * 6 // 10
    return (start if low >= start else 0, end)


def _at_risk(
    keys: Iterable[rules.Clause], clauses: Mapping[str, Mapping[str, str]], floor: Fraction | None
) -> Iterable[KeyAtRisk]:
    """Key clauses that lie below the floor, or still may."""
    if floor is None:
        return
    for key in keys:
        leaves = [
            leaf for leaf in key.leaves() if leaf.in_base and clauses[leaf.no]["state"] != "not_applicable"
        ]
        whole = sum((leaf.points for leaf in leaves), Fraction(0))
        if not whole:
            continue
        low, high = (
            sum((Fraction(clauses[leaf.no][end]) for leaf in leaves), Fraction(0)) / whole
            for end in ("low", "high")
        )
        if low < floor:
            yield KeyAtRisk(key.no, key.title, f"{float(low):.1%}", f"{float(high):.1%}", high < floor)


def most_lost(
    tree: rules.Rulebook,
    document: Mapping[str, Any],
    lost_by_unit: Iterable[Mapping[str, Any]],
    *,
    week: str,
    most: int = 5,
) -> list[Lost]:
    """The clauses that lost most, with the lead units that the frozen week names."""
    losing = [clause for clause in document["clauses"] if Decimal(clause["lost"] or 0) > 0]
    worst = sorted(losing, key=lambda clause: -Decimal(clause["lost"]))[:most]
    units = {no: entry["unit"] for entry in lost_by_unit for no in entry["clauses"]}
    return [
        Lost(
            no=clause["no"],
            title=tree.by_no[clause["no"]].title,
            kind=KIND_SHORT[tree.by_no[clause["no"]].kind],
            points=clause_points(tree, clause["no"]),
            low=Decimal(clause["low"]),
            high=Decimal(clause["high"]),
            lost=Decimal(clause["lost"]),
            why=said(
                clause["why"].partition(":")[2] or clause["why"]
            ),  # the points stand in a column of their own
            unit=units.get(clause["no"]) or "",
            url=address("clause-list", week=week, no=clause["no"]),
        )
        for clause in worst
    ]


def clause_points(tree: rules.Rulebook, no: str) -> str:
    """A clause's points in the edition's own scale."""
    return plain(tree.by_no[no].points)
