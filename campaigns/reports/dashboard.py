"""The dashboard of one frozen week: where we stand, what to decide, and the proof; read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.rules.rights import Permission
from campaigns.choices import ReportState
from campaigns.measures import GRADES, MEASURES, PROBLEMS, TOTAL, VISITS, Five, Measure, Question, rows_behind
from campaigns.models import Campaign, Phase, WeeklyFigure, WeeklyReport
from campaigns.reports.cells import Cell, Figures, Key, Openers, deadline_words
from campaigns.reports.decisions import Decision, waiting_for
from campaigns.reports.places import Ground, Place, ground_of, level_below, sees_all_rows, sees_drafts
from campaigns.reports.score import Lost, ScoreCard, most_lost, score_card
from campaigns.reports.trend import WEEKS, FrozenWeek, Trend, trend_of
from campaigns.rules.thresholds import RedFrom
from entities.models import StatusChange
from foodsafe_portal.lib import formats
from foodsafe_portal.lib.formats import period_label
from foodsafe_portal.lib.periods import Period
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.weeks import Week
from inspections.models import RectificationDuty
from inspections.querysets import PARTS
from inspections.rules.standing import standing
from records.rules.workdays import WorkCalendar
from records.services.calendar import current_calendar

MOST_OVERDUE = 5
WEEKDAYS = (
    gettext_noop("周一"),
    gettext_noop("周二"),
    gettext_noop("周三"),
    gettext_noop("周四"),
    gettext_noop("周五"),
    gettext_noop("周六"),
    gettext_noop("周日"),
)


@dataclass(frozen=True, slots=True)
class Countdown:
    """Days to the review; negative once it is over. ``unpublished``: the years crossed whose calendar is missing."""

    on: date
    weekday: str
    label: str
    days: int
    working_days: int
    unpublished: tuple[int, ...]
    phase: str
    phase_no: int
    phases: int

    @property
    def past(self) -> int:
        """Days since the review."""
        return -self.days


@dataclass(frozen=True, slots=True)
class Compared:
    """One number of this week against the week before; ``better`` names the good direction, '' for neither."""

    label: str
    before: str
    now: str
    url: str
    difference: Any
    better: str
    points: bool = False


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place in the table: its figure, its four grades, and its overdue problems."""

    place: Place
    whole: Cell
    grades: tuple[Cell, ...]
    problems: Cell


@dataclass(frozen=True, slots=True)
class GradeTable:
    """Places × grades of one measure, the place itself first, then its parts, most overdue first."""

    measure: Measure
    words: Mapping[str, Any]
    unit: Any
    level: str
    total: PlaceRow
    rows: tuple[PlaceRow, ...]
    red: RedFrom
    problems_red: RedFrom

    @property
    def with_problems(self) -> bool:
        """Whether the overdue rows of another measure stand in a column of their own."""
        return bool(self.measure.beside)


@dataclass(frozen=True, slots=True)
class OverdueProblem:
    """A problem that was overdue when the week was frozen, with its delay in working days then."""

    pk: int
    code: str
    description: str
    where: str
    unit: str
    leader: str
    original_due_on: date
    delay: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The week shown is frozen and unpublished; ``public`` is the newest week of the campaign that others see ('' for none)."""

    public: str


@dataclass(frozen=True)
class Dashboard:
    """Everything the page shows."""

    campaign: Campaign
    report: WeeklyReport
    week: Week
    period: str
    place: Place
    ground: Ground
    weeks: Sequence[FrozenWeek]
    previous: FrozenWeek | None
    following: FrozenWeek | None
    is_newest: bool
    week_missing: str
    draft: Draft | None
    countdown: Countdown
    score: ScoreCard | None
    has_rulebook: bool
    lost: Sequence[Lost]
    decisions: Sequence[Decision]
    visits: Cell
    visit_notes: Mapping[str, str]
    compared: Sequence[Compared]
    table: GradeTable
    trend: Trend
    overdue: Sequence[OverdueProblem]
    overdue_all: Cell
    overdue_before: int
    sees_every_problem: bool

    @property
    def waiting(self) -> int:
        """How many things wait for the viewer."""
        return sum(decision.count for decision in self.decisions)


class NoSuchPlace(LookupError):
    """A place the viewer does not see, or that is none."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no dashboard to show; ``sentence`` says why, ``week`` is the one that can be frozen ('' when none can)."""

    campaign: Campaign | None
    sentence: str
    week: str = ""


