"""What a person had before their eyes when they said yes or no: one word for one outcome of one check."""

from __future__ import annotations

import hashlib
import json

from records.ledgers.batches.refusals import LedgerRefused
from records.models import LedgerBatch


def seen_of(batch: LedgerBatch) -> str:
    """The word (64 hexadecimal digits) for what a batch shows now: its file, its last check and a request to undo it.

    Another check of the same file, with other answers about its columns or on another day, has another word. The state is not
    part of it, so a yes that comes twice is told that it came before, and not that something has changed.
    """
    asked = (batch.undo_asked_by_id, batch.undo_asked_at)
    shown = (batch.digest, batch.territory, batch.checked_at, batch.choices, batch.counts, *asked)
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()


def locked(batch: LedgerBatch) -> LedgerBatch:
    """The batch as it stands, kept from changing until the transaction ends."""
    return LedgerBatch.objects.select_for_update().get(pk=batch.pk)


def refuse_unseen(now: LedgerBatch, seen: str | None) -> None:
    """Refuse a word about something else than what the batch, ``locked``, shows now; ``None`` speaks of whatever it shows.

    Raises ``LedgerRefused``.
    """
    if seen is not None and seen != seen_of(now):
        raise LedgerRefused("这个批次在您看过之后有变化，没有办理；请看过现在的结果再决定", "seen_differs")
