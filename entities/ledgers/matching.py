"""Finds the registered business a row means: by natural key, by what is written besides it, by what it was known under before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db.models import QuerySet

from entities.fields import IDENTITY, LEDGER_FIELDS, Facts
from entities.models import Business
from entities.rules.matching import plain
from entities.services.former_identities import Former, FormerIdentities, one_of, words_of
from foodsafe_portal.lib.bulk import among
from foodsafe_portal.lib.mergers import Mergers, home_of
from foodsafe_portal.lib.pinyin import initials
from foodsafe_portal.lib.scope import in_territory, standing_mergers
from records.ledgers import Rows


class Stored(NamedTuple):
    """A business as the register has it; ``values`` are its ``Facts``."""

    pk: int
    version: int
    match_key: str
    status: str
    grade: str
    region_id: str
    registered_on: date
    values: Any

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.values.name)


def _read(businesses: QuerySet) -> list[Stored]:
    head = ("pk", "version", "match_key", "status", "responsibility_grade", "region_id", "registered_on")
    return [
        Stored._make((*row[:7], Facts._make(row[7:])))
        for row in businesses.values_list(*head, *LEDGER_FIELDS)
    ]


@dataclass(slots=True)
class Matches:
    """Row → business. ``former``: rows that found it by an identity it had before; ``merged``: rows of businesses that were
    merged into another one, which write nothing."""

    stored: dict[int, Stored] = field(default_factory=dict)
    former: dict[int, Former] = field(default_factory=dict)
    merged: dict[int, Merged] = field(default_factory=dict)


class Merged(NamedTuple):
    """A row's business as it was when it was merged, and the one it was merged into."""

    business: Stored
    survivor: Stored


def match_businesses(rows: Rows, territory: str) -> Matches:
    """Row → business: by natural key, else by what the register knew it under before it had a licence or a code, else by an
    identity it does not have any more."""
    live, keys = rows.live(), rows.identities
    everything = Business.objects.registered()
    by_key = {each.match_key: each for each in _read(among(everything, "match_key", {keys[i] for i in live}))}
    merged_regions = standing_mergers()
    found = Matches()
    matches = found.stored
    unmatched: list[int] = []
    for index in live:
        stored = by_key.get(keys[index])
        if stored is None:
            unmatched.append(index)
        elif not home_of(stored.region_id, merged_regions).startswith(territory):
            _owned_elsewhere(rows, index)
        else:
            matches[index] = stored
    if unmatched:
        past = _Past(rows, unmatched, territory, merged_regions)
        unmatched = past.merged(unmatched, found)
        _match_by_premises(rows, unmatched, matches, territory, set(by_key))
        past.renamed([i for i in unmatched if i not in matches and i not in rows.rejected], found)
    claimed: dict[int, list[int]] = defaultdict(list)
    for index, stored in matches.items():
        claimed[stored.pk].append(index)
    for group in claimed.values():
        if len(group) > 1:
            said = "指向登记中的同一家主体；请核对后只保留正确的一行"
            rows.refuse_group(group, "same_target", said, compared=rows.keys)
    _refuse_one_shop_twice(rows, matches)
    return found


def _refuse_one_shop_twice(rows: Rows, matches: dict[int, Stored]) -> None:
    """Refuse new rows of one name or code at one place of which some leave out a number that another one has.

    Across files such a row finds the registered business (``_match_by_premises``); inside a file it would become a second one.
    """
    names, codes = rows.column("name"), rows.column("credit_code")
    licences, premises = rows.column("licence_no"), rows.column("premises_address")
    new = [i for i in rows.live() if i not in matches and premises[i]]
    incomplete = {plain(premises[i]) for i in new if not (licences[i] and codes[i])}
    if not incomplete:
        return
    facts = {i: (plain(names[i] or ""), codes[i] or "", licences[i] or "") for i in new}
    words = {i: [(plain(premises[i]), word) for word in {*facts[i][:2]} - {""}] for i in new}
    alike: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index in new:
        for place, word in words[index]:
            if place in incomplete:
                alike[place, word].append(index)
    for index in new:
        if index in rows.rejected or all(facts[index][1:]):
            continue
        near = {other for key in words[index] for other in alike[key]} - {index}
        twins = sorted(other for other in near if _one_shop(facts[index], facts[other]))
        if twins:
            said = "像是同一家主体，有的没有写许可证号或信用代码；请补上号码，或只保留一行"
            rows.refuse_group([index, *twins], "same_target", said, compared=rows.keys)


