"""What every step of a ledger knows about its batch: the limits, the person, the territory, the day."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from foodsafe_portal.lib.intake.model import MIB, Limits
from records.ledgers import LedgerContext, LedgerKind, kind_of
from records.ledgers.batches.refusals import LedgerRefused
from records.ledgers.ledger_rules import locked_columns
from records.models import LedgerBatch


def limits() -> Limits:
    """The limits of the settings file."""
    return Limits(
        rows=settings.LEDGER_MAX_ROWS,
        columns=settings.LEDGER_MAX_COLUMNS,
        file_bytes=settings.LEDGER_MAX_MEGABYTES * MIB,
        unpacked_bytes=settings.LEDGER_MAX_UNPACKED_MEGABYTES * MIB,
        memory_bytes=settings.LEDGER_READ_MEGABYTES * MIB,
        cpu_seconds=settings.LEDGER_READ_SECONDS,
        wall_seconds=settings.LEDGER_READ_SECONDS,
    )


def context_of(batch: LedgerBatch, now: datetime) -> LedgerContext:
    """The context of one batch at ``now``."""
    today = timezone.localdate(now)
    return LedgerContext(
        user=batch.uploaded_by,
        territory=batch.territory,
        today=today,
        now=now,
        ledger_date=batch.ledger_date or today,
        batch_id=batch.pk,
        locked_columns=locked_columns(batch.kind, batch.territory),
    )


def importable(kind: str, by: Any) -> tuple[LedgerKind, str]:
    """The kind and the territory for which this person may import it today. Raises ``LedgerRefused``."""
    try:
        found = kind_of(kind)
    except KeyError:
        raise LedgerRefused(f"没有“{kind}”这种台账", "unknown_kind") from None
    if kind not in by.import_kinds:
        raise LedgerRefused(f"您的岗位不能导入“{found.title}”；请由有权限的人员上传", "not_permitted")
    territory = by.territory_for_import(kind)
    if found.needs_territory and not territory:
        raise LedgerRefused("您的岗位没有设定辖区，不能导入台账；请联系系统管理员", "no_territory")
    return found, territory


def in_reach(batch: LedgerBatch, by: Any, *, deciding: bool = False) -> None:
    """Refuse who may not import the kind, not in the batch's territory, or does not reach the batch. Raises ``LedgerRefused``.

    What a colleague has sent is within reach of whoever is ``deciding`` on somebody else's request, and not of whoever makes one.
    """
    _, territory = importable(batch.kind, by)
    if batch.territory and not batch.territory.startswith(territory):
        raise LedgerRefused("这个批次不在您的辖区", "other_territory")
    if not LedgerBatch.objects.visible_to(by).filter(pk=batch.pk).exists():
        raise LedgerRefused("这个批次是别的单位的；请由上传单位或创建办办理", "other_unit")
    if not deciding and not LedgerBatch.objects.reached_by(by).filter(pk=batch.pk).exists():
        raise LedgerRefused("这个批次是同事上传的；请由上传人或创建办办理", "colleagues_batch")


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep the cyclic collector from walking a hundred thousand rows again and again while none of them can be garbage."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
