"""A measure as an entry: its words, unit, question, thresholds, and how the rows behind its figures are listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

from django.utils.translation import gettext_lazy

from accounts.mergers import mergers_at
from accounts.rules.rights import Permission
from campaigns.models import Campaign, WeeklyReport
from campaigns.rules.thresholds import RedFrom
from entities.choices import ResponsibilityGrade
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.mergers import Mergers
from foodsafe_portal.lib.weeks import Week
from inspections.querysets import DutyQuerySet

GRADES: Final = tuple(ResponsibilityGrade.values)
TOTAL: Final = ""

LISTED_PARTS: Final = ("expected", "done", "on_time", "overdue", "excluded", "late", "open", "undone")
"""The order in which a figure's parts stand everywhere; the last three follow from the five."""


@dataclass(frozen=True, slots=True)
class Question:
    """A measure's question: whose campaign, at the end of which Sunday, known at which instant."""

    campaign: Campaign
    week: Week
    known_at: datetime
    mergers: Mergers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Regions that were merged by then, as far as was known: their facts count where they went."""
        object.__setattr__(self, "mergers", mergers_at(self.week.sunday, self.known_at))

    @classmethod
    def of(cls, report: WeeklyReport) -> Question:
        """The question a frozen week answered."""
        return cls(report.campaign, Week.parse(report.week), report.known_at)

    @property
    def sunday(self) -> date:
        """The day whose end the figures are about."""
        return self.week.sunday


@dataclass(frozen=True, slots=True)
class Five:
    """expected, done, on time, overdue, excluded: whole numbers, never null; excluded stands beside expected."""

    expected: int = 0
    done: int = 0
    on_time: int = 0
    overdue: int = 0
    excluded: int = 0

    def __add__(self, other: Five) -> Five:
        return Five(
            self.expected + other.expected,
            self.done + other.done,
            self.on_time + other.on_time,
            self.overdue + other.overdue,
            self.excluded + other.excluded,
        )

    @property
    def open(self) -> int:
        """Not done and not yet due."""
        return self.expected - self.done - self.overdue

    @property
    def late(self) -> int:
        """Done after the due day."""
        return self.done - self.on_time

    @property
    def undone(self) -> int:
        """Open or overdue."""
        return self.expected - self.done

    def value(self, part: str) -> int:
        """The number of one of ``LISTED_PARTS``."""
        return int(getattr(self, part))


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of the frozen week."""

    measure: str
    level: str
    code: str
    grade: str
    five: Five


# --- the list behind a figure ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """One row of a list as known when the week was frozen; what a column reads.

    ``place`` names what lies below the figure's own place, ``done_on`` is empty while it was not done, ``badge`` is (tone, words).
    """

    duty: Any
    place: str
    done_on: date | None
    badge: tuple[str, str]


@dataclass(frozen=True, slots=True)
class PageColumn:
    """A column of the list as a page shows it; ``small`` is a second line. ``kind`` says how a value is printed."""

    heading: Any
    kind: Literal["link", "badge", "words", "scale", "day"]
    value: Callable[[Seen], Any]
    small: Callable[[Seen], Any] | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """How the rows behind a measure's figures are listed, searched and exported.

    ``key`` is the kind of export, ``resource`` the line of the rights table that opens the rows, ``permission`` what else it takes.
    ``subject`` is the field of the object a row is about and ``link`` the page of that object, ``name`` what the API calls it by.
    ``related``, ``fields``: what a line prints; ``searched``: look-ups a search tries, ``search_hint`` names them. ``columns`` are
    the columns of the export, ``values`` their values.
    """

    key: str
    title: Any
    permission: Permission
    resource: str
    subject: str
    link: str
    name: Callable[[Any], str]
    related: tuple[str, ...]
    fields: tuple[str, ...]
    searched: tuple[str, ...]
    search_hint: Any
    page: tuple[PageColumn, ...]
    columns: tuple[Column, ...]
    values: Callable[[Seen], tuple[Any, ...]]

    def subject_id(self, duty: Any) -> int:
        """The key of the object a row is about."""
        return int(getattr(duty, f"{self.subject}_id"))


# --- the entry -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """A part that the dashboard compares with the week before; ``better`` names the good direction, '' for neither."""

    label: Any
    part: str
    better: Literal["up", "down", ""]


def _always(one: Week, other: Week) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Measure:
    """A named question with everything that pages, lists, exports and scores need to know of it.

    ``name`` is the Chinese name (a message id), ``words`` the word of each of ``LISTED_PARTS`` and of ``overdue_long`` and ``rate``,
    ``unit`` what is counted. ``rows`` asks the question; ``natural_key`` is the field that names a row's object independently of any
    database. ``red`` says for each level of places from which overdue count a figure is red. ``none`` is the sentence of a week
    without a row. ``comparable`` tells whether the figures of two weeks are about the same expectation, ``not_comparable`` says why
    they are not. ``beside`` is the code of the measure whose overdue rows stand beside it in the table of places.
    """

    code: str
    name: str
    words: Mapping[str, Any]
    unit: Any
    rows: Callable[[Question], DutyQuerySet]
    natural_key: str
    red: Mapping[str, RedFrom]
    listing: Listing
    none: Any
    compared: tuple[ComparedPart, ...] = ()
    comparable: Callable[[Week, Week], bool] = _always
    not_comparable: Any = ""
    beside: str = ""

    @property
    def label(self) -> Any:
        """Its name in the reader's language."""
        return gettext_lazy(self.name)

    def part_words(self) -> dict[str, Any]:
        """The word of each part."""
        return {part: self.words[part] for part in LISTED_PARTS}


MEASURES: Final[dict[str, Measure]] = {}
"""Every measure by its code, in the order in which pages show them."""


def register(measure: Measure) -> Measure:
    """Make a measure known everywhere."""
    if measure.code in MEASURES:
        raise ValueError(f"measure {measure.code} is registered twice")
    missing = [part for part in (*LISTED_PARTS, "overdue_long", "rate") if part not in measure.words]
    if missing:
        raise ValueError(f"measure {measure.code} has no word for {', '.join(missing)}")
    MEASURES[measure.code] = measure
    return measure


def listings() -> tuple[Listing, ...]:
    """Every way in which rows behind figures are listed, once."""
    return tuple({measure.listing.key: measure.listing for measure in MEASURES.values()}.values())
