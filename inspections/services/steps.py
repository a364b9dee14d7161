"""One step of a problem's way, taken the same way whatever the step: checked, moved if nobody was first, written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from inspections.errors import DayRefused, ProblemVoided, SomebodyWasFirst
from inspections.models import Problem, ProblemEvent
from inspections.rectification import follow_problems
from inspections.rules.states import Act, State, Step, StepRefused, check_step
from records.services import audit
from records.services.evidence import store_evidence
from records.services.instants import writing_instant


def take_step(
    problem: Problem,
    act: Act,
    *,
    by: Any,
    on: date | None = None,
    day_label: str = "日期",
    not_before: date | None = None,
    reason: str = "",
    note: str = "",
    proof: Sequence[UploadedFile] = (),
    requester: Any = None,
    at: datetime | None = None,
    changes: dict[str, Any] | None = None,
) -> ProblemEvent:
    """Take ``act`` with ``changes`` to the problem's columns; its event, files, duty and audit event come with it.

    Works on the problem as it stands in the database, not as the caller read it; afterwards ``problem`` is what was
    written. ``on`` defaults to the day of ``at``, ``not_before`` to the day the problem was found. Call it inside the
    transaction of a service. Raises a ``StepRefused`` (state, right, second person, reason, proof), ``DayRefused``,
    ``ProblemVoided``, ``EvidenceRefused`` or ``SomebodyWasFirst``.
    """
    at = at or writing_instant()
    today = timezone.localdate(at)
    on = on or today
    before = Problem.objects.get(pk=problem.pk)
    step = allowed_step(before, act, by=by, reason=reason, has_proof=bool(proof), requester=requester)
    earliest = not_before or before.found_on
    if not earliest <= on <= today:
        raise DayRefused(day_label, on, earliest, today)
    to = str(step.to or before.state)
    moved = Problem.objects.filter(pk=before.pk, version=before.version).update(
        state=to, version=F("version") + 1, **(changes or {})
    )
    if not moved:
        raise SomebodyWasFirst
    problem.refresh_from_db()
    event = write_event(problem, str(act), before.state, to, on=on, note=note or reason, by=by, at=at)
    for upload in proof:
        store_evidence(upload=upload, target=event, by=by)
    follow_problems([problem], on=on, at=at)
    audit.record(
        by=by,
        action=f"problem.{act}",
        target=problem,
        before=told(before),
        after=told(problem) | {"on": on.isoformat()},
        reason=reason,
    )
    return event


def allowed_step(
    problem: Problem, act: Act, *, by: Any, reason: str, has_proof: bool, requester: Any = None
) -> Step:
    """The line of the table that lets this person act; raises ``ProblemVoided`` or a ``StepRefused``."""
    if problem.voided_at is not None:
        raise ProblemVoided
    try:
        return check_step(
            State(problem.state),
            act,
            permissions=by.permissions,
            actor=by.pk,
            submitter=problem.submitted_by_id,
            requester=requester,
            has_proof=has_proof,
            reason=reason,
        )
    except StepRefused as refusal:
        raise refusal.in_words_of(_) from None


def write_event(
    problem: Problem, action: str, before: str, after: str, *, on: date, note: str, by: Any, at: datetime
) -> ProblemEvent:
    """Write one line of a problem's way."""
    event = new_event(problem, action, before, after, on=on, note=note, by=by, at=at)
    event.save(force_insert=True)
    return event


def new_event(
    problem: Problem, action: str, before: str, after: str, *, on: date, note: str, by: Any, at: datetime
) -> ProblemEvent:
    """One line of a problem's way, not yet written."""
    return ProblemEvent(
        problem=problem,
        action=action,
        from_state=before,
        to_state=after,
        on=on,
        note=note.strip(),
        by=by,
        by_name=str(by) if by else "",
        at=at,
    )


def told(problem: Problem) -> dict[str, Any]:
    """What the trail keeps of a problem before and after a step."""
    days = ("original_due_on", "due_on", "rectified_on", "closed_on")
    facts: dict[str, Any] = {
        "state": str(problem.state),
        "unit": problem.unit_id,
        "leader": problem.leader_name,
    }
    return facts | {name: day.isoformat() if (day := getattr(problem, name)) else None for name in days}