def _one_shop(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    """Whether name, code and licence number of two rows at one place may be one business: nothing that both tell differs."""
    (name, code, licence), (its_name, its_code, its_licence) = one, other
    told_apart = (code and its_code and code != its_code) or (
        licence and its_licence and licence != its_licence
    )
    return not told_apart and (name == its_name or bool(code and code == its_code))


def _owned_elsewhere(rows: Rows, index: int) -> None:
    key = "licence_no" if rows.column("licence_no")[index] else "credit_code"
    said = "这家主体已由其他辖区登记；请核对号码，确属本辖区的请联系创建办调整"
    rows.error(index, key, "owned_elsewhere", said)


class _Past:
    """The rows that match nothing of the register, asked for by identities of the past."""

    def __init__(self, rows: Rows, unmatched: list[int], territory: str, merged_regions: Mergers) -> None:
        self.rows, self.territory, self.merged_regions = rows, territory, merged_regions
        self.names, self.codes = rows.column("name"), rows.column("credit_code")
        self.licences, self.premises = rows.column("licence_no"), rows.column("premises_address")
        self.known = FormerIdentities(
            keys={rows.identities[i] for i in unmatched},
            codes={self.codes[i] for i in unmatched if self.codes[i] and not self.licences[i]},
            names={self.names[i] for i in unmatched if not self.codes[i] and not self.licences[i]},
        )

    def merged(self, indexes: list[int], found: Matches) -> list[int]:
        """Rows of merged businesses find the survivor; returns the other rows."""
        if not self.known:
            return indexes
        meant: dict[int, Former] = {}
        for index in indexes:
            former = one_of(self._formers(index))
            if former is not None and former.is_merged:
                meant[index] = former
        businesses = _by_pk({pk for each in meant.values() for pk in (each.business_id, each.target_id)})
        for index, former in meant.items():
            gone, survivor = businesses[former.business_id], businesses[former.target_id]
            if not self._is_here(survivor):
                _owned_elsewhere(self.rows, index)
            else:
                found.merged[index] = Merged(gone, survivor)
        return [index for index in indexes if index not in meant]

    def renamed(self, indexes: list[int], found: Matches) -> None:
        """Rows of businesses that have another name, number or address today find them."""
        if not self.known or not indexes:
            return
        meant = {index: former for index in indexes if (former := one_of(self._formers(index)))}
        businesses = _by_pk({each.target_id for each in meant.values()})
        for index, former in meant.items():
            stored = businesses[former.target_id]
            if not self._is_here(stored):
                continue  # its number may be another business's today
            found.stored[index], found.former[index] = stored, former
            old = former.outdated(_identity(stored))
            said = f"是“{stored.name}” {former.valid_to} 以前登记的{words_of(old)}，按这家主体对应，不改回"
            self.rows.note(
                index, old[0] if old else "name", "former_identity", said if old else "按曾用的号码对应"
            )

    def _is_here(self, business: Stored) -> bool:
        return home_of(business.region_id, self.merged_regions).startswith(self.territory)

    def _formers(self, index: int) -> list[Former]:
        exact = self.known.by_key.get(self.rows.identities[index], [])
        if exact or self.licences[index]:
            return exact
        return self.known.at_premises(
            code=self.codes[index], name=self.names[index], premises=self.premises[index]
        )


def _by_pk(pks: set[int]) -> dict[int, Stored]:
    return {each.pk: each for each in _read(among(Business.objects.all(), "id", pks))} if pks else {}


def _identity(stored: Stored) -> dict[str, Any]:
    return {name: getattr(stored.values, name) for name in IDENTITY}


def without_former(offered: tuple[Any, ...], former: Former, stored: Stored) -> tuple[Any, ...]:
    """What a row offers, without the former name and numbers by which it found its business: they are not brought back."""
    old = former.outdated(_identity(stored))
    return tuple(
        None if name in old and value == getattr(former, name) else value
        for name, value in zip(LEDGER_FIELDS, offered, strict=True)
    )


def _named(businesses: QuerySet, names: set[str]) -> list[Stored]:
    """The businesses of these names, however these are laid out: what is one in the normal form has the same initials."""
    letters = {initials(name)[:150] for name in names} - {""}
    found = {each.pk: each for each in _read(among(businesses, "name", names))}
    if letters:
        found |= {each.pk: each for each in _read(among(businesses, "name_initials", letters))}
    return list(found.values())


def _match_by_premises(
    rows: Rows, unmatched: list[int], matches: dict[int, Stored], territory: str, taken: set[str]
) -> None:
    names, codes = rows.column("name"), rows.column("credit_code")
    licences, premises = rows.column("licence_no"), rows.column("premises_address")
    if not unmatched:
        return
    here = Business.objects.registered()
    here = here.filter(in_territory(territory)) if territory else here
    numbers = {codes[i] for i in unmatched if codes[i]}
    by_code, by_name = defaultdict(list), defaultdict(list)
    # A row with a licence can only mean a business that has none yet; most ledgers, and most registers, have few such.
    if all(licences[i] for i in unmatched):
        here = here.filter(licence_no="")
        if not here.exists():
            return
    if numbers:
        for stored in _read(among(here, "credit_code", numbers)):
            by_code[stored.values.credit_code].append(stored)
    anonymous = any(not codes[i] and not licences[i] for i in unmatched)
    called = here if anonymous else here.filter(licence_no="", credit_code="")
    for stored in _named(called, {names[i] for i in unmatched if names[i]}):
        by_name[plain(stored.name)].append(stored)
    if not by_code and not by_name:
        return
    for index in unmatched:
        where = plain(premises[index] or "")
        candidates = [
            stored
            for stored in (*by_code.get(codes[index], ()), *by_name.get(plain(names[index] or ""), ()))
            if stored.match_key not in taken
            and plain(stored.values.premises_address) == where
            and (not licences[index] or not stored.values.licence_no)
            and (
                not codes[index] or not stored.values.credit_code or stored.values.credit_code == codes[index]
            )
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
