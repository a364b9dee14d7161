"""Planning backwards from the review day: which dates move, which rules stand against each other, what chain is critical."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from campaigns.rules.due_rules import FIXED_DAY, Countback, DueRule, next_workday
from records.rules.workdays import WorkCalendar

BLOCKING: Final = frozenset({"circle"})


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A phase with its days and, where they are counted backwards, the working days before the review day."""

    order: int
    name: str
    starts_on: date
    ends_on: date
    starts_before: int | None = None
    ends_before: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task with its days, its rule, how many working days it lasts, and the numbers of the tasks before it."""

    number: int
    title: str
    starts_on: date
    due_on: date
    rule: DueRule = FIXED_DAY
    lasts: int | None = None
    phase: int | None = None
    before: tuple[int, ...] = ()
    done: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A date that moves: of task ``number`` or, where that is None, of the phase called ``name``."""

    number: int | None
    name: str
    what: str
    was: date
    to: date
    rule: str
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """What stands against the plan; ``code`` is past, after_review, order, circle, phase_order or unpublished."""

    code: str
    number: int | None
    said: str

    @property
    def blocks(self) -> bool:
        """Whether the plan cannot be applied as long as this stands."""
        return self.code in BLOCKING


@dataclass(frozen=True, slots=True)
class Replanned:
    """The plan after the act: every date that moves and every conflict, both in the order of the plan."""

    phases: tuple[PlannedPhase, ...]
    tasks: tuple[PlannedTask, ...]
    moves: tuple[Move, ...]
    conflicts: tuple[Conflict, ...]
    provisional: frozenset[int]


def replan(
    phases: Sequence[PlannedPhase],
    tasks: Sequence[PlannedTask],
    *,
    review_on: date,
    today: date,
    calendar: WorkCalendar,
) -> Replanned:
    """Count every date of the plan anew from ``review_on``; finished tasks stay, and nothing moves into the past."""
    plan = _Replanning(review_on, today, calendar)
    new_phases = tuple(plan.phase(phase) for phase in phases)
    plan.ends = {phase.order: phase.ends_on for phase in new_phases}
    new_tasks = tuple(plan.task(task) for task in tasks)
    plan.conflicts += _phases_out_of_order(new_phases)
    plan.conflicts += conflicts_of(new_tasks, review_on)
    if plan.years:
        years = "、".join(str(year) for year in sorted(plan.years))
        said = f"{years} 年的放假安排尚未公布，涉及的日期按周一至周五推算，带 * 暂定；公布后请再倒排一次"
        plan.conflicts.append(Conflict("unpublished", None, said))
    return Replanned(
        new_phases, new_tasks, tuple(plan.moves), tuple(plan.conflicts), frozenset(plan.provisional)
    )


class _Replanning:
    """Moves one date after the other and remembers what it did."""

    def __init__(self, review_on: date, today: date, calendar: WorkCalendar) -> None:
        self.review_on, self.today, self.calendar = review_on, today, calendar
        self.ends: Mapping[int, date] = {}
        self.moves: list[Move] = []
        self.conflicts: list[Conflict] = []
        self.provisional: set[int] = set()
        self.years: set[int] = set()
        self._counts: dict[date, Countback] = {}

    def count(self, until: date) -> Countback:
        """The working days before ``until``, walked over once."""
        return self._counts.setdefault(until, Countback(until, self.calendar))

    def _unpublished(self, until: date, days: int) -> bool:
        first = self.count(until).before(days)
        touched = set(range(first.year, until.year + 1)) - self.calendar.published_years
        self.years |= touched
        return bool(touched)

    def phase(self, phase: PlannedPhase) -> PlannedPhase:
        """A phase by its own rules; a day that is over stays where it was."""
        days = {"starts_on": phase.starts_before, "ends_on": phase.ends_before}
        found: dict[str, Any] = {}
        for what, before in days.items():
            was: date = getattr(phase, what)
            if before is None or was < self.today:
                continue
            to = self.count(self.review_on).before(before)
            provisional = self._unpublished(self.review_on, before)
            if to < self.today:
                said = f"阶段“{phase.name}”按规则应为 {to}，已经过去，改为 {self.today}"
                self.conflicts.append(Conflict("past", None, said))
                to = self.today
            if to != was:
                rule = str(DueRule("review", before))
                self.moves.append(Move(None, phase.name, what, was, to, rule, provisional))
                found[what] = to
        return replace(phase, **found) if found else phase

    def task(self, task: PlannedTask) -> PlannedTask:
        """A task by its rule: the due day first, the beginning counted back from it."""
        if task.done:
            return task
        due = self._due(task)
        start = self._start(task, due)
        for what, was, to in (("starts_on", task.starts_on, start), ("due_on", task.due_on, due)):
            if was != to:
                told = task.rule if what == "due_on" else f"工期 {task.lasts} 个工作日"
                kept = str(told) if what == "due_on" or task.lasts is not None else "不晚于完成期限"
                moved = Move(task.number, task.title, what, was, to, kept, task.number in self.provisional)
                self.moves.append(moved)
        return (
            replace(task, starts_on=start, due_on=due)
            if (start, due) != (task.starts_on, task.due_on)
            else task
        )

    def _due(self, task: PlannedTask) -> date:
        until = self.review_on if task.rule.anchor == "review" else self.ends.get(task.phase or 0)
        if task.rule.anchor == "fixed" or until is None:
            return task.due_on
        due = self.count(until).before(task.rule.days)
        if self._unpublished(until, task.rule.days):
            self.provisional.add(task.number)
        if due >= self.today:
            return due
        if task.due_on < self.today:
            return task.due_on  # it is late already and stays so: a rule never makes a task later than it is
        to = next_workday(self.today, self.calendar)
        said = f"任务 {task.number}“{task.title}”按 {task.rule} 应为 {due}，已经过去，改为 {to}"
        self.conflicts.append(Conflict("past", task.number, said))
        return to

    def _start(self, task: PlannedTask, due: date) -> date:
        if task.starts_on < self.today and task.starts_on <= due:
            return task.starts_on  # it has begun
        if task.lasts is None:
            return min(task.starts_on, due)
        return min(due, max(self.count(due).before(task.lasts), min(self.today, task.starts_on)))


