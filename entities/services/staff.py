"""Entering and correcting officers of the register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from entities.choices import Source
from entities.errors import OutsideTerritory, Refused
from entities.models import Officer
from entities.rules.matching import officer_key
from entities.services.businesses import in_reach
from records.services.instants import writing_instant
from records.services.rows import save_row, values_of

OFFICER_FIELDS: Final = ("name", "title", "level", "unit_name", "phone", "region", "user", "is_active")


class OfficerKnown(Refused):
    """The register already has this officer."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _("“%(name)s”已在册（姓名和电话，或姓名、单位和地区相同），请修改原有干部。") % {"name": name}
        )


@transaction.atomic
def save_officer(*, officer: Officer, values: Mapping[str, Any], by: User, seen: str = "") -> Officer:
    """Enter or correct an officer from ``values`` (the fields of ``OFFICER_FIELDS``).

    Raises ``OfficerKnown``, ``OutsideTerritory`` or the row service's ``RowRefused``.
    """
    fields = {name: values[name] for name in OFFICER_FIELDS if name in values}
    fields = {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
    stored = officer if officer._state.adding else Officer.objects.select_related("region").get(pk=officer.pk)
    region = fields.get("region") or stored.region
    if not in_reach(by, region):
        raise OutsideTerritory
    told = {name: fields.get(name, getattr(stored, name)) for name in ("name", "phone", "unit_name")}
    key = officer_key(**told, region=region.pk)
    if Officer.objects.filter(match_key=key).exclude(pk=officer.pk).exists():
        raise OfficerKnown(told["name"])
    if officer._state.adding:
        officer.recorded_at, officer.source, officer.match_key = writing_instant(), Source.PAGE, key
        return save_row(row=officer, values=fields, by=by, noun="officer", territory=region.pk)
    before = values_of(stored, fields)
    saved = save_row(row=officer, values=fields, by=by, noun="officer", seen=seen, territory=region.pk)
    if values_of(saved, fields) != before:
        Officer.objects.filter(pk=saved.pk).update(match_key=key, version=F("version") + 1)
    saved.refresh_from_db(fields=["match_key", "version"])
    return saved
