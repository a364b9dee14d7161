"""The ladder of escalation (提醒 → 督办函 → 通报 → 约谈 → 问责): which rule stands on a day, and what has been late long enough for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from records.rules.workdays import ONE_DAY, WorkCalendar

STEPS: Final = ("remind", "letter", "bulletin", "interview", "accountability")
PROPOSED: Final = frozenset({"interview", "accountability"})
"""Steps the portal only proposes; a person decides them with a reason (domain.md §5)."""
CATCH_UP_DAYS: Final = 31


@dataclass(frozen=True, slots=True)
class Edition:
    """One dated row: from ``effective_from`` on, ``step`` follows for ``thing`` after ``grace`` working days; or not at all."""

    key: int
    thing: str
    step: str
    effective_from: date
    grace: int
    to: str
    paper: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder as it stands on one day; ``before`` is the step that must have been taken on an earlier day."""

    edition: Edition
    before: str = ""

    @property
    def proposed(self) -> bool:
        """Whether a person has to decide it."""
        return self.edition.step in PROPOSED


def ladder_on(day: date, thing: str, editions: Iterable[Edition]) -> list[Rung]:
    """The rungs for ``thing`` on ``day``, lowest first: of each step the latest edition in force, unless it is switched off."""
    latest: dict[str, Edition] = {}
    for one in sorted(editions, key=lambda each: (each.effective_from, each.key)):
        if one.thing == thing and one.effective_from <= day:
            latest[one.step] = one
    standing = [latest[step] for step in STEPS if step in latest and latest[step].active]
    return [Rung(one, standing[place - 1].step if place else "") for place, one in enumerate(standing)]


def latest_due(day: date, grace: int, calendar: WorkCalendar) -> date:
    """The latest due day after which ``grace`` working days, at least one, have passed on ``day``, itself included."""
    left, due = max(grace, 1), day
    while left:
        if calendar.is_workday(due):
            left -= 1
        due -= ONE_DAY
    return due


def days_to_run(on: date, ran: Iterable[date]) -> list[date]:
    """``on`` with the days before it on which nothing ran, oldest first.

    Nothing before the first day that ever ran, and no further back than a month; a day after ``on`` (a clock that was wrong) counts
    for nothing.
    """
    earlier = {day for day in ran if day < on}
    if not earlier:
        return [on]
    first = max(min(earlier), on - ONE_DAY * CATCH_UP_DAYS)
    span = [first + ONE_DAY * offset for offset in range((on - first).days)]
    return [day for day in span if day not in earlier] + [on]
