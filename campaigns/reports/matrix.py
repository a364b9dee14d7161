"""The comparison of assessments (测评对照): clause by clause where our own score is optimistic, whose it is and who works on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from campaigns.choices import AssessmentKind, ClauseKind
from campaigns.models import Assessment, Campaign, Clause, WeeklyReport
from campaigns.reports.own_score import by_no, own_score, scores_of
from campaigns.reports.places import campaign_of
from campaigns.reports.remedies import Forecast, LostWork, Work, forecast, lost_works
from campaigns.reports.score import ScoreCard, score_card
from campaigns.rules.deviation import RED_FROM, above, summed
from campaigns.rules.numbers import rounded
from campaigns.rules.rulebook import Rulebook as Tree
from campaigns.rules.rulebook import parse_rulebook
from campaigns.rules.scoring import ClauseScore, Score

ORDER = (AssessmentKind.SELF, AssessmentKind.MOCK, AssessmentKind.PROVINCIAL, AssessmentKind.NATIONAL)

OWN = "own"
"""The key of the city's own score among the columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """One assessment of the comparison; ``own`` is the city's own weekly score, which the others are compared with."""

    key: str
    label: str
    held_on: date
    who: str
    url: str
    own: bool
    result: Score
    card: ScoreCard
    scored: Mapping[str, ClauseScore]
    notes: Mapping[str, str] = field(default_factory=dict)
    forecast: Forecast | None = None
    short: str = ""

    @property
    def forecast_low(self) -> Decimal:
        """The total at worst once everything in hand is done."""
        return rounded((self.forecast.then if self.forecast else self.result).total_low)


@dataclass(frozen=True, slots=True)
class Cell:
    """One clause (or chapter) in one column; points as decimals, None where nothing is assessed. ``below``: under the key floor."""

    low: Decimal | None
    high: Decimal | None
    lost: Decimal
    state: str
    below: bool = False
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """How far our own score lies above an assessment's; ``red`` from the declared threshold on."""

    points: Decimal | None
    red: bool

    @property
    def width(self) -> int:
        """The length of its bar in hundredths of two points, at most 100."""
        return min(100, int(abs(self.points or Decimal(0)) * 50))


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One clause, or a chapter over the clauses below it."""

    clause: Clause
    points: Decimal | None
    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]
    exact: tuple[Fraction | None, ...]
    works: tuple[LostWork, ...] = ()
    chapter: bool = False
    key: bool = False
    count: int = 0
    high: int = 0

    @property
    def unit(self) -> str:
        """The lead unit."""
        return str(self.clause.lead_unit or "")

    @property
    def most(self) -> Fraction:
        """The largest gap."""
        return max((one for one in self.exact if one is not None), default=Fraction(-999))

    @property
    def optimistic(self) -> bool:
        """Whether our own score lies above any assessment's."""
        return any(one is not None and one > 0 for one in self.exact)

    @property
    def pessimistic(self) -> bool:
        """Whether our own score lies below any assessment's."""
        return any(one is not None and one < 0 for one in self.exact)

    @property
    def open(self) -> bool:
        """Whether any column has not assessed it."""
        return any(cell.state == "unassessed" for cell in self.cells)

    @property
    def lost(self) -> bool:
        """Whether any column took points off."""
        return any(cell.lost > 0 for cell in self.cells)

    @property
    def lost_place(self) -> int:
        """The last column that took points off, the one a remedy is noted for."""
        return max(place for place, cell in enumerate(self.cells) if cell.lost > 0)

    @property
    def in_hand(self) -> list[Work]:
        """The open work on its lost points."""
        return [work for one in self.works for work in one.open_works]

    @property
    def done(self) -> list[Work]:
        """The finished work on its lost points."""
        return [work for one in self.works for work in one.works if work.done]

    @property
    def nobody(self) -> bool:
        """Whether points are lost and nobody works on them or has."""
        return self.lost and not self.in_hand and not self.done

    @property
    def due_on(self) -> date | None:
        """The last day of the work in hand."""
        return max((work.due_on for work in self.in_hand), default=None)


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One lead unit: how many clauses are optimistic, by how much against each column, and what it lost itself."""

    unit: str
    clauses: int
    gaps: tuple[Gap, ...]
    lost: Decimal
    exact: Fraction


@dataclass(frozen=True, slots=True)
class Change:
    """What one assessment gave a clause after another; ``difference`` in points."""

    clause: Clause
    before: Decimal
    after: Decimal
    difference: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole comparison."""

    campaign: Campaign
    report: WeeklyReport
    columns: tuple[Column, ...]
    rows: tuple[MatrixRow, ...]
    total: MatrixRow
    units: tuple[UnitLine, ...]
    changes: tuple[Change, ...]
    changed: tuple[Column, Column] | None
    other_editions: tuple[Assessment, ...]
    red_from: Decimal

    @property
    def others(self) -> tuple[Column, ...]:
        """The columns our own score is compared with."""
        return self.columns[1:]

    @property
    def leaves(self) -> list[MatrixRow]:
        """The clauses without their chapters."""
        return [row for row in self.rows if not row.chapter]

    @property
    def red(self) -> list[MatrixRow]:
        """The clauses whose gap reaches the threshold."""
        return [row for row in self.leaves if any(gap.red for gap in row.gaps)]

    @property
    def nobody(self) -> list[MatrixRow]:
        """The clauses that lost points nobody works on."""
        return [row for row in self.leaves if row.nobody]


