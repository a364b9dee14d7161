"""Gives a batch's workbook back with its faults marked, to pages and to the API alike."""

from __future__ import annotations

from typing import Any, BinaryIO

from django.http import FileResponse

from foodsafe_portal.lib.downloads import download
from records.ledgers import batches
from records.models import LedgerBatch
from records.services import audit


def marked_response(batch: LedgerBatch, by: Any) -> FileResponse:
    """The marked workbook of a batch, with the event that it was taken. Raises ``LedgerRefused`` when there is no table to mark."""

    def write(target: BinaryIO) -> None:
        batches.marked_workbook(batch, target)
        audit.record(by=by, action="ledger.marked_downloaded", target=batch)

    stem = batch.file_name.rsplit(".", 1)[0]
    return download(f"{stem}_标注.xlsx", batches.FILE_TYPE, write)
