"""Questions the registers answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db.models import Q

from foodsafe_portal.lib.scope import ScopedQuerySet, in_territory
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

    def visible_to(self, user: Any) -> Self:
        """Batches in scope, those without a territory (an administrator's) by whoever imports their kind, and colleagues'."""
        beside = Q(territory="", kind__in=sorted(user.import_kinds))
        for kinds, territory, unit_path in user.shared_imports:
            here = in_territory(territory, "territory") if territory else Q(unit_path__startswith=unit_path)
            beside |= Q(kind__in=sorted(kinds)) & here
        return super().visible_to(user) | self.filter(beside)
