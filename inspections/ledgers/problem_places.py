"""Where a row of the ledger of problems lies, and which unit its name means."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Q

from accounts.ledgers.places import RegionIndex
from accounts.models import Unit
from accounts.rules.scope import ancestors
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.typography import plain
from records.ledgers import Rows

OF_THE_CITY = frozenset({"市本级", "本级"})


def places_of(rows: Rows, territory: str) -> dict[int, str]:
    """Row → region code, where county or township are told; a problem of the city itself lies in no county."""
    if not (rows.has("county") or rows.has("township")):
        return {}
    index, places = RegionIndex(territory), {}
    for at, (county, township) in enumerate(rows.tuples(("county", "township"))):
        if not (county or township) or county in OF_THE_CITY:
            continue
        place = index.resolve(county, township)
        places[at] = place.code
        if place.remark is not None:
            rows.add(at, place.remark.column, place.remark.code, place.remark.severity, place.remark.message)
            if place.remark.severity == "error":
                rows.rejected.add(at)
    return places


class Units:
    """The units of a territory and above it by name, read once."""

    def __init__(self, territory: str) -> None:
        around = in_territory(territory) | Q(region_id__in=ancestors(territory)) if territory else Q()
        self.by_name: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for pk, name, short, region in Unit.objects.filter(around).values_list(
            "pk", "name", "short_name", "region_id"
        ):
            for word in {plain(name), plain(short)} - {""}:
                self.by_name[word].append((pk, region))

    def named(self, name: str, place: str) -> list[tuple[int, str]]:
        """The units of this name that may answer for a place: the only one, else the nearest around the place."""
        found = self.by_name.get(plain(name), [])
        if len(found) < 2 or not place:
            return found
        around = [one for one in found if place.startswith(one[1]) or one[1].startswith(place)]
        nearest = max((len(region) for _pk, region in around), default=0)
        return [one for one in around if len(one[1]) == nearest] or found
