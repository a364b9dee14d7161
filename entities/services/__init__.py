"""What people do to the register, as verbs."""

from entities.services.businesses import register_business, update_business
from entities.services.changes import (
    propose_status_change,
    regrade_business,
    review_grade_change,
    review_status_change,
)
from entities.services.duplicates import (
    keep_apart,
    merge_businesses,
    reopen_pair,
    seek_among_newcomers,
    seek_duplicates,
    unmerge_businesses,
)
from entities.services.officers import assign_officer, end_assignment, sign_pledge

__all__ = [
    "assign_officer",
    "end_assignment",
    "keep_apart",
    "merge_businesses",
    "propose_status_change",
    "register_business",
    "regrade_business",
    "reopen_pair",
    "review_grade_change",
    "review_status_change",
    "seek_among_newcomers",
    "seek_duplicates",
    "sign_pledge",
    "unmerge_businesses",
    "update_business",
]
