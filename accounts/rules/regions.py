"""The arithmetic of region codes and names (GB/T 2260: 2, 4 and 6 digits, then 3 for the township and 3 for the village)."""

from __future__ import annotations

from typing import Final

LEVEL_OF_DIGITS: Final = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}
BETWEEN_NAMES: Final = "、"
LONGEST: Final = 300


def above(code: str) -> str:
    """The code one level up; '' for a province."""
    return {4: code[:2], 6: code[:4], 9: code[:6], 12: code[:9]}.get(len(code), "")


def names_in(former: str) -> list[str]:
    """The names a region had before, oldest first."""
    return [name for name in (part.strip() for part in former.split(BETWEEN_NAMES)) if name]


def with_former_name(former: str, old: str, new: str) -> str:
    """The former names after a region called ``old`` is called ``new``; '' as ``old`` for a new region.

    When they grow too long for their field the oldest go.
    """
    names = [name for name in names_in(former) if name != new]
    if old and old != new and old not in names:
        names.append(old)
    while len(BETWEEN_NAMES.join(names)) > LONGEST:
        names.pop(0)
    return BETWEEN_NAMES.join(names)


def circle(successors: dict[str, str], start: str) -> bool:
    """Whether following successors from ``start`` comes back to it."""
    code, steps = successors.get(start, ""), 0
    while code and code != start and steps <= len(successors):
        code, steps = successors.get(code, ""), steps + 1
    return code == start


def prefix_of(code: str) -> str | None:
    """A code of GB/T 2260 as this portal keeps it: six digits that end in zeros name a province (2) or a city (4).

    ``990100`` -> ``9901``; a county's ``990102`` stays. None for anything else than 2, 4 or 6 digits.
    """
    typed = code.strip()
    if not typed.isdecimal() or not typed.isascii() or len(typed) not in {2, 4, 6}:
        return None
    if len(typed) < 6:
        return typed
    if typed.endswith("0000"):
        return typed[:2]
    return typed[:4] if typed.endswith("00") else typed
