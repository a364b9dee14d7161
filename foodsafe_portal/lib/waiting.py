"""What waits for a person, said once: rooms declare kinds of things, and 我的事, the dashboard and the navigation ask them all.

A room registers its kinds in its own ``waiting.py``, which is read when the portal starts:

    register(Kind(
        code="status_change", label=_("经营状态变更"), unit=_("件"), icon="checks", place=30, decides=True,
        permissions=(Permission.REVIEW_STATUS,), order=("proposed_at", "pk"),
        rows=lambda user, day: StatusChange.objects.visible_to(user).waiting(),
        lines=change_lines,                      # (rows, user, day) → a Line each, a fixed number of queries
        url=lambda: f"{reverse('change-list')}?kind=status",
        steps=(Step("approve", _("通过"), _("已通过。"), approve, Permission.REVIEW_STATUS),),
    ))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.urls import reverse

from foodsafe_portal.lib.acts import Act
from foodsafe_portal.lib.paging import counts_of
from foodsafe_portal.lib.permissions import Permission

BADGE_TO: Final = 99
"""The navigation counts each kind no further than this."""


@dataclass(frozen=True, slots=True)
class Step:
    """An act that is done on the line itself.

    ``do(row, by, form)`` calls the service and raises its refusals; ``form(data, files, user=, row=)`` makes the form of what
    the act must be told. A step without a form is one click; one with a form whose ``asks`` is False is sent as it stands, and
    the form opens only if it is refused. ``value`` tells the form which of its buttons was pressed.
    """

    code: str
    label: Any
    done: Any
    do: Callable[[Any, Any, Any], Any]
    permission: Permission
    form: Callable[..., Any] | None = None
    asks: bool = False
    css: str = ""
    icon: str = "check"
    value: str = ""


def step_of(
    act: Act, value: str, label: Any, form: Callable[..., Any] | None, *, asks: bool = False, css: str = ""
) -> Step:
    """The step that sends an act's form in one of its ways; ``label`` is short, for a line."""
    way = act.way(value)
    code = f"{act.code}-{value}" if value else act.code
    return Step(code, label, way.done, way.do, act.permission, form, asks, css, way.icon, value)


@dataclass(frozen=True, slots=True)
class Link:
    """An act that needs a page of its own."""

    label: Any
    url: str
    icon: str = "chevron-right"
    css: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that waits: what it is, who or where, by when, and what can be done about it.

    ``note`` is what the person must read before anything else: why it came back. ``state`` is a tone and a word, for what was
    asked of others; ``steps`` names the kind's steps that are possible, None all of them.
    """

    pk: Any
    title: str
    url: str
    where: str = ""
    due_on: date | None = None
    provisional: bool = False
    note: str = ""
    state: tuple[str, str] | None = None
    steps: tuple[str, ...] | None = None
    links: tuple[Link, ...] = ()


Rows = Callable[[Any, date], QuerySet]
Lines = Callable[[Sequence[Any], Any, date], Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of things that wait for a person, or that a person asked of others (``asked``).

    ``rows(user, day)`` goes through ``visible_to`` and holds exactly what the list at ``url()`` shows; a kind without a list of its
    own opens 我的事 with itself alone. ``due`` is the field with the due day, '' where there is none; ``order`` begins with it,
    oldest first. ``label`` may be a function of the day. ``permissions``: any one of them shows the kind. ``place`` orders the
    kinds of a page. ``decides``: the dashboard counts it under 等您决定.
    """

    code: str
    label: Any
    unit: Any
    permissions: tuple[Permission, ...]
    rows: Rows
    lines: Lines
    url: Callable[[], str] | None = None
    icon: str = "checks"
    note: Any = ""
    due: str = ""
    order: tuple[str, ...] = ("pk",)
    steps: tuple[Step, ...] = ()
    place: int = 50
    decides: bool = False
    asked: bool = False
    related: tuple[str, ...] = ()

    def heading(self, day: date) -> str:
        """The label as it reads on ``day``."""
        return str(self.label(day) if callable(self.label) else self.label)

    @property
    def page_url(self) -> str:
        """我的事 with this kind alone."""
        return f"{reverse('my-work')}?kind={self.code}"

    @property
    def list_url(self) -> str:
        """The list that holds exactly these rows."""
        return self.url() if self.url else self.page_url

    def is_for(self, user: Any) -> bool:
        """Whether such things can wait for this person at all."""
        return any(user.can(permission) for permission in self.permissions)

    def step(self, code: str) -> Step | None:
        """The step with this code."""
        return next((step for step in self.steps if step.code == code), None)

    def ordered(self, user: Any, day: date) -> QuerySet:
        """The rows in their order, with what a line prints of other tables."""
        rows = self.rows(user, day)
        return (rows.select_related(*self.related) if self.related else rows).order_by(*self.order)


