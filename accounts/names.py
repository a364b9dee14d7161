"""How a place or unit is named outside its parent: with its county, 南湖区 · 人民街道办事处."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from accounts.models import Region, Unit

_COUNTY, _TOWNSHIP = 6, 9
_BETWEEN: Final = " · "


def with_county(name: str, code: str, names: Mapping[str, str]) -> str:
    """``name`` of what lies in the region ``code``, led by its county, and by its township for what lies below one.

    ``names`` are the names of counties and townships by code. A name that begins with its county's stays as it is.
    """
    above = [code[:digits] for digits in (_COUNTY, _TOWNSHIP) if len(code) >= digits]
    words = [names[one] for one in above if names.get(one, name) != name]
    if words and name.startswith(words[0]):
        return name
    return _BETWEEN.join([*(words if len(code) > _TOWNSHIP else words[:1]), name])


def names_above(codes: Iterable[str]) -> dict[str, str]:
    """The names of the counties and townships around these region codes, in one query."""
    above = {code[:digits] for code in codes for digits in (_COUNTY, _TOWNSHIP) if len(code) >= digits}
    return dict(Region.objects.filter(code__in=above).values_list("code", "name")) if above else {}


def unit_names(units: Iterable[Unit | None]) -> dict[int, str]:
    """How each unit is named outside its parent, by key; one query for all of them."""
    listed = [unit for unit in units if unit is not None]
    names = names_above(unit.region_id for unit in listed)
    return {unit.pk: with_county(unit.name, unit.region_id, names) for unit in listed}


def region_names(regions: Iterable[Region]) -> dict[str, str]:
    """How each region is named outside its parent, by code; one query for all of them."""
    listed = list(regions)
    names = names_above(region.pk for region in listed)
    return {region.pk: with_county(region.name, region.pk, names) for region in listed}
