"""What of the supervision waits for a person: problems whose turn it is, extensions, referrals, visits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists import Places
from accounts.models import Region
from accounts.rules.rights import Permission as P
from accounts.rules.rights import Role
from foodsafe_portal.lib.acts import Act
from foodsafe_portal.lib.waiting import Kind, Line, Link, Step, register, step_of, tell_acts
from inspections.acts import ACT
from inspections.choices import ExtensionState
from inspections.errors import BusinessOutOfSight
from inspections.forms.escalation import DecisionForm
from inspections.models import EscalationStep, Extension, Problem, ProblemEvent, VisitDuty
from inspections.reports.duties import my_duties
from inspections.reports.problems import STATE_TONES
from inspections.reports.visits import officers_for
from inspections.rules import states
from inspections.rules.states import State
from inspections.services.escalation import decide_step
from inspections.services.visits import record_visit
from inspections.turns import waiting_for

BY_DUE_DAY = ("due_on", "pk")
TITLE = 60
PIECE, SHOP = gettext_lazy("件"), gettext_lazy("家")


def _places(user: Any) -> Places:
    return Places(Region.objects.visible_to(user))


def _step(name: str, value: str, label: Any, *, asks: bool = False, css: str = "") -> Step:
    act: Act = ACT[name]

    def form(data: Any, files: Any, *, user: Any, row: Problem, day: date, **kwargs: Any) -> Any:
        initial = {"on": day} if act.dated else {}
        return act.form(data, files, user=user, problem=row, initial=initial, **kwargs)

    return step_of(act, value, label, form, asks=asks, css=css)


# --- problems whose turn it is ----------------------------------------------------------------------


def _turn(user: Any, day: date, **narrow: Any) -> QuerySet:
    return Problem.objects.visible_to(user).filter(waiting_for(user)).filter(**narrow)


def _asked_for() -> QuerySet:
    return Extension.objects.filter(state=ExtensionState.REQUESTED).values("problem_id")


def _where(problem: Problem, places: Places) -> str:
    business = problem.business
    spots = (places.county(problem.region_id), business.name if business else problem.place, problem.unit)
    return " · ".join(dict.fromkeys(str(spot) for spot in spots if spot))


def _reasons(problems: Sequence[Problem]) -> dict[int, str]:
    """Why each was sent back or opened again: the latest event that says so."""
    sent_back = {states.Act.RETURN.value, states.Act.REOPEN.value}
    events = ProblemEvent.objects.filter(
        problem__in=[problem.pk for problem in problems], action__in=sent_back
    )
    return {
        event.problem_id: _("%(who)s：%(why)s") % {"who": event.by_name, "why": event.note}
        for event in events.order_by("pk")
        if event.note
    }


def problem_lines(
    problems: Sequence[Problem], user: Any, day: date, *, reasons: bool = False, state: bool = False
) -> list[Line]:
    """Each problem with its place, its shop and its unit; with why it came back, or with how it stands."""
    places, why = _places(user), _reasons(problems) if reasons else {}
    return [
        Line(
            pk=problem.pk,
            title=problem.description.strip().split("\n")[0][:TITLE],
            url=reverse("problem-detail", args=[problem.pk]),
            where=_where(problem, places),
            due_on=problem.due_on,
            provisional=problem.due_provisional and not problem.extension_count,
            note=why.get(problem.pk, ""),
            state=_stands(problem) if state else None,
        )
        for problem in problems
    ]


def _stands(problem: Problem) -> tuple[str, str]:
    tone, _icon = STATE_TONES.get(State(problem.state), ("wait", ""))
    return tone, str(problem.get_state_display())


def _extension_lines(problems: Sequence[Problem], user: Any, day: date) -> list[Line]:
    """Each request with what is asked and why."""
    asked = {
        one.problem_id: one
        for one in Extension.objects.filter(
            problem__in=[problem.pk for problem in problems], state=ExtensionState.REQUESTED
        ).select_related("requested_by")
    }
    lines = []
    for line in problem_lines(problems, user, day):
        if (one := asked.get(line.pk)) is not None:
            words = {
                "from": one.from_due_on,
                "to": one.to_due_on,
                "why": one.reason,
                "who": one.requested_by or "—",
            }
            line = replace(line, note=_("%(who)s 申请 %(from)s → %(to)s：%(why)s") % words)
        lines.append(line)
    return lines


def _list_of(**query: str) -> Callable[[], str]:
    return lambda: f"{reverse('problem-list')}?{urlencode(query)}"


SIGN = _step("sign", "", gettext_lazy("签收"), css="btn-primary")
SUBMIT = _step("submit", "", gettext_lazy("报送整改"), asks=True, css="btn-primary")
EXTEND = _step("extend", "", gettext_lazy("申请延期"), asks=True)


def _problems(
    code: str,
    label: Any,
    place: int,
    permission: P,
    steps: tuple[Step, ...],
    *,
    state: State,
    note: Any = "",
    reasons: bool = False,
    decides: bool = False,
    icon: str = "flag",
) -> Kind:
    return register(
        Kind(
            code=code,
            label=label,
            unit=PIECE,
            note=note,
            icon=icon,
            place=place,
            decides=decides,
            permissions=(permission,),
            rows=partial(_turn, state=state),
            lines=partial(problem_lines, reasons=reasons),
            url=_list_of(tab="mine", state=state.value),
            due="due_on",
            order=BY_DUE_DAY,
            steps=steps,
            related=("business", "unit"),
        )
    )


_problems(
    "problem_returned",
    gettext_lazy("整改被退回"),
    10,
    P.RECTIFY_PROBLEM,
    (SUBMIT, EXTEND),
    state=State.RETURNED,
    note=gettext_lazy("先看退回理由，补好再报"),
    reasons=True,
    icon="arrow-back-up",
)
_problems(
    "problem_reopened",
    gettext_lazy("回头看不合格"),
    11,
    P.RECTIFY_PROBLEM,
    (SUBMIT, EXTEND),
    state=State.REOPENED,
    note=gettext_lazy("重新整改"),
    reasons=True,
    icon="refresh",
)
_problems(
    "problem_to_sign",
    gettext_lazy("问题待签收"),
    20,
    P.RECTIFY_PROBLEM,
    (SIGN,),
    state=State.TO_SIGN,
    note=gettext_lazy("签收后开始整改"),
)
_problems(
    "problem_to_fix",
    gettext_lazy("问题整改中"),
    21,
    P.RECTIFY_PROBLEM,
    (SUBMIT, EXTEND),
    state=State.RECTIFYING,
    note=gettext_lazy("附整改后照片报送"),
)
_problems(
    "problem_first_check",
    gettext_lazy("整改待审核"),
    31,
    P.FIRST_CHECK,
    (_step("check", "pass", gettext_lazy("通过")), _step("check", "return", gettext_lazy("退回"), asks=True)),
    state=State.SUBMITTED,
    note=gettext_lazy("审核后送创建办复核"),
    decides=True,
)
_problems(
    "problem_second_check",
    gettext_lazy("整改待复核"),
    30,
    P.SECOND_CHECK,
    (
        _step("verify", "close", gettext_lazy("通过")),
        _step("verify", "return", gettext_lazy("退回"), asks=True),
    ),
    state=State.SECOND_CHECK,
    note=gettext_lazy("复核通过才销号"),
    decides=True,
)

register(
    Kind(
        code="extension",
        label=gettext_lazy("延期申请"),
        unit=PIECE,
        note=gettext_lazy("批准后改现行期限，原定期限不变"),
        icon="clock",
        place=29,
        decides=True,
        permissions=(P.APPROVE_EXTENSION,),
        rows=lambda user, day: _turn(user, day, pk__in=_asked_for()),
        lines=_extension_lines,
        url=_list_of(tab="mine", extension="1"),
        due="due_on",
        order=BY_DUE_DAY,
        steps=(
            _step("extension", "approve", gettext_lazy("批准")),
            _step("extension", "refuse", gettext_lazy("不批准"), asks=True),
        ),
        related=("business", "unit"),
    )
)

CONCLUDE = (_step("referral", "conclude", gettext_lazy("结案"), asks=True),)
_problems(
    "referral_new",
    gettext_lazy("移交待决定"),
    25,
    P.RECORD_REFERRAL,
    (
        _step("referral", "file", gettext_lazy("立案"), asks=True),
        _step("referral", "decline", gettext_lazy("不立案"), asks=True),
    ),
    state=State.REFERRED,
    note=gettext_lazy("立案或不立案"),
    icon="shield",
)
_problems(
    "referral_filed",
    gettext_lazy("立案待结案"),
    26,
    P.RECORD_REFERRAL,
    CONCLUDE,
    state=State.CASE_FILED,
    note=gettext_lazy("办完登记处理结果"),
    icon="shield",
)
_problems(
    "referral_declined",
    gettext_lazy("不立案待结案"),
    27,
    P.RECORD_REFERRAL,
    CONCLUDE,
    state=State.CASE_DECLINED,
    note=gettext_lazy("办完登记处理结果"),
    icon="shield",
)

# --- visits -----------------------------------------------------------------------------------------


def _own_visits(user: Any, day: date) -> QuerySet:
    return my_duties(user, day).part("undone", day, running=True)  # type: ignore[attr-defined]


def _late_visits(user: Any, day: date) -> QuerySet:
    """What officers of a township owe and are late with; it waits for those who look after the township."""
    duties = VisitDuty.objects.visible_to(user).live().in_period_of(day).part("overdue", day, running=True)
    return duties if Role.TOWNSHIP_LIAISON in user.roles else duties.none()


def visit_lines(duties: Sequence[VisitDuty], user: Any, day: date) -> list[Line]:
    """Each visit with the shop's address, or with the officer who owes it."""
    places, own = _places(user), user.can(P.MY_VISITS)
    shows_phone = user.can(P.EDIT_ASSIGNMENT)
    lines = []
    for duty in duties:
        shop = duty.business
        spots = (
            (shop.premises_address, places.township(duty.region_id))
            if own
            else (
                places.path(duty.region_id),
                duty.officer.name if duty.officer else _("没有包保干部"),
                duty.officer.phone if duty.officer and shows_phone else "",
            )
        )
        links = (Link(_("记问题") if own else _("记督导"), reverse("visit-new", args=[shop.pk]), "flag"),)
        lines.append(
            Line(
                pk=duty.pk,
                title=shop.name,
                url=reverse("business-detail", args=[shop.pk]),
                where=" · ".join(spot for spot in spots if spot),
                due_on=duty.due_on,
                links=links if user.can(P.RECORD_VISIT) else (),
            )
        )
    return lines


