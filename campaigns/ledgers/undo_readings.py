"""Taking a ledger of readings back: what it wrote is voided, and what it replaced stands again as a later row.

Readings of an assessment that has ended stay as they are, and are listed. An assessment that the ledger opened goes with it as long
as it holds nothing else: none of its readings ever counted in a score.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from accounts.ledgers.named import in_use
from campaigns.models import Assessment, Reading
from foodsafe_portal.lib.bulk import Same, among, update
from records.ledgers import LedgerContext, UndoResult
from records.models import LedgerBatch, LedgerRow
from records.services.kept import stand_again

Key = tuple[int, date, bool]


def undo_readings(staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
    """See ``LedgerKind.undo``; a fixed number of statements whatever the size of the batch."""
    result = UndoResult()
    written = _written(staged, batch)
    taken: dict[int, LedgerRow] = {}
    opened: set[int] = set()
    for row in staged:
        reading = written.get(_key(row))
        if reading is None or reading.voided_at is not None:
            result.conflict(row, str(reading or row.key), "导入之后又有新的结果，没有还原")
        elif reading.assessment is not None and reading.assessment.closed_at is not None:
            result.conflict(row, str(reading), "这次测评已经结束，没有还原")
        else:
            taken[reading.pk] = row
            if reading.assessment_id and (row.before or {}).get("_opens"):
                opened.add(reading.assessment_id)
    update(Reading, list(taken), {"voided_at": Same(context.now)})
    replaced = {row.target_id for row in taken.values() if row.target_id}
    result.restored = _stand_again(replaced, context)
    result.removed = len(taken) - result.restored
    _close_again(opened, set(taken))
    return result


def _key(row: LedgerRow) -> Key:
    before = row.before or {}
    return before["_clause"], date.fromisoformat(row.values["on"]), bool(before.get("_own"))


def _written(staged: list[LedgerRow], batch: LedgerBatch) -> dict[Key, Reading]:
    """Clause, day and whether of an assessment → the newest reading that the batch may have written."""
    ours = Reading.objects.filter(
        recorded_by=batch.uploaded_by, recorded_at__range=(batch.confirmed_at, batch.committed_at)
    )
    named = among(ours, "clause_id", {(row.before or {})["_clause"] for row in staged})
    found = named.select_related("assessment", "clause").order_by("pk")
    return {(one.clause_id, one.on, one.assessment_id is not None): one for one in found}


def _stand_again(keys: Collection[int], context: LedgerContext) -> int:
    """Write replaced readings anew, as known from the undo on; returns how many."""
    replaced = among(Reading.objects.all(), "id", keys).order_by("pk").values() if keys else ()
    return stand_again(Reading, list(replaced), {"recorded_at": Same(context.now), "voided_at": Same(None)})


def _close_again(opened: set[int], own: set[int]) -> None:
    """Remove the assessments that the batch opened with its own readings in them, unless anything else is there."""
    if not opened:
        return
    inside = dict(among(Reading.objects.all(), "assessment_id", opened).values_list("pk", "assessment_id"))
    shared = {assessment for reading, assessment in inside.items() if reading not in own}
    gone = opened - shared - set(in_use(Assessment, opened, apart_from=(Reading,)))
    among(Reading.objects.all(), "assessment_id", gone).delete()
    among(Assessment.objects.all(), "id", gone).delete()
