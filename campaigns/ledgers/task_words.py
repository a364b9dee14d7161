"""A task as its ledger compares it with the register and remembers it for an undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from campaigns.models import TaskItem, TaskSupport
from campaigns.rules.targets import written
from foodsafe_portal.lib.bulk import among, insert, update

CHANGEABLE: Final = ("system", "title", "phase_id", "lead_unit_id", "starts_on", "due_on", "targets")
"""What a ledger can change in a task that is there, besides its cooperating units."""
DAYS: Final = ("starts_on", "due_on")


def stored(task: TaskItem) -> dict[str, Any]:
    """What the register says of a task, by the attributes a ledger can change."""
    return {name: getattr(task, name) for name in ("number", *CHANGEABLE)} | {
        "supports": [support.unit_id for support in task.supports.all()]
    }


def differs(name: str, wanted: Any, known: Any) -> bool:
    """Whether two values of an attribute do not mean the same."""
    if name == "supports":
        return set(wanted) != set(known)
    if name == "targets":
        return written(wanted) != written(known)
    return bool(wanted != known)


def rewrite(tasks: Sequence[tuple[int, Mapping[str, Any]]], helpers: Mapping[int, Sequence[int]]) -> None:
    """Give tasks (key → every changeable attribute) what they shall say, and some of them other cooperating units."""
    columns = {name: [values[name] for _, values in tasks] for name in CHANGEABLE}
    update(TaskItem, [key for key, _ in tasks], columns)
    if helpers:
        among(TaskSupport.objects.all(), "task_id", list(helpers)).delete()
        both = [(task, unit) for task, units in helpers.items() for unit in units]
        insert(TaskSupport, {"task_id": [task for task, _ in both], "unit_id": [unit for _, unit in both]})
