"""Questions about people and places."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from django.db.models import Q

from accounts.rules.rights import IMPORTS
from foodsafe_portal.lib.scope import ScopedQuerySet


class RegionQuerySet(ScopedQuerySet):
    """Regions; the code is the key and the path."""

    resource = "region"
    territory_path = "code"

    def below(self, code: str) -> Self:
        """The region itself and everything inside it."""
        return self.in_territory(code)


class RegionMergerQuerySet(ScopedQuerySet):
    """Mergers, seen by whoever sees the region that was merged."""

    resource = "region"

    def known_at(self, moment: datetime) -> Self:
        """What was known of mergers at ``moment``."""
        return self.filter(Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=moment), recorded_at__lte=moment)


class RegionTermQuerySet(ScopedQuerySet):
    """When regions stood, seen by whoever sees the region."""

    resource = "region"

    def known_at(self, moment: datetime) -> Self:
        """What was known at ``moment``."""
        return self.filter(
            Q(recorded_at__isnull=True) | Q(recorded_at__lte=moment),
            Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=moment),
        )


def in_force(day: date, path: str = "") -> Q:
    """What holds on ``day`` by its ``valid_from`` and ``valid_to``, both days included; ``path`` leads to those columns."""
    endless = Q(**{f"{path}valid_to__isnull": True})
    return Q(**{f"{path}valid_from__lte": day}) & (endless | Q(**{f"{path}valid_to__gte": day}))


def stands_on(day: date) -> Q:
    """What has begun by ``day`` and not ended, by its ``opened_on`` and ``closed_on``."""
    begun = Q(opened_on__isnull=True) | Q(opened_on__lte=day)
    return begun & (Q(closed_on__isnull=True) | Q(closed_on__gt=day))


class UnitQuerySet(ScopedQuerySet):
    """Government bodies."""

    resource = "unit"
    unit_path = "path"


class UserQuerySet(ScopedQuerySet):
    """People with an account, seen through the territory of their posts."""

    resource = "user"
    territory_path = "posts__region_id"

    def importing(self, kind: str, territory: str, day: date) -> Self:
        """Whose post of ``day`` lets them import this kind of ledger for the whole of ``territory`` (a region code, or '')."""
        roles = [role for role, kinds in IMPORTS.items() if kind in kinds]
        around = [territory[:length] for length in range(2, len(territory) + 1)]
        posts = Q(posts__role__in=roles) & in_force(day, "posts__")
        if territory:
            posts &= Q(posts__region_id__in=around)
        return self.filter(posts, is_active=True).distinct()


class SignInAttemptQuerySet(ScopedQuerySet):
    """Wrong attempts to sign in, read by whoever reads the trail."""

    resource = "trail"
    territory_path = None


class PostQuerySet(ScopedQuerySet):
    """Posts: who holds which role, where, from when to when."""

    resource = "post"

    def held_on(self, day: date) -> Self:
        """Posts in force on ``day``."""
        return self.filter(in_force(day))
