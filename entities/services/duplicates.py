"""Businesses that look like one: sought in the register, merged or kept apart by a person, and taken apart again.

What a merger means: the merged business leaves the register, its duty ceases on that day and nothing continues it, and from
that day on the visits made to it count for the survivor (``inspections.fulfilment``). Its visits and problems stay rows of their
own, so that frozen weeks find what they counted, and are shown and counted with the survivor. Its bonds end; the survivor takes
over the officers of those levels at which it has none, and into its blank fields what the other record says of the same shop:
nobody is asked twice for what is registered. Taking a merger back undoes exactly that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Region, User
from entities.choices import FormerWhy, PairState, Source
from entities.errors import (
    FutureDate,
    HasAbsorbed,
    IdentityTaken,
    NumberTaken,
    OutsideTerritory,
    PairChanged,
    PairDecided,
    ReasonMissing,
)
from entities.fields import TAKEN_OVER
from entities.hooks import business_changed
from entities.models import Assignment, Business, BusinessMerger, DuplicatePair, FormerIdentity
from entities.rules.matching import match_key
from entities.rules.merging import blanks_filled
from entities.services.businesses import identity_of, in_reach
from entities.services.former_identities import keep_former
from entities.services.likeness import Pair, by_township, pairs_among, write_pairs
from foodsafe_portal.lib.bulk import among
from foodsafe_portal.lib.scope import in_territory
from records.models import LedgerBatch
from records.services import audit
from records.services.instants import writing_instant
from records.services.kept import ready

ONE_DAY: Final = timedelta(days=1)
NUMBERS: Final = {"licence_no", "credit_code"}


# --- seeking ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sought:
    """How many businesses were compared, how many pairs are alike, and how many of those nobody had seen yet."""

    businesses: int
    pairs: int
    new: int


def seek_duplicates(
    *, region_code: str, by: User | None = None, progress: Callable[[int, int], None] | None = None
) -> Sought:
    """Compare the businesses of each township of a region with each other and put those alike before a person.

    Pairs that are known, decided or not, stay as they are: seeking twice changes nothing.
    """
    here = Business.objects.registered().filter(in_territory(region_code))
    total, pairs = _compare(here, progress)
    return _put_before_a_person(pairs, total, by=by, territory=region_code)


def seek_among_newcomers(
    *,
    batch: LedgerBatch,
    at: datetime,
    by: User | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sought:
    """Compare the businesses that a ledger wrote at ``at`` with each other and put those alike before a person.

    With the register they were compared when the file was checked. Seeking twice changes nothing.
    """
    written = Business.objects.registered().filter(source=Source.LEDGER, recorded_at=at)
    here = written.filter(in_territory(batch.territory)) if batch.territory else written
    total, pairs = _compare(here, progress)
    return _put_before_a_person(pairs, total, by=by, territory=batch.territory, batch=batch)


def _later(progress: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    """Tell how many businesses were looked at when ``done`` of a township's were, after ``before`` of others."""
    progress(before + done, total)


def _compare(here: QuerySet[Business], progress: Callable[[int, int], None] | None) -> tuple[int, list[Pair]]:
    """How many businesses there are, and the pairs of them that are alike; no transaction, for a province takes minutes."""
    total, seen = here.count(), 0
    names = dict(Region.objects.values_list("code", "name"))
    pairs: list[Pair] = []
    for township, businesses in by_township(here):
        before = seen
        pairs += pairs_among(
            township,
            businesses,
            names,
            partial(_later, progress, before, total) if progress else None,
        )
        seen += len(businesses)
        if progress:
            progress(seen, total)
    return total, pairs


