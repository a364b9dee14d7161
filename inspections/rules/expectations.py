"""Which visits a business owes in a period: dated grade, status and place in, slices of owed days out.

One business owes at most one visit duty per period. Where its grade or place changes inside the period, or where it is 正常
again after an exclusion, the period is cut into slices that follow each other, so that the question "what did it owe on
that Sunday?" has the same answer however much changes afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from foodsafe_portal.lib.periods import Period, PeriodKind
from inspections.rules.duties import DueMode

OPERATING: Final = "normal"
ALWAYS: Final = date.min


@dataclass(frozen=True, slots=True)
class Frequency:
    """One row of the frequency policy of one grade: ``times`` visits per ``per`` from ``effective_from`` on."""

    key: int
    grade: str
    effective_from: date
    times: int
    per: PeriodKind
    due_mode: DueMode


def governing(day: date, rows: Sequence[Frequency]) -> tuple[Frequency, Period] | None:
    """The row that governs ``day`` and its period; ``rows`` are one grade's, newest first. Nothing before the first rule.

    A rule begins with the first of its own periods that starts on or after its effective date and does not cut a period
    that an older rule has begun: what was asked for a quarter stays asked until the quarter ends.
    """
    for place, row in enumerate(rows):
        period = Period.containing(day, row.per)
        if row.effective_from > period.start:
            continue
        if place + 1 < len(rows):
            running = Period.containing(period.start, rows[place + 1].per)
            if running.start < row.effective_from and day in running:
                continue
        return row, period
    return None


@dataclass(frozen=True, slots=True)
class Change:
    """From ``on`` on it is ``after``; until then it was ``before``."""

    on: date
    before: str
    after: str


Run = tuple[date, str]
"""A value and the day it begins on."""


def runs(changes: Sequence[Change], standing: str) -> list[Run]:
    """The values in order of time; ``changes`` are in order, ``standing`` holds where there are none."""
    found: list[Run] = [(ALWAYS, changes[0].before if changes else standing)]
    for change in changes:
        if found[-1][0] == change.on:
            found[-1] = (change.on, change.after)
        elif found[-1][1] != change.after:
            found.append((change.on, change.after))
    return found


def value_on(day: date, history: Sequence[Run]) -> str:
    """The value that held on ``day``."""
    value = history[0][1]
    for begins_on, later in history[1:]:
        if begins_on > day:
            break
        value = later
    return value


@dataclass(frozen=True, slots=True)
class Slice:
    """Days ``arises_on`` to before ``ceases_on`` (``None``: open) on which a visit is owed, or excluded from a day on."""

    arises_on: date
    ceases_on: date | None
    grade: str
    region: str
    excluded_on: date | None = None
    exclusion: str = ""


def slices(
    first: date,
    last: date,
    *,
    owed_from: date,
    owed_until: date | None = None,
    grades: Sequence[Run],
    statuses: Sequence[Run],
    regions: Sequence[Run],
    periodic: Set[str],
) -> tuple[Slice, ...]:
    """The slices of one business's duty in the period from ``first`` to ``last``; none where it owes nothing.

    ``owed_from`` is the day it entered the register, ``owed_until`` the day from which it is no business of its own any more
    (merged into another): on that day its duty ceases and nothing continues it. ``periodic`` are the grades whose rule asks
    for visits in this very period. A business that is not graded owes nothing. One that is not 正常 is excluded from the day on which that became
    so; one that was not 正常 already when the period began is excluded from the first day.
    """
    first = max(first, owed_from)
    ends_on = owed_until if owed_until is not None and owed_until <= last else None
    if ends_on is not None:
        last = ends_on - timedelta(days=1)
    if first > last:
        return ()
    days = {first}
    for history in (grades, statuses, regions):
        if len(history) > 1:
            days.update(day for day, _value in history if first < day <= last)
    found: list[Slice] = []
    current: Slice | None = None
    for day in sorted(days) if len(days) > 1 else days:
        grade, status = value_on(day, grades), value_on(day, statuses)
        region, exclusion = value_on(day, regions), "" if status == OPERATING else status
        if grade in periodic and current and (current.grade, current.region) == (grade, region):
            if current.exclusion == exclusion:
                continue
            if not current.exclusion:
                current = replace(current, excluded_on=day, exclusion=exclusion)
                continue
        if current:
            found.append(replace(current, ceases_on=day))
        current = None
        if grade in periodic:
            current = Slice(day, None, grade, region, day if exclusion else None, exclusion)
    if current:
        found.append(replace(current, ceases_on=ends_on) if ends_on else current)
    return tuple(found)


class Made(NamedTuple):
    """A visit: the day it was made, its key, and the day from which it counts for the business.

    The two days differ for a visit made to a business that was merged into this one afterwards.
    """

    on: date
    visit: int
    counts_from: date


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """How many days with a visit there were, from when on the duty is met, by which visit, and when that was made."""

    made: int
    on: date | None = None
    visit: int | None = None
    delivered_on: date | None = None


def fulfilment(visits: Iterable[Made], first: date, last: date, times: int) -> Fulfilment:
    """The fulfilment of a duty of the days ``first`` to ``last`` by visits in the order in which they began to count.

    Two officers calling on one day are one visit: the duty counts days, so that it cannot be met twice at one table.
    """
    days: set[date] = set()
    met = Fulfilment(0)
    for one in visits:
        if not first <= one.on <= last or one.on in days:
            continue
        days.add(one.on)
        if len(days) == times:
            met = Fulfilment(0, one.counts_from, one.visit, max(days))
    return replace(met, made=len(days))
