"""The lists of this room: the register, its officers, what waits for review, what looks like one."""

from entities.lists.businesses import BUSINESSES
from entities.lists.changes import GRADE_CHANGES, STATUS_CHANGES
from entities.lists.duplicates import DUPLICATES
from entities.lists.officers import OFFICERS

__all__ = ["BUSINESSES", "DUPLICATES", "GRADE_CHANGES", "OFFICERS", "STATUS_CHANGES"]
