"""What is known of merged regions: as of today for reading, as of a frozen week for counting, and how it is noted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.utils import timezone

from accounts.models import Region, RegionMerger
from foodsafe_portal.lib.mergers import Mergers, ask_again, never_any, read
from foodsafe_portal.lib.scope import learn_mergers
from records.ledgers.bulk import among, lock_name


def standing_mergers() -> Mergers:
    """Merged region → the region it went into, as of today; one request asks the database at most once."""
    return read(_standing)


def _standing() -> Mergers:
    gone = Region.objects.filter(successor__isnull=False, closed_on__lte=timezone.localdate())
    return {code: into for code, into in gone.values_list("code", "successor_id") if into}


def mergers_at(day: date, known_at: datetime) -> Mergers:
    """Merged region → the region it went into, in force on ``day`` and known at ``known_at``."""
    if never_any():
        return {}
    told = RegionMerger.objects.known_at(known_at).filter(effective_on__lte=day)
    return dict(told.values_list("region_id", "successor_id"))


def lock_places() -> None:
    """Keep writers of regions and units apart until the transaction ends: each looks at the whole tree."""
    lock_name("places")


def record_mergers(codes: Iterable[str], *, at: datetime) -> int:
    """Note what ``Region.successor`` says of these regions from ``at`` on; returns how many mergers were noted or withdrawn."""
    asked = list(codes)
    told = among(RegionMerger.objects.filter(withdrawn_at__isnull=True), "region_id", asked)
    standing = {one.region_id: one for one in told}
    withdrawn: list[int] = []
    new: list[RegionMerger] = []
    regions = among(Region.objects.all(), "code", asked)
    for code, into, closed_on in regions.values_list("code", "successor_id", "closed_on"):
        known = standing.get(code)
        if (known and (known.successor_id, known.effective_on)) == ((into, closed_on) if into else None):
            continue
        if known:
            withdrawn.append(known.pk)
        if into and closed_on:
            new.append(
                RegionMerger(region_id=code, successor_id=into, effective_on=closed_on, recorded_at=at)
            )
    RegionMerger.objects.filter(pk__in=withdrawn).update(withdrawn_at=at)
    RegionMerger.objects.bulk_create(new)
    ask_again()
    return len(withdrawn) + len(new)


learn_mergers(standing_mergers)
