"""Opening problems, one or one for each unit, and voiding those that were entered by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Region, Unit
from accounts.rules.rights import Permission
from entities.choices import Source
from entities.models import Business
from inspections.choices import ProblemKind, ProblemState, Severity
from inspections.deadlines import Deadlines
from inspections.errors import NotVoidableProblem, OutsideScope, ProblemIncomplete, SomebodyWasFirst
from inspections.models import Problem, Visit
from inspections.numbering import next_codes
from inspections.rectification import follow_problems
from inspections.responsibility import responsible_leader, responsible_unit
from inspections.rules.deadlines import NoDeadlinePolicy
from inspections.rules.states import WITH_UNIT, Act, State
from inspections.services.steps import told, write_event
from records.services import audit
from records.services.evidence import store_evidence
from records.services.instants import writing_instant

OPENED = "open"
VOIDED = "void"


class Terms(NamedTuple):
    """A due day, whether it may still move once, and where it comes from."""

    due_on: date
    provisional: bool
    why: str


@transaction.atomic
def open_problem(
    *,
    source: str,
    severity: str,
    description: str,
    found_on: date,
    by: Any,
    business: Business | None = None,
    visit: Visit | None = None,
    region: Region | None = None,
    place: str = "",
    unit: Unit | None = None,
    leader_name: str = "",
    owner_name: str = "",
    rule_item: str = "",
    kind: str = ProblemKind.SINGLE,
    fixed_on_spot: bool = False,
    photos: Sequence[UploadedFile] = (),
    deadlines: Deadlines | None = None,
    entry_source: str = Source.PAGE,
    at: datetime | None = None,
    assist_units: str = "",
    due_on: date | None = None,
    group: str = "",
) -> Problem:
    """Write a problem with its number, deadline, responsible unit and leader, its first event and its duty.

    Unit and leader default to the government of the place and the cadre bound at the highest level. The deadline follows
    the policy unless ``due_on`` names a day of its own. What was fixed on the spot still waits for a second person to
    check it. ``at`` stands for now. Raises ``ProblemIncomplete`` when the description or the deadline policy is missing or
    a day makes no sense, ``OutsideScope`` when the person would not see the problem, ``EvidenceRefused`` for a photo that
    is none.
    """
    if not description.strip():
        raise ProblemIncomplete(_("问题要写明是什么；请选常见问题或填说明。"))
    at = at or writing_instant()
    where = region or (business.region if business else None)
    if where is None:
        raise ProblemIncomplete(_("问题要有地区或主体；请选一个。"))
    if found_on > timezone.localdate(at):
        raise ProblemIncomplete(
            _("发现日期 %(found_on)s 还没到；请填今天或以前的日期。") % {"found_on": found_on}
        )
    terms = _terms(severity, found_on, due_on, deadlines)
    state = ProblemState.SUBMITTED if fixed_on_spot else ProblemState.TO_SIGN
    problem = Problem.objects.create(
        code=next_codes(found_on)[0],
        kind=kind,
        source=source,
        severity=severity,
        description=description.strip(),
        place=place or (business.name if business else ""),
        business=business,
        visit=visit,
        region=where,
        grade=business.responsibility_grade if business else "",
        unit=unit or responsible_unit(where.pk),
        leader_name=leader_name or (responsible_leader(business) if business else ""),
        owner_name=owner_name or (business.legal_person if business else ""),
        rule_item=rule_item,
        found_on=found_on,
        assist_units=assist_units,
        group=group,
        original_due_on=terms.due_on,
        due_on=terms.due_on,
        due_provisional=terms.provisional,
        due_rule=terms.why[:200],
        state=state,
        fixed_on_spot=fixed_on_spot,
        rectified_on=found_on if fixed_on_spot else None,
        submitted_by=by if fixed_on_spot else None,
        entry_source=entry_source,
        recorded_by=by,
        recorded_at=at,
    )
    if visit is None and by is not None and not Problem.objects.visible_to(by).filter(pk=problem.pk).exists():
        raise OutsideScope
    found = write_event(
        problem, OPENED, "", ProblemState.TO_SIGN, on=found_on, note=problem.description, by=by, at=at
    )
    for photo in photos:
        store_evidence(upload=photo, target=found, by=by)
    if fixed_on_spot:
        write_event(
            problem, Act.SUBMIT, ProblemState.TO_SIGN, state, on=found_on, note="当场整改", by=by, at=at
        )
    follow_problems([problem], on=found_on, at=at)
    audit.record(
        by=by,
        action="problem.opened",
        target=problem,
        after={
            "state": state,
            "severity": severity,
            "due_on": problem.due_on.isoformat(),
            "visit": visit.pk if visit else None,
        },
    )
    return problem


def _terms(severity: str, found_on: date, due_on: date | None, deadlines: Deadlines | None) -> Terms:
    """The deadline by policy, or the day that somebody names."""
    if due_on is not None:
        if due_on < found_on:
            raise ProblemIncomplete(
                _("整改期限 %(due_on)s 早于发现日期 %(found_on)s；请改其中一个。")
                % {"due_on": due_on, "found_on": found_on}
            )
        return Terms(due_on, False, f"指定 {due_on} 到期")
    try:
        deadline = (deadlines or Deadlines()).of(severity, found_on)
    except NoDeadlinePolicy as missing:
        raise ProblemIncomplete(
            _("没有适用于 %(day)s 的“%(severity)s”问题整改期限，请先在整改期限表中补上。")
            % {"day": missing.found_on, "severity": Severity(missing.severity).label}
        ) from None
    return Terms(deadline.due_on, deadline.provisional, deadline.why)


@transaction.atomic
def open_common_problem(
    *, units: Sequence[Unit], found_on: date, by: Any, at: datetime | None = None, **fields: Any
) -> list[Problem]:
    """A common problem (共性) fans out: one problem for each unit, in the unit's own region, all of one group.

    ``fields`` are those of ``open_problem``. Every unit signs, plans, fixes and closes its own; the group is named by the first
    one's number. Raises what ``open_problem`` raises, for the first unit that cannot take it.
    """
    chosen = list({unit.pk: unit for unit in units}.values())
    if not chosen:
        raise ProblemIncomplete(_("共性问题要选责任单位；至少选 1 个。"))
    at = at or writing_instant()
    group = next_codes(found_on)[0]
    deadlines = fields.pop("deadlines", None) or Deadlines()
    return [
        open_problem(
            **fields,
            found_on=found_on,
            by=by,
            at=at,
            kind=ProblemKind.COMMON,
            unit=unit,
            region=unit.region,
            group=group,
            deadlines=deadlines,
        )
        for unit in chosen
    ]


def void_refusal(problem: Problem, by: Any, today: date) -> str:
    """Why this person cannot void the problem today; empty when they can.

    The campaign office may until the fix is reported; whoever entered it only on the same day and before it was signed for.
    """
    if problem.voided_at is not None:
        return _("这条问题已作废。")
    if problem.state not in WITH_UNIT:
        return _("报送整改以后不能作废；请走审核、退回或移交。")
    if by.can(Permission.MANAGE_CAMPAIGN):
        return ""
    entered_today = timezone.localdate(problem.recorded_at) == today
    if problem.recorded_by_id == by.pk and entered_today and problem.state == State.TO_SIGN:
        return ""
    return _("只有创建办能作废；登记人仅限登记当天、签收以前。")


@transaction.atomic
def void_problem(*, problem: Problem, reason: str, by: Any, at: datetime | None = None) -> Problem:
    """Void a problem entered by mistake: it stays readable and counts as excluded from today on. Raises ``NotVoidableProblem``."""
    at = at or writing_instant()
    today = timezone.localdate(at)
    before = Problem.objects.get(pk=problem.pk)
    refusal = void_refusal(before, by, today) or ("" if reason.strip() else _("作废必须写明理由"))
    if refusal:
        raise NotVoidableProblem(refusal)
    moved = Problem.objects.filter(pk=before.pk, version=before.version).update(
        voided_at=at, void_reason=reason.strip()[:200], version=F("version") + 1
    )
    if not moved:
        raise SomebodyWasFirst
    problem.refresh_from_db()
    write_event(problem, VOIDED, before.state, before.state, on=today, note=reason, by=by, at=at)
    follow_problems([problem], on=today, at=at)
    audit.record(by=by, action="problem.voided", target=problem, before=told(before), reason=reason.strip())
    return problem
