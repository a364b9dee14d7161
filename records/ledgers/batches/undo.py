"""Undoing a batch: what it wrote is put back as far as nobody has changed it since, and the rest is listed.

Above the size that the campaign office has set an undo takes two people, just as the import did: one asks, another decides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NoReturn

from django.db import IntegrityError, transaction
from django.utils import timezone

from foodsafe_portal.lib import bulk
from foodsafe_portal.lib.bulk import among
from records.choices import BatchState, Outcome, RowVerb
from records.ledgers import RegisterChanged, UndoResult, kind_of, staging
from records.ledgers.batches.approve import needs_approval, reason_given
from records.ledgers.batches.context import context_of, in_reach
from records.ledgers.batches.refusals import LedgerRefused
from records.ledgers.batches.seen import locked, refuse_unseen
from records.models import LedgerBatch
from records.services import audit
from records.services.instants import writing_instant
from records.services.rows import RowRefused

log = logging.getLogger(__name__)

_LISTED = 1_000
"""How many rows left alone stay listed with the batch; more are only counted."""


def undo_batch(*, batch: LedgerBatch, by: Any) -> UndoResult:
    """Take back an imported batch, or nothing of it; a batch above the size waits for a second person instead.

    Raises ``LedgerRefused`` when it is not imported, not this person's territory or a colleague's, and when what it would bring back collides
    with what has been registered since.
    """
    if needs_approval(batch):
        return _ask(batch, by)
    return _or_nothing(batch, by, lambda: _undo_alone(batch, by))


def approve_undo(*, batch: LedgerBatch, by: Any, seen: str) -> UndoResult:
    """Say yes to an undo somebody else has asked for; it is done at once.

    ``seen`` is the ``seen_of`` the batch when this person looked at it, the request included. Raises ``LedgerRefused`` as
    ``undo_batch`` does, for the person who asked, where nobody asks any more and where it was asked for anew since.
    """
    return _or_nothing(batch, by, lambda: _approve(batch, by, seen))


@transaction.atomic
def decline_undo(*, batch: LedgerBatch, by: Any, reason: str = "", seen: str | None = None) -> LedgerBatch:
    """Say no to an undo, and why; whoever asked for it takes it back without a reason. Nothing is undone.

    ``seen`` as for ``approve_undo``; without it the no is to whatever is asked for now. Raises ``LedgerRefused``.
    """
    in_reach(batch, by, deciding=True)
    own = batch.undo_asked_by_id == by.pk
    said = "" if own else reason_given(reason)
    cleared = {"undo_asked_by": None, "undo_asked_at": None}
    _decide(batch, None if own else by, seen, **cleared, undo_decision_reason=said)
    action = "ledger.undo_withdrawn" if own else "ledger.undo_declined"
    audit.record(by=by, action=action, target=batch, reason=said)
    return batch


@transaction.atomic
def _ask(batch: LedgerBatch, by: Any) -> UndoResult:
    """Note who asks for the undo; asking twice is asking once."""
    in_reach(batch, by)
    asked = LedgerBatch.objects.filter(
        pk=batch.pk, state=BatchState.COMMITTED, undo_asked_at__isnull=True
    ).update(
        undo_asked_by=by,
        undo_asked_at=timezone.now(),
        undo_decided_by=None,
        undo_decided_at=None,
        undo_decision_reason="",
    )
    batch.refresh_from_db()
    if batch.state == BatchState.UNDONE and batch.choices.get("left_rows"):
        return _undo(batch, by)  # two people have agreed to the undo; what was held then is tried again
    if batch.state != BatchState.COMMITTED:
        _not_undoable(batch)
    if asked:
        rows = batch.counts.get("accepted", 0)
        audit.record(by=by, action="ledger.undo_asked", target=batch, after={"accepted": rows})
    return UndoResult(awaits_approval=True)


@transaction.atomic
def _approve(batch: LedgerBatch, by: Any, seen: str) -> UndoResult:
    asker = batch.undo_asked_by
    if asker is not None and asker.pk == by.pk:
        raise LedgerRefused("自己申请的撤销要由另一人批准", "own_undo")
    in_reach(batch, by, deciding=True)
    try:
        if asker is not None:
            in_reach(batch, asker)
    except LedgerRefused as moved_on:
        raise LedgerRefused(
            "申请撤销的人岗位或辖区有变化，不能批准；请退回，由现在负责的人重新申请", "asker_changed"
        ) from moved_on
    _decide(batch, by, seen)
    audit.record(by=by, action="ledger.undo_approved", target=batch, after={"asked_by": str(asker)})
    return _undo(batch, by)


def _decide(batch: LedgerBatch, by: Any, seen: str | None, **fields: Any) -> None:
    """Note who decided on the undo that this batch, as it was read, was asked for; the second to decide is told."""
    now = locked(batch)
    if now.state == BatchState.COMMITTED and now.undo_asked_at is not None:
        refuse_unseen(now, seen)
    taken = LedgerBatch.objects.filter(
        pk=batch.pk,
        state=BatchState.COMMITTED,
        undo_asked_at__isnull=False,
        undo_asked_at=batch.undo_asked_at,
    ).update(undo_decided_by=by, undo_decided_at=timezone.now() if by else None, **fields)
    batch.refresh_from_db()
    if not taken:
        raise LedgerRefused(f"批次 {batch.number} 没有撤销申请在等待批准", "wrong_state")


def _or_nothing(batch: LedgerBatch, by: Any, undo: Callable[[], UndoResult]) -> UndoResult:
    """Undo, or say that it collides. The trail keeps the attempt, because with the undo its own events are gone as well."""
    try:
        return undo()
    except (IntegrityError, RegisterChanged, RowRefused) as clash:
        log.warning("undo of batch %s refused: %s", batch.pk, clash)
        batch.refresh_from_db()
        refusal = LedgerRefused(
            f"批次 {batch.number} 要还原的内容与之后登记的内容冲突，没有撤销任何内容；请再试一次，仍不行请在页面上逐条更正",
            "register_changed",
        )
        asker = batch.undo_asked_by
        audit.record(
            by=by,
            action="ledger.undo_refused",
            target=batch,
            after={"asked_by": str(asker)} if asker else None,
            reason=refusal.sentence,
            outcome=Outcome.REFUSED,
        )
        raise refusal from clash


def _not_undoable(batch: LedgerBatch) -> NoReturn:
    raise LedgerRefused(f"批次 {batch.number} 是“{batch.get_state_display()}”，不能撤销", "wrong_state")


@transaction.atomic
def _undo_alone(batch: LedgerBatch, by: Any) -> UndoResult:
    in_reach(batch, by)
    return _undo(batch, by)


def _undo(batch: LedgerBatch, by: Any) -> UndoResult:
    """Take back what nothing holds. What is held is listed, and stays to be taken back by another undo.

    A batch of which nothing could be taken back stays imported.
    """
    kind = kind_of(batch.kind)
    bulk.lock_name(f"ledger:{kind.key}:{batch.territory[:6]}")
    now = LedgerBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    again = now.state == BatchState.UNDONE and now.choices.get("left_rows")
    if now.state != BatchState.COMMITTED and not again:
        batch.refresh_from_db()
        _not_undoable(batch)
    context = context_of(batch, writing_instant())
    kind.lock(context)
    rows = staging.accepted_rows(batch).exclude(verb=RowVerb.UNCHANGED).order_by("row_no").defer("issues")
    if again:
        rows = among(rows, "row_no", again)
    result = kind.undo(list(rows), batch, context)
    held = sorted(result.conflicts, key=lambda one: one["row"])
    if again or result.restored or result.removed or not held:
        batch.state = BatchState.UNDONE
    batch.choices = {
        **batch.choices,
        "left_alone": held[:_LISTED],
        "left_rows": sorted({one["row"] for one in held}),
    }
    fields: dict[str, Any] = {"state": batch.state, "choices": batch.choices}
    if batch.state == BatchState.COMMITTED:  # nothing was done, so that a second person's yes is used up
        batch.undo_asked_by, batch.undo_asked_at = None, None
        fields |= {"undo_asked_by": None, "undo_asked_at": None}
    LedgerBatch.objects.filter(pk=batch.pk).update(**fields)
    done = batch.state == BatchState.UNDONE
    audit.record(
        by=by,
        action="ledger.undone" if done else "ledger.undo_refused",
        target=batch,
        after={"restored": result.restored, "removed": result.removed, "conflicts": len(result.conflicts)},
        outcome=Outcome.DONE if done else Outcome.REFUSED,
    )
    return result