def dashboard_page(
    user: User, campaign: Campaign, *, week: str, place: str, measure: str, today: date
) -> Dashboard | Nothing:
    """The page for one person; a week that was never frozen falls back to the newest one and says so.

    Raises ``NoSuchPlace`` for a place outside the viewer's territory.
    """
    last_week = Week.of(today).previous()
    weeks = _weeks(user, campaign)
    if not weeks:
        sentence = (
            _("还没有冻结过任何一周，所以没有数字可看。")
            if sees_drafts(user, campaign.region_id)
            else _("还没有发布过周报，所以没有数字可看。")
        )
        return Nothing(campaign, sentence, str(last_week))
    at = next((number for number, one in enumerate(weeks) if str(one.week) == week), 0)
    chosen = weeks[at]
    report = (
        WeeklyReport.objects.visible_to(user)
        .defer("difference", "ranking")
        .select_related("rulebook")
        .get(pk=chosen.pk)
    )
    report.campaign = campaign
    ground = ground_of(user, report, city=campaign.region_id)
    if not ground.roots:
        return Nothing(campaign, _("您的岗位没有辖区，看不到各地的周数据。请安全管理员核对您的岗位。"))
    here = ground.at(place) if place else ground.roots[0]
    if here is None:
        raise NoSuchPlace(place)
    shown = list(reversed(weeks[at : at + WEEKS]))
    figures, history = _figures(report, here, shown, city=campaign.region_id)
    calendar = current_calendar()
    card, lost = _score(user, report)
    previous = weeks[at + 1] if at + 1 < len(weeks) else None
    question = Question.of(report)
    visits = figures.cell(VISITS.code, here.level, here.code)
    decisions, (overdue_before, unproven) = waiting_for(
        user,
        campaign,
        newest=str(weeks[0].week),
        last_week=last_week,
        beside=[_overdue_before(question, here), _unproven(question, here, visits)],
    )
    return Dashboard(
        campaign=campaign,
        report=report,
        week=chosen.week,
        period=period_label(Period.containing(report.sunday, "quarter")),
        place=here,
        ground=ground,
        weeks=weeks,
        previous=previous,
        following=weeks[at - 1] if at else None,
        is_newest=at == 0,
        week_missing=week if week and str(chosen.week) != week else "",
        draft=_draft(report),
        countdown=_countdown(campaign, calendar, today),
        score=card,
        has_rulebook=report.rulebook is not None,
        lost=lost,
        decisions=decisions,
        visits=visits,
        visit_notes=_visit_notes(visits, previous, chosen, history, unproven),
        compared=_compared(chosen, previous, here, history, scored=card is not None),
        table=_table(figures, ground, here, MEASURES.get(measure, VISITS)),
        trend=trend_of(
            shown,
            here,
            history,
            pass_line=card.pass_line if card else "",
            with_score=card is not None,
        ),
        overdue=_overdue(user, question, here, calendar),
        overdue_before=overdue_before,
        overdue_all=figures.cell(PROBLEMS.code, here.level, here.code),
        sees_every_problem=sees_all_rows(user, RectificationDuty.objects.none().resource, here.code),
    )


def _weeks(user: User, campaign: Campaign) -> list[FrozenWeek]:
    """Every frozen week in its latest revision, newest first; the score's ends are read inside the database."""
    rows = WeeklyReport.objects.newest_seen_by(user).filter(campaign=campaign)
    ends = ("score__total_low", "score__total_high")
    return [FrozenWeek.of(row) for row in rows.values_list("pk", "week", "revision", *ends)]


History = dict[tuple[int, str], Five]  # by (report, measure), for one place