@transaction.atomic
def _put_before_a_person(
    pairs: Sequence[Pair], compared: int, *, by: User | None, territory: str, batch: LedgerBatch | None = None
) -> Sought:
    """Write the pairs of which neither business has gone meanwhile, with the event that says so."""
    keys = {key for pair in pairs for key in (pair.one, pair.other)}
    still = set(among(Business.objects.registered(), "id", keys).values_list("pk", flat=True))
    standing = [pair for pair in pairs if pair.one in still and pair.other in still]
    new = write_pairs(standing, at=writing_instant(), batch_id=batch.pk if batch else None)
    sought = Sought(compared, len(standing), new)
    audit.record(
        by=by,
        action="duplicates.sought",
        target=batch,
        territory=territory,
        after={"businesses": compared, "pairs": sought.pairs, "new": sought.new},
    )
    return sought


# --- deciding --------------------------------------------------------------------------------------


def seen_of(pair: DuplicatePair) -> str:
    """What a person saw of a pair and its two businesses, as a form carries it."""
    return f"{pair.version}-{pair.first.version}-{pair.second.version}"


def _take(pair: DuplicatePair, seen: str, by: User) -> DuplicatePair:
    """The pair with both businesses locked, as this person saw it; refuses everything else."""
    businesses = Business.objects.select_for_update(no_key=True).select_related("region")
    locked = {
        each.pk: each for each in businesses.filter(pk__in=(pair.first_id, pair.second_id)).order_by("pk")
    }
    now = DuplicatePair.objects.select_for_update().get(pk=pair.pk)
    now.first, now.second = locked[now.first_id], locked[now.second_id]
    if not (in_reach(by, now.first.region) and in_reach(by, now.second.region)):
        raise OutsideTerritory
    if now.state != pair.state:
        raise PairDecided(now.get_state_display(), now.decided_by)
    if seen_of(now) != seen:
        raise PairChanged
    return now


def _decide(pair: DuplicatePair, state: PairState, **fields: Any) -> None:
    """Move a pair on exactly once: whoever comes second is told who was first."""
    moved = DuplicatePair.objects.filter(pk=pair.pk, state=pair.state, version=pair.version).update(
        state=state, version=F("version") + 1, **fields
    )
    pair.refresh_from_db()
    if not moved:
        raise PairDecided(pair.get_state_display(), pair.decided_by)


@transaction.atomic
def keep_apart(*, pair: DuplicatePair, seen: str, by: User, note: str = "") -> DuplicatePair:
    """Record that the two are not one business; no file and no search offers them again.

    Raises ``PairDecided``, ``PairChanged`` or ``OutsideTerritory``.
    """
    if pair.state != PairState.WAITING:
        raise PairDecided(pair.get_state_display(), pair.decided_by)
    pair = _take(pair, seen, by)
    _decide(pair, PairState.APART, decided_by=by, decided_at=writing_instant(), note=note.strip())
    audit.record(
        by=by,
        action="duplicate.kept_apart",
        target=pair,
        before={"state": PairState.WAITING},
        after={"state": PairState.APART, "businesses": [pair.first_id, pair.second_id]},
        reason=note.strip(),
    )
    return pair


@transaction.atomic
def reopen_pair(*, pair: DuplicatePair, seen: str, by: User, note: str) -> DuplicatePair:
    """Take back that the two are not one business; the pair waits again.

    Raises ``ReasonMissing``, ``PairDecided``, ``PairChanged`` or ``OutsideTerritory``.
    """
    if not note.strip():
        raise ReasonMissing(_("撤销结论"))
    if pair.state != PairState.APART:
        raise PairDecided(pair.get_state_display(), pair.decided_by)
    pair = _take(pair, seen, by)
    _decide(pair, PairState.WAITING, decided_by=None, decided_at=None, note="")
    audit.record(
        by=by,
        action="duplicate.reopened",
        target=pair,
        before={"state": PairState.APART},
        after={"state": PairState.WAITING, "businesses": [pair.first_id, pair.second_id]},
        reason=note.strip(),
    )
    return pair


# --- merging ---------------------------------------------------------------------------------------