@dataclass(frozen=True, slots=True)
class Counted:
    """A kind with how many of it wait, how many of them are late and how many are due today; each may be ``AtLeast``."""

    kind: Kind
    count: int
    overdue: int = 0
    today: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for a person on a day, kind by kind; ``beside`` are the lengths of what was counted along."""

    kinds: tuple[Counted, ...] = ()
    beside: tuple[int, ...] = ()
    by_code: Mapping[str, Counted] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many things wait in all."""
        return sum(one.count for one in self.kinds)

    @property
    def overdue(self) -> int:
        """How many of them are late."""
        return sum(one.overdue for one in self.kinds)

    @property
    def today(self) -> int:
        """How many of them are due today."""
        return sum(one.today for one in self.kinds)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Let this kind wait for people; a kind is registered once."""
    if kind.code in _kinds:
        raise ValueError(f"a kind of waiting things is called {kind.code} already")
    _kinds[kind.code] = kind
    return kind


def kind_called(code: str) -> Kind | None:
    """The kind with this code."""
    return _kinds.get(code)


def kinds_for(user: Any, *, asked: bool = False) -> list[Kind]:
    """The kinds that can wait for this person, or that they can have asked of others, in the order of a page."""
    found = [kind for kind in _kinds.values() if kind.asked is asked and kind.is_for(user)]
    return sorted(found, key=lambda kind: (kind.place, kind.code))


def count(user: Any, day: date, kinds: Sequence[Kind], *, beside: Sequence[QuerySet] = ()) -> Counts:
    """How many of these kinds wait, are late and are due today, and how many rows each of ``beside`` has; one query in all."""
    asked: list[QuerySet] = []
    for kind in kinds:
        rows = kind.rows(user, day)
        asked.append(rows)
        if kind.due:
            asked += [rows.filter(Q(**{f"{kind.due}__lt": day})), rows.filter(Q(**{kind.due: day}))]
    numbers = iter(counts_of(asked, whole=beside))
    counted = [
        Counted(kind, next(numbers), *((next(numbers), next(numbers)) if kind.due else ())) for kind in kinds
    ]
    return Counts(tuple(counted), tuple(numbers), {one.kind.code: one for one in counted})


def waiting_rows(user: Any, day: date) -> list[QuerySet]:
    """The rows of every kind that waits for this person: what the navigation counts."""
    return [kind.rows(user, day) for kind in kinds_for(user)]


# --- what people did -------------------------------------------------------------------------------

_acted: dict[str, Any] = {}
_pages: dict[str, str] = {}


def tell_acts(words: Mapping[str, Any], pages: Mapping[str, str] = MappingProxyType({})) -> None:
    """Say what people call the events of the trail that are acts of theirs: action → words.

    ``pages``: type of target → the name of the address that shows one by its key.
    """
    _acted.update(words)
    _pages.update(pages)


def told_actions() -> list[str]:
    """The actions that are shown as something a person did."""
    return sorted(_acted)


def told_action(action: str) -> str:
    """What people call an action."""
    return str(_acted[action])


def page_of_target(target_type: str, target_id: str) -> str:
    """The page of what an act was done to; '' where it has none."""
    name = _pages.get(target_type)
    return reverse(name, args=[target_id]) if name and target_id else ""
