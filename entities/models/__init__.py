"""Tables of what is supervised."""

from entities.models.business import Business, GradeChange, StatusChange
from entities.models.officers import Assignment, Officer, Pledge

__all__ = ["Assignment", "Business", "GradeChange", "Officer", "Pledge", "StatusChange"]
