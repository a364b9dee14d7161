"""Receiving a ledger: the file, its row and its job are committed before anybody is told that it arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from records.choices import BatchState, JobState
from records.ledgers import kind_of
from records.ledgers.batches.commit import REOPENED
from records.ledgers.batches.context import importable
from records.ledgers.batches.habits import remember
from records.ledgers.batches.refusals import LedgerRefused
from records.ledgers.batches.work import start_check
from records.models import AuditEvent, Job, LedgerBatch
from records.services import audit

OPEN = (
    BatchState.UPLOADED,
    BatchState.CHECKING,
    BatchState.CHECKED,
    BatchState.AWAITING,
    BatchState.COMMITTING,
)
_FRESH = timedelta(seconds=10)
_SUFFIXES = (".xlsx", ".xls", ".csv", ".txt", ".xlsm", ".et")


@dataclass(frozen=True, slots=True)
class Received:
    """A batch, and whether this very file had been imported before with nothing written since."""

    batch: LedgerBatch
    repeated: bool = False


def receive_upload(*, kind: str, file: File, by: Any, choices: Mapping[str, Any] | None = None) -> Received:
    """Take in a file. The same file of the same person while one is being worked on is the same batch.

    ``choices`` answers beforehand which sheet to take and what its headers mean.

    Raises ``LedgerRefused`` for a person who may not, a file too large or empty, and a full disk.
    """
    _, territory = importable(kind, by)
    size = file.size or 0
    if size == 0:
        raise LedgerRefused("文件是空的；请检查后重新上传", "empty_file")
    if size > settings.LEDGER_MAX_MEGABYTES * 1024 * 1024:
        raise LedgerRefused(
            f"文件有 {size / 1024 / 1024:.1f} MB，超过 {settings.LEDGER_MAX_MEGABYTES} MB 的上限；请删去图片和多余的工作表，或分成几个文件",
            "file_too_large",
        )
    digest = _digest(file)
    earlier = _imported_and_unchanged(kind, digest, by, territory) if choices is None else None
    if earlier is not None:
        audit.record(by=by, action="ledger.repeated", target=earlier)
        return Received(earlier, repeated=True)
    waiting = LedgerBatch.objects.filter(uploaded_by=by, kind=kind, digest=digest, state__in=OPEN).first()
    if waiting is not None:
        return Received(_take_up(waiting, by, choices, moved=waiting.territory != territory))
    return Received(_store(kind, file, size, digest, by, territory, choices))


def _store(
    kind: str, file: File, size: int, digest: str, by: Any, territory: str, choices: Mapping[str, Any] | None
) -> LedgerBatch:
    name = PurePath((file.name or "").replace("\\", "/")).name
    suffix = PurePath(name).suffix.lower()
    batch = LedgerBatch(
        kind=kind,
        suffix=suffix if suffix in _SUFFIXES else ".bin",
        file_name=name[:200] or "台账",
        size=size,
        digest=digest,
        uploaded_by=by,
        uploaded_at=timezone.now(),
        territory=territory,
        **_sent_as(kind, by),
        choices=dict(choices or {}),
    )
    try:
        batch.file.save(name or "ledger", file, save=False)
    except OSError as problem:
        raise LedgerRefused(
            "服务器存不下这个文件，没有收到；请稍后再试或联系系统管理员", "disk_full"
        ) from problem
    try:
        with transaction.atomic():
            batch.save()
            audit.record(
                by=by,
                action="ledger.uploaded",
                target=batch,
                after={"kind": kind, "digest": digest, "size": size},
            )
            start_check(batch, by)
    except IntegrityError:  # the same file arrived at the same instant: the other one is the batch
        batch.file.delete(save=False)
        return LedgerBatch.objects.get(uploaded_by=by, kind=kind, digest=digest, state__in=OPEN)
    except BaseException:
        batch.file.delete(save=False)
        raise
    return batch


def _sent_as(kind: str, by: Any) -> dict[str, str]:
    """The unit and the role in which this person sends a ledger today: colleagues are told by them."""
    return {"unit_path": by.unit_for_import(kind), "role": by.role_for_import(kind)}


def _digest(file: File) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _imported_and_unchanged(kind: str, digest: str, by: Any, territory: str) -> LedgerBatch | None:
    earlier = (
        LedgerBatch.objects.filter(
            kind=kind, digest=digest, uploaded_by=by, territory=territory, state=BatchState.COMMITTED
        )
        .order_by("-pk")
        .first()
    )
    if earlier is None or earlier.committed_at is None or earlier.counts.get("rejected"):
        return None  # what was refused then may be in order now
    if AuditEvent.objects.filter(at__gt=earlier.committed_at, action="ledger.undone").exists():
        return None  # an undo takes objects out, and then nothing tells when they were written last
    written = kind_of(kind).last_written(territory)
    return earlier if written is not None and written <= earlier.committed_at else None


@transaction.atomic
def _take_up(batch: LedgerBatch, by: Any, choices: Mapping[str, Any] | None, *, moved: bool) -> LedgerBatch:
    """An open batch met again: check it anew when its answer is old, its job has died, other answers are given or the uploader
    has ``moved`` to another territory since."""
    if batch.state == BatchState.COMMITTING:
        if not _dead(batch.commit_job):
            return batch
        LedgerBatch.objects.filter(pk=batch.pk, state=BatchState.COMMITTING).update(state=BatchState.CHECKED)
        return recheck_batch(batch=batch, by=by)
    asked_anew = choices is not None or moved
    if batch.state == BatchState.AWAITING and not asked_anew:
        return batch
    if batch.state == BatchState.CHECKED:
        fresh = batch.checked_at is not None and timezone.now() - batch.checked_at < _FRESH
        return batch if fresh and not asked_anew else recheck_batch(batch=batch, by=by, choices=choices)
    if asked_anew or _dead(batch.check_job):
        return recheck_batch(batch=batch, by=by, choices=choices)
    return batch


def _dead(job: Job | None) -> bool:
    return job is None or job.state in (JobState.FAILED, JobState.CANCELLED)


@transaction.atomic
def recheck_batch(*, batch: LedgerBatch, by: Any, choices: Mapping[str, Any] | None = None) -> LedgerBatch:
    """Check a batch that has not been imported once more, for the territory its uploader has today.

    Raises ``LedgerRefused`` when it is too late for that and for somebody who may not import the kind any more.
    """
    if batch.uploaded_by_id != by.pk:
        raise LedgerRefused("只有上传人可以重新检查这个批次", "not_uploader")
    _, territory = importable(batch.kind, by)
    fields: dict[str, Any] = {
        "state": BatchState.UPLOADED,
        "territory": territory,
        **_sent_as(batch.kind, by),
    }
    if choices is not None:
        fields["choices"] = dict(choices)
    try:
        with transaction.atomic():
            taken = LedgerBatch.objects.filter(pk=batch.pk, state__in=REOPENED).update(**fields)
    except IntegrityError:
        raise LedgerRefused("同一个文件已经在另一个批次中处理，请到那个批次查看", "already_open") from None
    batch.refresh_from_db()
    if not taken:
        raise LedgerRefused(
            f"批次 {batch.number} 是“{batch.get_state_display()}”，不能重新检查", "wrong_state"
        )
    start_check(batch, by)
    audit.record(by=by, action="ledger.rechecked", target=batch, after={"choices": batch.choices})
    return batch


@transaction.atomic
def choose_columns(
    *, batch: LedgerBatch, by: Any, sheet: str = "", mapping: Mapping[str, str] | None = None
) -> LedgerBatch:
    """Answer which sheet to take and what each header means (header → key, '' = leave out), and check again.

    The answer is remembered for the uploader's unit or territory and used on the next file of the kind.
    """
    keys = set(kind_of(batch.kind).column_of)
    if any("\0" in said for said in (sheet, *(mapping or {}))):
        raise LedgerRefused("表头或工作表名里有不能用的字符；请在文件里改名", "bad_characters")
    for header, key in (mapping or {}).items():
        if key and key not in keys:
            raise LedgerRefused(f"“{header}”对应的列“{key}”不属于这种台账", "unknown_column")
    asked, earlier = batch.choices.get("ask", ""), batch.choices
    if asked == "sheet" and mapping is None:
        mapping = earlier.get("mapping")  # what was said about the columns holds for the sheet as well
    if asked == "columns" and not earlier.get("sheet") and sheet == batch.sheet:
        sheet = ""  # the sheet was guessed from; with the columns known the others may fit as well
    batch = recheck_batch(batch=batch, by=by, choices={"sheet": sheet, "mapping": dict(mapping or {})})
    remember(batch=batch, by=by, sheet=sheet if asked == "sheet" else "", mapping=mapping)
    return batch
