"""The editions of task lists: which one is in force for a level of officers on a day, and which items it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from inspections.models import Checklist, ChecklistItem

COMMON_LEVEL = "township"
"""A level of officers without a list of its own uses the townships'."""


class Edition(NamedTuple):
    """One edition of a level's task list."""

    pk: int
    level: str
    effective_from: date


def checklist_for(level: str, on: date) -> Checklist | None:
    """The edition in force for a level of officers on a day."""
    found = Checklists().for_level(level, on)
    return Checklist.objects.get(pk=found) if found is not None else None


class Checklists:
    """All editions, read once and asked often; the items are read when they are asked for."""

    def __init__(self) -> None:
        rows = Checklist.objects.order_by("-effective_from", "-pk").values_list(*Edition._fields)
        self.editions: Sequence[Edition] = [Edition(*row) for row in rows]
        self._items: dict[int, set[int]] | None = None
        self._found: dict[tuple[str, date], int | None] = {}

    def for_level(self, level: str, on: date) -> int | None:
        """The key of the edition in force for a level of officers on a day."""
        if (level, on) not in self._found:
            wanted = (one for want in (level, COMMON_LEVEL) for one in self.editions if one.level == want)
            self._found[level, on] = next((one.pk for one in wanted if one.effective_from <= on), None)
        return self._found[level, on]

    def items(self, checklist_id: int) -> set[int]:
        """The numbers of an edition's items."""
        if self._items is None:
            self._items = defaultdict(set)
            for of_list, number in ChecklistItem.objects.values_list("checklist_id", "number"):
                self._items[of_list].add(number)
        return self._items.get(checklist_id, set())
