"""Finds the registered business a row means: by natural key, else by what it was known under before it had a licence."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from django.db.models import QuerySet

from entities.models import Business
from entities.rules.matching import plain
from foodsafe_portal.lib.scope import in_territory
from records.ledgers import Rows
from records.ledgers.bulk import among

FIELDS = (
    "name", "credit_code", "licence_no", "licence_valid_to", "business_type", "scale", "legal_person", "contact_phone",
    "premises_address", "supervision_office", "risk_grade", "high_risk", "safety_director", "safety_officer",
)  # fmt: skip


class Stored(NamedTuple):
    """A business as the register has it; ``values`` in the order of ``FIELDS``."""

    pk: int
    version: int
    match_key: str
    status: str
    grade: str
    region_id: str
    values: tuple[Any, ...]


def _read(businesses: QuerySet) -> list[Stored]:
    head = ("pk", "version", "match_key", "status", "responsibility_grade", "region_id")
    return [Stored._make((*row[:6], row[6:])) for row in businesses.values_list(*head, *FIELDS)]


def match_businesses(rows: Rows, territory: str) -> dict[int, Stored]:
    """Row → business: by natural key, else by what the register knew it under before it had a licence or a code."""
    live, keys = rows.live(), rows.identities
    by_key = {
        each.match_key: each
        for each in _read(among(Business.objects.all(), "match_key", {keys[i] for i in live}))
    }
    matches: dict[int, Stored] = {}
    unmatched: list[int] = []
    for index in live:
        found = by_key.get(keys[index])
        if found is None:
            unmatched.append(index)
        elif not found.region_id.startswith(territory):
            key = "licence_no" if rows.column("licence_no")[index] else "credit_code"
            rows.error(
                index,
                key,
                "owned_elsewhere",
                "这家主体已由其他辖区登记；请核对号码，确属本辖区的请联系创建办调整",
            )
        else:
            matches[index] = found
    if unmatched:
        _match_by_premises(rows, unmatched, matches, territory, set(by_key))
    claimed: dict[int, list[int]] = defaultdict(list)
    for index, stored in matches.items():
        claimed[stored.pk].append(index)
    for group in claimed.values():
        if len(group) > 1:
            rows.refuse_group(group, "same_target", "指向登记中的同一家主体；请核对后只保留正确的一行")
    return matches


def _match_by_premises(
    rows: Rows, unmatched: list[int], matches: dict[int, Stored], territory: str, taken: set[str]
) -> None:
    names, codes = rows.column("name"), rows.column("credit_code")
    licences, premises = rows.column("licence_no"), rows.column("premises_address")
    here = Business.objects.filter(in_territory(territory)) if territory else Business.objects.all()
    numbers = {codes[i] for i in unmatched if codes[i]}
    by_code, by_name = defaultdict(list), defaultdict(list)
    # A row with a licence can only mean a business that has none yet; most ledgers, and most registers, have few such.
    if all(licences[i] for i in unmatched):
        here = here.filter(licence_no="")
        if not here.exists():
            return
    if numbers:
        for stored in _read(among(here, "credit_code", numbers)):
            by_code[stored.values[1]].append(stored)
    named = among(here, "name", {names[i] for i in unmatched if names[i]})
    anonymous = any(not codes[i] and not licences[i] for i in unmatched)
    for stored in _read(named if anonymous else named.filter(licence_no="", credit_code="")):
        by_name[stored.values[0]].append(stored)
    if not by_code and not by_name:
        return
    for index in unmatched:
        where = plain(premises[index] or "")
        candidates = [
            stored
            for stored in (*by_code.get(codes[index], ()), *by_name.get(names[index], ()))
            if stored.match_key not in taken
            and plain(stored.values[8]) == where
            and (not licences[index] or not stored.values[2])
            and (not codes[index] or not stored.values[1] or stored.values[1] == codes[index])
        ]
        if len({stored.pk for stored in candidates}) == 1:
            matches[index] = candidates[0]
        elif candidates:
            rows.error(
                index,
                "licence_no",
                "business_ambiguous",
                "同一经营场所登记有几张许可证，分不清是哪一家；请填写许可证号",
            )
