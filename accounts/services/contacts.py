"""Who is to be told: the accounts of today's posts by unit and territory, read once for a whole run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from accounts.models import Post
from accounts.rules.rights import Role


class Contacts:
    """Active accounts by the posts of one day; every answer is a tuple of user keys in a fixed order."""

    def __init__(self, day: date) -> None:
        by_unit: dict[int, list[int]] = defaultdict(list)
        by_role: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        posts = Post.objects.held_on(day).filter(user__is_active=True).order_by("user_id", "pk")
        for user, role, unit, region in posts.values_list("user_id", "role", "unit_id", "region_id"):
            if role == Role.UNIT_LIAISON and unit:
                by_unit[unit].append(user)
            elif region:
                by_role[role][region].append(user)
        self._units = {unit: tuple(dict.fromkeys(users)) for unit, users in by_unit.items()}
        self._roles = {
            role: {region: tuple(dict.fromkeys(users)) for region, users in places.items()}
            for role, places in by_role.items()
        }

    def of_unit(self, unit_id: int | None) -> tuple[int, ...]:
        """The liaisons of a member unit."""
        return self._units.get(unit_id, ()) if unit_id else ()

    def around(self, role: Role, region: str) -> tuple[int, ...]:
        """Whoever holds ``role`` for the smallest territory that holds ``region``."""
        places = self._roles.get(role, {})
        for length in (12, 9, 6, 4, 2):
            if length <= len(region) and (found := places.get(region[:length])):
                return found
        return ()

    def first_of(self, region: str, roles: Iterable[Role]) -> tuple[int, ...]:
        """The holders of the first of these roles that anybody holds here."""
        return next((found for role in roles if (found := self.around(role, region))), ())
