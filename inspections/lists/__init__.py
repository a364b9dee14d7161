"""The lists of this room: what is owed, what was done, what was found."""

from inspections.lists.duties import DUTIES
from inspections.lists.problems import PROBLEMS
from inspections.lists.visits import VISITS

__all__ = ["DUTIES", "PROBLEMS", "VISITS"]
