"""Who may see which rows: the protocol that users fulfil and every scoped table relies on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self

from django.db.models import Q, QuerySet

from foodsafe_portal.lib.identifiers import territory_upper
from foodsafe_portal.lib.mergers import Mergers, moves

_standing: list[Callable[[], Mergers]] = []


def learn_mergers(source: Callable[[], Mergers]) -> None:
    """Take from the room that owns the regions how to ask which of them are merged today."""
    _standing[:] = [source]


def standing_mergers() -> Mergers:
    """Merged region → the region it went into, as of today."""
    return _standing[0]() if _standing else {}


class Scope(Protocol):
    """What a signed-in person may see today, the union of their posts."""

    def rows(self, resource: str, *, territory: str | None, unit: str | None, owner: Q | None) -> Q | None:
        """The condition for rows of ``resource``; ``None`` stands for every row."""
        ...


class Person(Protocol):
    """A user as the rooms know it."""

    pk: Any

    @property
    def scope(self) -> Scope:
        """What this person may see today."""
        ...


def _within(code: str, path: str) -> Q:
    return Q(**{f"{path}__gte": code, f"{path}__lt": territory_upper(code)})


def _outside(code: str, path: str) -> Q:
    return Q(**{f"{path}__lt": code}) | Q(**{f"{path}__gte": territory_upper(code)})


def in_territory(code: str, path: str = "region_id", *, mergers: Mergers | None = None) -> Q:
    """Rows whose region lies in ``code`` or below it, as half-open ranges on the indexed key.

    Rows of a region that was merged belong to where it went. ``mergers`` are those of another day than today. A region that was
    itself merged away still answers with what lies in it.
    """
    known = standing_mergers() if mergers is None else mergers
    condition = _within(code, path)
    if not known:
        return condition
    told = {merged: into for merged, into in known.items() if not code.startswith(merged)}
    for merged, comes in moves(
        told, held=lambda each: each.startswith(code), wanted=lambda home: home.startswith(code)
    ):
        condition = condition | _within(merged, path) if comes else condition & _outside(merged, path)
    return condition


def exactly_in(code: str, path: str = "region_id", *, mergers: Mergers) -> Q:
    """Rows that lie in ``code`` itself and in nothing below it, with those of regions that were merged into it."""
    condition = Q(**{path: code})
    for merged, comes in moves(mergers, held=lambda each: each == code, wanted=lambda home: home == code):
        condition = condition | _within(merged, path) if comes else condition & _outside(merged, path)
    return condition


NO_ROWS = Q(pk__in=[])


class ScopedQuerySet(QuerySet):
    """A queryset whose only door for pages, exports, API and admin is ``visible_to``.

    ``resource`` names the line of the rights table (``accounts/rules/rights.py``); the ``*_path`` names tell where the row
    carries its territory (a region code), its unit (a unit's path) and its owner (a user's key).
    """

    resource: str = ""
    territory_path: str | None = "region_id"
    unit_path: str | None = None
    owner_path: str | None = None

    def owned_by(self, user: Person) -> Q | None:
        """Rows that are this person's own; ``None`` where rows have no owner."""
        return Q(**{self.owner_path: user.pk}) if self.owner_path else None

    def visible_to(self, user: Person) -> Self:
        """The rows this person may see today."""
        condition = user.scope.rows(
            self.resource, territory=self.territory_path, unit=self.unit_path, owner=self.owned_by(user)
        )
        return self if condition is None else self.filter(condition)

    def in_territory(self, code: str) -> Self:
        """The rows of one region and everything below it."""
        return self.filter(in_territory(code, self.territory_path or "region_id"))
