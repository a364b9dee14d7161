"""The lists of this room: what is owed, what was done, what was found."""

from inspections.lists.duties import DUTIES

LISTS = (DUTIES,)

__all__ = ["DUTIES", "LISTS"]
