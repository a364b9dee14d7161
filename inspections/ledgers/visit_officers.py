"""Which officer a row of the ledger of visits means by a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from entities.ledgers.lookup import Known
from entities.models import Assignment, Officer
from foodsafe_portal.lib.bulk import among
from foodsafe_portal.lib.scope import in_territory
from records.ledgers import Rows


class Candidate(NamedTuple):
    """An officer of the name a row gives."""

    pk: int
    name: str
    level: str


def find_officers(rows: Rows, businesses: Mapping[int, Known], territory: str) -> dict[int, Candidate | None]:
    """Row → officer: of this name among the business's assignments, else the only one of this name in the territory.

    A row whose officer is not in the register is imported with the name alone, and says so.
    """
    names, levels, days = rows.column("officer_name"), rows.column("officer_level"), rows.column("visited_on")
    bound: dict[tuple[int, str], list[tuple[date, date | None, Candidate]]] = defaultdict(list)
    ids = {business.pk for business in businesses.values()}
    held = among(Assignment.objects.filter(voided_at__isnull=True), "business_id", ids).order_by(
        "valid_from", "pk"
    )
    fields = ("business_id", "valid_from", "valid_to", "officer_id", "officer__name", "level")
    for business_id, since, until, *officer in held.values_list(*fields):
        bound[business_id, officer[1]].append((since, until, Candidate(*officer)))
    found: dict[int, Candidate | None] = {}
    strangers: list[int] = []
    for index in rows.live():
        holders = bound.get((businesses[index].pk, names[index]), [])
        if levels[index]:
            holders = [one for one in holders if one[2].level == levels[index]] or holders
        day = days[index]
        then = [one for one in holders if one[0] <= day and (one[1] is None or one[1] >= day)] or holders
        if then:
            found[index] = then[-1][2]
        else:
            strangers.append(index)
    if not strangers:
        return found
    here = Officer.objects.filter(in_territory(territory)) if territory else Officer.objects.all()
    by_name: dict[str, list[Candidate]] = defaultdict(list)
    for row in among(here, "name", {names[i] for i in strangers}).values_list("pk", "name", "level"):
        by_name[row[1]].append(Candidate(*row))
    for index in strangers:
        same = by_name.get(names[index], [])
        if levels[index] and len(same) > 1:
            same = [one for one in same if one.level == levels[index]] or same
        found[index] = same[0] if len(same) == 1 else None
        if len(same) > 1:
            said = f"有 {len(same)} 名干部叫“{names[index]}”，都不包保这家主体；先只记姓名，请核对包保关系"
            rows.warning(index, "officer_name", "officer_ambiguous", said)
        elif not same:
            said = f"登记中没有包保干部“{names[index]}”，先只记姓名；请补报包保干部台账"
            rows.warning(index, "officer_name", "officer_unknown", said)
    return found
