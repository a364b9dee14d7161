"""The plan as a chart: months, phases, today and the review day, and for every task its bar with progress and baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from campaigns.choices import TaskKind, TaskState
from campaigns.models import Campaign, TaskItem
from campaigns.reports.plan import SOON_WORKING_DAYS
from campaigns.rules.replanning import critical_chain
from campaigns.services.planning import plan_of
from inspections.rules.deadlines import DeadlineBadge, deadline_badge
from records.rules.workdays import WorkCalendar

LABEL_FROM = 78.0
"""A bar that ends beyond this share of the chart has its label on the left."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the chart in per cent of its width, with what it is called."""

    start: float
    length: float
    name: str = ""
    now: bool = False

    @property
    def end(self) -> float:
        """Where it ends."""
        return round(self.start + self.length, 2)


@dataclass(frozen=True, slots=True)
class GanttRow:
    """One task on the chart: its bar, the part of it that is done, and the baseline where the dates have moved since."""

    task: TaskItem
    badge: DeadlineBadge | None
    bar: Span
    filled: float
    tone: str
    words: str
    baseline: Span | None
    critical: bool
    depth: int

    @property
    def milestone(self) -> bool:
        """Whether it is one day on which something has to be there."""
        return self.task.kind == TaskKind.MILESTONE

    @property
    def label_left(self) -> bool:
        """Whether there is no room for words on the right."""
        return self.bar.end > LABEL_FROM


@dataclass(frozen=True, slots=True)
class GanttGroup:
    """The tasks of one phase, counted."""

    name: str
    rows: tuple[GanttRow, ...]
    done: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Gantt:
    """The whole chart."""

    months: tuple[Span, ...]
    phases: tuple[Span, ...]
    unpublished: tuple[Span, ...]
    today: float
    review: float
    groups: tuple[GanttGroup, ...]
    chain: tuple[int, ...]
    moved: int
    provisional: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """The days of the chart: whole months from the first beginning to the last end."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    def at(self, day: date) -> float:
        """Where a day begins, in per cent."""
        return round(min(max((day - self.first).days, 0), self.days) * 100 / self.days, 2)

    def span(self, first: date, last: date, name: str = "", *, now: bool = False) -> Span:
        """A stretch from one day to another, both included."""
        start = self.at(first)
        length = self.at(last + timedelta(days=1)) - start
        return Span(start, round(max(length, 100 / self.days), 2), name, now)


def gantt_of(campaign: Campaign, tasks: Sequence[TaskItem], today: date, calendar: WorkCalendar) -> Gantt:
    """The chart of these tasks of a campaign; the critical chain is that of the whole plan."""
    phases = list(campaign.phases.all())
    scale = _scale(campaign, tasks, [day for phase in phases for day in (phase.starts_on, phase.ends_on)])
    chain = critical_chain(plan_of(campaign).tasks, calendar)
    rows = [_row(task, scale, today, calendar, task.number in chain) for task in tasks]
    order = {phase.pk: at for at, phase in enumerate(phases)}
    rows.sort(key=lambda row: (order.get(row.task.phase_id or 0, len(order)), *_place(row.task)))
    return Gantt(
        months=tuple(_months(scale)),
        phases=tuple(
            scale.span(one.starts_on, one.ends_on, one.name, now=one.starts_on <= today <= one.ends_on)
            for one in phases
        ),
        unpublished=tuple(_unpublished(scale, calendar)),
        today=scale.at(today),
        review=scale.at(campaign.review_on),
        groups=tuple(_groups(rows, today)),
        chain=chain,
        moved=sum(row.baseline is not None for row in rows),
        provisional=any(row.task.due_provisional for row in rows),
    )


def _place(task: TaskItem) -> tuple[int, int, int]:
    """A part stands below what it is a part of."""
    return (task.parent.number, 1, task.number) if task.parent else (task.number, 0, 0)


def _scale(campaign: Campaign, tasks: Iterable[TaskItem], days: list[date]) -> Scale:
    days = [*days, campaign.started_on, campaign.review_on]
    for task in tasks:
        days += [task.starts_on, task.due_on]
    last = max(days)
    return Scale(
        min(days).replace(day=1),
        (last.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1),
    )


def _months(scale: Scale) -> Iterable[Span]:
    day = scale.first
    while day <= scale.last:
        following = (day + timedelta(days=32)).replace(day=1)
        name = f"{day.year}-{day.month:02}" if day.month == 1 or day == scale.first else f"{day.month:02}"
        yield scale.span(day, following - timedelta(days=1), name)
        day = following


def _unpublished(scale: Scale, calendar: WorkCalendar) -> Iterable[Span]:
    for year in range(scale.first.year, scale.last.year + 1):
        if year not in calendar.published_years:
            first, last = max(scale.first, date(year, 1, 1)), min(scale.last, date(year, 12, 31))
            yield scale.span(first, last, str(year))


def _row(task: TaskItem, scale: Scale, today: date, calendar: WorkCalendar, critical: bool) -> GanttRow:
    done = task.state == TaskState.DONE
    late = not done and task.due_on < today
    bar = scale.span(task.starts_on, task.due_on)
    percent = 100 if done else task.percent
    if done:
        tone, words = "done", str(task.get_state_display())
    elif late:
        tone, words = "late", f"{percent}%"
    else:
        tone, words = ("now", f"{percent}%") if task.starts_on <= today or percent else ("later", "")
    baseline = None
    was = (task.baseline_starts_on or task.starts_on, task.baseline_due_on or task.due_on)
    if was != (task.starts_on, task.due_on):
        baseline = scale.span(*was)
    badge = deadline_badge(
        task.due_on, today, task.done_on, calendar, provisional=task.due_provisional, soon=SOON_WORKING_DAYS
    )
    filled = round(bar.length * percent / 100, 2)
    return GanttRow(task, badge, bar, filled, tone, words, baseline, critical, 1 if task.parent else 0)


def _groups(rows: Iterable[GanttRow], today: date) -> Iterable[GanttGroup]:
    for _key, found in groupby(rows, key=lambda row: row.task.phase_id):
        group = tuple(found)
        phase = group[0].task.phase
        yield GanttGroup(
            phase.name if phase else "",
            group,
            sum(row.tone == "done" for row in group),
            sum(row.tone == "late" for row in group),
        )
