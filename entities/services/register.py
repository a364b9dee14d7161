"""The one writer of businesses: many at once, by COPY and guarded updates, with their former identities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from entities.choices import BusinessStatus, FormerWhy
from entities.errors import AlreadyRegistered, SavedMeanwhile
from entities.fields import BLANKS, EDITABLE, IDENTITY
from entities.models import Business, FormerIdentity
from entities.services.former_identities import Identity, keep_former
from entities.services.rules import BUSINESS_RULES, Entered, InOwnTerritory
from foodsafe_portal.lib.bulk import Same, Values, among, insert, update
from foodsafe_portal.lib.business_rules import enforce
from foodsafe_portal.lib.pinyin import initials
from records.services.provenance import Provenance

_BLANK_FIELDS: Final = tuple(name for name in EDITABLE if name != "region")


@dataclass(slots=True)
class Entry:
    """A business as it is to stand in the register: ``values`` are facts by name (``Facts`` or some like it)."""

    values: Any
    region_id: str
    match_key: str
    grade: str = ""


@dataclass(slots=True)
class Correction:
    """A business of the register as it was read (``version``, ``was``, ``was_in``) and as it is to be."""

    pk: int
    version: int
    was: Identity
    was_in: str
    entry: Entry


def may_put_into(by: User, region_id: str) -> bool:
    """Whether a person may put a business into this region."""
    return any(region_id.startswith(code) for code in by.scope.regions("business"))


def known_as_merged(keys: Iterable[str], *, apart_from: int | None = None) -> dict[str, str]:
    """Natural key → name of the business that whatever had this key was merged into."""
    former = FormerIdentity.objects.filter(why=FormerWhy.MERGED)
    if not former.exists():
        return {}
    found = among(former, "match_key", keys).values_list(
        "match_key", "business__merged_into__name", "business__merged_into_id"
    )
    return {key: name for key, name, survivor in found if survivor and survivor != apart_from}


def _columns(entries: Sequence[Entry]) -> dict[str, Values]:
    """The columns that entries write: their facts, what follows from them, and where they lie."""
    names = entries[0].values._fields
    facts = zip(names, zip(*(entry.values for entry in entries), strict=True), strict=True)
    columns: dict[str, Values] = {name: list(values) for name, values in facts}
    return columns | {
        "name_initials": [initials(entry.values.name)[:150] for entry in entries],
        "match_key": [entry.match_key for entry in entries],
        "region_id": [entry.region_id for entry in entries],
        "responsibility_grade": [entry.grade for entry in entries],
    }


@transaction.atomic
def register_businesses(entries: Sequence[Entry], origin: Provenance) -> dict[str, int]:
    """Enter businesses, all of them 正常, and return natural key → key.

    Facts that an entry does not name are blank. Raises ``AlreadyRegistered``, ``OutsideTerritory`` or ``FutureDate``.
    """
    if not entries:
        return {}
    today, by = timezone.localdate(), origin.by
    places = {entry.region_id for entry in entries}
    enforce(
        BUSINESS_RULES,
        (Entered(place, origin.on, today, lambda code: may_put_into(by, code)) for place in places),
    )
    for name in known_as_merged([entry.match_key for entry in entries]).values():
        raise AlreadyRegistered(name)
    newest = Business.objects.aggregate(newest=Max("pk"))["newest"] or 0
    blanks: dict[str, Values] = {name: Same(BLANKS.get(name, "")) for name in _BLANK_FIELDS}
    try:
        with transaction.atomic():
            insert(
                Business,
                blanks
                | _columns(entries)
                | {
                    "status": Same(BusinessStatus.NORMAL.value),
                    "registered_on": Same(origin.on),
                    "version": Same(1),
                    "source": Same(str(origin.source)),
                    "recorded_at": Same(origin.at),
                    "updated_at": Same(origin.at),
                },
            )
    except IntegrityError as error:
        raise AlreadyRegistered(entries[0].values.name) from error
    made = Business.objects.filter(pk__gt=newest, recorded_at=origin.at)
    if len(entries) == 1:
        made = made.filter(match_key=entries[0].match_key)
    return dict(made.values_list("match_key", "pk"))


@transaction.atomic
def change_businesses(corrections: Sequence[Correction], origin: Provenance) -> None:
    """Write facts over those that were read, and keep the names and numbers that are given up.

    A business that somebody saved since stops everything. Raises ``SavedMeanwhile``, ``AlreadyRegistered`` or
    ``OutsideTerritory``.
    """
    if not corrections:
        return
    today, by = timezone.localdate(), origin.by
    moved = {each.entry.region_id for each in corrections if each.entry.region_id != each.was_in}
    enforce(
        (InOwnTerritory,),
        (Entered(place, today, today, lambda code: may_put_into(by, code)) for place in moved),
    )
    renamed = {
        each.entry.match_key: each for each in corrections if each.entry.match_key != each.was.match_key
    }
    for key in known_as_merged(renamed):
        meant = known_as_merged([key], apart_from=renamed[key].pk)
        if meant:
            raise AlreadyRegistered(meant[key])
    try:
        with transaction.atomic():
            written = update(
                Business,
                [each.pk for each in corrections],
                _columns([each.entry for each in corrections])
                | {
                    "version": [each.version + 1 for each in corrections],
                    "updated_at": Same(origin.at),
                },
                guard={"version": [each.version for each in corrections]},
            )
    except IntegrityError as error:
        raise AlreadyRegistered(corrections[0].entry.values.name) from error
    if written != len(corrections):
        raise SavedMeanwhile(len(corrections) - written)
    lost = [
        each.was
        for each in corrections
        if any(getattr(each.was, name) != getattr(each.entry.values, name) for name in IDENTITY)
    ]
    keep_former(lost, on=origin.on, at=origin.at, source=origin.source, batch_id=origin.batch_id)
