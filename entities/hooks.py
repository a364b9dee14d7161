"""What the rooms above are told and asked, so that this room needs to import none of them.

``business_changed`` tells them, inside the transaction, that status, grade, region or assignment of businesses changed.
``supervision`` asks the room that keeps visits and problems what a business's page and list show of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from django.db.models import DateField, Q, Value
from django.dispatch import Signal

# Sent with ``business_ids`` (a list of keys), ``on`` (the day the change takes effect) and ``by``. Receivers run in the
# sender's transaction: a receiver that fails undoes the change.
business_changed = Signal()

# Asked with ``business_ids`` and ``since`` before an undo takes businesses out that a ledger brought in: a receiver returns
# the keys that must stay, each with a Chinese sentence (a frozen week has counted them).
businesses_forgotten = Signal()


@dataclass(frozen=True, slots=True)
class DutyLine:
    """What a business owes now: its due day and its deadline badge; ``part`` is one of ``DUTY_PARTS``, empty if none holds."""

    part: str
    due_on: date | None
    kind: str = ""
    days: int = 0
    on: date | None = None
    provisional: bool = False
    unit: str = "working_days"


@dataclass(frozen=True, slots=True)
class PeriodLine:
    """One period's duty of one business as the five figures and its outcome."""

    period: str
    due_on: date | None
    expected: int
    done: int
    on_time: int
    overdue: int
    excluded: int
    outcome: DutyLine
    exclusion: Any = ""


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One problem as the business's page lists it."""

    url: str
    code: str
    description: str
    leader_name: str
    original_due_on: date
    tone: str
    state: Any
    deadline: DutyLine


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a history. ``group``: visits, problems or changes; ``tone``: red, green or empty."""

    at: date | datetime
    verb: Any
    what: str
    icon: str
    group: str
    tone: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Supervised:
    """What the supervision room knows of one business, newest first, at most ``limit`` lines of each kind."""

    duty: DutyLine | None
    periods: Sequence[PeriodLine]
    problems: Sequence[ProblemLine]
    open_problems: int
    all_problems: int
    reopened: int
    history: Sequence[Happening]
    visits_url: str = ""
    problems_url: str = ""


# How a duty stands now: unvisited = overdue + open; done + unvisited = expected.
DUTY_PARTS = ("overdue", "open", "unvisited", "done", "excluded")


class Supervision(Protocol):
    """The answers a room above gives about businesses."""

    def period_label(self, day: date) -> str:
        """The period that ``day`` lies in, as headings print it."""
        ...

    def having(self, part: str, day: date) -> Q:
        """Businesses whose duty of the period of ``day`` stands so (one of ``DUTY_PARTS``)."""
        ...

    def due_day(self, day: date) -> Any:
        """An expression on businesses: the due day of that duty, to sort by."""
        ...

    def duties(self, business_ids: Sequence[int], day: date) -> Mapping[int, DutyLine]:
        """What these businesses owe in the period of ``day``."""
        ...

    def of_business(self, business_id: int, viewer: Any, day: date, limit: int) -> Supervised:
        """Everything one business's page shows of visits and problems that ``viewer`` may see."""
        ...

    def visits(self, business_id: int, viewer: Any) -> int:
        """How many visits to a business, and to those merged into it, ``viewer`` may see."""
        ...

    def of_officer(self, officer_id: int, day: date) -> tuple[int, int]:
        """Visits made in the period of ``day`` and businesses still owing one."""
        ...


class Unsupervised:
    """The answers while no room above has introduced itself: nothing is owed, nothing was found."""

    def period_label(self, day: date) -> str:
        """No period."""
        return ""

    def having(self, part: str, day: date) -> Q:
        """No business."""
        return Q(pk__in=[])

    def due_day(self, day: date) -> Any:
        """The same day for every business."""
        return Value(day, output_field=DateField())

    def duties(self, business_ids: Sequence[int], day: date) -> Mapping[int, DutyLine]:
        """No duty."""
        return {}

    def of_business(self, business_id: int, viewer: Any, day: date, limit: int) -> Supervised:
        """Nothing known."""
        return Supervised(None, (), (), 0, 0, 0, ())

    def visits(self, business_id: int, viewer: Any) -> int:
        """None known."""
        return 0

    def of_officer(self, officer_id: int, day: date) -> tuple[int, int]:
        """Nothing known."""
        return 0, 0


class _Desk:
    """Holds whoever answers about supervision."""

    def __init__(self) -> None:
        self.current: Supervision = Unsupervised()


_desk = _Desk()


def introduce(answers: Supervision) -> None:
    """Name the room that answers about supervision; its app calls this when it is ready."""
    _desk.current = answers


def supervision() -> Supervision:
    """Whoever answers about supervision."""
    return _desk.current
