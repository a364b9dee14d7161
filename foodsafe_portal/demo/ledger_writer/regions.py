"""A ledger of a county's townships and villages: as the register has them, some renamed or merged, and new ones."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from random import Random
from typing import Final

from accounts.choices import RegionLevel
from accounts.rules.regions import LEVEL_OF_DIGITS, above
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, Fault, new_draft
from foodsafe_portal.demo.ledger_writer.faults import (
    Recipe,
    Row,
    Take,
    bad_date,
    blank,
    changed,
    soil,
    twins,
    typed,
    without,
)

_NEW: Final = 0.4
_MERGED, _RENAMED = 0.06, 0.05
_WORDS: Final = ("永宁", "新民", "长青", "康乐", "兴业", "和顺", "向阳", "清源")
_VILLAGE: Final = 12


def write_regions(desk: Desk, share: float) -> Draft:
    """Up to ``desk.size`` regions of the county; a county has room for 700 new villages in each township."""
    random = desk.random("regions")
    known = [*desk.townships, *(code for town in desk.townships for code in desk.villages[town])]
    chosen = random.sample(known, min(len(known), max(1, round(desk.size * (1 - _NEW)))))
    rows = [_known(desk, code, random, set(chosen)) for code in sorted(chosen)]
    fresh = [f"{town}{number:03}" for number in range(300, 1000) for town in desk.townships]
    rows += [_new(code, desk, random) for code in fresh if code not in desk.names][: desk.size - len(rows)]
    draft = new_draft(
        desk, "regions", rows, optional=("opened_on", "former_names"), always=("closed_on", "successor")
    )
    soil(draft, _recipes(desk), desk.random("faults"), share)
    return draft


def _row(code: str, name: str) -> Row:
    return {"code": code, "name": name, "level": LEVEL_OF_DIGITS[len(code)], "above": above(code)}


def _known(desk: Desk, code: str, random: Random, chosen: set[str]) -> Row:
    """A region of the register: most stay as they are, a village may have gone into one the ledger says nothing of."""
    row = _row(code, desk.names[code])
    throw = random.random()
    if len(code) < _VILLAGE:
        return row
    if throw < _MERGED:
        others = [one for one in desk.villages[code[:9]] if one not in chosen]
        if others:
            into = random.choice(others)
            row["closed_on"] = desk.on - timedelta(days=random.randint(0, 90))
            row["successor"] = into
    elif throw < _MERGED + _RENAMED:
        row["name"] = f"{random.choice(_WORDS)}{code[-6:]}社区"
    return row


def _new(code: str, desk: Desk, random: Random) -> Row:
    return _row(code, f"{random.choice(_WORDS)}{code[-6:]}社区") | {
        "residents": random.randint(300, 9_000),
        "opened_on": desk.on - timedelta(days=random.randint(0, 90)),
    }


def _village(row: Row) -> bool:
    return len(str(row["code"])) == _VILLAGE


def _closing(desk: Desk, key: str, code: str, *, closed: bool, into: str | None) -> Recipe:
    """A village that is closed (or not) and goes into a region (or none)."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> list[Fault]:
        row = draft.rows[at]
        if not _village(row):
            return []
        row |= {"opened_on": None, "closed_on": desk.on if closed else None, "successor": into}
        return [Fault(at, key, code)]

    return spoil


def _backwards(desk: Desk) -> Recipe:
    def spoil(draft: Draft, at: int, random: Random, take: Take) -> list[Fault]:
        if not draft.has("opened_on"):
            return []
        draft.rows[at] |= {"opened_on": desk.on, "closed_on": desk.on - timedelta(days=30)}
        return [Fault(at, "closed_on", "wrong_order")]

    return spoil


def _recipes(desk: Desk) -> list[Recipe]:
    numbers = count(1)
    derived = ("level", "above")
    elsewhere = desk.elsewhere()
    return [
        blank("code"),
        blank("name"),
        changed("code", "region_code_form", lambda row, random: str(row["code"])[:-1]),
        without(
            derived,
            changed(
                "code",
                "other_territory",
                lambda row, random: f"110101{next(numbers):03}{str(row['code'])[9:]}",
            ),
        ),
        without(
            derived,
            changed(
                "code",
                "above_unknown",
                lambda row, random: f"{desk.county}299{next(numbers):03}" if _village(row) else None,
            ),
        ),
        changed("level", "level_differs", lambda row, random: str(RegionLevel.COUNTY.label)),
        typed("level", "unknown_choice", "片区", "村民小组"),
        changed(
            "above", "above_differs", lambda row, random: random.choice(elsewhere) if elsewhere else None
        ),
        typed("residents", "not_an_integer", "不少", "约三千"),
        typed("residents", "out_of_range", "-1", "-320"),
        bad_date("closed_on"),
        typed("successor", "unknown_region", "火星街道", "没有的村"),
        _closing(desk, "successor", "successor_differs_in_level", closed=True, into=desk.county),
        _closing(desk, "closed_on", "no_successor", closed=True, into=None),
        _closing(desk, "closed_on", "required", closed=False, into=desk.townships[0]),
        _backwards(desk),
        twins("duplicate_conflict", lambda row, random: {"name": f"又{row['name']}"}),
    ]
