"""Who may see which rows: the protocol that users fulfil and every scoped table relies on."""

from __future__ import annotations

from typing import Any, Protocol, Self

from django.db.models import Q, QuerySet

from foodsafe_portal.lib.identifiers import territory_upper


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


def in_territory(code: str, path: str = "region_id") -> Q:
    """Rows whose region lies in ``code`` or below it, as one half-open range on the indexed key."""
    return Q(**{f"{path}__gte": code, f"{path}__lt": territory_upper(code)})


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
