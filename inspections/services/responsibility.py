"""Who answers for a problem by default: the government of the place, the cadre bound at the highest level, the shop's head."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from accounts.choices import UnitKind
from accounts.models import Unit
from accounts.rules.scope import ancestors
from entities.choices import OfficerLevel
from entities.models import Assignment, Business
from foodsafe_portal.lib.bulk import among

HIGHEST_FIRST = [OfficerLevel.CITY, OfficerLevel.COUNTY, OfficerLevel.TOWNSHIP, OfficerLevel.VILLAGE]


def responsible_unit(region_code: str) -> Unit | None:
    """The government nearest above a place, else the nearest food-safety office (campaign default: territory answers)."""
    found = responsible_units([region_code])[region_code]
    return Unit.objects.get(pk=found) if found is not None else None


def responsible_units(region_codes: Collection[str]) -> dict[str, int | None]:
    """For each place the key of the unit that ``responsible_unit`` names, read at once."""
    around = {code: (*ancestors(code), code) for code in region_codes}
    asked = {above for codes in around.values() for above in codes}
    units: dict[str, list[tuple[bool, int, int]]] = defaultdict(list)
    bodies = Unit.objects.filter(kind__in=[UnitKind.GOVERNMENT, UnitKind.OFFICE])
    for pk, kind, region_id in among(bodies, "region_id", asked).values_list("pk", "kind", "region_id"):
        units[region_id].append((kind != UnitKind.GOVERNMENT, -len(region_id), pk))
    nearest = {
        code: min((one for above in codes for one in units[above]), default=None)
        for code, codes in around.items()
    }
    return {code: one[2] if one is not None else None for code, one in nearest.items()}


def responsible_leader(business: Business) -> str:
    """The name of the cadre bound to the business at the highest level; empty when there is none."""
    return responsible_leaders([business.pk]).get(business.pk, "")


def responsible_leaders(business_ids: Iterable[int]) -> dict[int, str]:
    """For each business that has one the name that ``responsible_leader`` gives, read at once."""
    bound = among(Assignment.objects.active(), "business_id", business_ids)
    best: dict[int, tuple[int, int, str]] = {}
    for business_id, level, pk, name in bound.values_list("business_id", "level", "pk", "officer__name"):
        one = (HIGHEST_FIRST.index(OfficerLevel(level)), pk, name)
        best[business_id] = min(best.get(business_id, one), one)
    return {business_id: name for business_id, (_level, _pk, name) in best.items()}


def owners(business_ids: Iterable[int]) -> dict[int, str]:
    """Who answers for each business in law: its legal person."""
    return dict(among(Business.objects.all(), "id", business_ids).values_list("pk", "legal_person"))
