"""Twelve weeks side by side: the score band, open and overdue problems, and how far the visits have come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from campaigns.measures import PROBLEMS, VISITS, Five
from campaigns.reports.cells import Cell, Openers
from campaigns.reports.places import Place
from foodsafe_portal.lib.weeks import Week

WEEKS = 12


@dataclass(frozen=True, slots=True)
class FrozenWeek:
    """One frozen week as every list of weeks needs it; the score's ends are None where nothing was scored."""

    pk: int
    week: Week
    revision: int
    low: Decimal | None
    high: Decimal | None

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> FrozenWeek:
        """From a row of (pk, week, revision, score total_low, score total_high)."""
        pk, week, revision, low, high = row
        return cls(pk, Week.parse(week), revision, _points(low), _points(high))


def _points(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))


@dataclass(frozen=True, slots=True)
class Point:
    """One week of the trend for one place."""

    at: FrozenWeek
    visits: Cell
    problems: Cell

    @property
    def label(self) -> str:
        """``46周``, as axes print it."""
        return _("%(number)s周") % {"number": self.at.week.number}


@dataclass(frozen=True, slots=True)
class Trend:
    """The points of the trend, oldest first, and the data of its three charts."""

    points: tuple[Point, ...]
    band: dict[str, Any] | None
    problems: dict[str, Any]
    visits: dict[str, Any]


def trend_of(
    weeks: Iterable[FrozenWeek],
    place: Place,
    fives: dict[tuple[int, str], Five],
    *,
    pass_line: str,
    with_score: bool,
) -> Trend:
    """The trend of one place; ``fives`` by (report, measure). The band is left out where no week was scored."""
    points = tuple(_point(week, place, fives) for week in weeks)
    labels = [point.label for point in points]
    scored = [point.at for point in points if with_score and None not in (point.at.low, point.at.high)]
    band = None
    if scored:
        low, high = (
            min(float(week.low or 0) for week in scored),
            max(float(week.high or 0) for week in scored),
        )
        step = 10 if low >= 60 and high <= 110 else 20
        band = {
            "weeks": labels,
            "low": [None if point.at.low is None else float(point.at.low) for point in points],
            "high": [None if point.at.high is None else float(point.at.high) for point in points],
            "pass": float(pass_line) if pass_line else None,
            "min": 60 if step == 10 else int(low // step * step),
            "max": max(int(-(-high // step) * step), 100),
            "interval": step,
            "words": {"low": _("最低"), "high": _("最高"), "pass": _("合格线")},
        }
    return Trend(
        points=points,
        band=band,
        problems={
            "weeks": labels,
            "total": [point.problems.undone for point in points],
            "part": [point.problems.five.overdue for point in points],
            "words": {"total": _("未销号"), "part": _("逾期")},
        },
        visits={
            "weeks": labels,
            "rate": [_rate(point.visits.five) for point in points],
            "words": {"rate": _("完成率")},
        },
    )


def _point(week: FrozenWeek, place: Place, fives: dict[tuple[int, str], Five]) -> Point:
    openers = Openers(week.pk)
    cells = [
        Cell(fives.get((week.pk, measure), Five()), openers.urls(measure, place.level, place.code))
        for measure in (VISITS.code, PROBLEMS.code)
    ]
    return Point(week, *cells)


def _rate(five: Five) -> float | None:
    """Percent done with one decimal, half up; nothing where nothing was expected."""
    return int(Decimal(five.done * 1000) / five.expected + Decimal("0.5")) / 10 if five.expected else None
