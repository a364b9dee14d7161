"""One unit's page: its own five figures of a frozen week, its weeks, lost points, tasks, overdue problems and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from accounts.models import Post, Unit, User
from accounts.names import unit_names
from accounts.querysets import in_force
from campaigns.choices import Level
from campaigns.measures import LISTED_PARTS, PROBLEMS, PROBLEMS_DUE, Five, Measure, Question
from campaigns.models import Campaign, Membership, WeeklyReport
from campaigns.reports.cells import Cell, Openers
from campaigns.reports.dashboard import weeks_seen
from campaigns.reports.figure_list import five_of
from campaigns.reports.own_figures import Contact, Late, contacts, late_problems, lost_by, tasks_of
from campaigns.reports.places import Place
from campaigns.reports.plan import TaskRow, task_row
from campaigns.reports.trend import FrozenWeek
from foodsafe_portal.lib import formats
from inspections.querysets import PARTS, part_condition
from records.services.calendar import current_calendar

WEEKS = 8


@dataclass(frozen=True, slots=True)
class UnitFigure:
    """One measure of the unit: its words and its five numbers, each with the list it opens where the viewer sees all of it."""

    measure: Measure
    cell: Cell


@dataclass(frozen=True, slots=True)
class UnitWeek:
    """One frozen week of the unit: what was due in it, what was open, and its place on the board of units."""

    at: FrozenWeek
    due: Cell
    all: Cell
    rank: int | None
    ranked: int

    @property
    def label(self) -> str:
        """``46周``, as axes print it."""
        return _("%(number)s周") % {"number": self.at.week.number}

    @property
    def on_time(self) -> str:
        """On time of those due in the week; — where none was due."""
        return formats.percent(self.due.five.on_time, self.due.five.expected)


@dataclass(frozen=True, slots=True)
class Below:
    """A unit that answers to this one, with its own figure."""

    pk: int
    name: str
    cell: Cell


@dataclass(frozen=True)
class UnitPage:
    """Everything the page shows; without a frozen week there are no figures."""

    unit: Unit
    name: str
    parent: Unit | None
    report: WeeklyReport | None
    figures: Sequence[UnitFigure]
    weeks: Sequence[UnitWeek]
    chart: Mapping[str, Any]
    late: Sequence[Late]
    lost: Sequence[Mapping[str, Any]]
    clauses_led: int
    tasks: Sequence[TaskRow]
    people: Sequence[Contact]
    below: Sequence[Below]
    more_below: int
    partial: bool


def unit_page(user: User, unit: Unit, campaign: Campaign | None, *, week: str, today: date) -> UnitPage:
    """The page of one unit; the caller has found it in the person's scope. A week never frozen falls back to the newest."""
    frozen = weeks_seen(user, campaign) if campaign else []
    at = next((number for number, one in enumerate(frozen) if str(one.week) == week), 0)
    shown = frozen[at : at + WEEKS]
    reports = {
        report.pk: report
        for report in WeeklyReport.objects.visible_to(user)
        .filter(pk__in=[one.pk for one in shown])
        .defer("difference")
        .select_related("campaign__region", "rulebook")
    }
    report = reports[shown[0].pk] if shown else None
    question = Question.of(report) if report else None
    calendar = current_calendar()
    whole = question is None or _sees_all(user, unit, question)
    figures = (
        [
            UnitFigure(measure, _cell(reports[shown[0].pk], measure, unit.pk, question, links=whole))
            for measure in (PROBLEMS, PROBLEMS_DUE)
        ]
        if report and question
        else []
    )
    weeks = [_week(one, reports[one.pk], unit, links=whole) for one in reversed(shown)]
    leads = (
        list(report.rulebook.clauses.filter(lead_unit=unit).values_list("no", flat=True))
        if report and report.rulebook
        else []
    )
    rows = tasks_of(user, [unit.pk]) if campaign else []
    overdue = PROBLEMS.rows(question).filter(unit=unit).part("overdue", question.sunday) if question else None
    below, more = _below(user, unit, report, question)
    posts = Post.objects.filter(in_force(today), unit=unit)
    members = (
        Membership.objects.filter(in_force(today), unit=unit).filter(
            Q(group__campaign=campaign) | Q(team__campaign=campaign)
        )
        if campaign
        else None
    )
    return UnitPage(
        unit=unit,
        name=unit_names([unit])[unit.pk],
        parent=unit.parent,
        report=report,
        figures=figures,
        weeks=weeks,
        chart={
            "weeks": [one.label for one in weeks],
            "total": [one.all.undone for one in weeks],
            "part": [one.all.five.overdue for one in weeks],
            "words": {"total": _("未销号"), "part": _("逾期")},
        },
        late=late_problems(overdue, user, question.sunday, calendar)
        if overdue is not None and question
        else [],
        lost=lost_by(report, leads) if report else [],
        clauses_led=len(leads),
        tasks=[
            task_row(task, campaign, today, calendar)
            for task in rows
            if campaign and task.campaign_id == campaign.pk
        ],
        people=contacts(user, posts, members),
        below=below,
        more_below=more,
        partial=not whole,
    )


