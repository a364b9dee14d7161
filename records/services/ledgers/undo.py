"""Undoing a batch: what it wrote is put back as far as nobody has changed it since, and the rest is listed."""

from __future__ import annotations

import logging
from typing import Any

from django.db import IntegrityError, transaction

from records.choices import BatchState, RowVerb, RowVerdict
from records.ledgers import RegisterChanged, UndoResult, bulk
from records.models import LedgerBatch
from records.services import audit
from records.services.instants import writing_instant
from records.services.ledgers.context import context_of, importable
from records.services.ledgers.refusals import LedgerRefused
from records.services.rows import RowRefused

log = logging.getLogger(__name__)

_LISTED = 1_000
"""How many rows left alone stay listed with the batch; more are only counted."""


def undo_batch(*, batch: LedgerBatch, by: Any) -> UndoResult:
    """Take back an imported batch, or nothing of it.

    Raises ``LedgerRefused`` when it is not imported or not this person's territory, and when what it would bring back collides
    with what has been registered since.
    """
    try:
        return _undo(batch, by)
    except (IntegrityError, RegisterChanged, RowRefused) as clash:
        log.warning("undo of batch %s refused: %s", batch.pk, clash)
        batch.refresh_from_db()
        raise LedgerRefused(
            f"批次 {batch.number} 要还原的内容与之后登记的内容冲突，没有撤销任何内容；请再试一次，仍不行请在页面上逐条更正",
            "register_changed",
        ) from clash


@transaction.atomic
def _undo(batch: LedgerBatch, by: Any) -> UndoResult:
    kind, territory = importable(batch.kind, by)
    if not batch.territory.startswith(territory):
        raise LedgerRefused("这个批次不在您的辖区", "other_territory")
    taken = LedgerBatch.objects.filter(pk=batch.pk, state=BatchState.COMMITTED).update(
        state=BatchState.UNDONE
    )
    if not taken:
        batch.refresh_from_db()
        raise LedgerRefused(f"批次 {batch.number} 是“{batch.get_state_display()}”，不能撤销", "wrong_state")
    bulk.lock_name(f"ledger:{kind.key}:{batch.territory[:6]}")
    context = context_of(batch, writing_instant())
    kind.lock(context)
    staged = list(
        batch.rows.filter(verdict=RowVerdict.ACCEPTED)
        .exclude(verb=RowVerb.UNCHANGED)
        .order_by("row_no")
        .defer("issues")
    )
    result = kind.undo(staged, batch, context)
    batch.state = BatchState.UNDONE
    batch.choices = {
        **batch.choices,
        "left_alone": sorted(result.conflicts, key=lambda one: one["row"])[:_LISTED],
    }
    LedgerBatch.objects.filter(pk=batch.pk).update(choices=batch.choices)
    audit.record(
        by=by,
        action="ledger.undone",
        target=batch,
        after={"restored": result.restored, "removed": result.removed, "conflicts": len(result.conflicts)},
    )
    return result
