"""Tables of the campaign."""

from campaigns.models.assessments import AssessmentSeat, SheetEntry
from campaigns.models.campaign import Campaign, Directive, LeadingGroup, Membership, Phase, WorkTeam
from campaigns.models.evidence import (
    EvidenceBatch,
    EvidenceDraft,
    EvidenceLink,
    EvidencePiece,
    EvidenceRequest,
    EvidenceVersion,
)
from campaigns.models.notices import Guidance, Notice, NoticeReceipt
from campaigns.models.plan import Replan
from campaigns.models.remedies import LostPoint, Remedy
from campaigns.models.rulebook import Assessment, Clause, Reading, Rulebook
from campaigns.models.tasks import TaskClause, TaskExtension, TaskItem, TaskLink, TaskReport, TaskSupport
from campaigns.models.weeks import WeeklyFigure, WeeklyReport

__all__ = [
    "Assessment",
    "AssessmentSeat",
    "Campaign",
    "Clause",
    "Directive",
    "EvidenceBatch",
    "EvidenceDraft",
    "EvidenceLink",
    "EvidencePiece",
    "EvidenceRequest",
    "EvidenceVersion",
    "Guidance",
    "LeadingGroup",
    "LostPoint",
    "Membership",
    "Notice",
    "NoticeReceipt",
    "Phase",
    "Reading",
    "Remedy",
    "Replan",
    "Rulebook",
    "SheetEntry",
    "TaskClause",
    "TaskExtension",
    "TaskItem",
    "TaskLink",
    "TaskReport",
    "TaskSupport",
    "WeeklyFigure",
    "WeeklyReport",
    "WorkTeam",
]
