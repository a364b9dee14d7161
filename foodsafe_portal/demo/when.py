"""The days of the demonstration city: the last day, the weeks to close and the periods they touch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from foodsafe_portal.lib.periods import Period
from foodsafe_portal.lib.weeks import SHANGHAI, Week
from records.rules.workdays import WorkCalendar


@dataclass(frozen=True)
class Calendar:
    """``until`` is the last day on which anything happened, ``weeks`` how many ended weeks are closed."""

    until: date
    weeks_back: int
    work: WorkCalendar

    @cached_property
    def weeks(self) -> tuple[Week, ...]:
        """The weeks to close, the oldest first; the last one ended on or before ``until``."""
        week = Week.of(self.until)
        if week.sunday > self.until:
            week = week.previous()
        found = [week]
        while len(found) < self.weeks_back:
            found.append(found[-1].previous())
        return tuple(reversed(found))

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """The quarters that contain the Sundays of those weeks and ``until``."""
        days = [week.sunday for week in self.weeks] + [self.until]
        return tuple(dict.fromkeys(Period.containing(day, "quarter") for day in days))

    @property
    def earliest(self) -> date:
        """The first day of the first period."""
        return self.periods[0].start

    @property
    def current(self) -> Period:
        """The period of the last day."""
        return self.periods[-1]

    @property
    def days_into_current(self) -> int:
        """How many days of the current period have passed before ``until``."""
        return (self.until - self.current.start).days

    @cached_property
    def since(self) -> date:
        """When posts, assignments and policies of the city began: well before the first period."""
        return self.earliest - timedelta(days=180)

    def until_minus(self, days: int) -> date:
        """A day before the last one."""
        return self.until - timedelta(days=days)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """An instant of that day in Shanghai."""
        return datetime.combine(day, time(hour, minute), SHANGHAI)

    def workday_from(self, day: date) -> date:
        """``day`` itself, or the next working day."""
        while not self.work.is_workday(day):
            day += timedelta(days=1)
        return day

    def after(self, day: date, working_days: int) -> date:
        """The working day that lies ``working_days`` after ``day``."""
        return self.work.add_working_days(day, working_days).due_on
