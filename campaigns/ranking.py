"""The week's ranking of counties and units by rectification; units without cases are left out and named."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Count

from accounts.choices import RegionLevel
from accounts.models import Region, Unit
from campaigns.measures import MEASURES, Five, Question, county_of
from inspections.querysets import PARTS, part_condition


def week_ranking(question: Question) -> list[dict[str, Any]]:
    """Entries of both boards, best first. ``rank`` is shared by ties; ``rank`` null = no problem was due that week."""
    rows = MEASURES["problems_week"].rows(question)
    counts = {part: Count("pk", filter=part_condition(part, question.sunday)) for part in PARTS}
    by_place: dict[str, Five] = defaultdict(Five)
    by_unit: dict[int, Five] = defaultdict(Five)
    for region, unit, *five in rows.values_list("region_id", "unit_id").annotate(**counts).order_by():
        by_place[county_of(region, question.campaign.region_id)] += Five(*five)
        if unit:
            by_unit[unit] += Five(*five)
    counties = Region.objects.below(question.campaign.region_id).filter(
        level=RegionLevel.COUNTY, closed_on__isnull=True
    )
    units = Unit.objects.filter(is_member=True, region_id=question.campaign.region_id)
    return [
        *_board("county", [(code, name, by_place[code]) for code, name in counties.values_list("code", "name")]),
        *_board("unit", [(str(pk), name, by_unit[pk]) for pk, name in units.values_list("pk", "name")]),
    ]


def _board(board: str, entries: list[tuple[str, str, Five]]) -> list[dict[str, Any]]:
    """One board: rate = on time / expected of the problems due in the week, ties share a rank."""
    ranked = sorted(
        (entry for entry in entries if entry[2].expected),
        key=lambda entry: (-entry[2].on_time / entry[2].expected, -entry[2].expected, entry[0]),
    )
    result: list[dict[str, Any]] = []
    for place, (code, name, five) in enumerate(ranked, 1):
        rate = round(five.on_time * 100 / five.expected, 1)
        tied = bool(result) and result[-1]["on_time"] * five.expected == five.on_time * result[-1]["expected"]
        rank = result[-1]["rank"] if tied else place
        result.append(
            {"board": board, "rank": rank, "code": code, "name": name, "rate": rate}
            | {"expected": five.expected, "done": five.done, "on_time": five.on_time, "overdue": five.overdue}
        )
    left_out = sorted((entry for entry in entries if not entry[2].expected), key=lambda entry: entry[0])
    result += [
        {"board": board, "rank": None, "code": code, "name": name, "rate": None}
        | {"expected": 0, "done": 0, "on_time": 0, "overdue": 0}
        for code, name, _ in left_out
    ]
    return result
