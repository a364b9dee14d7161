"""Later deadlines: asked for, decided by another person, counted; and provisional dates settled once. The original stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from inspections.choices import ExtensionState
from inspections.deadlines import Deadlines
from inspections.errors import ExtensionRefused, SomebodyWasFirst
from inspections.models import Extension, Problem, ProblemEvent
from inspections.rectification import follow_problems
from inspections.rules.deadlines import NoDeadlinePolicy
from inspections.rules.states import Act
from inspections.services.steps import take_step
from records.services import audit
from records.services.instants import writing_instant

SETTLED = "settle_due"


@transaction.atomic
def request_extension(
    *, problem: Problem, to_due_on: date, reason: str, by: Any, at: datetime | None = None
) -> Extension:
    """Ask for a later deadline; one request may wait at a time. Raises ``ExtensionRefused`` besides what all steps raise."""
    at = at or writing_instant()
    today = timezone.localdate(at)
    due_on = Problem.objects.values_list("due_on", flat=True).get(pk=problem.pk)
    if to_due_on <= due_on:
        raise ExtensionRefused(
            _("申请延至的日期要晚于现行期限 %(due_on)s；填的是 %(to_due_on)s。")
            % {"due_on": due_on, "to_due_on": to_due_on}
        )
    if to_due_on <= today:
        raise ExtensionRefused(
            _("申请延至的日期要晚于今天 %(today)s；填的是 %(to_due_on)s。")
            % {"today": today, "to_due_on": to_due_on}
        )
    take_step(
        problem,
        Act.REQUEST_EXTENSION,
        by=by,
        at=at,
        reason=reason,
        note=f"{due_on} → {to_due_on}：{reason.strip()}",
    )
    try:
        with transaction.atomic():
            return Extension.objects.create(
                problem=problem,
                from_due_on=due_on,
                to_due_on=to_due_on,
                reason=reason.strip(),
                requested_by=by,
                requested_at=at,
            )
    except IntegrityError:
        raise ExtensionRefused(_("这条问题已有一份延期申请等待批准；批准后才能再申请。")) from None


@transaction.atomic
def decide_extension(
    *, extension: Extension, approve: bool, by: Any, note: str = "", at: datetime | None = None
) -> Extension:
    """Approve or refuse a waiting request, by another person than who asked; an approved one is counted.

    The new deadline holds from the day of the decision on; what was overdue on the days before stays so.
    """
    problem = extension.problem
    due_on = Problem.objects.values_list("due_on", flat=True).get(pk=problem.pk)
    if Extension.objects.values_list("state", flat=True).get(pk=extension.pk) != ExtensionState.REQUESTED:
        raise SomebodyWasFirst
    if approve and extension.to_due_on <= due_on:
        raise ExtensionRefused(
            _("现行期限已是 %(due_on)s，不用再延；请不批准这份申请。") % {"due_on": due_on}
        )
    at = at or writing_instant()
    take_step(
        problem,
        Act.APPROVE_EXTENSION if approve else Act.REFUSE_EXTENSION,
        by=by,
        at=at,
        reason=note,
        note=f"{due_on} → {extension.to_due_on} {note.strip()}" if approve else note,
        requester=extension.requested_by_id,
        changes={"due_on": extension.to_due_on, "extension_count": F("extension_count") + 1}
        if approve
        else None,
    )
    moved = Extension.objects.filter(pk=extension.pk, state=ExtensionState.REQUESTED).update(
        state=ExtensionState.APPROVED if approve else ExtensionState.REJECTED,
        decided_by=by,
        decided_at=at,
        note=note.strip(),
    )
    if not moved:
        raise SomebodyWasFirst
    extension.refresh_from_db()
    return extension


@transaction.atomic
def settle_provisional_dates(*, year: int, by: Any = None, at: datetime | None = None) -> int:
    """Count the provisional deadlines that touch ``year`` by its published calendar, each once; returns how many were settled.

    The only time an original deadline moves (design decision 4). A deadline that touches a further unpublished year waits for
    that one too; one that was extended keeps its extension. What is closed stays as it ended. Running it twice settles
    nothing more and leaves no event.
    """
    at = at or writing_instant()
    waiting = Problem.objects.open().filter(due_provisional=True, found_on__year__lte=year)
    settled = settle_dates_of(list(waiting.select_for_update().order_by("pk")), year=year, by=by, at=at)
    if settled:
        audit.record(
            by=by,
            action="problems.dates_settled",
            target_type="records.workyear",
            target_id=str(year),
            target_name=str(year),
            after={"settled": len(settled), "codes": [problem.code for problem in settled[:200]]},
        )
    return len(settled)


def settle_dates_of(
    problems: Sequence[Problem], *, by: Any, at: datetime, year: int | None = None
) -> list[Problem]:
    """Settle the provisional deadlines among these problems that no longer touch an unpublished year, one event each.

    With ``year`` only those that reach it. The caller holds the rows and writes the audit event.
    """
    today, deadlines = timezone.localdate(at), Deadlines()
    settled: list[Problem] = []
    events: list[ProblemEvent] = []
    for problem in problems:
        try:
            deadline = deadlines.of(problem.severity, problem.found_on)
        except NoDeadlinePolicy:
            continue  # its policy was withdrawn: there is nothing to count by
        reaches = max(problem.original_due_on, deadline.due_on).year
        if deadline.provisional or not problem.due_provisional or (year is not None and reaches < year):
            continue
        before = problem.original_due_on
        problem.original_due_on = deadline.due_on
        problem.due_on = max(problem.due_on, deadline.due_on) if problem.extension_count else deadline.due_on
        problem.due_provisional, problem.due_rule = False, deadline.why[:200]
        problem.version += 1
        moved = f"{before} → {deadline.due_on}" if before != deadline.due_on else f"仍为 {before}"
        settled.append(problem)
        events.append(
            ProblemEvent(
                problem=problem,
                action=SETTLED,
                from_state=problem.state,
                to_state=problem.state,
                on=today,
                note=f"放假安排已公布，暂定期限改为正式：{moved}",
                by=by,
                by_name=str(by) if by else "",
                at=at,
            )
        )
    columns = ["original_due_on", "due_on", "due_provisional", "due_rule", "version"]
    Problem.objects.bulk_update(settled, columns, batch_size=200)
    ProblemEvent.objects.bulk_create(events, batch_size=500)
    follow_problems(settled, on=today, at=at)
    return settled
