"""Finds the business a row of officers, visits or problems speaks of: by licence, credit code or name, now or formerly."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from entities.models import Business
from entities.querysets import BusinessQuerySet
from entities.rules.matching import plain
from entities.services.former_identities import Former, FormerIdentities, one_of
from foodsafe_portal.lib.bulk import among
from foodsafe_portal.lib.pinyin import initials
from foodsafe_portal.lib.scope import in_territory
from records.ledgers import Rows


class Known(NamedTuple):
    """What is needed of a business that a row speaks of."""

    pk: int
    name: str
    credit_code: str
    licence_no: str
    region_id: str
    responsibility_grade: str
    registered_on: object


def find_businesses(rows: Rows, territory: str, *, licence: str, code: str, name: str) -> dict[int, Known]:
    """Row → business. A row whose business cannot be told gets an error; a row that names none is left out.

    ``licence``, ``code`` and ``name`` are the keys of the columns that name it.
    """
    live = rows.live()
    licences, codes, names = rows.column(licence), rows.column(code), rows.column(name)
    here = Business.objects.registered()
    here = here.filter(in_territory(territory)) if territory else here
    by_licence = _by(here, "licence_no", {licences[i] for i in live if licences[i]})
    rest = [i for i in live if not (licences[i] and licences[i] in by_licence)]
    by_code = _by(here, "credit_code", {codes[i] for i in rest if codes[i]})
    anonymous = {names[i] for i in rest if names[i] and not licences[i] and not codes[i]}
    by_name = named(here, anonymous)
    found: dict[int, Known] = {}
    unknown: list[int] = []
    for index in live:
        number, credit, called = licences[index], codes[index], names[index]
        candidates = by_licence.get(number, []) if number else []
        if not candidates and credit:
            # Licence numbers in ledgers are often mistyped; code and name together still say which business is meant.
            candidates = [
                each
                for each in by_code.get(credit, ())
                if not number or not each.licence_no or (called and plain(each.name) == plain(called))
            ]
            if number and len(candidates) == 1 and candidates[0].licence_no:
                said = f"登记中的许可证号是 {candidates[0].licence_no}，按信用代码和名称对应"
                rows.note(index, licence, "licence_differs", said)
        if not candidates and called and not number and not credit:
            candidates = by_name.get(plain(called), [])
        if len(candidates) > 1 and called:
            candidates = [each for each in candidates if plain(each.name) == plain(called)] or candidates
        if len(candidates) == 1:
            found[index] = candidates[0]
            if called and plain(called) != plain(candidates[0].name):
                rows.note(
                    index, name, "business_name_differs", f"登记中的名称是“{candidates[0].name}”，按号码对应"
                )
        elif candidates:
            where = licence if number else code if credit else name
            rows.error(
                index,
                where,
                "business_ambiguous",
                f"对应到 {len(candidates)} 家主体；请填写许可证号以分清是哪一家",
            )
        elif number or credit or called:
            unknown.append(index)
    if unknown:
        _remember(rows, unknown, here, found, licence=licence, code=code, name=name)
    return found


def _remember(
    rows: Rows,
    unknown: list[int],
    here: BusinessQuerySet,
    found: dict[int, Known],
    *,
    licence: str,
    code: str,
    name: str,
) -> None:
    """Rows that name nothing of the register may name what a business was before, or one merged into another."""
    licences, codes, names = rows.column(licence), rows.column(code), rows.column(name)
    past = FormerIdentities(
        licences={licences[i] for i in unknown if licences[i]},
        codes={codes[i] for i in unknown if codes[i]},
        names={names[i] for i in unknown if names[i] and not licences[i] and not codes[i]},
    )
    meant: dict[int, Former] = {}
    for index in unknown:
        number, credit, called = licences[index], codes[index], names[index]
        formers = past.by_licence.get(number, []) if number else []
        if not formers and credit:
            formers = [
                each
                for each in past.by_code.get(credit, ())
                if not number or not each.licence_no or (called and plain(each.name) == plain(called))
            ]
        if not formers and called and not number and not credit:
            formers = past.by_name.get(plain(called), [])
        former = one_of(formers)
        if former is not None:
            meant[index] = former
    targets = {each.target_id for each in meant.values()}
    known = (
        {row[0]: Known(*row) for row in among(here, "id", targets).values_list(*Known._fields)}
        if targets
        else {}
    )
    for index in unknown:
        former = meant.get(index)
        business = known.get(former.target_id) if former else None
        where = licence if licences[index] else code if codes[index] else name
        if former is None or business is None:
            said = "本辖区的登记中没有这家主体；请核对号码，或先导入主体台账"
            rows.error(index, where, "business_unknown", said)
            continue
        found[index] = business
        if former.is_merged:
            said = f"“{former.name}”已确认并入“{business.name}”，记在“{business.name}”名下"
            rows.note(index, where, "merged_business", said)
        else:
            said = f"是“{business.name}” {former.valid_to} 以前登记的名称或号码，按这家主体对应"
            rows.note(index, where, "former_identity", said)


def named(businesses: BusinessQuerySet, names: set[str]) -> dict[str, list[Known]]:
    """Normal form → the businesses of that name, however name and register lay it out.

    What is one in the normal form has the same initials, and those are indexed.
    """
    grouped: dict[str, list[Known]] = defaultdict(list)
    if not names:
        return grouped
    letters = {initials(name)[:150] for name in names} - {""}
    found = {row[0]: Known(*row) for row in among(businesses, "name", names).values_list(*Known._fields)}
    if letters:
        for row in among(businesses, "name_initials", letters).values_list(*Known._fields):
            found.setdefault(row[0], Known(*row))
    wanted = {plain(name) for name in names}
    for known in found.values():
        if (form := plain(known.name)) in wanted:
            grouped[form].append(known)
    return grouped


def _by(businesses: object, field: str, values: set[str]) -> dict[str, list[Known]]:
    grouped: dict[str, list[Known]] = defaultdict(list)
    if values:
        for row in among(businesses, field, values).values_list(*Known._fields):  # type: ignore[arg-type]
            known = Known(*row)
            grouped[getattr(known, field)].append(known)
    return grouped
