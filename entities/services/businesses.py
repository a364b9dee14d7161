"""Entering and correcting businesses of the register; status and grade have verbs of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.db import transaction

from accounts.models import Region, User
from entities.choices import Source
from entities.errors import MergedAway, OwnedByCity, SavedMeanwhile, StaleVersion
from entities.fields import BUSINESS_COLUMNS, CODES, EDITABLE, IDENTITY, Typed
from entities.hooks import business_changed
from entities.models import Business
from entities.rules.matching import key_of
from entities.services.former_identities import Identity
from entities.services.register import (
    Correction,
    Entry,
    change_businesses,
    may_put_into,
    register_businesses,
)
from foodsafe_portal.lib.pinyin import initials
from foodsafe_portal.lib.typography import narrow, without_invisible
from records.ledgers.ledger_rules import locked_columns
from records.services import audit
from records.services.provenance import Provenance

LEDGER: Final = "businesses"
"""The kind of ledger whose columns the city may keep to itself, on pages as in files."""


def tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the register keeps them: no blanks at the ends, nothing invisible, codes in capitals without blanks inside."""
    kept = {
        key: without_invisible(value).strip() if isinstance(value, str) else value
        for key, value in values.items()
    }
    for key in CODES:
        if isinstance(kept.get(key), str):
            kept[key] = narrow(kept[key]).upper()
    return kept


def derived(business: Business) -> dict[str, str]:
    """What follows from a business's own fields: its natural key and the initials of its name."""
    return {
        "match_key": key_of(business),
        "name_initials": initials(business.name)[:150],
    }


def identity_of(business: Business) -> Identity:
    """Under what a business stands in the register."""
    return Identity(business.pk, business.match_key, *(getattr(business, name) for name in IDENTITY))


def in_reach(by: User, region: Region) -> bool:
    """Whether a person may put a business into this region."""
    return may_put_into(by, region.pk)


def plain_value(value: Any) -> Any:
    """A field's value as the trail keeps it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Region):
        return value.pk
    return value


def _entry(business: Business) -> Entry:
    """What a business says, as the writer takes it."""
    names: tuple[str, ...] = Typed._fields
    values = Typed._make(getattr(business, name) for name in names)
    return Entry(values, business.region_id, derived(business)["match_key"], business.responsibility_grade)


@transaction.atomic
def register_business(
    *, by: User, values: Mapping[str, Any], registered_on: date, source: str = Source.PAGE
) -> Business:
    """Enter a business, ungraded and 正常, from ``values`` (the fields of ``EDITABLE``).

    Raises ``AlreadyRegistered``, ``OutsideTerritory`` or ``FutureDate``.
    """
    fields = tidy({key: values[key] for key in EDITABLE if key in values})
    origin = Provenance.now(by=by, on=registered_on, source=source)
    entry = _entry(Business(**fields))
    business = Business.objects.select_related("region").get(
        pk=register_businesses([entry], origin)[entry.match_key]
    )
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
    was_in = saved.region_id
    for key, value in changed.items():
        setattr(saved, key, value)
    correction = Correction(saved.pk, version, was, was_in, _entry(saved))
    try:
        change_businesses([correction], Provenance.now(by=by, on=on, source=Source.PAGE))
    except SavedMeanwhile as error:  # saved by somebody else between reading and writing
        newest = Business.objects.select_related("region").get(pk=saved.pk)
        raise StaleVersion(
            {key: (getattr(newest, key), value) for key, value in changed.items()}, newest.version
        ) from error
    saved.refresh_from_db()
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
