"""Confirming and committing: what was previewed is what is saved, by the same person, in one transaction, once."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from foodsafe_portal.lib import bulk
from records.choices import BatchState, Verdict
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, kind_of, staging
from records.ledgers.batches.approve import needs_approval
from records.ledgers.batches.context import collector_at_rest, context_of, importable
from records.ledgers.batches.refusals import LedgerRefused
from records.ledgers.batches.seen import locked, refuse_unseen
from records.ledgers.batches.work import start_check, start_commit
from records.models import Job, LedgerBatch
from records.services import audit, jobs
from records.services.instants import writing_instant

log = logging.getLogger(__name__)

REOPENED = (
    BatchState.UPLOADED,
    BatchState.CHECKING,
    BatchState.CHECKED,
    BatchState.AWAITING,
    BatchState.REFUSED,
)
"""The states from which a batch may be checked again or given up: nothing of it is saved."""

_OUTDATED = "检查之后登记有变化，没有保存任何内容，正在重新检查"
_ROWS_A_SECOND = 400
"""How many rows a slow machine commits in a second; the lease is extended accordingly."""


@transaction.atomic
def confirm_batch(
    *, batch: LedgerBatch, by: Any, digest: str, accept_partial: bool = False, seen: str | None = None
) -> LedgerBatch:
    """Let a checked batch be imported. Only the uploader may, only for the file they saw, and only once.

    ``seen`` is the ``seen_of`` the batch when the uploader looked at it; without it the yes is to the last check of the file.
    Above the size that the campaign office has set it then waits for a second person (``approve_batch``).

    Raises ``LedgerRefused`` for everybody and everything else.
    """
    if batch.uploaded_by_id != by.pk:
        raise LedgerRefused("只有上传人可以确认导入这个批次", "not_uploader")
    _, territory = importable(batch.kind, by)
    if territory != batch.territory:
        raise LedgerRefused("您的辖区在检查之后有变化；请重新检查这个文件", "territory_changed")
    if digest != batch.digest:
        raise LedgerRefused("确认的文件与检查的文件不是同一个；请回到批次页面重新确认", "digest_differs")
    now = locked(batch)
    if now.state == BatchState.CHECKED:
        refuse_unseen(now, seen)
    if batch.state == BatchState.CHECKED and batch.verdict == Verdict.PARTIAL and not accept_partial:
        raise LedgerRefused(f"{batch.reason}。如只导入合格的行，请勾选“只导入合格行”", "partial")
    waits = needs_approval(batch)
    taken = LedgerBatch.objects.filter(
        pk=batch.pk, state=BatchState.CHECKED, checked_at=batch.checked_at
    ).update(
        state=BatchState.AWAITING if waits else BatchState.COMMITTING,
        confirmed_by=by,
        confirmed_at=timezone.now(),
        accept_partial=accept_partial,
        decided_by=None,
        decided_at=None,
        decision_reason="",
    )
    batch.refresh_from_db()
    if not taken:
        sentences = {
            BatchState.AWAITING: "这个批次已经确认，正等待另一人批准，不用再次确认",
            BatchState.COMMITTING: "这个批次已经确认，正在导入，不用再次确认",
            BatchState.COMMITTED: "这个批次已经导入，不用再次确认",
            BatchState.CHECKED: "这个批次刚刚重新检查过，请看过新的结果再确认",
        }
        what = f"批次 {batch.number} 是“{batch.get_state_display()}”，不能导入"
        raise LedgerRefused(sentences.get(BatchState(batch.state), what), "wrong_state")
    if not waits:
        start_commit(batch, by)
    audit.record(
        by=by,
        action="ledger.confirmed",
        target=batch,
        after={"accept_partial": accept_partial, "awaits_approval": waits},
    )
    return batch


@transaction.atomic
def abandon_batch(*, batch: LedgerBatch, by: Any) -> LedgerBatch:
    """Give up a batch that has not been imported; its rows are dropped, the file stays in the history."""
    if batch.uploaded_by_id != by.pk:
        raise LedgerRefused("只有上传人可以放弃这个批次", "not_uploader")
    # The job first, as its worker takes them; cancelled last, so that it finds no batch whose check it could call stopped.
    check = batch.check_job_id
    job = Job.objects.select_for_update().filter(pk=check).first() if check else None
    taken = LedgerBatch.objects.filter(pk=batch.pk, state__in=REOPENED).update(state=BatchState.ABANDONED)
    batch.refresh_from_db()
    if not taken:
        raise LedgerRefused(f"批次 {batch.number} 是“{batch.get_state_display()}”，不能放弃", "wrong_state")
    if job is not None:
        jobs.cancel_job(job=job, by=by)
    batch.rows.all().delete()
    audit.record(by=by, action="ledger.abandoned", target=batch)
    return batch


@transaction.atomic
def stop_batch(*, batch: LedgerBatch, by: Any) -> LedgerBatch:
    """Stop the check or the import of a batch that is under way; nothing of it stays. Raises ``LedgerRefused``."""
    if batch.uploaded_by_id != by.pk:
        raise LedgerRefused("只有上传人可以停止这个批次", "not_uploader")
    job = batch.commit_job if batch.state == BatchState.COMMITTING else batch.check_job
    if job is None or not jobs.cancel_job(job=job, by=by):
        batch.refresh_from_db()
        raise LedgerRefused(
            f"批次 {batch.number} 是“{batch.get_state_display()}”，已经没有可以停止的", "wrong_state"
        )
    batch.refresh_from_db()
    return batch


def commit_batch(*, batch_id: int, job: Any, progress: jobs.Progress) -> dict[str, Any]:
    """Import a confirmed batch: every accepted row or none. Running it again after a success changes nothing.

    When the register has changed under it since the check, nothing is written and the batch is checked anew.
    """
    batch = LedgerBatch.objects.select_related("uploaded_by").get(pk=batch_id)
    if batch.commit_job_id != job.pk or batch.state != BatchState.COMMITTING:
        return {"batch": batch.pk, "state": batch.state}
    size = batch.counts.get("accepted", 0)
    progress(0, size, "正在保存", force=True)
    progress.extend(60 + size // _ROWS_A_SECOND)
    try:
        with collector_at_rest():
            _commit(batch, progress)
    except RegisterChanged:
        _check_again(batch)
        return {"batch": batch.pk, "state": batch.state, "said": _OUTDATED}
    except jobs.JobStopped:
        raise
    except Exception:
        log.exception("commit of batch %s broke", batch.pk)
        reason = "导入时出错，没有保存任何内容；请再次确认，仍不行请联系系统管理员"
        _give_back(batch, "ledger.broken", reason, by=batch.uploaded_by)
        raise
    said = f"已导入 {size:,} 行" if batch.state == BatchState.COMMITTED else batch.reason
    return {"batch": batch.pk, "state": batch.state, "counts": batch.counts, "said": said}


@transaction.atomic
def _commit(batch: LedgerBatch, progress: jobs.Progress) -> None:
    started = time.perf_counter()
    progress.guard()
    kind = kind_of(batch.kind)
    context = context_of(batch, writing_instant())
    bulk.lock_name(f"ledger:{kind.key}:{batch.territory[:6]}")
    kind.lock(context)
    rows, plan, staged = _planned_again(batch, kind, context)
    kind.apply(plan, rows, context)
    batch.seconds = {**batch.seconds, "commit": round(time.perf_counter() - started, 3)}
    batch.state, batch.committed_at = BatchState.COMMITTED, timezone.now()
    taken = _being_imported(batch).update(
        state=batch.state, committed_at=batch.committed_at, seconds=batch.seconds
    )
    if not taken:
        raise RegisterChanged(batch.number)
    audit.record(
        by=batch.uploaded_by,
        action="ledger.committed",
        target=batch,
        before={"digest": staged.before.hexdigest()},
        after={"digest": staged.after.hexdigest(), "counts": batch.counts},
        reason=batch.reason,
    )


def _planned_again(
    batch: LedgerBatch, kind: LedgerKind, context: LedgerContext
) -> tuple[Rows, Plan, staging.Staged]:
    """The rows to write and a fresh plan for them, which promises what the check promised.

    Raises ``RegisterChanged`` when it does not. Where every row that writes nothing still stands, the others are planned alone;
    should they then disagree, the idle ones may have been what kept them apart, so all are planned.
    """
    if staging.accepted_rows(batch).count() != batch.counts.get(
        "accepted"
    ):  # rows that are not what was shown are never saved
        raise RegisterChanged(batch.number)
    for changing in (True, False) if kind.idle_rows_stand(batch) else (False,):
        rows, staged = staging.read(batch, kind, changing=changing)
        plan = kind.plan(rows, context)
        if staged.agrees_with(plan, rows):
            return rows, plan, staged
    raise RegisterChanged(batch.number)


@transaction.atomic
def _check_again(batch: LedgerBatch) -> None:
    taken = _being_imported(batch).update(state=BatchState.UPLOADED)
    batch.refresh_from_db()
    if not taken:
        return
    start_check(batch, batch.uploaded_by)
    audit.record(
        by=batch.uploaded_by,
        action="ledger.outdated",
        target=batch,
        reason=_OUTDATED,
    )


def commit_stopped(job: Any, why: str) -> bool:
    """Give a batch back to its uploader when its import will not be done; False when it has been saved already."""
    batch = LedgerBatch.objects.filter(commit_job=job).first()
    if batch is None:
        return True
    _give_back(batch, "ledger.stopped", f"{why}，没有保存任何内容；可以再次确认", by=None)
    return batch.state != BatchState.COMMITTED


@transaction.atomic
def _give_back(batch: LedgerBatch, action: str, reason: str, *, by: Any) -> None:
    """Let a batch whose import was not done wait for its confirmation again; one that is not being imported stays as it is."""
    given = _being_imported(batch).update(state=BatchState.CHECKED, reason=reason)
    batch.refresh_from_db()
    if given:
        audit.record(by=by, action=action, target=batch, reason=reason)


def _being_imported(batch: LedgerBatch) -> QuerySet[LedgerBatch]:
    """The batch while this very job imports it."""
    return LedgerBatch.objects.filter(
        pk=batch.pk, commit_job=batch.commit_job_id, state=BatchState.COMMITTING
    )