def _no_problem(duty: VisitDuty, by: Any, form: Any) -> Any:
    """Record today's visit in the person's own name; sent twice it is one visit."""
    officer = next(iter(officers_for(by, duty.business)), None)
    if officer is None:
        raise BusinessOutOfSight
    number = uuid.uuid5(uuid.NAMESPACE_OID, f"visit duty {duty.pk} after {duty.visits_made} visits")
    return record_visit(
        business=duty.business, officer=officer, on=timezone.localdate(), by=by, client_uuid=number
    )


register(
    Kind(
        code="visit_own",
        label=gettext_lazy("要去督导"),
        unit=SHOP,
        note=gettext_lazy("最早到期的在前"),
        icon="map-pin",
        place=15,
        permissions=(P.MY_VISITS,),
        rows=_own_visits,
        lines=visit_lines,
        url=lambda: reverse("my-visits"),
        due="due_on",
        order=BY_DUE_DAY,
        steps=(
            Step(
                "no_problem",
                gettext_lazy("无问题"),
                gettext_lazy("已登记督导，无问题。"),
                _no_problem,
                P.MY_VISITS,
            ),
        ),
        related=("business", "officer"),
    )
)

register(
    Kind(
        code="visit_late",
        label=gettext_lazy("辖区逾期督导"),
        unit=SHOP,
        note=gettext_lazy("催包保干部，或代为登记"),
        icon="map-pin",
        place=16,
        permissions=(P.EDIT_ASSIGNMENT,),
        rows=_late_visits,
        lines=visit_lines,
        url=lambda: f"{reverse('duty-list')}?part=overdue",
        due="due_on",
        order=BY_DUE_DAY,
        related=("business", "officer"),
    )
)

