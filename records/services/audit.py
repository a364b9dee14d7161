"""Writing the audit trail: one event per act, in the act's own transaction."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.utils import timezone

from records.choices import Outcome
from records.models import AuditEvent
from records.services import anchors
from records.services.context import origin


def record(
    *,
    by: Any,
    action: str,
    target: models.Model | None = None,
    target_type: str = "",
    target_id: str = "",
    target_name: str = "",
    territory: str = "",
    before: Any = None,
    after: Any = None,
    reason: str = "",
    outcome: Outcome = Outcome.DONE,
) -> AuditEvent:
    """Write one event. ``by`` is a user or None (the portal itself); ``target`` fills type, key and name unless given."""
    where = origin.get()
    if target is not None:
        target_type = target_type or target._meta.label_lower
        target_id = target_id or str(target.pk)
        target_name = target_name or str(target)
        territory = territory or getattr(target, "region_id", "") or getattr(target, "territory", "") or ""
    known = by is not None and getattr(by, "pk", None) is not None
    event = AuditEvent.objects.create(
        at=timezone.now(),
        actor=by if known else None,
        actor_name=str(by) if known else "",
        roles=",".join(sorted(by.roles)) if known and hasattr(by, "roles") else "",
        action=action,
        target_type=target_type,
        target_id=target_id,
        target_name=target_name[:200],
        territory=territory,
        before=before,
        after=after,
        reason=reason,
        outcome=outcome,
        request_id=where.request_id,
        address=where.address,
        channel=where.channel,
    )
    transaction.on_commit(lambda: anchors.note_committed(event), robust=True)
    return event
