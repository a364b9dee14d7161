"""When a problem must be put right, and how its deadline stands today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from records.rules.workdays import DueDate, WorkCalendar

DayUnit = Literal["working", "calendar"]
BadgeKind = Literal["left", "today", "overdue", "on_time", "late"]

SOON_DAYS: Final = 3
"""Working days left from which a problem's deadline turns amber (tasks: 10)."""

_UNIT_WORDS: Final = {"working_days": "个工作日", "days": "天"}


@dataclass(frozen=True, slots=True)
class DeadlinePolicyRow:
    """One row of the deadline policy: how long problems of a severity may take from a day on.

    ``days`` is counted in ``unit``; no days at all means on the spot (当场).
    """

    severity: str
    effective_from: date
    days: int
    unit: DayUnit


@dataclass(frozen=True, slots=True)
class Deadline:
    """A problem's due day together with the policy row and the counting it came from."""

    due: DueDate
    policy: DeadlinePolicyRow
    why: str

    @property
    def due_on(self) -> date:
        return self.due.due_on

    @property
    def provisional(self) -> bool:
        return self.due.provisional


class NoDeadlinePolicy(LookupError):
    """No policy row says how long a problem of this severity may take; ``str`` is a Chinese sentence."""

    def __init__(self, severity: str, found_on: date) -> None:
        super().__init__(f"没有适用于 {found_on} 的“{severity}”问题整改期限，请先在整改期限表中补上")
        self.severity, self.found_on = severity, found_on


def policy_for(severity: str, found_on: date, policies: Iterable[DeadlinePolicyRow]) -> DeadlinePolicyRow:
    """The latest row of that severity that was in force on ``found_on``; raises NoDeadlinePolicy."""
    in_force = [row for row in policies if row.severity == severity and row.effective_from <= found_on]
    if not in_force:
        raise NoDeadlinePolicy(severity, found_on)
    return max(in_force, key=lambda row: row.effective_from)


def due_for(
    severity: str, found_on: date, policies: Iterable[DeadlinePolicyRow], calendar: WorkCalendar
) -> Deadline:
    """The deadline of a problem; counting starts the day after it was found. Raises NoDeadlinePolicy."""
    policy = policy_for(severity, found_on, policies)
    if policy.days == 0:
        return Deadline(DueDate(found_on), policy, f"{found_on} 发现，当场整改")
    if policy.unit == "calendar":
        due, words = calendar.add_calendar_days(found_on, policy.days), "天"
    else:
        due, words = calendar.add_working_days(found_on, policy.days), "个工作日"
    why = f"{found_on} 发现，次日起 {policy.days} {words}，{due.due_on} 到期"
    skipped = sum(skip.reason == "放假" for skip in due.skipped)
    if skipped:
        why += f"（其间放假 {skipped} 天）"
    if due.provisional:
        why += "；跨入未公布放假安排的年份，暂定"
    return Deadline(due, policy, why)


@dataclass(frozen=True, slots=True)
class DeadlineBadge:
    """How a deadline stands, as a badge prints it.

    还剩 3 个工作日, 今日到期, 逾期 6 个工作日, 按时, 超期 2 天.

    ``unit`` is ``working_days`` or ``days``; ``on`` is the day it was done.
    """

    kind: BadgeKind
    days: int = 0
    unit: Literal["working_days", "days"] = "working_days"
    on: date | None = None
    provisional: bool = False
    soon: int = SOON_DAYS

    @property
    def tone(self) -> Literal["info", "warn", "bad", "ok"]:
        """Blue, amber, red or green by the name the state badge has for it."""
        match self.kind:
            case "left":
                return "warn" if self.days <= self.soon else "info"
            case "overdue":
                return "bad"
            case "on_time":
                return "ok"
            case "today" | "late":
                return "warn"

    @property
    def words(self) -> str:
        """The Chinese words, for documents and messages."""
        count = f"{self.days} {_UNIT_WORDS[self.unit]}"
        words = {
            "left": f"还剩 {count}",
            "today": "今日到期",
            "overdue": f"逾期 {count}",
            "on_time": f"按时 {self.on}" if self.on else "按时",
            "late": f"超期 {count}",
        }[self.kind]
        return f"{words}*" if self.provisional else words


def deadline_badge(
    due_on: date,
    today: date,
    done_on: date | None,
    calendar: WorkCalendar,
    *,
    provisional: bool = False,
    soon: int = SOON_DAYS,
    running: bool = True,
) -> DeadlineBadge:
    """How a deadline stands in the course of ``today``, or at its end when it is not ``running``; once done, how it ended.

    Left and overdue are counted in working days; where there is none between (a weekend or a holiday), in calendar days, so that a
    running day never says 0. Done late is counted in calendar days (look.md, "Deadline badge": 超期 n 天).
    """
    if done_on is not None and done_on <= today:
        if done_on <= due_on:
            return DeadlineBadge("on_time", on=done_on)
        return DeadlineBadge("late", (done_on - due_on).days, "days", on=done_on)
    if due_on == today and running:
        return DeadlineBadge("today", provisional=provisional, soon=soon)
    kind: BadgeKind = "left" if due_on > today else "overdue"
    count = abs(calendar.working_days_between(today, due_on))
    if count:
        return DeadlineBadge(kind, count, provisional=provisional, soon=soon)
    return DeadlineBadge(kind, abs((due_on - today).days), "days", provisional=provisional, soon=soon)