@transaction.atomic
def merge_businesses(
    *, pair: DuplicatePair, survivor_id: int, seen: str, by: User, on: date, note: str = ""
) -> BusinessMerger:
    """Merge one business of a pair into the other (``survivor_id``), from the day ``on``; see the module's sentence.

    Raises ``PairDecided``, ``PairChanged``, ``HasAbsorbed``, ``NumberTaken``, ``FutureDate`` or ``OutsideTerritory``.
    """
    if pair.state != PairState.WAITING:
        raise PairDecided(pair.get_state_display(), pair.decided_by)
    pair = _take(pair, seen, by)
    at = writing_instant()
    if on > timezone.localdate(at):
        raise FutureDate
    survivor, gone = (pair.first, pair.second) if pair.first_id == survivor_id else (pair.second, pair.first)
    if gone.merged_into_id or survivor.merged_into_id or survivor.pk != survivor_id:
        raise PairChanged
    if gone.absorbed.exists():
        raise HasAbsorbed(gone.name)
    was = identity_of(gone)
    filled = would_fill(survivor, gone)
    try:
        with transaction.atomic():
            # The key is given up: the survivor may come to have that licence, and a file that names it is meant for the survivor.
            moved = Business.objects.filter(pk=gone.pk, version=gone.version).update(
                merged_into=survivor, match_key=f"M:{gone.pk}", version=F("version") + 1, updated_at=at
            )
            moved += Business.objects.filter(pk=survivor.pk, version=survivor.version).update(
                version=F("version") + 1, updated_at=at, **filled, **_key_with(survivor, filled)
            )
    except IntegrityError as error:  # somebody has just been registered under the number to be taken over
        raise NumberTaken(survivor.name) from error
    if moved != 2:
        raise PairChanged
    keep_former([was], on=on, at=at, source=Source.PAGE, why=FormerWhy.MERGED)
    merger = BusinessMerger.objects.create(
        business=gone,
        survivor=survivor,
        merged_on=on,
        note=note.strip(),
        bonds=_hand_over(gone, survivor, on, at),
        filled=ready(filled),
        merged_by=by,
        merged_at=at,
    )
    _decide(pair, PairState.MERGED, merger=merger, decided_by=by, decided_at=at, note=note.strip())
    audit.record(
        by=by,
        action="business.merged",
        target=gone,
        before={"match_key": was.match_key, "survivor": None, "filled": dict.fromkeys(filled, "")},
        after={
            "survivor": survivor.name,
            "survivor_id": survivor.pk,
            "merged_on": on.isoformat(),
            "bonds": merger.bonds,
            "filled": merger.filled,
        },
        reason=note.strip(),
    )
    business_changed.send(sender=Business, business_ids=[gone.pk, survivor.pk], on=on, by=by)
    return merger


def would_fill(survivor: Business, gone: Business) -> dict[str, Any]:
    """What the survivor takes over into its blank fields; its numbers only where nobody else stands under them."""
    kept, other = ({name: getattr(one, name) for name in TAKEN_OVER} for one in (survivor, gone))
    filled = blanks_filled(kept, other)
    key = _key_with(survivor, filled)
    if key and Business.objects.exclude(pk__in=(survivor.pk, gone.pk)).filter(**key).exists():
        return blanks_filled(kept, other, without=NUMBERS)
    return filled


def _key_with(business: Business, changes: Mapping[str, Any]) -> dict[str, str]:
    """The natural key of a business with other numbers, as a field to write; nothing where its numbers stay."""
    if not NUMBERS & changes.keys():
        return {}
    asked = {name: changes.get(name, getattr(business, name)) for name in NUMBERS}
    return {"match_key": match_key(premises_address=business.premises_address, name=business.name, **asked)}