def matrix_of(user: User, report: WeeklyReport, today: date, chosen: Sequence[int] = ()) -> Matrix:
    """A frozen week's own score beside assessments that were handed in and that this person sees: the newest of each kind, or the chosen."""
    assert report.rulebook is not None
    tree = parse_rulebook(report.rulebook.document)
    finished = Q(handed_in_at__isnull=False) | Q(closed_at__isnull=False)
    everything = Assessment.objects.visible_to(user).filter(
        finished, campaign=report.campaign, region__isnull=True
    )
    known = list(everything.select_related("rulebook", "assessor").order_by("held_on", "pk"))
    same = [one for one in known if one.rulebook_id == report.rulebook_id]
    picked = _picked(same, chosen)
    results, notes = scores_of(picked, report.rulebook, tree)
    works = lost_works(report.campaign, user, today)
    own = own_score(report, tree)
    columns = (
        _column(OWN, _("自评"), report.sunday, _("系统按周计分"), "", own, report, works, own=True),
        *(
            _column(
                str(one.pk), one.title, one.held_on, _who(one), reverse("assessment-detail", args=[one.pk]), results[one.pk], report, works,
                notes=notes[one.pk], short=str(one.get_kind_display()),
            )
            for one in picked
        ),
    )  # fmt: skip
    rows = tuple(_rows(report, tree, columns, works))
    changed = (columns[-2], columns[-1]) if len(columns) > 2 else None
    clauses = {row.clause.no: row.clause for row in rows}
    return Matrix(
        campaign=report.campaign,
        report=report,
        columns=columns,
        rows=rows,
        total=_total(rows, columns, tree),
        units=tuple(_units(rows)),
        changes=tuple(_changes(changed, clauses)) if changed else (),
        changed=changed,
        other_editions=tuple(one for one in known if one.rulebook_id != report.rulebook_id),
        red_from=rounded(RED_FROM),
    )


def _picked(same: Sequence[Assessment], chosen: Sequence[int]) -> list[Assessment]:
    if chosen:
        return [one for one in same if one.pk in chosen]
    newest = {one.kind: one for one in same}
    return sorted(
        (one for kind, one in newest.items() if kind in ORDER), key=lambda one: (one.held_on, one.pk)
    )


def _who(assessment: Assessment) -> str:
    return str(assessment.assessor or assessment.get_kind_display())


def _column(
    key: str,
    label: str,
    held_on: date,
    who: str,
    url: str,
    result: Score,
    report: WeeklyReport,
    works: Mapping[str, Sequence[LostWork]],
    *,
    own: bool = False,
    notes: Mapping[str, str] | None = None,
    short: str = "",
) -> Column:
    assert report.rulebook is not None
    card, _tree = score_card(report.rulebook, result.as_document(), week=report.week)
    return Column(
        key, label, held_on, who, url, own, result, card, by_no(result), notes or {},
        forecast(result, works, live=own), short or label,
    )  # fmt: skip


