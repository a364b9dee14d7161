"""Count working days over weekends, published holidays and make-up days (调休)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

ONE_DAY: Final = timedelta(days=1)
MOST_DAYS: Final = 3660  # ten years; a longer deadline is a typing error
SATURDAY: Final = 5

_WEEKEND_WORDS: Final = {5: "周六", 6: "周日"}


@dataclass(frozen=True, slots=True)
class SkippedDay:
    """A day that did not count, and why: ``放假``, ``周六`` or ``周日``."""

    day: date
    reason: str


@dataclass(frozen=True, slots=True)
class DueDate:
    """A due day that explains itself.

    ``provisional`` means that counting touched a year whose calendar is not published, so the day may still
    move once.
    """

    due_on: date
    provisional: bool = False
    skipped: tuple[SkippedDay, ...] = ()

    def as_document(self) -> dict[str, object]:
        """The answer of ``manage.py due_date --json``."""
        return {
            "due_on": self.due_on.isoformat(),
            "provisional": self.provisional,
            "skipped": [{"day": skip.day.isoformat(), "reason": skip.reason} for skip in self.skipped],
        }


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The days that differ from Monday to Friday, and the years for which that is published.

    A year outside ``published_years`` is plain Monday to Friday, whatever days are entered for it.
    """

    holidays: frozenset[date]
    makeup_days: frozenset[date]
    published_years: frozenset[int]

    def is_workday(self, day: date) -> bool:
        """Whether people work on ``day``; a make-up day wins over a weekend, a holiday over a weekday."""
        if day.year in self.published_years:
            if day in self.makeup_days:
                return True
            if day in self.holidays:
                return False
        return day.weekday() < SATURDAY

    def add_working_days(self, start: date, days: int) -> DueDate:
        """The day on which ``days`` working days are over, counted from the day after ``start``.

        The span is the days counted: ``start`` itself is outside, the due day inside. Zero days fall due on
        ``start``. Raises ValueError for a negative count or one beyond ten years.
        """
        _require_sensible(days)
        day, left, provisional = start, days, False
        skipped: list[SkippedDay] = []
        while left:
            day += ONE_DAY
            published = day.year in self.published_years
            provisional = provisional or not published
            if self.is_workday(day):
                left -= 1
            else:
                holiday = published and day in self.holidays
                skipped.append(SkippedDay(day, "放假" if holiday else _WEEKEND_WORDS[day.weekday()]))
        return DueDate(day, provisional, tuple(skipped))

    def add_calendar_days(self, start: date, days: int) -> DueDate:
        """The day ``days`` calendar days after ``start``; no calendar can move it: never provisional."""
        _require_sensible(days)
        return DueDate(start + timedelta(days=days))

    def working_days(self, start: date, end: date) -> list[date]:
        """Every working day from ``start`` to ``end``, both included, in order."""
        days = (start + timedelta(days=offset) for offset in range((end - start).days + 1))
        return [day for day in days if self.is_workday(day)]

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after ``start`` up to ``end``, included; negative when ``end`` is first.

        Counted by whole weeks and corrected by the days that differ, because lists show it in every row.
        """
        if end < start:
            return -self.working_days_between(end, start)
        weekdays = _weekdays_until(end) - _weekdays_until(start)
        return (
            weekdays
            + self._changes(self.makeup_days, start, end, 1)
            + self._changes(self.holidays, start, end, -1)
        )

    def _changes(self, special: Iterable[date], start: date, end: date, sign: int) -> int:
        """By how much the ``special`` days of a span move the plain Monday-to-Friday count."""
        moved = 0
        for day in special:
            if start < day <= end and self.is_workday(day) is not (day.weekday() < SATURDAY):
                moved += sign
        return moved


def _require_sensible(days: int) -> None:
    if not 0 <= days <= MOST_DAYS:
        raise ValueError(f"天数应在 0 到 {MOST_DAYS:,} 之间，填的是 {days:,}")


def _weekdays_until(day: date) -> int:
    """Mondays to Fridays from the first Monday of the calendar up to ``day``."""
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return weeks * 5 + min(weekday + 1, 5)
