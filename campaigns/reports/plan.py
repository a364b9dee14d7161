"""What the task pages and the campaign's home show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from campaigns.choices import TaskReportState, TaskState
from campaigns.models import Campaign, TaskItem, TaskReport
from inspections.rules.deadlines import DeadlineBadge, deadline_badge
from records.rules.workdays import WorkCalendar

SOON_WORKING_DAYS = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """A task on the campaign's time line, in per cent of its width: start, length; tone done, late, now or later."""

    start: float
    length: float
    tone: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One line of the task list."""

    task: TaskItem
    badge: DeadlineBadge | None
    bar: Bar


@dataclass(frozen=True, slots=True)
class PhaseShown:
    """A phase with its share of the time line and its tasks counted."""

    name: str
    starts_on: date
    ends_on: date
    start: float
    length: float
    now: bool


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """The header of the task list: whole numbers of tasks, and the pace still needed per week."""

    total: int
    done: int
    done_on_time: int
    overdue: int
    going: int
    untouched: int
    weeks_left: int
    needed_per_week: float
    recent_per_week: float

    @property
    def behind(self) -> bool:
        """Whether the pace of the last four weeks does not suffice."""
        return self.needed_per_week > self.recent_per_week


def tasks_shown(user: Any, campaign: Campaign, params: QueryDict, today: date) -> QuerySet[TaskItem]:
    """The tasks this person may see, narrowed by the page's address (q, unit, state, part)."""
    tasks = TaskItem.objects.visible_to(user).filter(campaign=campaign)
    if words := params.get("q", "").strip():
        tasks = tasks.filter(Q(title__icontains=words) | Q(system__icontains=words))
    if (unit := params.get("unit", "")).isdecimal():
        tasks = tasks.filter(Q(lead_unit_id=int(unit)) | Q(supports__unit_id=int(unit))).distinct()
    if (state := params.get("state", "")) in TaskState.values:
        tasks = tasks.filter(state=state)
    match params.get("part", ""):
        case "overdue":
            tasks = tasks.exclude(state=TaskState.DONE).filter(due_on__lt=today)
        case "waiting":
            tasks = tasks.filter(
                pk__in=TaskReport.objects.filter(state=TaskReportState.SUBMITTED).values("task_id")
            )
        case "going":
            tasks = tasks.filter(state__in=[TaskState.CLAIMED, TaskState.REPORTED])
    return tasks.select_related("lead_unit", "phase").order_by("number")


def task_counts(tasks: list[TaskItem], campaign: Campaign, today: date) -> TaskCounts:
    """Count the whole list once; the pace compares what is left with the weeks until the review."""
    done = [task for task in tasks if task.state == TaskState.DONE and task.done_on]
    left = len(tasks) - len(done)
    weeks = max(1, (campaign.review_on - today).days // 7)
    recent = sum(1 for task in done if task.done_on and 0 <= (today - task.done_on).days < 28)
    return TaskCounts(
        total=len(tasks),
        done=len(done),
        done_on_time=sum(1 for task in done if task.done_on and task.done_on <= task.due_on),
        overdue=sum(1 for task in tasks if task.state != TaskState.DONE and task.due_on < today),
        going=sum(1 for task in tasks if task.state in {TaskState.CLAIMED, TaskState.REPORTED}),
        untouched=sum(1 for task in tasks if task.state == TaskState.OPEN),
        weeks_left=weeks,
        needed_per_week=round(left / weeks, 1),
        recent_per_week=round(recent / 4, 1),
    )


def _place(campaign: Campaign, first: date, last: date) -> tuple[float, float]:
    """Start and length of a span on the campaign's time line, in per cent."""
    whole = max(1, (campaign.review_on - campaign.started_on).days + 1)
    start = min(max(0, (first - campaign.started_on).days), whole)
    end = min(max(start + 1, (last - campaign.started_on).days + 1), whole)
    return round(start * 100 / whole, 2), round((end - start) * 100 / whole, 2)


def task_row(task: TaskItem, campaign: Campaign, today: date, calendar: WorkCalendar) -> TaskRow:
    """One task with its deadline badge and its bar."""
    start, length = _place(campaign, task.starts_on, task.due_on)
    if task.state == TaskState.DONE:
        tone = "done"
    elif task.due_on < today:
        tone = "late"
    else:
        tone = "now" if task.starts_on <= today else "later"
    provisional = task.due_on.year not in calendar.published_years
    badge = deadline_badge(
        task.due_on, today, task.done_on, calendar, provisional=provisional, soon=SOON_WORKING_DAYS
    )
    return TaskRow(task, badge, Bar(start, length, tone))


def phases_shown(campaign: Campaign, today: date) -> list[PhaseShown]:
    """The phases on the same time line."""
    return [
        PhaseShown(
            phase.name,
            phase.starts_on,
            phase.ends_on,
            *_place(campaign, phase.starts_on, phase.ends_on),
            now=phase.starts_on <= today <= phase.ends_on,
        )
        for phase in campaign.phases.all()
    ]


def today_mark(campaign: Campaign, today: date) -> float:
    """Where today stands on the time line, in per cent."""
    return _place(campaign, today, today)[0]