def _hand_over(gone: Business, survivor: Business, on: date, at: datetime) -> dict[str, list[int]]:
    """End the bonds of the merged business; the survivor takes over officers of levels at which it has none."""
    bonds: dict[str, list[int]] = {"ended": [], "carried": []}
    taken = set(survivor.assignments.active().values_list("level", flat=True))
    for bond in gone.assignments.active().order_by("pk"):
        Assignment.objects.filter(pk=bond.pk).update(valid_to=max(on - ONE_DAY, bond.valid_from), ended_at=at)
        bonds["ended"].append(bond.pk)
        if bond.level not in taken:
            taken.add(bond.level)
            carried = Assignment.objects.create(
                officer_id=bond.officer_id,
                business=survivor,
                level=bond.level,
                valid_from=max(on, bond.valid_from),
                recorded_at=at,
            )
            bonds["carried"].append(carried.pk)
    return bonds


@transaction.atomic
def unmerge_businesses(*, pair: DuplicatePair, seen: str, by: User, note: str, on: date) -> DuplicatePair:
    """Take a merger back: the merged business stands in the register as it did, with its bonds and its duties.

    What was recorded for the survivor since stays with the survivor; weeks closed meanwhile stay as they were. Raises
    ``ReasonMissing``, ``PairDecided``, ``PairChanged``, ``IdentityTaken`` or ``OutsideTerritory``.
    """
    if not note.strip():
        raise ReasonMissing(_("撤销合并"))
    if pair.state != PairState.MERGED:
        raise PairDecided(pair.get_state_display(), pair.decided_by)
    pair = _take(pair, seen, by)
    at = writing_instant()
    merger = pair.merger
    if merger is None or merger.undone_at is not None:
        raise PairChanged
    BusinessMerger.objects.filter(pk=merger.pk).update(undone_by=by, undone_at=at)
    gone, survivor = (
        (pair.first, pair.second) if pair.first_id == merger.business_id else (pair.second, pair.first)
    )
    given_back = _give_back(survivor, merger)
    former = FormerIdentity.objects.filter(business=gone, why=FormerWhy.MERGED)
    key = former.values_list("match_key", flat=True)[0]
    whose = survivor.name
    try:
        with transaction.atomic():
            Business.objects.filter(pk=survivor.pk).update(
                version=F("version") + 1, updated_at=at, **given_back, **_key_with(survivor, given_back)
            )
            whose = gone.name
            Business.objects.filter(pk=gone.pk).update(
                merged_into=None, match_key=key, version=F("version") + 1, updated_at=at
            )
    except IntegrityError as error:
        raise IdentityTaken(whose) from error
    former.delete()
    _hand_back(merger, at)
    _decide(pair, PairState.WAITING, merger=None, decided_by=None, decided_at=None, note="")
    gone.refresh_from_db()
    audit.record(
        by=by,
        action="business.unmerged",
        target=gone,
        before={
            "survivor": survivor.name,
            "survivor_id": survivor.pk,
            "merged_on": merger.merged_on.isoformat(),
        },
        after={"match_key": key, "survivor": None, "given_back": ready(given_back)},
        reason=note.strip(),
    )
    business_changed.send(sender=Business, business_ids=[gone.pk, survivor.pk], on=on, by=by)
    return pair


def _give_back(survivor: Business, merger: BusinessMerger) -> dict[str, Any]:
    """The fields the survivor took over, blank again; what was changed since is its own."""
    now = ready({name: getattr(survivor, name) for name in merger.filled})
    return {
        name: None if name == "licence_valid_to" else ""
        for name, value in merger.filled.items()
        if now[name] == value
    }


def _hand_back(merger: BusinessMerger, at: datetime) -> None:
    """Let the bonds the merger ended hold again and void those it carried over, unless a person has ended them since.

    The bonds were never over in fact, so their own rows say so again. That they were taken to be over meanwhile stays told by
    the merger (``bonds``, from ``merged_at`` to ``undone_at``) and by the trail; what duties said of an officer in that time, and
    with them every closed week, is versioned in the duties themselves.
    """
    ended = Assignment.objects.filter(pk__in=merger.bonds.get("ended", ()), ended_at=merger.merged_at)
    ended.update(valid_to=None, ended_at=None)
    carried = Assignment.objects.active().filter(pk__in=merger.bonds.get("carried", ()))
    carried.update(voided_at=at)
