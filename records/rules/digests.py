"""When messages may leave the house: one digest a day, quiet hours, working days; and when a failed one is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from records.rules.workdays import WorkCalendar

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """When digests are made and when nothing is sent; ``quiet_from`` after ``quiet_to`` means over midnight."""

    digest_at: time
    quiet_from: time
    quiet_to: time
    workdays_only: bool = True

    def quiet(self, at: time) -> bool:
        """Whether nothing may be sent at this time of day; equal ends mean no quiet hours."""
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= at < self.quiet_to
        return at >= self.quiet_from or at < self.quiet_to


def may_send(now: datetime, hours: Hours, calendar: WorkCalendar) -> bool:
    """Whether a message may leave the house at ``now`` (local time)."""
    if hours.workdays_only and not calendar.is_workday(now.date()):
        return False
    return not hours.quiet(now.time())


def digest_is_due(now: datetime, hours: Hours, calendar: WorkCalendar) -> bool:
    """Whether the day's digest may be made at ``now`` (local time); later than its hour is in time as well."""
    return may_send(now, hours, calendar) and now.time() >= hours.digest_at


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: one minute, doubled each time, at most an hour."""
    return min(FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 10), LONGEST_WAIT)
