"""Ledgers from upload to undo: receive, check, confirm, commit, abandon, undo, mark, template."""

from records.ledgers.batches.approve import (
    approve_batch,
    approvers_of,
    awaiting_approval,
    decline_batch,
    limit_passed,
    needs_approval,
    sent_back,
)
from records.ledgers.batches.check import check_batch, check_stopped
from records.ledgers.batches.commit import (
    abandon_batch,
    commit_batch,
    commit_stopped,
    confirm_batch,
    stop_batch,
)
from records.ledgers.batches.document import (
    document,
    head,
    issue_page,
    missing_from_file,
    no_document,
    rows_of,
)
from records.ledgers.batches.files import FILE_TYPE, marked_workbook, template
from records.ledgers.batches.habits import forget_choices
from records.ledgers.batches.refusals import LedgerRefused
from records.ledgers.batches.seen import seen_of
from records.ledgers.batches.undo import approve_undo, decline_undo, undo_batch
from records.ledgers.batches.upload import Received, choose_columns, receive_upload, recheck_batch

__all__ = [
    "FILE_TYPE",
    "LedgerRefused",
    "Received",
    "abandon_batch",
    "approve_batch",
    "approve_undo",
    "approvers_of",
    "awaiting_approval",
    "check_batch",
    "check_stopped",
    "choose_columns",
    "commit_batch",
    "commit_stopped",
    "confirm_batch",
    "decline_batch",
    "decline_undo",
    "document",
    "forget_choices",
    "head",
    "issue_page",
    "limit_passed",
    "marked_workbook",
    "missing_from_file",
    "needs_approval",
    "no_document",
    "receive_upload",
    "recheck_batch",
    "rows_of",
    "seen_of",
    "sent_back",
    "stop_batch",
    "template",
    "undo_batch",
]
