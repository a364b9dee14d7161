"""An assessor's sheet as its page shows it: chapters, clauses with their cells and points, the total, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from campaigns.models import Assessment, Clause, Reading, SheetEntry
from campaigns.reports.score import ScoreCard, score_card
from campaigns.reports.sentences import said
from campaigns.rules.entry import asked
from campaigns.rules.numbers import rounded
from campaigns.rules.scoring import Band, ClauseScore, Score
from campaigns.rules.typed import Typed
from campaigns.services.assessments import (
    Missing,
    assessed_score,
    entries_of,
    missing_of,
    readings_of,
    seen_of,
    stands,
)

ANSWERS: Final = {
    "met": (("是", _("达到")), ("否", _("未达到"))),
    "happened": (("否", _("未发生")), ("是", _("已发生"))),
}
"""The two answers to a question of yes and no, as they are typed and as they read, the good one first."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One clause of the sheet: what is asked, what stands in its cells, the points they make."""

    clause: Clause
    asked: str
    typed: Typed
    trouble: str
    seen: str
    scored: ClauseScore
    entry: SheetEntry | None

    @property
    def low(self) -> Decimal:
        """Points at worst."""
        return rounded(self.scored.low)

    @property
    def high(self) -> Decimal:
        """Points at best."""
        return rounded(self.scored.high)

    @property
    def why(self) -> str:
        """The reason sentence of the engine."""
        return said(self.scored.why) if self.scored.state != "unassessed" else ""

    @property
    def state(self) -> str:
        """wrong, unassessed, not_applicable or scored."""
        return "wrong" if self.trouble else self.scored.state

    @property
    def answers(self) -> tuple[tuple[str, Any], ...]:
        """What can be chosen where yes or no is asked."""
        return ANSWERS.get(self.asked, ())

    @property
    def answer(self) -> str:
        """What was chosen, in words; '' where nothing was or something else is asked."""
        return str(dict(self.answers).get(self.typed.value, ""))

    @property
    def unit(self) -> str:
        """The word its cases are counted in."""
        return self.scored.clause.unit

    @property
    def lines(self) -> tuple[tuple[str, str, str], ...]:
        """The site lines with two empty ones to go on."""
        return (*self.typed.sites, ("", "", ""), ("", "", ""))


@dataclass(frozen=True, slots=True)
class Chapter:
    """A top clause with the scored clauses below it; points in the rulebook's own scale."""

    no: str
    title: str
    points: Decimal
    rows: tuple[SheetRow, ...]
    band: Band

    @property
    def done(self) -> int:
        """How many clauses are assessed."""
        return sum(row.state in ("scored", "not_applicable") for row in self.rows)

    @property
    def low(self) -> Decimal:
        """Points kept for sure."""
        return rounded(self.band.low)

    @property
    def waiting(self) -> Decimal:
        """Points that are not assessed."""
        return rounded(self.band.high - self.band.low)

    @property
    def lost(self) -> Decimal:
        """Points lost."""
        return rounded(sum((row.scored.lost for row in self.rows), self.band.low * 0))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole sheet."""

    assessment: Assessment
    chapters: tuple[Chapter, ...]
    card: ScoreCard
    missing: Missing
    saved: SheetEntry | None

    @property
    def rows(self) -> list[SheetRow]:
        """Every scored clause in the order of the rulebook."""
        return [row for chapter in self.chapters for row in chapter.rows]

    @property
    def next_open(self) -> SheetRow | None:
        """The first clause that is not assessed."""
        return next((row for row in self.rows if row.state in ("unassessed", "wrong")), None)

    def row(self, clause_id: int) -> SheetRow:
        """The line of one clause."""
        return next(row for row in self.rows if row.clause.pk == clause_id)


def sheet_of(assessment: Assessment) -> Sheet:
    """The sheet as it stands now; a fixed number of queries."""
    clauses = list(assessment.rulebook.clauses.order_by("order"))
    readings, entries = readings_of(assessment), entries_of(assessment)
    result = assessed_score(assessment)
    scored = {one.no: one for one in result.clauses}
    rows = {
        clause.no: _row(clause, scored[clause.no], readings.get(clause.pk), entries.get(clause.pk))
        for clause in clauses
        if clause.no in scored
    }
    card, _tree = score_card(assessment.rulebook, _texts(result), week="")
    last = max(entries.values(), key=lambda entry: entry.saved_at, default=None)
    typed = {no: row.typed for no, row in rows.items()}
    troubles = {no: row.trouble for no, row in rows.items()}
    chapters = tuple(_chapters(result, clauses, rows))
    return Sheet(assessment, chapters, card, missing_of(result, typed, troubles), last)


def _texts(result: Score) -> Mapping[str, Any]:
    return result.as_document()


def _row(clause: Clause, scored: ClauseScore, reading: Reading | None, entry: SheetEntry | None) -> SheetRow:
    typed = stands(entry, reading)
    trouble = entry.trouble if entry and Typed.of(entry.typed) == typed else ""
    return SheetRow(
        clause,
        asked(clause.method, clause.params),
        typed,
        trouble,
        seen_of(entry, reading),
        scored,
        entry,
    )


def _chapters(result: Score, clauses: Sequence[Clause], rows: Mapping[str, SheetRow]) -> Any:
    titles = {clause.no: clause.title for clause in clauses}
    for top in result.rulebook.clauses:
        below = tuple(rows[leaf.no] for leaf in top.leaves() if leaf.no in rows)
        yield Chapter(
            top.no, titles.get(top.no, top.title), rounded(top.points), below, result.chapter(top.no)
        )
