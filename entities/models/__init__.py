"""Tables of what is supervised."""

from entities.models.business import Business, GradeChange, StatusChange
from entities.models.identity import BusinessMerger, DuplicatePair, FormerIdentity
from entities.models.officers import Assignment, Officer, Pledge

__all__ = [
    "Assignment",
    "Business",
    "BusinessMerger",
    "DuplicatePair",
    "FormerIdentity",
    "GradeChange",
    "Officer",
    "Pledge",
    "StatusChange",
]
