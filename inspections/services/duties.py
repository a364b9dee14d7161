"""Writing the visits a territory owes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import Region
from inspections.errors import UnknownRegion
from inspections.fulfilment import Counts, materialise
from records.services import audit
from records.services.instants import writing_instant


@transaction.atomic
def materialise_duties(
    *,
    region_code: str,
    on: date,
    by: Any = None,
    at: datetime | None = None,
    business_ids: list[int] | None = None,
) -> Counts:
    """Write the missing duties of the periods that contain ``on``; a second time changes nothing and leaves no event.

    ``at`` stands for now (demonstration data). Raises ``UnknownRegion``.
    """
    region = Region.objects.filter(pk=region_code).first()
    if region is None:
        raise UnknownRegion(region_code)
    counts = materialise(region_code, on, at or writing_instant(), business_ids)
    if counts.moved:
        audit.record(
            by=by,
            action="duties.materialised",
            target=region,
            territory=region_code,
            after={"on": on.isoformat(), **asdict(counts)},
        )
    return counts
