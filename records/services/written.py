"""When anything was written last that a ledger is compared with, told by imports and by the trail."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Max, Q

from records.choices import BatchState
from records.models import AuditEvent, LedgerBatch


def last_written(*, nouns: Collection[str], kinds: Collection[str]) -> datetime | None:
    """When one of these kinds was imported last, or an act on one of these nouns (``task`` in ``task.claimed``) recorded after it.

    None where none of them was ever imported: acts before the first import do not matter to it.
    """
    batches = LedgerBatch.objects.filter(kind__in=kinds, state=BatchState.COMMITTED)
    imported: datetime | None = batches.aggregate(last=Max("committed_at"))["last"]
    if imported is None:
        return None
    acts = Q()
    for noun in nouns:
        acts |= Q(action__startswith=f"{noun}.")
    since = AuditEvent.objects.filter(acts, at__gt=imported).aggregate(last=Max("at"))["last"]
    return since or imported
