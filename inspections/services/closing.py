"""Closing a problem: whether one person may do both checks, and what the fix lacks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Value

from inspections.choices import Lacking
from inspections.errors import ProofOrReason
from inspections.models import CheckWaiver, Problem, ProblemEvent
from inspections.rules.closing import lacks
from inspections.rules.states import Act
from records.models import EvidenceFile


def one_person_twice(problem: Problem, by: Any, on: date) -> CheckWaiver | None:
    """The waiver on which this person's second check of the own first one rests; None where two people check or none may."""
    if by is None or problem.first_checked_by_id != by.pk:
        return None
    path = Value(problem.unit.path if problem.unit else "")
    return CheckWaiver.objects.on(on).covering(Value(problem.region_id), path).first()


def lacking_of(problem: Problem, *, proof: bool = False, note: str) -> str:
    """What the fix of a problem about to be closed lacks: its photo, its plan, or both; ``proof`` comes with the closure.

    Photos count from the last reopening on. Raises ``ProofOrReason`` when something is lacking and ``note`` gives no reason.
    """
    steps = ProblemEvent.objects.filter(problem=problem)
    reopened = steps.filter(action=Act.REOPEN).order_by("-pk").values_list("pk", flat=True).first() or 0
    fixing = steps.filter(pk__gt=reopened)
    if not problem.fixed_on_spot:
        fixing = fixing.exclude(action="open")
    keys = [str(key) for key in fixing.values_list("pk", flat=True)]
    files = EvidenceFile.objects.filter(target_type=ProblemEvent._meta.label_lower, target_id__in=keys)
    planned = bool(problem.plan.strip())
    lacking = lacks(proven=proof or files.exists(), planned=planned, on_spot=problem.fixed_on_spot)
    if lacking and not note.strip():
        raise ProofOrReason(str(Lacking(lacking).label))
    return lacking
