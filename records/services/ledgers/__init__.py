"""Ledgers from upload to undo: receive, check, confirm, commit, abandon, undo, mark, template."""

from records.services.ledgers.check import check_batch
from records.services.ledgers.commit import abandon_batch, commit_batch, confirm_batch
from records.services.ledgers.document import document, head, issue_page, missing_from_file, rows_of
from records.services.ledgers.files import FILE_TYPE, marked_workbook, template
from records.services.ledgers.refusals import LedgerRefused
from records.services.ledgers.undo import undo_batch
from records.services.ledgers.upload import Received, choose_columns, receive_upload, recheck_batch

__all__ = [
    "FILE_TYPE",
    "LedgerRefused",
    "Received",
    "abandon_batch",
    "check_batch",
    "choose_columns",
    "commit_batch",
    "confirm_batch",
    "document",
    "head",
    "issue_page",
    "marked_workbook",
    "missing_from_file",
    "receive_upload",
    "recheck_batch",
    "rows_of",
    "template",
    "undo_batch",
]
