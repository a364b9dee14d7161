"""Questions the registers answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db.models import Q

from foodsafe_portal.lib.scope import ScopedQuerySet
from records.choices import JobState


class AuditEventQuerySet(ScopedQuerySet):
    """Audit events; only those who may read the trail see any."""

    resource = "trail"
    territory_path = "territory"

    def unsealed(self) -> Self:
        """Events the sealer has not chained yet, oldest first."""
        return self.filter(link__isnull=True).order_by("id")


class JobQuerySet(ScopedQuerySet):
    """Background work; everybody sees their own."""

    resource = "job"
    territory_path = None
    owner_path = "created_by_id"

    def without_live_lease(self, now: datetime) -> Self:
        """Work that nobody is doing at ``now`` although it is not finished."""
        idle = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        return self.filter(idle, state__in=[JobState.QUEUED, JobState.RUNNING])


class LedgerBatchQuerySet(ScopedQuerySet):
    """Uploaded ledgers, by territory and by uploader."""

    resource = "batch"
    territory_path = "territory"
    owner_path = "uploaded_by_id"

    def reached_by(self, user: Any) -> Self:
        """Batches in scope, and those without a territory (an administrator's) by whoever imports their kind."""
        return super().visible_to(user) | self.filter(territory="", kind__in=sorted(user.import_kinds))

    def visible_to(self, user: Any) -> Self:
        """Batches within reach, and those of colleagues, which are there to look at and to decide on."""
        colleagues = user.scope.from_colleagues(
            kind="kind", role="role", territory="territory", unit="unit_path"
        )
        return self.reached_by(user) | self.filter(colleagues)
