"""The background work on a batch: its job is written with the batch and woken once both are safe."""

from __future__ import annotations

from typing import Any

from records.models import Job, LedgerBatch
from records.services import jobs


def start_check(batch: LedgerBatch, by: Any) -> None:
    """Have a batch checked; ``by`` is whose work it is."""
    job = _enqueue("ledger.check", batch, by)
    LedgerBatch.objects.filter(pk=batch.pk).update(check_job=job)
    batch.check_job = job


def start_commit(batch: LedgerBatch, by: Any) -> None:
    """Have what was confirmed imported; ``by`` is whose work it is."""
    job = _enqueue("ledger.commit", batch, by, total=batch.counts.get("accepted", 0))
    LedgerBatch.objects.filter(pk=batch.pk).update(commit_job=job)
    batch.commit_job = job


def _enqueue(kind: str, batch: LedgerBatch, by: Any, total: int = 0) -> Job:
    """The job of a batch, done in the turn of its county, else of its uploader."""
    lane = f"county {batch.territory[:6]}" if batch.territory else ""
    return jobs.enqueue(kind=kind, params={"batch": batch.pk}, by=by, total=total, lane=lane)
