"""What every list of the portal shares: the filter of places and the names of the places its rows lie in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.choices import RegionLevel
from accounts.models import Region
from foodsafe_portal.lib.lists import Asked, Chip, Territory


class Places:
    """The open counties and townships among ``regions`` by code, in one query."""

    def __init__(self, regions: QuerySet) -> None:
        levels = [RegionLevel.COUNTY, RegionLevel.TOWNSHIP]
        rows = regions.filter(level__in=levels, closed_on__isnull=True).order_by("code")
        self.names: dict[str, str] = dict(rows.values_list("code", "name"))
        self.counties = {code: name for code, name in self.names.items() if len(code) == 6}

    def below(self, county: str) -> dict[str, str]:
        """The townships of a county."""
        return {code: name for code, name in self.names.items() if len(code) == 9 and code[:6] == county}

    def county(self, code: str) -> str:
        """The name of the county of a region code."""
        return self.names.get(code[:6], "")

    def township(self, code: str) -> str:
        """The name of the township of a region code."""
        return self.names.get(code[:9], "") if len(code) >= 9 else ""

    def name(self, code: str) -> str:
        """The name of any region: one more query for a city or a village."""
        return self.names.get(code) or (names_of([code]).get(code, "") if code else "")

    def path(self, code: str) -> str:
        """County and township of a region code in words."""
        return " · ".join(name for name in (self.county(code), self.township(code)) if name)


def places_of(asked: Asked) -> Places:
    """The places of whoever asks, read once a page."""
    return asked.kept("places", lambda: Places(Region.objects.visible_to(asked.user)))


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """Names of regions by code."""
    return dict(Region.objects.filter(code__in=set(codes)).values_list("code", "name"))


class Place(Territory):
    """Rows of a place and everything below it; the page offers the counties, then the townships of one."""

    def words(self, value: Any, asked: Asked) -> Any:
        """County and township; a village or the city by its own name."""
        places = places_of(asked)
        return places.path(value) if value in places.names else names_of([value]).get(value, value)

    def chips(self, name: str, value: Any, asked: Asked) -> list[Chip]:
        """The chosen place, and below it what may be chosen next."""
        places, url = places_of(asked), asked.address.url
        only = next(iter(places.counties)) if len(places.counties) == 1 else ""
        county = value[:6] if value and len(value) >= 6 else only
        chips = []
        if value:
            wider = county if len(value) > 6 and county != only else None
            chips.append(Chip(_("地区"), self.words(value, asked), remove_url=url(**{name: wider})))
        elif len(places.counties) > 1:
            offered = [(words, url(**{name: code})) for code, words in places.counties.items()]
            chips.append(Chip(_("地区"), _("全部"), options=offered))
        towns = [
            (words, url(**{name: code})) for code, words in places.below(county).items() if code != value
        ]
        if county and towns:
            chosen = _("改选") if value and len(value) > 6 else _("全部")
            chips.append(Chip(_("乡镇（街道）"), chosen, options=towns))
        return chips
