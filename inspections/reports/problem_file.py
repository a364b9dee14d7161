"""What one problem's page shows: the road, one plan, one leader, one deadline, proof, history, and this person's acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext_lazy

from accounts.models import Region, User
from accounts.rules.rights import Permission
from inspections.choices import ExtensionState, ProblemState
from inspections.models import Extension, Problem, ProblemEvent, Referral, Revisit
from inspections.reports.problems import STATE_TONES, standing_of, state_word
from inspections.rules.deadlines import DeadlineBadge
from inspections.rules.states import (
    ACT_WORDS,
    STEPS,
    WITH_REGULATOR,
    Act,
    NotPermitted,
    State,
    StepRefused,
    check_step,
)
from inspections.services.problems import void_refusal
from inspections.turns import is_turn_of
from records.models import EvidenceFile
from records.services.calendar import current_calendar

EVENT_WORDS: Mapping[str, tuple[Any, str, str]] = {
    "open": (gettext_lazy("发现"), "flag", ""),
    "sign": (gettext_lazy("签收"), "check", ""),
    "plan": (gettext_lazy("报整改方案"), "pencil", ""),
    "submit": (gettext_lazy("报送整改"), "upload", ""),
    "pass_first": (gettext_lazy("审核通过"), "check", ""),
    "return": (gettext_lazy("退回"), "arrow-back-up", "red"),
    "close": (gettext_lazy("复核销号"), "circle-check", "green"),
    "reopen": (gettext_lazy("回头看不合格，重新打开"), "refresh", "red"),
    "revisit": (gettext_lazy("回头看合格"), "circle-check", "green"),
    "transfer": (gettext_lazy("改派"), "arrows-exchange", ""),
    "request_extension": (gettext_lazy("申请延期"), "clock", ""),
    "approve_extension": (gettext_lazy("批准延期"), "clock", ""),
    "refuse_extension": (gettext_lazy("不批准延期"), "x", "red"),
    "refer": (gettext_lazy("移交"), "shield", ""),
    "file_case": (gettext_lazy("立案"), "shield", ""),
    "decline_case": (gettext_lazy("不立案"), "shield", ""),
    "close_case": (gettext_lazy("结案"), "circle-check", "green"),
    "settle_due": (gettext_lazy("暂定期限改为正式"), "calendar", ""),
    "void": (gettext_lazy("作废"), "x", "red"),
    "update": (gettext_lazy("台账更新"), "table-import", ""),
}
ROAD = (State.TO_SIGN, State.RECTIFYING, State.SUBMITTED, State.SECOND_CHECK, State.CLOSED)
STOPS = {State.RETURNED: State.RECTIFYING, State.REOPENED: State.RECTIFYING}
WHO_NEXT = {
    State.TO_SIGN: gettext_lazy("责任单位"),
    State.RECTIFYING: gettext_lazy("责任单位"),
    State.SUBMITTED: gettext_lazy("县区联络员"),
    State.SECOND_CHECK: gettext_lazy("创建办、督查组"),
    State.CLOSED: gettext_lazy("第二人复核"),
}
TURNS = {
    State.TO_SIGN: gettext_lazy("轮到你签收"),
    State.RECTIFYING: gettext_lazy("轮到你整改"),
    State.RETURNED: gettext_lazy("退回后轮到你整改"),
    State.REOPENED: gettext_lazy("重新打开，轮到你整改"),
    State.SUBMITTED: gettext_lazy("轮到你审核"),
    State.SECOND_CHECK: gettext_lazy("轮到你复核"),
    State.REFERRED: gettext_lazy("轮到你决定是否立案"),
    State.CASE_FILED: gettext_lazy("轮到你结案"),
    State.CASE_DECLINED: gettext_lazy("轮到你结案"),
}
PHOTOS = ngettext_lazy("%(n)s 份佐证", "%(n)s 份佐证", "n")
# Acts that take the problem on, in the order of the page; the first one allowed stands open.
PANELS: tuple[tuple[str, tuple[Act, ...]], ...] = (
    ("sign", (Act.SIGN,)),
    ("extension", (Act.APPROVE_EXTENSION, Act.REFUSE_EXTENSION)),
    ("check", (Act.PASS_FIRST, Act.RETURN)),
    ("verify", (Act.CLOSE, Act.RETURN)),
    ("submit", (Act.SUBMIT,)),
    ("plan", (Act.PLAN,)),
    ("referral", (Act.FILE_CASE, Act.DECLINE_CASE, Act.CLOSE_CASE)),
    ("extend", (Act.REQUEST_EXTENSION,)),
    ("transfer", (Act.TRANSFER,)),
    ("refer", (Act.REFER,)),
    ("revisit", (Act.REOPEN,)),
)
gettext_noop("销号")  # the one word of ACT_WORDS that stands nowhere else to be translated

# What a person who fixes or checks expects to find, and who does it instead.
ELSEWHERE = {
    Act.PASS_FIRST: gettext_lazy("由县区联络员审核"),
    Act.CLOSE: gettext_lazy("审核通过后，由创建办或督查组复核"),
    Act.APPROVE_EXTENSION: gettext_lazy("由责任单位申请，创建办批准"),
}


# How far along the road a state stands, and where the acts that people look for are done: what lies behind is not refused.
ROAD_PLACE = {
    State.TO_SIGN: 1,
    State.RECTIFYING: 2,
    State.RETURNED: 2,
    State.REOPENED: 2,
    State.SUBMITTED: 3,
    State.SECOND_CHECK: 4,
}
AHEAD = {Act.SUBMIT: 2, Act.PASS_FIRST: 3, Act.CLOSE: 4}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An act the role expects, and why it cannot be done now."""

    label: Any
    reason: Any