# --- what was asked of others -----------------------------------------------------------------------


def _asked(code: str, label: Any, place: int, permission: P, rows: Callable[[Any], QuerySet]) -> Kind:
    return register(
        Kind(
            code=code,
            label=label,
            unit=PIECE,
            place=place,
            asked=True,
            icon="flag",
            permissions=(permission,),
            rows=lambda user, day: rows(user),
            lines=partial(problem_lines, state=True),
            due="due_on",
            order=BY_DUE_DAY,
            related=("business", "unit"),
        )
    )


def _seen(user: Any) -> Any:
    return Problem.objects.visible_to(user).open()


_asked(
    "asked_problem",
    gettext_lazy("我登记的问题"),
    10,
    P.CREATE_PROBLEM,
    lambda user: _seen(user).filter(recorded_by=user),
)
_asked(
    "asked_check",
    gettext_lazy("我报送的整改"),
    11,
    P.RECTIFY_PROBLEM,
    lambda user: _seen(user).filter(submitted_by=user, state__in=states.WITH_CHECKERS),
)
_asked(
    "asked_extension",
    gettext_lazy("我申请的延期"),
    12,
    P.RECTIFY_PROBLEM,
    lambda user: _seen(user).filter(
        pk__in=Extension.objects.filter(state=ExtensionState.REQUESTED, requested_by=user).values(
            "problem_id"
        )
    ),
)

