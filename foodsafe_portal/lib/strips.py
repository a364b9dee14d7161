"""Work out the composition of five figures, or of a clause's points, as the segments of a strip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foodsafe_portal.lib import formats


def field_of(thing: Any, name: str, default: Any = None) -> Any:
    """One value of a mapping or an object, so that pages may hand over either."""
    return thing.get(name, default) if isinstance(thing, Mapping) else getattr(thing, name, default)


@dataclass(frozen=True, slots=True)
class Composition:
    """Five figures and the two that follow from them. Excluded stands beside expected, not inside it."""

    expected: int
    done: int
    on_time: int
    overdue: int
    excluded: int

    @classmethod
    def of(cls, figures: Any, given: Mapping[str, Any]) -> Composition:
        """Take each number from the keyword arguments, else from the object or mapping handed over."""
        names = ("expected", "done", "on_time", "overdue", "excluded")
        return cls(*(int(given.get(name, field_of(figures, name, 0)) or 0) for name in names))

    @property
    def late(self) -> int:
        """Done, but after the due day."""
        return self.done - self.on_time

    @property
    def open(self) -> int:
        """Neither done nor past the due day."""
        return self.expected - self.done - self.overdue


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a strip: where it begins and how wide it is in percent of the whole, and how it is filled."""

    x: str
    width: str
    css: str
    hatch: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """What a strip draws and what is read aloud in its place."""

    segments: tuple[Segment, ...]
    spoken: str


MEASURE_WORDS: Final[dict[str, dict[str, Any]]] = {
    "visits": {
        "expected": gettext_lazy("应督导"),
        "done": gettext_lazy("已督导"),
        "overdue_long": gettext_lazy("逾期未督导"),
        "rate": gettext_lazy("完成率"),
    },
    "problems": {
        "expected": gettext_lazy("应整改"),
        "done": gettext_lazy("已销号"),
        "overdue_long": gettext_lazy("逾期未销号"),
        "rate": gettext_lazy("整改率"),
    },
    "tasks": {
        "expected": gettext_lazy("应完成"),
        "done": gettext_lazy("已完成"),
        "overdue_long": gettext_lazy("逾期未完成"),
        "rate": gettext_lazy("完成率"),
    },
}
COMMON_WORDS: Final[dict[str, Any]] = {
    "on_time": gettext_lazy("按时"),
    "late": gettext_lazy("超期完成"),
    "overdue": gettext_lazy("逾期"),
    "open": gettext_lazy("未到期"),
    "excluded": gettext_lazy("剔除"),
}
FIVE: Final = ("expected", "done", "on_time", "overdue", "excluded")


def words_of(measure: str | Mapping[str, Any]) -> dict[str, Any]:
    """The words of five figures: a measure's own, or those of visits, problems and tasks by their name."""
    if not isinstance(measure, str):
        return COMMON_WORDS | dict(measure)
    return COMMON_WORDS | MEASURE_WORDS.get(measure, MEASURE_WORDS["tasks"])


def _segments(parts: Iterable[tuple[str, Decimal | int, str]], whole: Decimal | int) -> tuple[Segment, ...]:
    """Neighbouring segments in percent of ``whole``; what exists is never thinner than half a percent."""
    found, x = [], 0.0
    for css, size, hatch in parts:
        if size <= 0:
            continue
        width = max(float(size) * 100 / float(whole), 0.5)
        found.append(Segment(f"{min(x, 99.5):.2f}", f"{width:.2f}", css, hatch))
        x += width
    return tuple(found)


def strip_of(whole: Composition, measure: str | Mapping[str, Any] = "visits") -> Strip:
    """On time, late, overdue, open, then excluded hatched, each in its share; the counts are read aloud."""
    words = words_of(measure)
    shares = [
        ("on_time", "s-on-time", whole.on_time, ""),
        ("late", "s-late", whole.late, ""),
        ("overdue_long", "s-overdue", whole.overdue, ""),
        ("open", "s-open", whole.open, ""),
        ("excluded", "s-excluded", whole.excluded, "grey"),
    ]
    spoken = _("，").join(f"{words[name]} {formats.thousands(count)}" for name, _css, count, _hatch in shares)
    total = whole.expected + whole.excluded
    return Strip(_segments([share[1:] for share in shares], total) if total else (), spoken)


def score_strip_of(low: Any, high: Any, points: Any) -> Strip | None:
    """Points of a clause: scored, unassessed hatched, lost; None for a clause without points of its own."""
    if points is None or not Decimal(str(points)):
        return None
    full, least, most = Decimal(str(points)), Decimal(str(low or 0)), Decimal(str(high or 0))
    lost, band = full - most, most - least
    spoken = _("已得 %(low)s 分，待评 %(band)s 分，已失 %(lost)s 分") % {
        "low": formats.score(least),
        "band": formats.score(band),
        "lost": formats.score(lost),
    }
    parts = [("s-on-time", least, ""), ("s-unassessed", band, "blue"), ("s-lost", lost, "")]
    return Strip(_segments(parts, full), spoken)
