"""The second person: above the size that the campaign office has set, somebody else says yes or no to an import or its undo."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from records.choices import BatchState
from records.ledgers.batches.context import in_reach
from records.ledgers.batches.refusals import LedgerRefused
from records.ledgers.batches.seen import locked, refuse_unseen
from records.ledgers.batches.work import start_commit
from records.ledgers.ledger_rules import approval_limit
from records.models import LedgerBatch
from records.services import audit

_REASON_LENGTH = 300
_NAMED = 3
"""How many people are named who may say yes; a liaison needs one to call, not the whole list."""


def limit_passed(batch: LedgerBatch) -> int | None:
    """How many rows one person may import, and take back, alone, where this batch has more; None where it has not."""
    limit = approval_limit(batch.kind)
    return limit if limit is not None and batch.counts.get("accepted", 0) > limit else None


def needs_approval(batch: LedgerBatch) -> bool:
    """Whether so many rows are imported, and taken back, only after a second person's yes (campaign default: never)."""
    return limit_passed(batch) is not None


def awaiting_approval(user: Any) -> QuerySet[LedgerBatch]:
    """The batches that wait for this person's yes or no to their import or their undo.

    They are of a kind and a territory that the person imports, and somebody else has confirmed them or asked for the undo.
    """
    theirs = Q(pk__in=[])
    for kind in user.import_kinds:
        here = Q(territory="") | Q(territory__startswith=user.territory_for_import(kind))
        theirs |= Q(kind=kind) & here
    imports = Q(state=BatchState.AWAITING) & ~Q(uploaded_by=user)
    undos = Q(state=BatchState.COMMITTED, undo_asked_at__isnull=False) & ~Q(undo_asked_by=user)
    waiting = LedgerBatch.objects.visible_to(user).filter(theirs, imports | undos)
    return waiting.order_by("confirmed_at", "pk")


def approvers_of(batch: LedgerBatch, *, but: Any) -> list[Any]:
    """At most three people who may say the second yes when ``but`` has confirmed the import or asked for the undo."""
    people = get_user_model().objects.importing(batch.kind, batch.territory, timezone.localdate())
    near = people.exclude(pk=but.pk).order_by("pk")[: 4 * _NAMED]
    return [one for one in near if LedgerBatch.objects.visible_to(one).filter(pk=batch.pk).exists()][:_NAMED]


def sent_back(user: Any) -> QuerySet[LedgerBatch]:
    """The batches of this person to whose import a second person has said no, and that were not checked again since."""
    own = LedgerBatch.objects.visible_to(user).filter(uploaded_by=user, state=BatchState.REFUSED)
    own = own.filter(Q(checked_at=None) | Q(decided_at__gte=F("checked_at")))
    return own.exclude(decision_reason="").order_by("-decided_at", "pk")


@transaction.atomic
def approve_batch(*, batch: LedgerBatch, by: Any, digest: str, seen: str) -> LedgerBatch:
    """Say yes to the import of what was previewed; it begins at once.

    ``seen`` is the ``seen_of`` the batch when this person looked at it. Raises ``LedgerRefused``, also when it has been checked
    anew since.
    """
    _may_decide(batch, by)
    if digest != batch.digest:
        raise LedgerRefused("批准的文件与检查的文件不是同一个；请回到批次页面重新核对", "digest_differs")
    uploader = batch.uploaded_by
    if (
        batch.kind not in uploader.import_kinds
        or uploader.territory_for_import(batch.kind) != batch.territory
    ):
        raise LedgerRefused(
            "上传人的岗位或辖区在检查之后有变化，不能批准；请退回，由现在负责的人重新上传",
            "territory_changed",
        )
    _decide(batch, by, BatchState.COMMITTING, seen)
    start_commit(batch, uploader)
    audit.record(
        by=by, action="ledger.approved", target=batch, after={"accepted": batch.counts.get("accepted", 0)}
    )
    return batch


@transaction.atomic
def decline_batch(*, batch: LedgerBatch, by: Any, reason: str, seen: str | None = None) -> LedgerBatch:
    """Say no, and why; nothing is imported, and the uploader may mend the file or have it checked again.

    ``seen`` as for ``approve_batch``; without it the no is to whatever waits now. Raises ``LedgerRefused``.
    """
    _may_decide(batch, by)
    reason = reason_given(reason)
    said = f"{by} 没有批准导入：{reason}"
    _decide(batch, by, BatchState.REFUSED, seen, decision_reason=reason, reason=said)
    audit.record(by=by, action="ledger.declined", target=batch, reason=reason)
    return batch


def reason_given(reason: str) -> str:
    """The reason of a no, without blanks around it. Raises ``LedgerRefused`` when there is none, or a novel."""
    reason = reason.replace("\0", "").strip()
    if not reason:
        raise LedgerRefused("请写明不批准的原因，对方要按它改", "reason_missing")
    if len(reason) > _REASON_LENGTH:
        raise LedgerRefused(
            f"原因有 {len(reason)} 个字，最多 {_REASON_LENGTH} 个字；请写短一些", "reason_too_long"
        )
    return reason


def _may_decide(batch: LedgerBatch, by: Any) -> None:
    if batch.uploaded_by_id == by.pk:
        raise LedgerRefused("自己上传的台账要由另一人批准", "own_batch")
    in_reach(batch, by, deciding=True)


def _decide(batch: LedgerBatch, by: Any, state: BatchState, seen: str | None, **fields: Any) -> None:
    now = locked(batch)
    if now.state == BatchState.AWAITING:
        refuse_unseen(now, seen)
    taken = LedgerBatch.objects.filter(
        pk=batch.pk, state=BatchState.AWAITING, checked_at=batch.checked_at
    ).update(state=state, decided_by=by, decided_at=timezone.now(), **fields)
    batch.refresh_from_db()
    if not taken:
        raise LedgerRefused(
            f"批次 {batch.number} 是“{batch.get_state_display()}”，不在等待批准", "wrong_state"
        )
