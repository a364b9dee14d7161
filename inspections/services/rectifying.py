"""The straight way of a problem: signed for, planned, put right with proof, checked twice, closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Unit
from inspections.errors import ProblemRefused, UnitRefused
from inspections.models import Problem, ProblemEvent, RectificationDuty
from inspections.rules.states import Act
from inspections.services.steps import take_step
from records.services.instants import writing_instant


@transaction.atomic
def sign_problem(*, problem: Problem, by: Any, at: datetime | None = None) -> Problem:
    """The responsible unit takes the problem on. Raises ``StepRefused`` or ``SomebodyWasFirst`` (as all steps do)."""
    take_step(problem, Act.SIGN, by=by, at=at)
    return problem


@transaction.atomic
def plan_rectification(
    *,
    problem: Problem,
    measures: str,
    leader_name: str,
    by: Any,
    owner_name: str = "",
    at: datetime | None = None,
) -> Problem:
    """One plan, one leader: the measures, one per line, and who answers for them. May be bettered until submitted."""
    lines = [line.strip() for line in measures.splitlines() if line.strip()]
    if not lines:
        raise ProblemRefused(_("整改方案要写明措施；每行一条。"))
    if not leader_name.strip():
        raise ProblemRefused(_("整改方案要写明责任领导；一个问题只有一名责任领导。"))
    take_step(
        problem,
        Act.PLAN,
        by=by,
        at=at,
        note=f"{len(lines)} 条措施，责任领导 {leader_name.strip()}",
        changes={
            "plan": "\n".join(lines),
            "leader_name": leader_name.strip(),
            "owner_name": owner_name.strip(),
        },
    )
    return problem


def last_setback(problem: Problem) -> date:
    """The day from which the fix now asked for can have been made: found, or reopened last."""
    reopened = (
        ProblemEvent.objects.filter(problem=problem, action=Act.REOPEN)
        .order_by("-id")
        .values_list("on", flat=True)
    )
    return max(problem.found_on, reopened.first() or problem.found_on)


@transaction.atomic
def submit_rectification(
    *,
    problem: Problem,
    on: date,
    note: str,
    proof: Sequence[UploadedFile],
    by: Any,
    at: datetime | None = None,
) -> Problem:
    """Report the problem put right on ``on``, with at least one photo or PDF; another person checks it.

    ``on`` is not before the day the problem was found or reopened. Raises ``EvidenceRefused`` besides what all steps raise.
    """
    take_step(
        problem,
        Act.SUBMIT,
        by=by,
        at=at,
        on=on,
        day_label=_("整改完成日期"),
        not_before=last_setback(problem),
        note=note,
        proof=proof,
        changes={
            "rectified_on": on,
            "submitted_by": by,
            "first_checked_by": None,
            "progress": note.strip(),
        },
    )
    return problem


@transaction.atomic
def pass_first_check(*, problem: Problem, by: Any, note: str = "", at: datetime | None = None) -> Problem:
    """The first check finds the fix good; the campaign office or a supervision team checks a second time."""
    take_step(problem, Act.PASS_FIRST, by=by, at=at, note=note, changes={"first_checked_by": by})
    return problem


@transaction.atomic
def return_problem(*, problem: Problem, reason: str, by: Any, at: datetime | None = None) -> Problem:
    """Either check sends the fix back with its reason; returns are counted."""
    take_step(
        problem, Act.RETURN, by=by, at=at, reason=reason, changes={"return_count": F("return_count") + 1}
    )
    return problem


@transaction.atomic
def close_problem(
    *, problem: Problem, by: Any, on: date | None = None, note: str = "", at: datetime | None = None
) -> Problem:
    """Close after the second check (销号), by another person than who submitted the fix; ``on`` defaults to today.

    Not before the day of the fix, nor before the day on which the present terms of the duty began.
    """
    at = at or writing_instant()
    on = on or timezone.localdate(at)
    terms = RectificationDuty.objects.live().filter(problem=problem, ceases_on__isnull=True)
    since = terms.values_list("arises_on", flat=True).first()
    fixed_on = Problem.objects.values_list("rectified_on", flat=True).get(pk=problem.pk)
    take_step(
        problem,
        Act.CLOSE,
        by=by,
        at=at,
        on=on,
        day_label=_("销号日期"),
        not_before=max(day for day in (problem.found_on, since, fixed_on) if day),
        note=note,
        changes={"closed_by": by, "closed_on": on},
    )
    return problem


@transaction.atomic
def transfer_problem(
    *, problem: Problem, unit: Unit, reason: str, by: Any, at: datetime | None = None
) -> Problem:
    """Hand the problem to another responsible unit (改派), which signs for it anew; the deadline stays."""
    if unit.pk == problem.unit_id:
        raise UnitRefused(_("“%(unit)s”已经是责任单位；请选另一个单位。") % {"unit": unit})
    before = str(problem.unit or "（未定）")
    take_step(
        problem,
        Act.TRANSFER,
        by=by,
        at=at,
        reason=reason,
        note=f"{before} → {unit}：{reason.strip()}",
        changes={"unit": unit, "leader_name": "", "owner_name": "", "plan": ""},
    )
    return problem
