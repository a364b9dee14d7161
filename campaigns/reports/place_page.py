"""One county's or township's page: its figures of a frozen week, its parts, officers, units, overdue problems and people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from accounts.models import Post, Unit, User
from accounts.names import names_above, unit_names, with_county
from accounts.querysets import in_force
from campaigns.measures import PROBLEMS, VISITS, Five, Question, rows_behind
from campaigns.models import Campaign, WeeklyReport
from campaigns.reports.cells import Cell, Openers
from campaigns.reports.dashboard import GradeTable, NoSuchPlace, figures_and_history, grade_table, weeks_seen
from campaigns.reports.figure_list import NOBODY
from campaigns.reports.own_figures import Contact, Late, contacts, late_problems
from campaigns.reports.places import Place, ground_of
from campaigns.reports.trend import WEEKS, FrozenWeek, Trend, trend_of
from foodsafe_portal.lib.scope import in_territory
from inspections.querysets import PARTS, part_condition
from records.services.calendar import current_calendar

MOST_OFFICERS = 30


@dataclass(frozen=True, slots=True)
class OfficerLine:
    """An officer of the place and what they owed, the most overdue first; ``pk`` 0 stands for nobody bound."""

    pk: int
    name: str
    title: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit of the place with its problems."""

    pk: int
    name: str
    cell: Cell


@dataclass(frozen=True)
class PlacePage:
    """Everything the page shows."""

    place: Place
    name: str
    above: Place | None
    report: WeeklyReport
    weeks: Sequence[FrozenWeek]
    visits: Cell
    problems: Cell
    table: GradeTable
    trend: Trend
    officers: Sequence[OfficerLine]
    units: Sequence[UnitLine]
    late: Sequence[Late]
    people: Sequence[Contact]


def place_page(user: User, campaign: Campaign, code: str, *, week: str, today: date) -> PlacePage | None:
    """The page of a place in a frozen week; None while no week is to be seen. Raises ``NoSuchPlace`` outside the viewer's territory."""
    weeks = weeks_seen(user, campaign)
    if not weeks:
        return None
    at = next((number for number, one in enumerate(weeks) if str(one.week) == week), 0)
    report = (
        WeeklyReport.objects.visible_to(user).defer("difference", "ranking", "score").get(pk=weeks[at].pk)
    )
    report.campaign = campaign
    ground = ground_of(user, report, city=campaign.region_id)
    here = ground.at(code)
    if here is None:
        raise NoSuchPlace(code)
    shown = list(reversed(weeks[at : at + WEEKS]))
    figures, history = figures_and_history(report, here, shown, city=campaign.region_id)
    question, calendar = Question.of(report), current_calendar()
    overdue = rows_behind(PROBLEMS, question, part="overdue", level=here.level, code=here.code)
    posts = Post.objects.filter(in_force(today), region_id=code)
    return PlacePage(
        place=here,
        name=with_county(here.name, code, names_above([code])),
        above=ground.at(code[:6]) if len(code) > 6 else ground.at(campaign.region_id),
        report=report,
        weeks=weeks,
        visits=figures.cell(VISITS.code, here.level, here.code),
        problems=figures.cell(PROBLEMS.code, here.level, here.code),
        table=grade_table(figures, ground, here, VISITS),
        trend=trend_of(shown, here, history, pass_line="", with_score=False),
        officers=_officers(user, report, question, here),
        units=_units(user, report, question, here),
        late=late_problems(overdue, user, question.sunday, calendar),
        people=contacts(user, posts),
    )


def held_cell(report: WeeklyReport, measure: str, place: Place, five: Five, holder: str) -> Cell:
    """A figure of one unit or officer in a place; every number opens its own rows."""
    urls = Openers(report.pk).urls(measure, place.level, place.code)
    return Cell(five, {part: f"{url}?{holder}" for part, url in urls.items()})


def _officers(user: User, report: WeeklyReport, question: Question, here: Place) -> list[OfficerLine]:
    """Who owed the visits of the place, the most overdue first."""
    counts = {part: Count("pk", filter=part_condition(part, question.sunday)) for part in PARTS}
    inside = in_territory(here.code, mergers=question.mergers)
    rows = VISITS.rows(question).visible_to(user).filter(inside).order_by()
    by = ("officer_id", "officer__name", "officer__title")
    lines = [
        OfficerLine(
            key or 0,
            name or "",
            title or "",
            held_cell(report, VISITS.code, here, Five(*five), f"officer={key or NOBODY}"),
        )
        for key, name, title, *five in rows.values_list(*by).annotate(**counts)
    ]
    lines.sort(key=lambda one: (-one.cell.five.overdue, -one.cell.undone, one.name))
    return lines[:MOST_OFFICERS]


def _units(user: User, report: WeeklyReport, question: Question, here: Place) -> list[UnitLine]:
    """The units that answer for problems of the place, the most overdue first."""
    counts = {part: Count("pk", filter=part_condition(part, question.sunday)) for part in PARTS}
    inside = in_territory(here.code, mergers=question.mergers)
    rows = PROBLEMS.rows(question).visible_to(user).filter(inside, unit__isnull=False).order_by()
    fives = {key: Five(*five) for key, *five in rows.values_list("unit_id").annotate(**counts)}
    names = unit_names(Unit.objects.filter(pk__in=fives))
    lines = [
        UnitLine(key, names[key], held_cell(report, PROBLEMS.code, here, five, f"unit={key}"))
        for key, five in fives.items()
    ]
    return sorted(lines, key=lambda one: (-one.cell.five.overdue, -one.cell.undone, one.name))
