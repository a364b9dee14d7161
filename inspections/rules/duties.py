"""The day by which a business must be visited within a period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal
from zlib import crc32

from foodsafe_portal.lib.periods import Period
from records.rules.workdays import WorkCalendar

DueMode = Literal["period_end", "staggered"]


def staggered_days(
    period: Period, calendar: WorkCalendar, *, lead_days: int | None = None
) -> tuple[date, ...]:
    """The days on which staggered duties may fall due: the period's working days after an initial margin.

    The first ``lead_days`` working days carry no due day, for a visit needs some notice; without a number
    it is the first third of them. A margin that would leave nothing leaves the last working day.
    """
    if lead_days is not None and lead_days < 0:
        raise ValueError(f"提前量不能是负数：{lead_days}")
    working_days = calendar.working_days(period.start, period.end)
    margin = len(working_days) // 3 if lead_days is None else lead_days
    return tuple(working_days[margin:] or working_days[-1:])


def day_for(key: str, days: Sequence[date]) -> date:
    """The one of ``days`` that belongs to a business's match key: evenly spread, always the same."""
    return days[crc32(key.encode()) * len(days) >> 32]


def due_in_period(
    period: Period, mode: DueMode, key: str, calendar: WorkCalendar, *, lead_days: int | None = None
) -> date:
    """The due day of one business's visit in ``period``.

    ``period_end``: the last day of the period. ``staggered``: ``day_for(key, staggered_days(…))``; whoever
    materialises a whole city asks for those days once.
    """
    if mode == "period_end":
        return period.end
    return day_for(key, staggered_days(period, calendar, lead_days=lead_days))
