"""What people do to the register, as verbs."""

from entities.services.businesses import register_business, update_business
from entities.services.changes import (
    propose_status_change,
    regrade_business,
    review_grade_change,
    review_status_change,
)
from entities.services.officers import assign_officer, end_assignment, sign_pledge

__all__ = [
    "assign_officer",
    "end_assignment",
    "propose_status_change",
    "register_business",
    "regrade_business",
    "review_grade_change",
    "review_status_change",
    "sign_pledge",
    "update_business",
]
