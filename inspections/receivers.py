"""Visit duties follow the register: whatever changes a business changes what it owes, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from entities.hooks import business_changed
from inspections.fulfilment import follow
from records.services.instants import writing_instant


@receiver(business_changed, dispatch_uid="duties_follow_businesses")
def duties_follow_businesses(
    sender: Any, business_ids: Iterable[int], at: datetime | None = None, **kwargs: Any
) -> None:
    """Write missing duties of the current periods and work the standing ones out again.

    The change that is followed has its own audit event. ``at`` stands for now (demonstration data).
    """
    follow(business_ids, at or writing_instant())
