"""Tables of what happens to businesses."""

from inspections.models.checklists import Checklist, ChecklistItem
from inspections.models.duties import RectificationDuty, VisitDuty
from inspections.models.escalation import EscalationRule, EscalationRun, EscalationStep
from inspections.models.policies import CheckWaiver, DeadlinePolicy, FrequencyPolicy
from inspections.models.problems import Extension, Problem, ProblemEvent, Referral, Revisit
from inspections.models.visits import Visit

__all__ = [
    "CheckWaiver",
    "Checklist",
    "ChecklistItem",
    "DeadlinePolicy",
    "EscalationRule",
    "EscalationRun",
    "EscalationStep",
    "Extension",
    "FrequencyPolicy",
    "Problem",
    "ProblemEvent",
    "RectificationDuty",
    "Referral",
    "Revisit",
    "Visit",
    "VisitDuty",
]
