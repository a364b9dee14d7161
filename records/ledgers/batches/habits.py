"""What an uploader answered about columns and sheets is remembered for their unit or territory and used on the next file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from foodsafe_portal.lib.intake.model import WorkbookData
from foodsafe_portal.lib.intake.tables import LOOK_AT_ROWS
from foodsafe_portal.lib.ledger import normalise_header
from records.ledgers import LedgerKind, kind_of
from records.ledgers.batches.refusals import LedgerRefused
from records.models import LedgerBatch, LedgerHabit
from records.services import audit

MOST_HEADERS = 300
"""How many headers are remembered for one kind; a file has no more columns than that."""


def habit_of(batch: LedgerBatch) -> LedgerHabit | None:
    """What the uploader of this batch, or a colleague of the same unit and territory, last answered for its kind."""
    return LedgerHabit.objects.filter(**_owner(batch)).first()


def remember(
    *, batch: LedgerBatch, by: Any, sheet: str = "", mapping: Mapping[str, str] | None = None
) -> None:
    """Keep an answer; of the columns only what the portal does not know by itself. Part of the act that answers."""
    kind = kind_of(batch.kind)
    proper = _proper(kind)
    said = {normalise_header(header): (header, key) for header, key in (mapping or {}).items()}
    told = {
        header: key
        for label, (header, key) in said.items()
        if label not in proper and kind.vocabulary.get(label, "") != key
    }
    if not told and not sheet and not said:
        return
    habit, _ = LedgerHabit.objects.select_for_update().get_or_create(
        **_owner(batch), defaults={"updated_by": by, "updated_at": timezone.now()}
    )
    kept = {header: key for header, key in habit.mapping.items() if normalise_header(header) not in said}
    habit.mapping = dict(list((kept | told).items())[-MOST_HEADERS:])
    habit.sheet = sheet or habit.sheet
    habit.updated_by, habit.updated_at = by, timezone.now()
    if habit.mapping or habit.sheet:
        habit.save()
    else:
        habit.delete()


@transaction.atomic
def forget_choices(*, batch: LedgerBatch, by: Any) -> None:
    """Forget what was answered for files like this one. Raises ``LedgerRefused`` for anybody but the uploader."""
    if batch.uploaded_by_id != by.pk:
        raise LedgerRefused("只有上传人可以忘记上次的选择", "not_uploader")
    habit = LedgerHabit.objects.filter(**_owner(batch)).select_for_update().first()
    if habit is None:
        return
    audit.record(
        by=by,
        action="ledger.choices_forgotten",
        target=batch,
        before={"mapping": habit.mapping, "sheet": habit.sheet},
    )
    habit.delete()


def usable(
    habit: LedgerHabit | None, kind: LedgerKind, workbook: WorkbookData, said: Mapping[str, str]
) -> dict[str, str]:
    """The remembered columns that may be applied to this workbook: header as remembered → key.

    A column's proper header always means that column, and what the uploader says now goes before what they once said.
    """
    if habit is None or not habit.mapping:
        return {}
    proper = _proper(kind)
    spoken = {normalise_header(header) for header in said}
    taken = {key for key in said.values() if key} | {
        proper[label] for label in _labels(workbook) if label in proper
    }
    return {
        header: key
        for header, key in habit.mapping.items()
        if normalise_header(header) not in spoken
        and normalise_header(header) not in proper
        and key not in taken
        and (not key or key in kind.column_of)
    }


def applied(remembered: Mapping[str, str], headers: Collection[str]) -> dict[str, str]:
    """Those of the remembered columns that this table has, by its own spelling."""
    by_label = {normalise_header(header): key for header, key in remembered.items()}
    return {header: by_label[label] for header in headers if (label := normalise_header(header)) in by_label}


def in_words(kind: LedgerKind, remembered: Mapping[str, str], sheet: str) -> list[str]:
    """One Chinese sentence for each thing that was taken from the last answer."""
    said = [f"按上次的选择：取工作表“{sheet}”"] if sheet else []
    for header, key in remembered.items():
        meant = f"当作“{kind.column_of[key].header}”" if key else "不导入"
        said.append(f"按上次的选择：“{header}”{meant}")
    return said


def _proper(kind: LedgerKind) -> dict[str, str]:
    return {normalise_header(column.header): column.key for column in kind.columns}


def _labels(workbook: WorkbookData) -> set[str]:
    return {
        normalise_header(cell)
        for sheet in workbook.visible
        for number in range(1, min(LOOK_AT_ROWS, sheet.height) + 1)
        for cell in sheet.row(number)
        if isinstance(cell, str)
    }


def _owner(batch: LedgerBatch) -> dict[str, str]:
    return {"kind": batch.kind, "territory": batch.territory, "unit_path": batch.unit_path}
