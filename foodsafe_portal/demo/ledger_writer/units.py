"""A ledger of a county's government bodies: those of the register and new ones under them."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Final

from accounts.choices import UnitKind
from accounts.models import Unit
from foodsafe_portal.demo.dice import Weighted
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, new_draft
from foodsafe_portal.demo.ledger_writer.faults import Recipe, Row, blank, changed, soil, twins, typed

_NEW: Final = 0.5
_KINDS: Final = Weighted({UnitKind.BUREAU: 60, UnitKind.OTHER: 25, UnitKind.TEAM: 15})
_BODIES: Final = ("文化站", "农业服务中心", "综合执法队", "敬老院", "供销社", "便民服务中心")
KNOWN: Final = "_known"  # marks a row of the register; no ledger has such a column


def write_units(desk: Desk, share: float) -> Draft:
    """``desk.size`` bodies of the county and its townships."""
    random = desk.random("units")
    stored = list(
        Unit.objects.in_territory(desk.county)
        .order_by("pk")
        .values_list("name", "short_name", "kind", "region_id", "is_member")
    )
    wanted = min(len(stored), round(desk.size * (1 - _NEW)))
    rows: list[Row] = [
        {
            "name": name,
            "short_name": short or None,
            "kind": kind,
            "region": _spelled(desk, region, random),
            "is_member": member,
            KNOWN: region,
        }
        for name, short, kind, region, member in random.sample(stored, wanted)
    ]
    above = [name for name, _short, _kind, region, _member in stored if region == desk.county]
    rows += [_new(desk, number, above, random) for number in range(1, desk.size - len(rows) + 1)]
    random.shuffle(rows)
    neighbours: dict[str, list[str]] = {}
    for name, _short, _kind, region, _member in stored:
        neighbours.setdefault(region, []).append(name)
    draft = new_draft(desk, "units", rows, optional=("short_name",), always=("parent", "former_name"))
    soil(draft, _recipes(desk, neighbours), desk.random("faults"), share)
    return draft


def _spelled(desk: Desk, region: str, random: Random) -> str:
    """A region as somebody writes it: its code, or its names from the county down."""
    if random.random() < 0.5:
        return region
    county, own = desk.names[region[:6]], desk.names.get(region, "")
    return own if len(region) == 6 else f"{county}{own}"


def _new(desk: Desk, number: int, above: list[str], random: Random) -> Row:
    town = random.choice(desk.townships)
    return {
        "name": f"{desk.names[town]}{random.choice(_BODIES)}{desk.seed}{number:04}",
        "kind": str(_KINDS.draw(random)),
        "region": _spelled(desk, town, random),
        "parent": random.choice(above) if above and random.random() < 0.7 else None,
        "is_member": random.random() < 0.2,
    }


def _recipes(desk: Desk, neighbours: dict[str, list[str]]) -> list[Recipe]:
    numbers = count(1)

    def other_name(row: Row, random: Random) -> str | None:
        others = [name for name in neighbours.get(row.get(KNOWN, ""), []) if name != row["name"]]
        return random.choice(others) if others else None

    def never_known(row: Row, random: Random) -> str | None:
        return None if KNOWN in row else f"从未有过的第{next(numbers)}局"

    def otherwise(row: Row, random: Random) -> Row | None:
        """The same unit with its region written the other way."""
        if KNOWN in row:
            return None
        region = str(row["region"])
        if region.isdigit():
            return {"region": f"{desk.names[region[:6]]}{desk.names[region]}"}
        code = next(town for town in desk.townships if f"{desk.county_name}{desk.names[town]}" == region)
        return {"region": code}

    return [
        blank("name"),
        blank("region"),
        typed("region", "unknown_region", "火星镇", "没有的街道"),
        typed("region", "other_territory", "110101", "440306"),
        typed("kind", "unknown_choice", "公司", "学校"),
        typed("is_member", "not_yes_or_no", "大概", "看情况"),
        typed("short_name", "too_long", "局" * 41),
        typed("parent", "parent_unknown", "没有的局", "火星管委会"),
        changed("parent", "parent_circle", lambda row, random: row["name"]),
        changed("former_name", "names_of_two", other_name),
        changed("former_name", "former_unknown", never_known),
        twins("same_target", otherwise, ""),
        twins(
            "duplicate_conflict",
            lambda row, random: {
                "kind": UnitKind.OFFICE if row["kind"] != UnitKind.OFFICE else UnitKind.TEAM
            },
        ),
    ]
