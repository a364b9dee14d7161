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
from records.services import jobs
from records.services.instants import writing_instant

AT_ONCE = 2_000
FOLLOW = "duties.follow"


@receiver(business_changed, dispatch_uid="duties_follow_businesses")
def duties_follow_businesses(
    sender: Any, business_ids: Iterable[int], at: datetime | None = None, by: Any = None, **kwargs: Any
) -> None:
    """Write missing duties of the current periods and work the standing ones out again.

    The change that is followed has its own audit event. ``at`` stands for now (demonstration data). After a large ledger
    a job of its own follows, committed with the ledger, so that nobody waits for it with the ledger's locks held.
    """
    ids = list(business_ids)
    if len(ids) > AT_ONCE:
        jobs.enqueue(kind=FOLLOW, params={"businesses": ids}, by=by, total=len(ids))
    else:
        follow(ids, at or writing_instant())


@receiver(work_year_published, dispatch_uid="deadlines_follow_the_calendar")
def deadlines_follow_the_calendar(sender: Any, year: int, by: Any = None, **kwargs: Any) -> None:
    """Provisional deadlines that touch the year are settled, once, with an event of their own."""
    settle_provisional_dates(year=year, by=by)
