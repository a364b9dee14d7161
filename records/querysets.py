"""Questions the registers answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from django.db.models import Q

from foodsafe_portal.lib.scope import ScopedQuerySet
from records.choices import DeliveryState, JobState


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


class NotificationQuerySet(ScopedQuerySet):
    """What people are told; everybody sees their own."""

    resource = "notification"
    territory_path = None
    owner_path = "recipient_id"

    def unread(self) -> Self:
        """What the person has not opened yet."""
        return self.filter(read_at__isnull=True)

    def of(self, user: Any) -> Self:
        """What this person was told, whatever else they may see."""
        return self.filter(recipient_id=user.pk)


class DeliveryQuerySet(ScopedQuerySet):
    """Digests that leave the house and where they go; seen by whoever looks after background work."""

    resource = "delivery"
    territory_path = None
    owner_path = "user_id"

    def due(self, now: datetime) -> Self:
        """Digests that are to be tried now, the oldest first."""
        return self.filter(state=DeliveryState.WAITING, next_try_at__lte=now).order_by("next_try_at")


class ChannelAddressQuerySet(ScopedQuerySet):
    """Where people want their digests; everybody sees their own."""

    resource = "delivery"
    territory_path = None
    owner_path = "user_id"


class DigestRuleQuerySet(ScopedQuerySet):
    """The hours of digests."""

    resource = "policy"
    territory_path = None

    def in_force_on(self, day: date) -> Self:
        """Rows whose effective date has come, newest first; the first one holds."""
        return self.filter(effective_from__lte=day).order_by("-effective_from")
