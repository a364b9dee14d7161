"""Entering and correcting businesses of the register; status and grade have verbs of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Region, User
from entities.choices import BusinessStatus, FormerWhy, Source
from entities.errors import (
    AlreadyRegistered,
    FutureDate,
    MergedAway,
    OutsideTerritory,
    OwnedByCity,
    StaleVersion,
)
from entities.fields import BUSINESS_COLUMNS
from entities.hooks import business_changed
from entities.models import Business, FormerIdentity
from entities.rules.matching import match_key
from entities.services.former_identities import IDENTITY, Identity, keep_former
from foodsafe_portal.lib.pinyin import initials
from foodsafe_portal.lib.typography import narrow, without_invisible
from records.ledgers.ledger_rules import locked_columns
from records.services import audit
from records.services.instants import writing_instant

LEDGER: Final = "businesses"
"""The kind of ledger whose columns the city may keep to itself, on pages as in files."""

EDITABLE: Final = (
    "name",
    "credit_code",
    "licence_no",
    "licence_valid_to",
    "business_type",
    "scale",
    "legal_person",
    "contact_phone",
    "premises_address",
    "region",
    "supervision_office",
    "risk_grade",
    "credit_grade",
    "catering_grade",
    "high_risk",
    "safety_director",
    "safety_officer",
    "national_no",
)
_CODES: Final = ("credit_code", "licence_no", "national_no")


def tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the register keeps them: no blanks at the ends, nothing invisible, codes in capitals without blanks inside."""
    kept = {
        key: without_invisible(value).strip() if isinstance(value, str) else value
        for key, value in values.items()
    }
    for key in _CODES:
        if isinstance(kept.get(key), str):
            kept[key] = narrow(kept[key]).upper()
    return kept


def derived(business: Business) -> dict[str, str]:
    """What follows from a business's own fields: its natural key and the initials of its name."""
    return {
        "match_key": match_key(
            licence_no=business.licence_no,
            credit_code=business.credit_code,
            premises_address=business.premises_address,
            name=business.name,
        ),
        "name_initials": initials(business.name)[:150],
    }


def identity_of(business: Business) -> Identity:
    """Under what a business stands in the register."""
    return Identity(business.pk, business.match_key, *(getattr(business, name) for name in IDENTITY))


def known_as_merged(key: str, *, apart_from: int | None = None) -> str:
    """The name of the business that whatever had this natural key was merged into; '' when there is none."""
    former = FormerIdentity.objects.filter(match_key=key, why=FormerWhy.MERGED)
    survivors = former.exclude(business__merged_into=apart_from) if apart_from else former
    return survivors.values_list("business__merged_into__name", flat=True).first() or ""


def in_reach(by: User, region: Region) -> bool:
    """Whether a person may put a business into this region."""
    return any(region.pk.startswith(code) for code in by.scope.regions("business"))


def plain_value(value: Any) -> Any:
    """A field's value as the trail keeps it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Region):
        return value.pk
    return value


@transaction.atomic
def register_business(
    *, by: User, values: Mapping[str, Any], registered_on: date, source: str = Source.PAGE
) -> Business:
    """Enter a business, ungraded and 正常, from ``values`` (the fields of ``EDITABLE``).

    Raises ``AlreadyRegistered``, ``OutsideTerritory`` or ``FutureDate``.
    """
    if registered_on > timezone.localdate():
        raise FutureDate
    now = writing_instant()
    fields = tidy({key: values[key] for key in EDITABLE if key in values})
    business = Business(
        **fields,
        registered_on=registered_on,
        status=BusinessStatus.NORMAL,
        source=source,
        recorded_at=now,
        updated_at=now,
    )
    if not in_reach(by, business.region):
        raise OutsideTerritory
    for name, value in derived(business).items():
        setattr(business, name, value)
    if meant := known_as_merged(business.match_key):
        raise AlreadyRegistered(meant)
    try:
        with transaction.atomic():
            business.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyRegistered(business.name) from error
    audit.record(
        by=by,
        action="business.registered",
        target=business,
        after={key: plain_value(value) for key, value in fields.items()},
    )
    business_changed.send(sender=Business, business_ids=[business.pk], on=registered_on, by=by)
    return business


@transaction.atomic
def update_business(
    *, business: Business, version: int, changes: Mapping[str, Any], by: User, on: date
) -> Business:
    """Correct fields of a business that nobody else has saved since ``version``.

    Raises ``StaleVersion`` with both values of every field in which what was typed differs from what the other person
    saved, ``AlreadyRegistered``, ``MergedAway``, ``OwnedByCity`` or ``OutsideTerritory``. Saving what is already there changes and records nothing.
    """
    typed = tidy({key: changes[key] for key in EDITABLE if key in changes})
    saved = Business.objects.select_related("region").get(pk=business.pk)
    if saved.merged_into is not None:
        raise MergedAway(saved.name, saved.merged_into.name)
    was = identity_of(saved)
    before = {key: getattr(saved, key) for key in typed}
    changed = {key: value for key, value in typed.items() if value != before[key]}
    if saved.version != version:
        raise StaleVersion({key: (before[key], value) for key, value in changed.items()}, saved.version)
    if not changed:
        return saved
    kept = changed.keys() & locked_columns(LEDGER, by.territory_for_import(LEDGER))
    if kept:
        raise OwnedByCity(column.header for column in BUSINESS_COLUMNS if column.key in kept)
    if "region" in changed and not in_reach(by, changed["region"]):
        raise OutsideTerritory
    for key, value in changed.items():
        setattr(saved, key, value)
    at = writing_instant()
    fields = {**changed, **derived(saved), "version": version + 1, "updated_at": at}
    key = str(fields["match_key"])
    if key != was.match_key and (meant := known_as_merged(key, apart_from=saved.pk)):
        raise AlreadyRegistered(meant)
    try:
        with transaction.atomic():
            moved = Business.objects.filter(pk=saved.pk, version=version).update(**fields)
    except IntegrityError as error:
        raise AlreadyRegistered(saved.name) from error
    if not moved:  # saved by somebody else between reading and writing
        newest = Business.objects.select_related("region").get(pk=saved.pk)
        raise StaleVersion(
            {key: (getattr(newest, key), value) for key, value in changed.items()}, newest.version
        )
    saved.refresh_from_db()
    if changed.keys() & set(IDENTITY):
        keep_former([was], on=on, at=at)
    audit.record(
        by=by,
        action="business.updated",
        target=saved,
        before={key: plain_value(before[key]) for key in changed},
        after={key: plain_value(value) for key, value in changed.items()},
    )
    if "region" in changed:
        business_changed.send(sender=Business, business_ids=[saved.pk], on=on, by=by)
    return saved