@dataclass(frozen=True, slots=True)
class Acts:
    """Which forms this person is shown, by panel name in order, and which acts are refused."""

    panels: Sequence[str]
    refused: Sequence[Refusal]
    doable: frozenset[Act]


@dataclass(frozen=True, slots=True)
class Proof:
    """One file shown with the problem."""

    file: EvidenceFile
    after: bool
    is_image: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history."""

    at: datetime | date
    verb: Any
    what: str
    icon: str
    tone: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Road:
    """The way as steps: labels, what stands below each, and which one is at hand (one more than there are: all done)."""

    labels: Sequence[Any]
    notes: Sequence[Any]
    current: int


@dataclass(frozen=True, slots=True)
class ProblemFile:
    """Everything on one problem's page."""

    problem: Problem
    badge: DeadlineBadge | None
    tone: str
    icon: str
    state: Any
    place: str
    road: Road
    measures: Sequence[str]
    proof: Sequence[Proof]
    history: Sequence[Line]
    acts: Acts
    turn: Any
    extensions: Sequence[Extension]
    waiting: Extension | None
    referral: Referral | None
    revisits: Sequence[Revisit]
    siblings: int
    alike_here: int
    used_days: int
    today: date


def problem_file(user: User, problem: Problem, today: date) -> ProblemFile:
    """One problem as this person's page shows it; the caller has found it in the person's scope."""
    calendar = current_calendar()
    events = list(problem.events.order_by("id"))
    extensions = list(problem.extensions.select_related("requested_by", "decided_by").order_by("-id"))
    waiting = next((one for one in extensions if one.state == ExtensionState.REQUESTED), None)
    state = State(problem.state)
    tone, icon = ("wait", "x") if problem.voided_at else STATE_TONES.get(state, ("wait", ""))
    seen = Problem.objects.visible_to(user).valid().exclude(pk=problem.pk)
    mine = problem.voided_at is None and is_turn_of(user, problem)
    files = _files(problem, events)
    return ProblemFile(
        problem=problem,
        badge=standing_of(problem, today, calendar).badge,
        tone=tone,
        icon=icon,
        state=state_word(problem),
        place=_place(problem),
        road=_road(problem, events),
        measures=[line for line in problem.plan.splitlines() if line.strip()],
        proof=_proof(files, events),
        history=_history(events, files),
        acts=acts_of(user, problem, waiting, today),
        turn=_turn(state, waiting) if mine else "",
        extensions=extensions,
        waiting=waiting,
        referral=problem.referrals.order_by("-id").first(),
        revisits=list(problem.revisits.select_related("by")),
        siblings=seen.filter(group=problem.group).count() if problem.group else 0,
        alike_here=seen.filter(business_id=problem.business_id).count() if problem.business_id else 0,
        used_days=max(calendar.working_days_between(problem.found_on, problem.closed_on or today), 0),
        today=today,
    )


def _turn(state: State, waiting: Extension | None) -> Any:
    return _("轮到你批延期") if waiting and state not in TURNS else TURNS.get(state, "")


def _place(problem: Problem) -> str:
    """County and township in words."""
    codes = [problem.region_id[:6], problem.region_id[:9]]
    names = dict(Region.objects.filter(pk__in=codes).values_list("pk", "name"))
    return " · ".join(names[code] for code in dict.fromkeys(codes) if code in names)


# --- the road ---------------------------------------------------------------------------------------


def _road(problem: Problem, events: Sequence[ProblemEvent]) -> Road:
    """The straight way, or the side way where the problem was handed over."""
    reached: dict[str, str] = {}
    for event in events:
        if event.to_state != event.from_state:
            reached[event.to_state] = timezone.localtime(event.at).strftime("%m-%d %H:%M")
    state = State(problem.state)
    if state in WITH_REGULATOR or state == State.CASE_CLOSED:
        decided = next((s for s in (State.CASE_FILED, State.CASE_DECLINED) if s in reached), None)
        stops = [State.TO_SIGN, State.REFERRED, decided, State.CASE_CLOSED]
        labels = [ProblemState(stop).label if stop else _("立案或不立案") for stop in stops]
        notes = [reached.get(stop or "", "") for stop in stops]
        current = {State.REFERRED: 3, State.CASE_CLOSED: 5}.get(state, 4)
        return Road(labels, notes, current)
    here = ROAD.index(STOPS.get(state, state))
    labels = [ProblemState(stop).label for stop in ROAD]
    labels[here] = ProblemState(state).label
    notes = [
        reached.get(stop) or "" if place <= here else str(WHO_NEXT[stop]) for place, stop in enumerate(ROAD)
    ]
    notes[here] = reached.get(state) or str(WHO_NEXT[ROAD[here]])
    return Road(labels, notes, len(ROAD) + 1 if state == State.CLOSED else here + 1)