def _rows(
    report: WeeklyReport, tree: Tree, columns: Sequence[Column], works: Mapping[str, Sequence[LostWork]]
) -> Iterable[MatrixRow]:
    assert report.rulebook is not None
    clauses = {one.no: one for one in report.rulebook.clauses.select_related("lead_unit").order_by("order")}
    keys = {key.no: key for key in tree.key_clauses()}
    under_key = {leaf.no for key in keys.values() for leaf in key.leaves()}
    for top in tree.clauses:
        leaves = [leaf for leaf in top.leaves() if leaf.no in clauses and leaf.kind.value != ClauseKind.VETO]
        if not leaves:
            continue
        below = [
            _row(clauses[leaf.no], columns, tuple(works.get(leaf.no, ())), leaf.no in under_key)
            for leaf in leaves
        ]
        if top.children:
            yield _chapter(clauses[top.no], below, columns, rounded(top.points))
        yield from below


def _row(clause: Clause, columns: Sequence[Column], works: tuple[LostWork, ...], key: bool) -> MatrixRow:
    scored = [column.scored[clause.no] for column in columns]
    exact = tuple(above(scored[0], other) for other in scored[1:])
    floors = [{one.no for one in column.result.key_below_floor} for column in columns]
    cells = tuple(
        Cell(rounded(one.low), rounded(one.high), rounded(one.lost), one.state, clause.no in below)
        for one, below in zip(scored, floors, strict=True)
    )
    return MatrixRow(clause, clause.points, cells, tuple(map(_gap, exact)), exact, works, key=key)


def _chapter(
    clause: Clause, below: Sequence[MatrixRow], columns: Sequence[Column], points: Decimal
) -> MatrixRow:
    cells = []
    for place, column in enumerate(columns):
        band = column.result.chapter(clause.no)
        lost = sum((row.cells[place].lost for row in below), Decimal(0))
        waits = any(row.cells[place].state == "unassessed" for row in below)
        cells.append(Cell(rounded(band.low), rounded(band.high), lost, "", incomplete=waits))
    exact = tuple(summed(row.exact[place] for row in below) for place in range(len(columns) - 1))
    return MatrixRow(
        clause, points, tuple(cells), tuple(map(_gap, exact)), exact,
        chapter=True, count=len(below), high=sum(row.optimistic for row in below),
    )  # fmt: skip


def _total(rows: Sequence[MatrixRow], columns: Sequence[Column], tree: Tree) -> MatrixRow:
    leaves = [row for row in rows if not row.chapter]
    exact = tuple(summed(row.exact[place] for row in leaves) for place in range(len(columns) - 1))
    cells = tuple(
        Cell(rounded(one.result.total_low), rounded(one.result.total_high), Decimal(0), "") for one in columns
    )
    return MatrixRow(
        Clause(no="", title=""), rounded(tree.base_points), cells, tuple(map(_gap, exact)), exact
    )


def _gap(points: Fraction | None) -> Gap:
    return Gap(None if points is None else rounded(points), points is not None and points >= RED_FROM)


def _units(rows: Sequence[MatrixRow]) -> list[UnitLine]:
    """Lead units with optimistic clauses, the largest last gap first."""
    by_unit: dict[str, list[MatrixRow]] = {}
    for row in rows:
        if not row.chapter and row.optimistic:
            by_unit.setdefault(row.unit or _("未指定牵头单位"), []).append(row)
    lines = []
    for unit, own in by_unit.items():
        exact = [
            summed(one for one in (row.exact[place] for row in own) if one and one > 0)
            for place in range(len(own[0].exact))
        ]
        lost = sum((row.cells[0].lost for row in own), Decimal(0))
        last = next((one for one in reversed(exact) if one is not None), Fraction(0))
        lines.append(UnitLine(unit, len(own), tuple(map(_gap, exact)), lost, last))
    return sorted(lines, key=lambda line: (-line.exact, line.unit))


