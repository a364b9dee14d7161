"""Figures as pages print them: five numbers, what follows from them, and the address of the list behind each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from campaigns.measures import LISTED_PARTS, MEASURES, TOTAL, Five, Measure
from foodsafe_portal.lib import formats
from inspections.rules.standing import Standing


def deadline_words(stands: Standing) -> str:
    """How a duty's deadline stood at the end of a week; over a weekend no working day has passed yet."""
    badge = stands.badge
    if badge is None:
        return ""
    if badge.kind == "overdue" and not stands.working_days:
        return gettext("刚逾期")
    return formats.deadline_words(badge.kind, badge.days, badge.unit)


class Openers:
    """Makes the addresses of a report's lists from one look-up of the address book, because a page has a thousand."""

    def __init__(self, report_id: int) -> None:
        self._pattern = reverse("figure-list", args=(report_id, "MEASURE", "LEVEL", "CODE", "PART"))

    def url(self, measure: str, level: str, code: str, part: str, grade: str = TOTAL) -> str:
        """The list behind one number."""
        path = self._pattern
        for word, value in (("MEASURE", measure), ("LEVEL", str(level)), ("CODE", code), ("PART", part)):
            path = path.replace(word, value)
        return f"{path}?grade={grade}" if grade else path

    def urls(self, measure: str, level: str, code: str, grade: str = TOTAL) -> dict[str, str]:
        """The lists behind every part of one figure."""
        return {part: self.url(measure, level, code, part, grade) for part in LISTED_PARTS}


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a place: its five numbers and where each leads; ``red`` when the overdue ones reach the threshold."""

    five: Five
    urls: Mapping[str, str]
    red: bool = False
    grade: str = TOTAL

    @property
    def rate(self) -> str:
        """Done of expected, with its denominator."""
        return formats.rate(self.five.done, self.five.expected)

    @property
    def percent(self) -> str:
        """Done of expected alone, for a cell that prints the denominator beside it."""
        return formats.percent(self.five.done, self.five.expected)

    @property
    def late(self) -> int:
        """Done after the due day."""
        return self.five.late

    @property
    def undone(self) -> int:
        """Open or overdue."""
        return self.five.undone

    @property
    def tone(self) -> str:
        """The tone of the overdue number."""
        return "red" if self.red else ""


Key = tuple[str, str, str, str]  # measure, level, code, grade


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one report by (measure, level, code, grade), with their addresses."""

    openers: Openers
    fives: Mapping[Key, Five]

    def five(self, measure: str, level: str, code: str, grade: str = TOTAL) -> Five:
        """One figure's five numbers; zeros where nothing was counted."""
        return self.fives.get((measure, level, code, grade), Five())

    def cell(self, measure: str, level: str, code: str, grade: str = TOTAL, *, red: bool = False) -> Cell:
        """One figure ready to print."""
        return Cell(
            self.five(measure, level, code, grade), self.openers.urls(measure, level, code, grade), red, grade
        )


def address(name: str, **query: Any) -> str:
    """The address of a page with its parameters."""
    return f"{reverse(name)}?{urlencode(query)}" if query else reverse(name)


def measure_choices() -> list[Measure]:
    """Every measure, in the order in which pages show them."""
    return list(MEASURES.values())