def _figures(
    report: WeeklyReport, here: Place, shown: Sequence[FrozenWeek], *, city: str
) -> tuple[Figures, History]:
    """This week's figures of a place and its parts by grade, and the totals of the place in the other weeks: one query."""
    mine = Q(level=here.level, region_id=here.code)
    below = level_below(here, city)
    parts = mine | (Q(level=below) & in_territory(here.code)) if below else mine
    rows = WeeklyFigure.objects.filter(
        (Q(report=report) & parts) | (Q(report__in=[week.pk for week in shown], grade=TOTAL) & mine),
        measure__in=MEASURES,
    ).values_list("report_id", "measure", "level", "region_id", "grade", *PARTS)
    fives: dict[Key, Five] = {}
    history: History = {}
    for pk, measure, level, code, grade, *numbers in rows:
        five = Five(*numbers)
        if pk == report.pk:
            fives[measure, level, code, grade] = five
        if (level, code, grade) == (here.level, here.code, TOTAL):
            history[pk, measure] = five
    return Figures(Openers(report.pk), fives), history


def _draft(report: WeeklyReport) -> Draft | None:
    """What those who see drafts must know of one; a draft reaches nobody else."""
    if report.state == ReportState.PUBLISHED:
        return None
    public = WeeklyReport.objects.filter(campaign=report.campaign_id, state=ReportState.PUBLISHED)
    return Draft(public.order_by("-week").values_list("week", flat=True).first() or "")


def _countdown(campaign: Campaign, calendar: WorkCalendar, today: date) -> Countdown:
    """Days and working days until the review, and the phase the campaign is in."""
    phases = list(Phase.objects.filter(campaign=campaign).order_by("order"))
    phase = next((number for number, one in enumerate(phases) if one.starts_on <= today <= one.ends_on), None)
    on = campaign.review_on
    crossed = range(today.year, on.year + 1)
    return Countdown(
        on=on,
        weekday=_(WEEKDAYS[on.weekday()]),
        label=campaign.review_label,
        days=(on - today).days,
        working_days=calendar.working_days_between(today, on),
        unpublished=tuple(year for year in crossed if year not in calendar.published_years),
        phase=phases[phase].name if phase is not None else "",
        phase_no=phase + 1 if phase is not None else 0,
        phases=len(phases),
    )


def _score(user: User, report: WeeklyReport) -> tuple[ScoreCard | None, list[Lost]]:
    """The score and where it was lost, for those who may read the rulebook."""
    if report.rulebook is None or not report.score or not user.can(Permission.VIEW_RULEBOOK):
        return None, []
    card, tree = score_card(report.rulebook, report.score, week=report.week)
    return card, most_lost(tree, report.score, report.lost_by_unit, week=report.week)


def _unproven(question: Question, here: Place, visits: Cell) -> QuerySet[Any]:
    """The excluded visits that stand behind no change of status with an evidence file, as known when the week was frozen."""
    excluded = rows_behind(VISITS, question, part="excluded", level=here.level, code=here.code)
    changes = StatusChange.objects.approved_by(question.sunday, question.known_at)
    proven = changes.proven_at(question.known_at).filter(business=OuterRef("business_id"))
    unproven = excluded.filter(~Exists(proven))
    return unproven if visits.five.excluded else unproven.none()


def _visit_notes(
    visits: Cell, previous: FrozenWeek | None, chosen: FrozenWeek, history: History, unproven: int
) -> dict[str, str]:
    """The small lines below the five figures; ``unproven``: how many of the excluded have no evidence file."""
    notes = {}
    if visits.five.excluded:
        notes["excluded"] = _("其中 %(n)s 家无佐证") % {"n": formats.thousands(unproven)}
    if previous is not None and VISITS.comparable(previous.week, chosen.week):
        before = history.get((previous.pk, VISITS.code), Five())
        notes["done"] = _("比上周 %(change)s") % {"change": _signed(visits.five.done - before.done)}
        notes["overdue"] = _("比上周 %(change)s") % {"change": _signed(visits.five.overdue - before.overdue)}
    return notes


def _signed(number: int) -> str:
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{formats.thousands(abs(number))}"


