"""What is known of regions that end or are merged: as of today for reading, as of a frozen week for counting, and how it is noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import Region, RegionMerger, RegionTerm
from accounts.querysets import stands_on
from foodsafe_portal.lib.bulk import among, lock_name
from foodsafe_portal.lib.mergers import Mergers, ask_again, never_any, read
from foodsafe_portal.lib.scope import learn_mergers

_Term = tuple[date | None, date | None]
"""The day from which a region stands and the day from which it does not any more."""


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


def existing_at(day: date, known_at: datetime) -> Q:
    """The condition for regions that had begun and not ended on ``day``, as far as was known at ``known_at``."""
    terms = RegionTerm.objects.filter(region=OuterRef("pk"))
    told = Q(Exists(terms.known_at(known_at).filter(stands_on(day))))
    return told | Q(~Exists(terms), stands_on(day))


def lock_places() -> None:
    """Keep writers of regions and units apart until the transaction ends: each looks at the whole tree."""
    lock_name("places")


@contextmanager
def places_noted(codes: Iterable[str], *, at: datetime) -> Iterator[None]:
    """Note what is written meanwhile of when these regions begin, end and are merged, as known from ``at`` on."""
    asked = list(codes)
    before = _terms(asked)
    yield
    _note_terms(before, _terms(asked), at)
    _note_mergers(asked, at)


def _terms(codes: list[str]) -> dict[str, _Term]:
    regions = among(Region.objects.all(), "code", codes).values_list("code", "opened_on", "closed_on")
    return {code: (begun, ended) for code, begun, ended in regions}


def _note_terms(before: dict[str, _Term], now: dict[str, _Term], at: datetime) -> None:
    changed = {code: term for code, term in now.items() if code not in before or before[code] != term}
    if not changed:
        return
    told = among(RegionTerm.objects.filter(withdrawn_at__isnull=True), "region_id", changed)
    known = set(told.values_list("region_id", flat=True))
    told.update(withdrawn_at=at)
    new: list[RegionTerm] = []
    for code, (begun, ended) in changed.items():
        if code in before and code not in known:
            first, last = before[code]
            new.append(RegionTerm(region_id=code, opened_on=first, closed_on=last, withdrawn_at=at))
        new.append(RegionTerm(region_id=code, opened_on=begun, closed_on=ended, recorded_at=at))
    RegionTerm.objects.bulk_create(new)


def _note_mergers(asked: list[str], at: datetime) -> None:
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


learn_mergers(standing_mergers)
