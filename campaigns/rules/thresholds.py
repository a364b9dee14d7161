"""From which overdue count a figure is printed red; the numbers stand beside every table that uses them.

They are the portal's defaults, not published rules: a county is weighed against counties, a township against townships.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RedFrom:
    """The least overdue count that is red, for a whole place and for one grade of it."""

    total: int
    grade: int

    def reached(self, overdue: int, *, graded: bool) -> bool:
        """Whether ``overdue`` is printed red."""
        return overdue >= (self.grade if graded else self.total)


VISITS_RED: Final = {"city": RedFrom(30, 10), "county": RedFrom(30, 10), "township": RedFrom(5, 3)}
"""Visits, by the level of the places that stand in a table."""

PROBLEMS_RED: Final = {"city": RedFrom(5, 3), "county": RedFrom(5, 3), "township": RedFrom(2, 2)}
"""Problems, likewise."""
