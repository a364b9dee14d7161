"""Finding one file of proof for a person: only through the object it belongs to."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.rules.rights import Permission
from entities.models import GradeChange, StatusChange
from inspections.models import Problem, ProblemEvent, Visit
from records.models import EvidenceFile

LOOKS = (
    Permission.VIEW_PROBLEMS,
    Permission.VIEW_VISITS,
    Permission.VIEW_BUSINESSES,
    Permission.VIEW_TASKS,
)


def _of_problems(user: User) -> QuerySet:
    return ProblemEvent.objects.filter(problem__in=Problem.objects.visible_to(user).values("pk"))


# Label of the object → what of its kind this person may see, and the permission to look at it at all.
TARGETS: dict[str, tuple[Permission, Callable[[User], QuerySet]]] = {
    "inspections.problem": (Permission.VIEW_PROBLEMS, lambda user: Problem.objects.visible_to(user)),
    "inspections.problemevent": (Permission.VIEW_PROBLEMS, _of_problems),
    "inspections.visit": (Permission.VIEW_VISITS, lambda user: Visit.objects.visible_to(user)),
    "entities.statuschange": (Permission.VIEW_BUSINESSES, lambda user: StatusChange.objects.visible_to(user)),
    "entities.gradechange": (Permission.VIEW_BUSINESSES, lambda user: GradeChange.objects.visible_to(user)),
}


def show_through(label: str, permission: Permission, rows: Callable[[Any], QuerySet]) -> None:
    """Let a room above show files of its own objects: ``label`` is the model's, ``rows(user)`` what a person may see."""
    TARGETS[label] = (permission, rows)


def evidence_seen(user: User, key: uuid.UUID) -> EvidenceFile | None:
    """The file, where the person may see the object it hangs on; ``None`` as if it were absent everywhere else."""
    file = EvidenceFile.objects.filter(pk=key).first()
    permission, rows = TARGETS.get(file.target_type, (None, None)) if file else (None, None)
    if file is None or permission is None or rows is None or not user.can(permission):
        return None
    known = file.target_id.isdigit() and rows(user).filter(pk=file.target_id).exists()
    return file if known else None
