"""Rank units or places by a rate, and read red and black lists off the ranking.

Source: weekly rectification ranking as published by 江门 (red list: top 5 units and first district, black list: last 3 and
last district; ties all listed, units without cases left out; consecutive black listing escalates) and its monthly
variant by thresholds. Sizes and thresholds are data; whether a list is published is for people to decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from campaigns.rules.numbers import rounded


@dataclass(frozen=True, slots=True)
class Standing:
    """What one unit or place had to do in the period and how much of it was done; both are counts of cases."""

    code: str
    name: str
    cases: int
    done: int

    def __post_init__(self) -> None:
        if not 0 <= self.done <= self.cases:
            raise ValueError(f"{self.name}：完成 {self.done} 件，应完成 {self.cases} 件，对不上")

    @property
    def rate(self) -> Fraction:
        """The share that was done; there must be cases."""
        return Fraction(self.done, self.cases)


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a ranking; equal rates share a ``rank``, the next one counts on (1, 1, 3)."""

    rank: int
    standing: Standing

    @property
    def percent(self) -> str:
        """The rate to one decimal, rounded half up: ``66.7``."""
        return f"{rounded(self.standing.rate * 100, 1):f}"


@dataclass(frozen=True, slots=True)
class Ranking:
    """The places from best to worst, and those without a case, who are named but not ranked."""

    places: tuple[Place, ...]
    without_cases: tuple[Standing, ...]

    def codes(self) -> frozenset[str]:
        """Who was ranked."""
        return frozenset(place.standing.code for place in self.places)


@dataclass(frozen=True, slots=True)
class ListRule:
    """How long the lists are. ``None`` sets no such limit; with neither of a list's two, that list stays empty.

    ``red_first`` and ``black_last`` count places; a tie at the edge is listed whole. ``red_from`` (at least) and
    ``black_below`` (less than) are rates between 0 and 1.
    """

    red_first: int | None = None
    red_from: Fraction | None = None
    black_last: int | None = None
    black_below: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Lists:
    """The red list from the best, the black list from the worst."""

    red: tuple[Place, ...]
    black: tuple[Place, ...]


def rank(standings: Iterable[Standing]) -> Ranking:
    """Rank by exact rate; among equals those with more cases come first, then by code, without changing the rank."""
    known = sorted(standings, key=lambda standing: standing.code)
    ordered = sorted((one for one in known if one.cases), key=lambda one: (-one.rate, -one.cases))
    places: list[Place] = []
    for number, standing in enumerate(ordered, 1):
        tied = places and places[-1].standing.rate == standing.rate
        places.append(Place(places[-1].rank if tied else number, standing))
    return Ranking(tuple(places), tuple(one for one in known if not one.cases))


def red_and_black(ranking: Ranking, rule: ListRule) -> Lists:
    """The lists of one period.

    Nobody stands on both: who is among the last is not praised for being among the first of few. Who did everything is
    never on the black list.
    """
    black = tuple(place for place in reversed(ranking.places) if _is_black(place, ranking, rule))
    red = tuple(place for place in ranking.places if _is_red(place, rule) and place not in black)
    return Lists(red, black)


def _is_red(place: Place, rule: ListRule) -> bool:
    if rule.red_first is None and rule.red_from is None:
        return False
    first = rule.red_first is None or place.rank <= rule.red_first
    return first and (rule.red_from is None or place.standing.rate >= rule.red_from)


def _is_black(place: Place, ranking: Ranking, rule: ListRule) -> bool:
    if (rule.black_last is None and rule.black_below is None) or place.standing.rate == 1:
        return False
    if rule.black_last is not None:
        better_than = sum(other.standing.rate < place.standing.rate for other in ranking.places)
        if better_than >= rule.black_last:
            return False
    return rule.black_below is None or place.standing.rate < rule.black_below


def consecutive(code: str, periods: Sequence[Collection[str]]) -> int:
    """For how many periods without a break ``code`` has been listed, the latest of ``periods`` last.

    A period in which it was not ranked breaks the series (campaign default).
    """
    count = 0
    for listed in reversed(periods):
        if code not in listed:
            break
        count += 1
    return count