def _phases_out_of_order(phases: Iterable[PlannedPhase]) -> list[Conflict]:
    found, last = [], None
    for phase in phases:
        if phase.ends_on < phase.starts_on:
            said = f"阶段“{phase.name}”结束日 {phase.ends_on} 早于开始日 {phase.starts_on}；请改其中一个"
            found.append(Conflict("phase_order", None, said))
        elif last is not None and phase.starts_on < last.ends_on:
            said = f"阶段“{phase.name}”{phase.starts_on} 开始时，“{last.name}”还没有结束（{last.ends_on}）"
            found.append(Conflict("phase_order", None, said))
        last = phase
    return found


def conflicts_of(tasks: Sequence[PlannedTask], review_on: date) -> list[Conflict]:
    """Circles of predecessors, tasks due before a predecessor, and open tasks due after the review day."""
    by_number = {task.number: task for task in tasks}
    found = [
        Conflict(
            "circle",
            circle[0],
            f"前置任务成了一个圈：{' → '.join(str(one) for one in circle)}；请去掉其中一环",
        )
        for circle in circles({task.number: task.before for task in tasks})
    ]
    for task in tasks:
        if task.done:
            continue
        if task.due_on > review_on:
            said = f"任务 {task.number}“{task.title}”{task.due_on} 到期，晚于迎检日 {review_on}"
            found.append(Conflict("after_review", task.number, said))
        for number in task.before:
            first = by_number.get(number)
            if first is not None and first.due_on > task.due_on:
                said = f"任务 {task.number} {task.due_on} 到期，早于前置任务 {number} 的 {first.due_on}"
                found.append(Conflict("order", task.number, said))
    return found


def circles(before: Mapping[int, Sequence[int]]) -> list[tuple[int, ...]]:
    """Every circle of predecessors once, told from its smallest number back to it: (3, 5, 3)."""
    left = {number: {one for one in first if one in before} for number, first in before.items()}
    free = [number for number, first in left.items() if not first]
    after: dict[int, list[int]] = {}
    for number, first in left.items():
        for one in first:
            after.setdefault(one, []).append(number)
    while free:
        one = free.pop()
        for number in after.get(one, ()):
            left[number].discard(one)
            if not left[number]:
                free.append(number)
    caught = {number: first for number, first in left.items() if first}
    found: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for start in sorted(caught):
        path: list[int] = []
        here = start
        while here not in seen:
            seen.add(here)
            path.append(here)
            here = min(one for one in caught[here] if one in caught)
        if here in path:
            ring = path[path.index(here) :]
            least = ring.index(min(ring))
            ring = ring[least:] + ring[:least]
            found.append((*ring, ring[0]))
    return found


def critical_chain(tasks: Sequence[PlannedTask], calendar: WorkCalendar) -> tuple[int, ...]:
    """The chain of predecessors that takes most working days in all, in its order; nothing where no task waits for another."""
    by_number = {task.number: task for task in tasks if not task.done}
    if circles({number: task.before for number, task in by_number.items()}):
        return ()
    longest: dict[int, tuple[int, tuple[int, ...]]] = {}
    for number in _in_order(by_number):
        task = by_number[number]
        own = max(1, calendar.working_days_between(task.starts_on, task.due_on))
        best = max((longest[one] for one in task.before if one in longest), default=(0, ()))
        longest[number] = (best[0] + own, (*best[1], number))
    chains = [found for found in longest.values() if len(found[1]) > 1]
    return max(chains, key=lambda found: (found[0], found[1]), default=(0, ()))[1]


def _in_order(tasks: Mapping[int, PlannedTask]) -> list[int]:
    """Numbers of tasks, each after those before it; there is no circle."""
    order: list[int] = []
    seen: set[int] = set()
    for start in tasks:
        stack = [(start, False)]
        while stack:
            number, ready = stack.pop()
            if ready:
                order.append(number)
            elif number not in seen:
                seen.add(number)
                stack.append((number, True))
                stack += [(one, False) for one in tasks[number].before if one in tasks]
    return order