tell_acts(
    {
        "problem.opened": gettext_lazy("登记问题"),
        "problem.sign": gettext_lazy("签收问题"),
        "problem.plan": gettext_lazy("报整改方案"),
        "problem.submit": gettext_lazy("报送整改"),
        "problem.pass_first": gettext_lazy("审核通过整改"),
        "problem.return": gettext_lazy("退回整改"),
        "problem.close": gettext_lazy("复核销号"),
        "problem.reopen": gettext_lazy("重新打开问题"),
        "problem.transfer": gettext_lazy("改派问题"),
        "problem.request_extension": gettext_lazy("申请延期"),
        "problem.approve_extension": gettext_lazy("批准延期"),
        "problem.refuse_extension": gettext_lazy("不批准延期"),
        "problem.refer": gettext_lazy("移交监管"),
        "problem.file_case": gettext_lazy("登记立案"),
        "problem.decline_case": gettext_lazy("登记不立案"),
        "problem.close_case": gettext_lazy("登记结案"),
        "problem.revisited": gettext_lazy("登记回头看"),
        "problem.voided": gettext_lazy("作废问题"),
        "visit.recorded": gettext_lazy("登记督导"),
        "visit.voided": gettext_lazy("作废督导记录"),
    },
    {"inspections.problem": "problem-detail", "inspections.visit": "visit-detail"},
)


# --- what the ladder of escalation proposes ---------------------------------------------------------


def _decides(approve: bool) -> Any:
    def decide(row: EscalationStep, by: Any, form: Any) -> Any:
        return decide_step(step=row, approve=approve, by=by, **form.cleaned_data)

    return decide


def _decision(data: Any, files: Any, *, auto_id: str = "id_%s", **told: Any) -> DecisionForm:
    return DecisionForm(data, auto_id=auto_id)


def _proposal_lines(rows: Sequence[EscalationStep], user: Any, day: date) -> list[Line]:
    return [
        Line(
            row.pk,
            f"{row.get_step_display()} {row.object_name}",
            reverse("escalation-detail", args=[row.pk]),
            where=row.unit.name if row.unit else row.region.name,
            due_on=row.due,
        )
        for row in rows
    ]


register(
    Kind(
        code="escalation",
        label=gettext_lazy("约谈、问责提议"),
        unit=PIECE,
        note=gettext_lazy("同意或不采取都要写理由"),
        icon="alert-triangle",
        place=31,
        decides=True,
        permissions=(P.DECIDE_ESCALATION,),
        rows=lambda user, day: EscalationStep.objects.visible_to(user).proposed(),
        lines=_proposal_lines,
        url=lambda: f"{reverse('escalation-list')}?state=proposed",
        due="due",
        order=("due", "pk"),
        related=("unit", "region"),
        steps=(
            Step(
                "approve",
                gettext_lazy("同意"),
                gettext_lazy("已同意。"),
                _decides(True),
                P.DECIDE_ESCALATION,
                form=_decision,
                asks=True,
            ),
            Step(
                "decline",
                gettext_lazy("不采取"),
                gettext_lazy("已决定不采取。"),
                _decides(False),
                P.DECIDE_ESCALATION,
                form=_decision,
                asks=True,
                icon="x",
            ),
        ),
    )
)
tell_acts(
    {
        "escalation.approved": gettext_lazy("同意约谈或问责"),
        "escalation.declined": gettext_lazy("决定不采取约谈或问责"),
        "escalation.held": gettext_lazy("登记约谈或问责结果"),
        "reminder.sent": gettext_lazy("催办"),
    },
    {"inspections.escalationstep": "escalation-detail"},
)