def _sees_all(user: User, unit: Unit, question: Question) -> bool:
    """Whether this person sees every problem that the unit's figures count."""
    rows = PROBLEMS.rows(question).filter(unit=unit)
    return bool(rows.count() == rows.visible_to(user).count())


def _city(report: WeeklyReport) -> Place:
    return Place(Level.CITY, report.campaign.region_id, report.campaign.region.name)


def _cell(
    report: WeeklyReport,
    measure: Measure,
    unit: int,
    question: Question | None,
    *,
    links: bool,
    five: Five | None = None,
) -> Cell:
    """A figure of the unit; its numbers open their rows where the viewer sees all of them."""
    if five is None:
        five = five_of(measure, question, _city(report), unit=str(unit)) if question else Five()
    opener, city = Openers(report.pk), report.campaign.region_id
    urls = {
        part: f"{opener.url(measure.code, Level.CITY, city, part)}?unit={unit}" if links else ""
        for part in LISTED_PARTS
    }
    return Cell(five, urls)


def _week(at: FrozenWeek, report: WeeklyReport, unit: Unit, *, links: bool) -> UnitWeek:
    question = Question.of(report)
    due = Q(due_on__range=(question.week.monday, question.sunday))
    counts = {part: Count("pk", filter=part_condition(part, question.sunday)) for part in PARTS}
    in_week = {
        f"due_{part}": Count("pk", filter=part_condition(part, question.sunday) & due) for part in PARTS
    }
    found = PROBLEMS.rows(question).filter(unit=unit).order_by().aggregate(**counts, **in_week)
    board = [one for one in report.ranking if one["board"] == "unit" and one["rank"]]
    line = next((one for one in board if one["code"] == str(unit.pk)), None)
    fives = Five(*(found[part] for part in PARTS)), Five(*(found[f"due_{part}"] for part in PARTS))
    whole, week = (
        _cell(report, measure, unit.pk, None, links=links, five=five)
        for measure, five in zip((PROBLEMS, PROBLEMS_DUE), fives, strict=True)
    )
    return UnitWeek(at, week, whole, line["rank"] if line else None, len(board))


def _below(
    user: User, unit: Unit, report: WeeklyReport | None, question: Question | None
) -> tuple[list[Below], int]:
    """The units that answer to this one, the most overdue first, at most twelve; and how many more there are."""
    children = list(Unit.objects.visible_to(user).filter(parent=unit).order_by("region_id", "name"))
    if not children or report is None or question is None:
        return [], 0
    counts = {part: Count("pk", filter=part_condition(part, question.sunday)) for part in PARTS}
    rows = PROBLEMS.rows(question).filter(unit__in=[child.pk for child in children])
    fives = {
        key: Five(*five)
        for key, *five in rows.visible_to(user).order_by().values_list("unit_id").annotate(**counts)
    }
    names = unit_names(children)
    found = [
        Below(
            child.pk,
            names[child.pk],
            _cell(report, PROBLEMS, child.pk, None, links=True, five=fives.get(child.pk, Five())),
        )
        for child in children
    ]
    found.sort(key=lambda one: -one.cell.five.overdue)
    return found[:12], max(len(found) - 12, 0)
