"""How a duty stands on a day: which of the five figures count it and what its deadline badge says.

The database's twin is ``inspections.querysets.part_condition``; ``tests/inspections/test_standing.py`` holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Protocol

from inspections.rules.deadlines import DeadlineBadge, deadline_badge
from records.rules.workdays import WorkCalendar

Part = Literal["", "excluded", "done", "overdue", "open"]

PARTS: Final = ("expected", "done", "on_time", "overdue", "excluded")
"""The five figures."""

STANDING_PARTS: Final = (*PARTS, "late", "open", "undone")
"""The five figures and the three that follow from them."""

_COUNTED_IN: Final[dict[str, tuple[str, ...]]] = {
    "": (),
    "excluded": ("excluded",),
    "done": ("expected", "done"),
    "overdue": ("expected", "overdue", "undone"),
    "open": ("expected", "open", "undone"),
}


class Dated(Protocol):
    """The days of a duty, of a visit or of a fix; a model's row has them, and so has ``Dates``."""

    @property
    def arises_on(self) -> date: ...
    @property
    def ceases_on(self) -> date | None: ...
    @property
    def due_on(self) -> date: ...
    @property
    def fulfilled_on(self) -> date | None: ...
    @property
    def delivered_on(self) -> date | None: ...
    @property
    def excluded_on(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Dates:
    """The days of a duty that is not read from its table."""

    arises_on: date
    due_on: date
    fulfilled_on: date | None = None
    delivered_on: date | None = None
    excluded_on: date | None = None
    ceases_on: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a duty stands on a day.

    ``part``: excluded, done, overdue or open, empty where the duty is not in force that day (not arisen yet, or continued by another
    row). ``working_days`` and ``calendar_days``: left until the due day while open, gone since it while overdue, between it and the
    delivery when done late, else 0. ``badge``: what is printed, with its unit; nothing for what is excluded or not in force.
    """

    part: Part
    working_days: int = 0
    calendar_days: int = 0
    badge: DeadlineBadge | None = None

    @property
    def counted_in(self) -> tuple[str, ...]:
        """Every figure of ``STANDING_PARTS`` that counts the duty."""
        of_part = _COUNTED_IN[self.part]
        return (*of_part, self.badge.kind) if self.part == "done" and self.badge else of_part


def part_on(duty: Dated, day: date, *, running: bool = True) -> Part:
    """Which of excluded, done, overdue and open ``duty`` is in the course of ``day``, or at its end when it is not ``running``.

    What is due on a running day is not overdue yet; at its end it is. Exclusion wins over fulfilment (contracts.md, "Figures").
    """
    if duty.arises_on > day or (duty.ceases_on is not None and duty.ceases_on <= day):
        return ""
    if duty.excluded_on is not None and duty.excluded_on <= day:
        return "excluded"
    if duty.fulfilled_on is not None and duty.fulfilled_on <= day:
        return "done"
    return "overdue" if duty.due_on < day or (duty.due_on == day and not running) else "open"


def standing(
    duty: Dated, day: date, calendar: WorkCalendar, *, running: bool = True, provisional: bool = False
) -> Standing:
    """How ``duty`` stands in the course of ``day``, or at its end when it is not ``running``, with its days and its badge.

    Done is in time when it was delivered by the due day. ``provisional``: the due day may still move with an unpublished calendar.
    """
    part = part_on(duty, day, running=running)
    if part in ("", "excluded"):
        return Standing(part)
    delivered_on = (duty.delivered_on or duty.fulfilled_on) if part == "done" else None
    badge = deadline_badge(duty.due_on, day, delivered_on, calendar, provisional=provisional, running=running)
    until = delivered_on or day
    gap = 0 if badge.kind == "on_time" else abs((until - duty.due_on).days)
    working = abs(calendar.working_days_between(duty.due_on, until)) if gap else 0
    return Standing(part, working, gap, badge)
