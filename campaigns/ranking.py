"""The week's ranking of counties and units by rectification; units without cases are left out and named."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Count

from accounts.choices import RegionLevel
from accounts.models import Unit
from campaigns.measures import PROBLEMS_DUE, Five, Question, county_of, existing
from campaigns.rules.ranking import Standing, rank
from foodsafe_portal.lib.mergers import home_of
from inspections.querysets import PARTS, part_condition


def week_ranking(question: Question) -> list[dict[str, Any]]:
    """Entries of both boards, best first; what lies in no county stands as 本级 once it counts.

    ``rank`` is shared by ties; ``rank`` null = no problem was due that week.
    """
    rows = PROBLEMS_DUE.rows(question)
    counts = {part: Count("pk", filter=part_condition(part, question.sunday)) for part in PARTS}
    by_place: dict[str, Five] = defaultdict(Five)
    by_unit: dict[int, Five] = defaultdict(Five)
    city = question.campaign.region_id
    for region, unit, *five in rows.values_list("region_id", "unit_id").annotate(**counts).order_by():
        by_place[county_of(home_of(region, question.mergers), city)] += Five(*five)
        if unit:
            by_unit[unit] += Five(*five)
    counties = existing(question).filter(level=RegionLevel.COUNTY)
    places = [(code, name, by_place[code]) for code, name in counties.values_list("code", "name")]
    if city not in {code for code, _name, _five in places} and by_place[city] != Five():
        places.append((city, f"{question.campaign.region.name}本级", by_place[city]))
    units = Unit.objects.filter(is_member=True, region_id=city)
    return [
        *_board("county", places),
        *_board("unit", [(str(pk), name, by_unit[pk]) for pk, name in units.values_list("pk", "name")]),
    ]


def _board(board: str, entries: list[tuple[str, str, Five]]) -> list[dict[str, Any]]:
    """One board: rate = put right on time / due in the week; ties share a rank, those without a case come last unranked."""
    fives = {code: five for code, _name, five in entries}
    ranking = rank(Standing(code, name, five.expected, five.on_time) for code, name, five in entries)
    ranked = [(place.standing, place.rank, place.percent) for place in ranking.places]
    left_out = [(standing, None, None) for standing in ranking.without_cases]
    return [
        {"board": board, "rank": number, "code": standing.code, "name": standing.name, "rate": percent}
        | {part: getattr(fives[standing.code], part) for part in ("expected", "done", "on_time", "overdue")}
        for standing, number, percent in [*ranked, *left_out]
    ]
