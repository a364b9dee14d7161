"""Tables of the registers."""

from records.models.calendar import WorkdayOverride, WorkYear
from records.models.evidence import EvidenceFile
from records.models.jobs import Job
from records.models.ledger_rules import ApprovalRule, LedgerHabit, OwnedColumn
from records.models.ledgers import LedgerBatch, LedgerRow
from records.models.pulses import Pulse
from records.models.trail import AuditEvent, AuditLink

__all__ = [
    "ApprovalRule",
    "AuditEvent",
    "AuditLink",
    "EvidenceFile",
    "Job",
    "LedgerBatch",
    "LedgerHabit",
    "LedgerRow",
    "OwnedColumn",
    "Pulse",
    "WorkYear",
    "WorkdayOverride",
]