# --- files and history ------------------------------------------------------------------------------


def _files(problem: Problem, events: Sequence[ProblemEvent]) -> list[EvidenceFile]:
    """Files of the problem and of its events, oldest first, in one query."""
    keys = [str(event.pk) for event in events]
    of_events = EvidenceFile.objects.filter(target_type=ProblemEvent._meta.label_lower, target_id__in=keys)
    of_problem = EvidenceFile.objects.filter(target_type=Problem._meta.label_lower, target_id=str(problem.pk))
    return list((of_events | of_problem).order_by("uploaded_at"))


def _proof(files: Sequence[EvidenceFile], events: Sequence[ProblemEvent]) -> list[Proof]:
    """Before the fix: what came with finding the problem; after it: what came with a step."""
    fixes = {str(event.pk) for event in events if event.action != "open"}
    label = ProblemEvent._meta.label_lower
    return [
        Proof(
            file,
            file.target_type == label and file.target_id in fixes,
            file.content_type.startswith("image/"),
        )
        for file in files
    ]


def _history(events: Sequence[ProblemEvent], files: Sequence[EvidenceFile]) -> list[Line]:
    """Newest first; what came with a step is counted."""
    label = ProblemEvent._meta.label_lower
    attached: dict[str, int] = {}
    for file in files:
        if file.target_type == label:
            attached[file.target_id] = attached.get(file.target_id, 0) + 1
    lines = []
    for event in reversed(events):
        verb, icon, tone = EVENT_WORDS.get(event.action, (event.action, "point", ""))
        count = attached.get(str(event.pk), 0)
        parts = [event.by_name, event.note, PHOTOS % {"n": count} if count else ""]
        lines.append(
            Line(timezone.localtime(event.at), verb, " · ".join(part for part in parts if part), icon, tone)
        )
    return lines


# --- acts -------------------------------------------------------------------------------------------


def acts_of(user: User, problem: Problem, waiting: Extension | None, today: date) -> Acts:
    """What this person may do about the problem now, and what the role expects but may not."""
    if problem.voided_at is not None:
        return Acts((), (), frozenset())
    refusals: dict[Act, Any] = {}
    doable: set[Act] = set()
    for act in dict.fromkeys(act for _name, acts in PANELS for act in acts):
        if act in (Act.APPROVE_EXTENSION, Act.REFUSE_EXTENSION) and waiting is None:
            continue
        refusal = _why_not(user, problem, act, waiting)
        if refusal is None:
            doable.add(act)
        elif refusal:
            refusals[act] = refusal
    panels = [name for name, acts in PANELS if _offers(name, acts, doable, problem)]
    if "extend" in panels and waiting is not None:
        panels.remove("extend")
        refusals[Act.REQUEST_EXTENSION] = _("已有一份申请等待批准")
    if not void_refusal(problem, user, today):
        panels.append("void")
    return Acts(panels, [Refusal(_(ACT_WORDS[act]), why) for act, why in refusals.items()], frozenset(doable))


def _offers(name: str, acts: Sequence[Act], doable: set[Act], problem: Problem) -> bool:
    """A panel stands where one of its acts is possible; sending back belongs to the check that is on."""
    if name in ("check", "verify"):
        on = State.SUBMITTED if name == "check" else State.SECOND_CHECK
        return problem.state == on and bool(doable & set(acts))
    return bool(doable & set(acts))


def _why_not(user: User, problem: Problem, act: Act, waiting: Extension | None) -> Any:
    """None: possible. A sentence: expected by this role, but not now. Empty: nothing this role would look for."""
    state = State(problem.state)
    origins = frozenset().union(*(step.origins for step in STEPS if step.act == act))
    permitted = [step for step in STEPS if step.act == act and step.permission in user.permissions]
    works = user.can(Permission.RECTIFY_PROBLEM) or user.can(Permission.FIRST_CHECK)
    if not permitted:
        return ELSEWHERE.get(act, "") if works and AHEAD.get(act, 4) >= ROAD_PLACE.get(state, 9) else ""
    if state not in origins:
        if act not in AHEAD or state not in ROAD_PLACE or AHEAD[act] <= ROAD_PLACE[state]:
            return ""
        words = _("”“").join(str(one.label) for one in ProblemState if State(one) in origins)
        return _("“%(states)s”时才能办理") % {"states": words}
    try:
        check_step(
            state,
            act,
            permissions=user.permissions,
            actor=user.pk,
            submitter=problem.submitted_by_id,
            requester=waiting.requested_by_id if waiting else None,
            has_proof=True,
            reason="…",
        )
    except NotPermitted:  # the step has another right in this state
        return ""
    except StepRefused as refusal:
        return str(refusal.in_words_of(_))
    return None
