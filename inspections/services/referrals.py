"""Side ways and the look back: handed to the market regulator, and checked again after closure (回头看)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from inspections.errors import DayRefused, ReferralRefused
from inspections.models import Problem, Referral, Revisit
from inspections.rules.states import ENDED, Act, State, WrongState
from inspections.services.extensions import settle_dates_of
from inspections.services.steps import allowed_step, take_step, told, write_event
from records.services import audit
from records.services.instants import writing_instant

REVISITED = "revisit"


@transaction.atomic
def refer_problem(
    *, problem: Problem, office: str, reason: str, by: Any, at: datetime | None = None
) -> Referral:
    """Hand the problem to a market regulator's office, which inspects or files a case. The deadline keeps running."""
    at = at or writing_instant()
    if not office.strip():
        raise ReferralRefused(_("移交要写明移交给哪个监管所。"))
    take_step(problem, Act.REFER, by=by, at=at, reason=reason, note=f"移交{office.strip()}：{reason.strip()}")
    return Referral.objects.create(
        problem=problem, office=office.strip()[:100], referred_on=timezone.localdate(at), referred_by=by
    )


@transaction.atomic
def record_referral_result(
    *,
    problem: Problem,
    outcome: Act,
    by: Any,
    on: date | None = None,
    case_no: str = "",
    reason: str = "",
    at: datetime | None = None,
) -> Referral:
    """What the regulator did: ``FILE_CASE`` (with its number), ``DECLINE_CASE`` (with the reason) or ``CLOSE_CASE`` (with the result).

    A closed case ends the problem on ``on``. Raises ``ReferralRefused`` besides what all steps raise.
    """
    if outcome not in (Act.FILE_CASE, Act.DECLINE_CASE, Act.CLOSE_CASE):
        raise ValueError(f"{outcome} is no result of a referral")
    at = at or writing_instant()
    on = on or timezone.localdate(at)
    referral = problem.referrals.order_by("-id").first()
    if referral is None:
        raise ReferralRefused(_("这条问题没有移交过；请先移交。"))
    if outcome == Act.FILE_CASE and not case_no.strip():
        raise ReferralRefused(_("立案要写明立案号。"))
    changes: dict[str, Any] = {}
    if outcome == Act.CLOSE_CASE:
        fixed_on = Problem.objects.values_list("rectified_on", flat=True).get(pk=problem.pk)
        changes = {"closed_on": on, "rectified_on": fixed_on or on}
    take_step(
        problem,
        outcome,
        by=by,
        at=at,
        on=on,
        day_label=_("结案日期") if outcome == Act.CLOSE_CASE else _("决定日期"),
        not_before=referral.decided_on or referral.referred_on,
        reason=reason,
        note=f"立案号 {case_no.strip()} {reason.strip()}" if outcome == Act.FILE_CASE else reason,
        changes=changes,
    )
    if outcome == Act.CLOSE_CASE:
        referral.concluded_on, referral.result = on, reason.strip()
    else:
        referral.decided_on, referral.case_filed = on, outcome == Act.FILE_CASE
        referral.case_no = case_no.strip()
        referral.result = reason.strip()
    referral.save()
    return referral


@transaction.atomic
def revisit_problem(
    *,
    problem: Problem,
    on: date,
    passed: bool,
    by: Any,
    note: str = "",
    at: datetime | None = None,
) -> Revisit:
    """Look back after closure; failing it reopens the problem, which is counted.

    Its deadline stays what it was (campaign default): a reopened problem whose day has passed is overdue at once. A look
    back that finds nothing leaves the state and is written down all the same.
    """
    at = at or writing_instant()
    closed_on = Problem.objects.values_list("closed_on", flat=True).get(pk=problem.pk)
    if passed:
        _passed(problem, on=on, not_before=closed_on, note=note, by=by, at=at)
    else:
        take_step(
            problem,
            Act.REOPEN,
            by=by,
            at=at,
            on=on,
            day_label=_("回头看日期"),
            not_before=closed_on,
            reason=note,
            changes={
                "closed_on": None,
                "closed_by": None,
                "submitted_by": None,
                "first_checked_by": None,
                "rectified_on": None,
                "reopen_count": F("reopen_count") + 1,
            },
        )
        if problem.due_provisional:  # its year may have been published while it was closed
            settle_dates_of([problem], by=by, at=at)
    return Revisit.objects.create(problem=problem, on=on, passed=passed, note=note.strip(), by=by, at=at)


def _passed(problem: Problem, *, on: date, not_before: date | None, note: str, by: Any, at: datetime) -> None:
    """A look back that changes nothing needs the same right and the same state as one that reopens."""
    current = Problem.objects.select_for_update().get(pk=problem.pk)
    allowed_step(current, Act.REOPEN, by=by, reason="合格", has_proof=False)
    if current.state not in ENDED or not_before is None:
        raise WrongState(State(current.state), Act.REOPEN)
    today = timezone.localdate(at)
    if not not_before <= on <= today:
        raise DayRefused(_("回头看日期"), on, not_before, today)
    write_event(
        current,
        REVISITED,
        current.state,
        current.state,
        on=on,
        note=f"回头看合格 {note.strip()}",
        by=by,
        at=at,
    )
    audit.record(
        by=by, action="problem.revisited", target=current, after=told(current) | {"on": on.isoformat()}
    )
