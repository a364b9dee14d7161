"""What the clause explorer shows: the frozen week's points per clause, and parallel assessments beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from campaigns.choices import AssessmentKind, ClauseKind
from campaigns.models import Assessment, Clause, Reading, WeeklyReport
from campaigns.reports.sentences import said
from campaigns.rules.entry import ANSWERS, cells_of_reading
from campaigns.rules.rulebook import ScoringRefused, parse_rulebook
from campaigns.rules.scoring import score


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """One line of the tree: points as decimals in the rulebook's own scale; ``low`` is None for vetoes."""

    clause: Clause
    depth: int
    points: Decimal | None
    low: Decimal | None
    high: Decimal | None
    lost: Decimal
    waiting: Decimal
    state: str
    why: str
    leaf: bool
    at_risk: bool
    key: bool = False


@dataclass(frozen=True, slots=True)
class Parallel:
    """One assessment's points for a clause, and how far the city's own score lies above it."""

    label: str
    low: Decimal | None
    high: Decimal | None
    difference: Decimal | None
    held_on: Any
    note: str


def clause_rows(report: WeeklyReport, keys: frozenset[str] = frozenset()) -> list[ClauseRow]:
    """The whole tree of the report's rulebook with the week's points; chapters add up their leaves.

    ``keys`` are the key clauses the floor holds for, the topmost ones.
    """
    if report.rulebook is None or not report.score:
        return []
    scored = {entry["no"]: entry for entry in report.score["clauses"]}
    below = {entry["no"] for entry in report.score.get("key_below_floor", [])}
    clauses = list(report.rulebook.clauses.select_related("lead_unit").order_by("order"))
    children: dict[int | None, list[Clause]] = {}
    for clause in clauses:
        children.setdefault(clause.parent_id, []).append(clause)
    rows: list[ClauseRow] = []

    def walk(clause: Clause, depth: int) -> tuple[Decimal, Decimal, Decimal]:
        place = len(rows)
        rows.append(None)  # type: ignore[arg-type]
        own = children.get(clause.pk, [])
        entry = scored.get(clause.no)
        if own:
            parts = [walk(child, depth + 1) for child in own]
            low, high, lost = (sum((part[n] for part in parts), Decimal(0)) for n in range(3))
            state, why = "", ""
        else:
            low, high, lost = (Decimal(str((entry or {}).get(name) or 0)) for name in ("low", "high", "lost"))
            state, why = (entry or {}).get("state", ""), said((entry or {}).get("why", ""))
        veto = clause.kind == ClauseKind.VETO
        rows[place] = ClauseRow(
            clause,
            depth,
            clause.points,
            None if veto else low,
            None if veto else high,
            lost,
            high - low,
            state,
            why,
            not own,
            clause.no in below,
            clause.no in keys,
        )
        return low, high, lost

    for top in children.get(None, []):
        walk(top, 0)
    return rows


def parallels(report: WeeklyReport, row: ClauseRow, user: User) -> list[Parallel]:
    """Self, mock, provincial and national points for one clause, newest of each kind; the differences are the point.

    Below them stand the counties' own assessments, as far as this person may see them.
    """
    newest: dict[str, Assessment] = {}
    for assessment in Assessment.objects.filter(campaign=report.campaign, rulebook=report.rulebook).order_by(
        "held_on"
    ):
        newest[assessment.kind] = assessment
    shown = [Parallel(str(AssessmentKind.SELF.label), row.low, row.high, None, report.sunday, row.why)]
    for kind in (AssessmentKind.MOCK, AssessmentKind.PROVINCIAL, AssessmentKind.NATIONAL):
        latest = newest.get(kind)
        low = high = difference = None
        note = ""
        if latest is not None and report.rulebook is not None:
            low, high, note = _assessed(latest, report, row.clause)
        if low is not None and low == high and row.low is not None and row.low == row.high:
            difference = low - row.low
        shown.append(Parallel(str(kind.label), low, high, difference, latest and latest.held_on, note))
    return shown + _counties(report, row, user)


def _counties(report: WeeklyReport, row: ClauseRow, user: User) -> list[Parallel]:
    """What counties found for this clause in their own assessments (自评), in the order of their codes."""
    readings = (
        Reading.objects.visible_to(user)
        .valid()
        .filter(
            campaign=report.campaign,
            clause__rulebook=report.rulebook,
            clause__no=row.clause.no,
            assessment__kind=AssessmentKind.SELF,
            assessment__region__isnull=False,
        )
    )
    shown = []
    for reading in readings.select_related("assessment").order_by("assessment__region_id", "on"):
        low, high, note = _points(report, row.clause, reading.value)
        difference = (
            low - row.low if low is not None and row.low is not None and row.low == row.high else None
        )
        assert reading.assessment is not None
        shown.append(Parallel(reading.assessment.title, low, high, difference, reading.on, note))
    return shown


def _assessed(
    assessment: Assessment, report: WeeklyReport, clause: Clause
) -> tuple[Decimal | None, Decimal | None, str]:
    readings = dict(Reading.objects.valid().filter(assessment=assessment).values_list("clause__no", "value"))
    if clause.no not in readings:
        return None, None, ""
    return _points(report, clause, readings[clause.no])


def _points(
    report: WeeklyReport, clause: Clause, value: dict[str, Any]
) -> tuple[Decimal | None, Decimal | None, str]:
    """The points of one clause for what was found, with the sentence that explains them."""
    if report.rulebook is None:
        return None, None, ""
    try:
        result = score(parse_rulebook(report.rulebook.document), {clause.no: value})
    except ScoringRefused as refusal:
        return None, None, str(refusal)
    clauses: Any = result.as_document()["clauses"]
    entry = next(entry for entry in clauses if entry["no"] == clause.no)
    return Decimal(entry["low"]), Decimal(entry["high"]), said(entry["why"])


def reading_in_words(reading: Mapping[str, Any]) -> str:
    """A reading as a person says it: ``次数 3``, ``扣分 0.5（扣分理由：记录不全）``, ``不适用``."""
    if reading.get("not_applicable"):
        return _("不适用")
    cells = cells_of_reading(reading)
    said = []
    for key, label in ANSWERS.items():
        if key in cells:
            answer = cells[key]
            word = (_("是") if answer else _("否")) if isinstance(answer, bool) else str(answer)
            said.append(f"{_(label)} {word}")
    reason = reading.get("reason", "")
    return "，".join(said) + (f"（{reason}）" if reason else "")
