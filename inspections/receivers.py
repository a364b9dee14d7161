"""Duties follow the register and the working calendar, in the transaction of whatever changed there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from entities.hooks import business_changed
from inspections.fulfilment import follow
from inspections.services.extensions import settle_provisional_dates
from records.hooks import work_year_published
from records.services.instants import writing_instant


@receiver(business_changed, dispatch_uid="duties_follow_businesses")
def duties_follow_businesses(
    sender: Any, business_ids: Iterable[int], at: datetime | None = None, **kwargs: Any
) -> None:
    """Write missing duties of the current periods and work the standing ones out again.

    The change that is followed has its own audit event. ``at`` stands for now (demonstration data).
    """
    follow(business_ids, at or writing_instant())


@receiver(work_year_published, dispatch_uid="deadlines_follow_the_calendar")
def deadlines_follow_the_calendar(sender: Any, year: int, by: Any = None, **kwargs: Any) -> None:
    """Provisional deadlines that touch the year are settled, once, with an event of their own."""
    settle_provisional_dates(year=year, by=by)
