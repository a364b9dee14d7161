"""A ledger of officers and the businesses bound to them, as the register has them and with some that change hands."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final, NamedTuple

from django.db.models import F, Max, Q

from entities.choices import OfficerLevel
from entities.models import Assignment, Business
from foodsafe_portal.demo import names, numbers
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, new_draft
from foodsafe_portal.demo.ledger_writer.faults import (
    Recipe,
    Row,
    bad_date,
    blank,
    no_such_business,
    soil,
    twins,
    typed,
)
from foodsafe_portal.demo.officers import LEVEL_OF_GRADE
from foodsafe_portal.lib.scope import in_territory

_HANDFUL: Final = 10
_CHANGES: Final = 0.08
_TITLES: Final = {
    OfficerLevel.CITY: "副局长", OfficerLevel.COUNTY: "副局长", OfficerLevel.TOWNSHIP: "副镇长", OfficerLevel.VILLAGE: "村党支部书记",
}  # fmt: skip
_WIDE: Final = frozenset({str(OfficerLevel.CITY), str(OfficerLevel.COUNTY)})


class Known(NamedTuple):
    """A business as far as a ledger names it."""

    pk: int
    name: str
    credit_code: str
    licence_no: str
    region: str
    grade: str
    high_risk: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """The officer who is bound to a business at a level today, and when they signed for it."""

    name: str
    title: str
    unit: str
    phone: str
    signed_on: date | None = None


def businesses_of(desk: Desk) -> list[Known]:
    """The county's operating businesses that can be named by one licence number, in the order of their numbers."""
    rows = (
        Business.objects.filter(in_territory(desk.county))
        .operating()
        .exclude(licence_no="")
        .order_by("licence_no")
        .values_list(
            "pk", "name", "credit_code", "licence_no", "region_id", "responsibility_grade", "high_risk"
        )
    )
    return [Known(*row) for row in rows]


def invented(desk: Desk, random: Random) -> list[Known]:
    """Businesses for a register that has none; a ledger about them cannot be imported before they are."""
    towns = desk.townships
    return [
        Known(
            0, f"{names.brand(random)}小吃店", numbers.credit_code("92", desk.county, at, "LX"),
            numbers.licence("small_catering", desk.county, 990_000 + at % 10_000), random.choice(towns), random.choice("CD"), False,
        )
        for at in range(desk.size)
    ]  # fmt: skip


def bound_officers(desk: Desk) -> dict[tuple[int, str], Bound]:
    """(business, level) → who is bound to it today."""
    held = Assignment.objects.active().filter(in_territory(desk.county, "business__region_id"))
    signed = Max("officer__pledges__signed_on", filter=Q(officer__pledges__business_id=F("business_id")))
    rows = held.filter(level=F("officer__level")).annotate(signed=signed)
    fields = ("officer__name", "officer__title", "officer__unit_name", "officer__phone", "signed")
    return {(row[0], row[1]): Bound(*row[2:]) for row in rows.values_list("business_id", "level", *fields)}


def write_officers(desk: Desk, share: float) -> Draft:
    """Bindings of ``desk.size`` businesses, each at the level its grade asks for; with fewer businesses also at other levels."""
    random = desk.random("officers")
    shops = businesses_of(desk) or invented(desk, random)
    bound = bound_officers(desk)
    draft = new_draft(
        desk, "officers", _rows(desk, random, shops, bound), optional=("officer_unit", "valid_from")
    )
    soil(draft, _recipes(desk), desk.random("faults"), share)
    return draft


def _rows(desk: Desk, random: Random, shops: list[Known], bound: dict[tuple[int, str], Bound]) -> list[Row]:
    levels = list(OfficerLevel)
    groups: dict[tuple[str, str], list[Known]] = defaultdict(list)
    for number in range(min(desk.size, len(shops) * len(levels))):
        shop, turn = shops[number % len(shops)], number // len(shops)
        natural = levels.index(LEVEL_OF_GRADE.get(shop.grade, OfficerLevel.VILLAGE))
        level = str(levels[(natural + turn) % len(levels)])
        groups[level, desk.county if level in _WIDE else shop.region[:9]].append(shop)
    rows: list[Row] = []
    serial = desk.seed % 90 * 10_000
    for (level, region), pool in sorted(groups.items(), key=lambda item: (item[0][1], item[0][0])):
        for start in range(0, len(pool), _HANDFUL):
            serial += 1
            newcomer = _newcomer(desk, random, OfficerLevel(level), region, serial)
            replaces = random.random() < _CHANGES
            for shop in pool[start : start + _HANDFUL]:
                standing = None if replaces else bound.get((shop.pk, level))
                rows.append(
                    _row(desk, random, shop, level, region, standing or newcomer, new=standing is None)
                )
    return rows


def _newcomer(desk: Desk, random: Random, level: OfficerLevel, region: str, serial: int) -> Bound:
    unit = desk.names[region] + ("食安办" if level in _WIDE else "")
    return Bound(names.person(random), _TITLES[level], unit, numbers.phone(int(desk.county[4:]) + 40, serial))


def _row(
    desk: Desk, random: Random, shop: Known, level: str, region: str, officer: Bound, *, new: bool
) -> Row:
    return {
        "officer_name": officer.name,
        "officer_title": officer.title,
        "officer_level": str(level),
        "officer_unit": officer.unit or None,
        "officer_phone": officer.phone or None,
        "county": desk.county_name,
        "township": desk.names[region] if len(region) == 9 else None,
        "business_name": shop.name,
        "business_credit_code": shop.credit_code or None,
        "business_licence_no": shop.licence_no,
        "pledge_signed_on": officer.signed_on
        or (desk.on - timedelta(days=random.randint(10, 60)) if new else None),
    }


def _signed_later(row: Row, random: Random) -> Row | None:
    return (
        {"pledge_signed_on": row["pledge_signed_on"] - timedelta(days=1)} if row["pledge_signed_on"] else None
    )


def _rival(row: Row, random: Random) -> Row:
    return {
        "officer_name": f"欧阳{names.person(random)}",
        "officer_phone": numbers.phone(99, random.randrange(1_000_000)),
    }


def _recipes(desk: Desk) -> list[Recipe]:
    elsewhere = [desk.names[code] for code in desk.elsewhere()]
    unknown = numbers.licence("stall", desk.county, 999_999)
    return [
        blank("officer_name"),
        blank("officer_title"),
        blank("county"),
        bad_date("pledge_signed_on"),
        typed("pledge_signed_on", "future_date", "2062-01-05"),
        typed("officer_level", "unknown_choice", "股级", "组长"),
        typed("officer_phone", "not_a_phone", "无电话", "同上"),
        typed("county", "other_territory", *elsewhere),
        typed("township", "unknown_region", "火星镇"),
        typed("business_licence_no", "digits_lost", "2.99010E+13"),
        no_such_business(unknown),
        twins("duplicate_conflict", _signed_later),
        twins("officer_already_assigned", _rival),
    ]
