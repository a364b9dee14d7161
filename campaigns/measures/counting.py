"""Count what a measure asks for: the five figures of every place and grade, the rows behind one of them, the facts of a digest."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Count

from accounts.choices import RegionLevel
from accounts.mergers import existing_at
from accounts.models import Region
from accounts.querysets import RegionQuerySet
from campaigns.choices import Level
from campaigns.measures.model import GRADES, MEASURES, TOTAL, Figure, Five, Measure, Question
from foodsafe_portal.lib.mergers import home_of
from foodsafe_portal.lib.scope import exactly_in, in_territory
from inspections.querysets import PARTS, DutyQuerySet, part_condition


def county_of(code: str, city: str) -> str:
    """The county a row counts in; rows that belong to no county count under the city's own code (市本级)."""
    return code[:6] if len(code) >= 6 else city


def township_of(code: str, city: str) -> str:
    """The township a row counts in; rows above the townships count under their county's or the city's own code."""
    return code[:9] if len(code) >= 9 else county_of(code, city)


def counted(measure: Measure, question: Question) -> dict[tuple[str, str], Five]:
    """The five figures per (region code, grade), counted by the database in one statement."""
    conditions = {part: Count("pk", filter=part_condition(part, question.sunday)) for part in PARTS}
    rows = measure.rows(question).values_list("region_id", "grade").annotate(**conditions).order_by()
    return {(row[0], row[1]): Five(*row[2:]) for row in rows}


def figures(measure: Measure, question: Question, regions: Iterable[tuple[str, str]]) -> list[Figure]:
    """Every figure of a measure: each level's regions × (total and four grades), zeros included.

    ``regions`` are (code, level) of the campaign's counties and townships. Levels add up by construction.
    """
    city = question.campaign.region_id
    cells: dict[tuple[str, str, str], Five] = defaultdict(Five)
    for code, level in regions:
        for grade in (TOTAL, *GRADES):
            cells[level, code, grade] = Five()
    for grade in (TOTAL, *GRADES):
        cells[Level.CITY, city, grade] = Five()
    for (region, grade), five in counted(measure, question).items():
        code = home_of(region, question.mergers)
        places = (
            (Level.CITY, city),
            (Level.COUNTY, county_of(code, city)),
            (Level.TOWNSHIP, township_of(code, city)),
        )
        for level, place in places:
            cells[level, place, TOTAL] += five
            if grade:
                cells[level, place, grade] += five
    order = {Level.CITY: 0, Level.COUNTY: 1, Level.TOWNSHIP: 2}
    return [
        Figure(measure.code, str(level), code, grade, five)
        for (level, code, grade), five in sorted(
            cells.items(), key=lambda item: (order[Level(item[0][0])], *item[0][1:])
        )
    ]


def regions_of(question: Question) -> list[tuple[str, str]]:
    """(code, level) of the campaign's counties and townships that existed on the question's Sunday."""
    levels = {RegionLevel.COUNTY: Level.COUNTY, RegionLevel.TOWNSHIP: Level.TOWNSHIP}
    rows = existing(question).filter(level__in=levels).values_list("code", "level")
    return [(code, levels[RegionLevel(level)].value) for code, level in rows]


def existing(question: Question) -> RegionQuerySet:
    """The campaign's regions that stood on the question's Sunday and were not merged, as far as was known."""
    inside = in_territory(question.campaign.region_id, "code", mergers=question.mergers)
    found: RegionQuerySet = Region.objects.filter(inside, existing_at(question.sunday, question.known_at))
    for merged in question.mergers:  # what lies below went along
        found = found.exclude(in_territory(merged, "code", mergers={}))
    return found


def rows_behind(
    measure: Measure, question: Question, *, part: str, level: str, code: str, grade: str = TOTAL
) -> DutyQuerySet:
    """The list a figure counts: the same question, narrowed to its part, place and grade."""
    rows = measure.rows(question).part(part, question.sunday)
    digits = {Level.CITY: 0, Level.COUNTY: 6, Level.TOWNSHIP: 9}[Level(level)]
    if len(code) >= digits:
        rows = rows.filter(in_territory(code, mergers=question.mergers))
    else:  # rows that stand above this level count under the code of the place they belong to (市本级)
        rows = rows.filter(exactly_in(code, mergers=question.mergers))
    return rows.filter(grade=grade) if grade else rows


def canonical_facts(measure: Measure, question: Question) -> Iterator[str]:
    """The facts of a question as lines by natural key; what lies after the Sunday reads as not yet known."""
    sunday = question.sunday
    fields = [
        "region_id",
        "grade",
        "arises_on",
        "due_on",
        "fulfilled_on",
        "delivered_on",
        "excluded_on",
        "exclusion",
    ]
    rows = measure.rows(question).values_list(measure.natural_key, *fields)
    for key, region, grade, arises, due, fulfilled, delivered, excluded_on, exclusion in rows.iterator(
        chunk_size=5000
    ):
        done = fulfilled is not None and fulfilled <= sunday
        out = excluded_on is not None and excluded_on <= sunday
        yield "|".join(
            (
                key,
                region,
                grade,
                arises.isoformat(),
                due.isoformat(),
                fulfilled.isoformat() if done else "",
                delivered.isoformat() if done and delivered else "",
                exclusion if out else "",
            )
        )


def digest_of(question: Question, extra: Iterable[str]) -> str:
    """SHA-256 over the facts of every measure by natural key and ``extra`` (rulebook edition, readings); no clock, no key."""
    digest = hashlib.sha256()
    for measure in MEASURES.values():
        digest.update(f"# {measure.code}\n".encode())
        for line in sorted(canonical_facts(measure, question)):
            digest.update(line.encode())
            digest.update(b"\n")
    city = question.campaign.region_id
    for merged, into in sorted(question.mergers.items()):
        if merged.startswith(city) or into.startswith(city):
            digest.update(f"{merged} -> {into}\n".encode())
    for line in extra:
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()