def _changes(pair: tuple[Column, Column], clauses: Mapping[str, Clause]) -> list[Change]:
    """Clauses that the later of two assessments gave other points than the earlier, worst first."""
    before, after = pair
    found = []
    for no, later in after.scored.items():
        difference = above(later, before.scored.get(no))
        if difference and no in clauses:
            found.append(
                Change(
                    clauses[no],
                    rounded(before.scored[no].low),
                    rounded(later.low),
                    rounded(difference),
                    after.notes.get(no, "") or later.facts,
                )
            )
    return sorted(found, key=lambda one: (one.difference, one.clause.order))


# --- as asked in an address --------------------------------------------------------------------------


def matrix_asked(user: User, params: Any, today: date) -> Matrix | None:
    """The comparison that an address asks for (``week``, ``with`` = keys of assessments); None while no week was scored."""
    reports = WeeklyReport.objects.newest_seen_by(user).filter(
        campaign=campaign_of(user), rulebook__isnull=False
    )
    if week := params.get("week", ""):
        reports = reports.filter(week=week)
    report = reports.select_related("campaign", "rulebook").first()
    if report is None:
        return None
    chosen = [int(key) for key in params.getlist("with") if key.isdecimal()]
    return matrix_of(user, report, today, chosen)


_SHOWS: dict[str, Callable[[MatrixRow], bool]] = {
    "high": lambda row: row.optimistic,
    "low": lambda row: row.pessimistic,
    "open": lambda row: row.open,
    "key": lambda row: row.key,
    "none": lambda row: row.nobody,
}
_SORTS: dict[str, Callable[[MatrixRow], Any]] = {
    "gap": lambda row: -row.most,
    "points": lambda row: -(row.points or 0),
    "unit": lambda row: (not row.unit, row.unit),
    "due": lambda row: (row.due_on is None, row.due_on or date.max),
}


def shown_rows(matrix: Matrix, params: Any) -> list[MatrixRow]:
    """The rows an address asks for; chapters stand above theirs, and are gone where the order is another than the rulebook's."""
    kept = _SHOWS.get(params.get("show", ""), lambda row: True)
    words, chapter, unit, work = (params.get(name, "").strip() for name in ("q", "chapter", "unit", "work"))
    found: list[MatrixRow] = []
    head: MatrixRow | None = None
    for row in matrix.rows:
        if row.chapter:
            head = row
            continue
        if row.clause.parent_id is None:
            head = None
        inside = not chapter or row.clause.no == chapter or (head is not None and head.clause.no == chapter)
        said_so = not words or words in row.clause.title or row.clause.no.startswith(words)
        in_hand = {"yes": bool(row.in_hand), "done": bool(row.done) and not row.in_hand}.get(work, True)
        if not (kept(row) and inside and said_so and in_hand and (not unit or row.unit == unit)):
            continue
        if head is not None and head not in found:
            found.append(head)
        found.append(row)
    if order := _SORTS.get(params.get("sort", "")):
        return sorted((row for row in found if not row.chapter), key=order)
    return found


def matrix_columns() -> int:
    """How many outside columns an export holds: one for each kind of assessment."""
    return len(ORDER)


def exported(user: User, params: Any, today: date) -> Iterable[tuple[Any, ...]]:
    """The rows as shown: clause, points, own band, then title, points and gap of each assessment, lead unit, work, last due day."""
    matrix = matrix_asked(user, params, today)
    if matrix is None:
        return
    for row in shown_rows(matrix, params):
        if row.chapter:
            continue
        own = row.cells[0]
        outside: list[Any] = []
        for place in range(matrix_columns()):
            if place < len(matrix.others):
                cell, gap = row.cells[place + 1], row.gaps[place]
                low = cell.low if cell.state == "scored" else None
                outside += [matrix.others[place].label, low, gap.points]
            else:
                outside += ["", None, None]
        scored = own.state == "scored"
        yield (
            row.clause.no,
            row.clause.title,
            row.points,
            own.low if scored else None,
            own.high if scored else None,
            *outside,
            row.unit,
            "、".join(work.label for work in row.in_hand),
            row.due_on,
        )