def _compared(
    chosen: FrozenWeek, previous: FrozenWeek | None, here: Place, history: History, *, scored: bool
) -> list[Compared]:
    """This week against the one before it; a measure only where both weeks are about the same expectation."""
    if previous is None:
        return []
    rows = []
    openers = Openers(chosen.pk)
    for label, now, before in (
        (_("最低分"), chosen.low, previous.low),
        (_("最高分"), chosen.high, previous.high),
    ):
        if scored and now is not None:
            rows.append(_points_compared(label, now, before))
    for measure in reversed(MEASURES.values()):
        now_five, old_five = (history.get((week.pk, measure.code), Five()) for week in (chosen, previous))
        comparable = measure.comparable(previous.week, chosen.week)
        for one in measure.compared:
            now_count, old_count = now_five.value(one.part), old_five.value(one.part)
            rows.append(
                Compared(
                    str(one.label),
                    formats.thousands(old_count) if comparable else str(measure.not_comparable),
                    formats.thousands(now_count),
                    openers.url(measure.code, here.level, here.code, one.part),
                    now_count - old_count if comparable else None,
                    one.better,
                )
            )
    return rows


def _points_compared(label: str, now: Decimal, before: Decimal | None) -> Compared:
    difference = None if before is None else now - before
    return Compared(label, formats.score(before), formats.score(now), "", difference, "up", points=True)


def _table(figures: Figures, ground: Ground, here: Place, measure: Measure) -> GradeTable:
    """The place, then its parts with the most overdue first; a rest (本级) that counts nothing is left out."""
    below = ground.below(here)
    level = below[0].level if below else here.level
    red, problems_red = measure.red[level], MEASURES[measure.beside or PROBLEMS.code].red[level]

    def row(place: Place) -> PlaceRow:
        whole = figures.cell(measure.code, place.level, place.code)
        problems = figures.cell(measure.beside or PROBLEMS.code, place.level, place.code)
        return PlaceRow(
            place,
            _red(whole, red),
            tuple(
                _red(figures.cell(measure.code, place.level, place.code, grade), red, graded=True)
                for grade in GRADES
            ),
            _red(problems, problems_red),
        )

    rows = [row(place) for place in below]
    rows = [
        one
        for one in rows
        if one.place.code != here.code or one.whole.five != Five() or one.problems.five != Five()
    ]
    rows.sort(key=lambda one: (-one.whole.five.overdue, -one.problems.five.overdue, one.place.code))
    return GradeTable(
        measure, measure.part_words(), measure.unit, level, row(here), tuple(rows), red, problems_red
    )


def _red(cell: Cell, threshold: RedFrom, *, graded: bool = False) -> Cell:
    """The same cell with its overdue number red where it reaches the threshold."""
    reached = threshold.reached(cell.five.overdue, graded=graded)
    return Cell(cell.five, cell.urls, reached, cell.grade)


def _overdue_before(question: Question, here: Place) -> QuerySet[RectificationDuty]:
    """The problems found before the campaign began that were overdue when the week was frozen: no measure counts them."""
    rows = RectificationDuty.objects.known_at(question.known_at).on(question.sunday)
    older = rows.filter(
        in_territory(here.code, mergers=question.mergers), problem__found_on__lt=question.campaign.started_on
    )
    return older.part("overdue", question.sunday)


def _overdue(user: User, question: Question, here: Place, calendar: WorkCalendar) -> list[OverdueProblem]:
    """The problems overdue longest when the week was frozen, as far as the viewer may see them."""
    rows = rows_behind(PROBLEMS, question, part="overdue", level=here.level, code=here.code)
    found = (
        rows.visible_to(user)
        .select_related("problem", "unit", "region", "problem__business")
        .order_by("due_on", "pk")[:MOST_OVERDUE]
    )
    return [
        OverdueProblem(
            pk=duty.problem_id,
            code=duty.problem.code,
            description=duty.problem.description,
            where=duty.problem.place
            or (duty.problem.business.name if duty.problem.business else duty.region.name),
            unit=duty.unit.name if duty.unit else "",
            leader=duty.problem.leader_name,
            original_due_on=duty.original_due_on,
            delay=deadline_words(standing(duty, question.sunday, calendar, running=False)),
        )
        for duty in found
    ]
