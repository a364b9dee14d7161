"""Who answers for a problem by default: the government of the place, and the cadre bound at the highest level."""

from __future__ import annotations

from accounts.choices import UnitKind
from accounts.models import Unit
from accounts.rules.scope import ancestors
from entities.choices import OfficerLevel
from entities.models import Assignment, Business

HIGHEST_FIRST = [OfficerLevel.CITY, OfficerLevel.COUNTY, OfficerLevel.TOWNSHIP, OfficerLevel.VILLAGE]


def responsible_unit(region_code: str) -> Unit | None:
    """The government nearest above a place, else the nearest food-safety office (campaign default: territory answers)."""
    codes = [*ancestors(region_code), region_code]
    units = Unit.objects.filter(region_id__in=codes, kind__in=[UnitKind.GOVERNMENT, UnitKind.OFFICE])
    nearest = sorted(
        units, key=lambda unit: (unit.kind != UnitKind.GOVERNMENT, -len(unit.region_id), unit.pk)
    )
    return nearest[0] if nearest else None


def responsible_leader(business: Business) -> str:
    """The name of the cadre bound to the business at the highest level; empty when there is none."""
    bound = list(Assignment.objects.active().filter(business=business).select_related("officer"))
    bound.sort(key=lambda one: (HIGHEST_FIRST.index(OfficerLevel(one.level)), one.pk))
    return bound[0].officer.name if bound else ""
