"""Tables of what happens to businesses."""

from inspections.models.checklists import Checklist, ChecklistItem
from inspections.models.duties import RectificationDuty, VisitDuty
from inspections.models.policies import DeadlinePolicy, FrequencyPolicy
from inspections.models.problems import Extension, Problem, ProblemEvent, Referral, Revisit
from inspections.models.visits import Visit

__all__ = [
    "Checklist",
    "ChecklistItem",
    "DeadlinePolicy",
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
