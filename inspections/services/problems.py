"""Opening problems, many at once or one, and voiding those that were entered by mistake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Region, Unit
from accounts.rules.rights import Permission
from entities.choices import Source
from entities.models import Business
from foodsafe_portal.lib.bulk import Same, among, insert
from inspections.choices import ExtensionState, ProblemKind, Severity
from inspections.deadlines import Deadlines
from inspections.errors import (
    NoPolicyYet,
    NotVoidableProblem,
    OutsideScope,
    ProblemIncomplete,
    SomebodyWasFirst,
    problem_refused,
)
from inspections.models import Extension, Problem, ProblemEvent, Visit
from inspections.numbering import next_codes
from inspections.rectification import follow_problems
from inspections.rules.breaches import breaches
from inspections.rules.deadlines import NoDeadlinePolicy
from inspections.rules.entries import STRAIGHT_WAY, Entry, Told, entry
from inspections.rules.problems import RULES_OF_A_PROBLEM, ProblemFact
from inspections.rules.states import WITH_UNIT, Act, State, next_state
from inspections.services.entry_source import EntrySource
from inspections.services.responsibility import owners, responsible_leaders, responsible_units
from inspections.services.steps import new_event, told, write_event
from records.services import audit
from records.services.evidence import store_evidence
from records.services.instants import writing_instant

OPENED = "open"
VOIDED = "void"
EVENTS_AT_ONCE = 1_000


class Place(Protocol):
    """What opening a problem needs of a business: a row of its table, or what a ledger has read of one."""

    @property
    def pk(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def region_id(self) -> str: ...
    @property
    def responsibility_grade(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProblem:
    """A problem as it is told. What is left out follows by rule: unit, leader, owner, place, deadline, number.

    ``due_on`` names a deadline of its own, ``current_due_on`` one that was extended already. ``rectified_on`` and ``closed_on``
    tell a history, ``checked_by`` who is told to have checked it first.
    """

    source: str
    description: str
    found_on: date
    severity: str = Severity.MINOR.value
    kind: str = ProblemKind.SINGLE.value
    business: Place | None = None
    visit_id: int | None = None
    region_id: str = ""
    place: str = ""
    unit_id: int | None = None
    assist_units: str = ""
    leader_name: str = ""
    owner_name: str = ""
    rule_item: str = ""
    plan: str = ""
    progress: str = ""
    due_on: date | None = None
    current_due_on: date | None = None
    fixed_on_spot: bool = False
    rectified_on: date | None = None
    closed_on: date | None = None
    checked_by: str = ""
    photos: Sequence[UploadedFile] = ()

    @property
    def where(self) -> str:
        """The region the problem lies in; empty when nobody told."""
        return self.region_id or (self.business.region_id if self.business else "")


class Terms(NamedTuple):
    """A due day, whether it may still move once, where it comes from, and the original where it was extended."""

    due_on: date
    provisional: bool
    why: str


def terms_of(severity: str, found_on: date, due_on: date | None, deadlines: Deadlines) -> Terms:
    """The deadline by policy, or the day that somebody names. Raises ``NoPolicyYet``."""
    if due_on is not None:
        return Terms(due_on, False, f"指定 {due_on} 到期")
    try:
        deadline = deadlines.of(severity, found_on)
    except NoDeadlinePolicy as missing:
        raise NoPolicyYet(missing.found_on, str(Severity(missing.severity).label)) from None
    return Terms(deadline.due_on, deadline.provisional, deadline.why)


def entry_of(new: NewProblem, by: Any) -> Entry:
    """How far a problem has come when this person enters it, by the table of states."""
    if new.fixed_on_spot:
        return Entry(State.SUBMITTED, (Act.SIGN, Act.SUBMIT))
    history = Told(
        planned=bool(new.plan or new.progress),
        fixed=new.rectified_on is not None,
        closed=new.closed_on is not None,
        people=frozenset({new.owner_name, new.leader_name, new.checked_by} - {""}),
    )
    if not (history.planned or history.fixed or history.closed):
        return Entry(State.TO_SIGN, ())
    return entry(history, permissions=by.permissions, actor=by.pk, actor_name=str(by))


@transaction.atomic
def open_problems(
    problems: Sequence[NewProblem],
    *,
    by: Any,
    origin: EntrySource | None = None,
    at: datetime | None = None,
    deadlines: Deadlines | None = None,
) -> list[Problem]:
    """Write problems with their numbers, deadlines, responsible units and leaders, their first events and their duties.

    Unit and leader default to the government of the place and the cadre bound at the highest level. What was fixed on the
    spot still waits for a second person to check it. Common problems (共性) with the same words of the same day are one
    group, named by the first one's number. A fixed number of statements whatever the number of problems; one audit event
    for each, except that a ledger's own event stands for all its rows. ``at`` stands for now. Raises ``ProblemIncomplete``
    when a rule of problems is broken or the deadline policy is missing, ``OutsideScope`` when the person would not see a
    problem, ``EvidenceRefused`` for a photo that is none.
    """
    if not problems:
        return []
    at, origin = at or writing_instant(), origin or EntrySource()
    today, deadlines = timezone.localdate(at), deadlines or Deadlines()
    for new in problems:
        for breach in breaches(_fact(new, today), RULES_OF_A_PROBLEM):
            raise problem_refused(breach)
    answering = _with_defaults(problems)
    codes = _codes(answering)
    entries = [entry_of(new, by) for new in problems]
    terms = [terms_of(str(new.severity), new.found_on, new.due_on, deadlines) for new in problems]
    insert(Problem, _columns(answering, codes, entries, terms, by=by, at=at, origin=origin))
    written = {problem.code: problem for problem in among(Problem.objects.all(), "code", codes)}
    opened = [written[code] for code in codes]
    _in_sight([one for one in opened if one.visit_id is None], by)
    _write_events(answering, opened, entries, by=by, at=at, origin=origin)
    _write_extensions(opened, at=at, origin=origin)
    follow_problems(opened, on=today, at=at)
    if origin.batch_id is None:
        for problem in opened:
            audit.record(by=by, action="problem.opened", target=problem, after=_opened(problem))
    return opened


def _fact(new: NewProblem, today: date) -> ProblemFact:
    return ProblemFact(
        new.description, bool(new.where), new.found_on, today, new.due_on, new.current_due_on, new.rectified_on,
        new.closed_on,
    )  # fmt: skip


def _with_defaults(problems: Sequence[NewProblem]) -> list[NewProblem]:
    """The problems with whoever answers for them by default, where nobody is named; read at once."""
    units = responsible_units({new.where for new in problems if new.unit_id is None})
    led = {new.business.pk for new in problems if new.business and not new.leader_name}
    owned = {new.business.pk for new in problems if new.business and not new.owner_name}
    leaders, persons = responsible_leaders(led) if led else {}, owners(owned) if owned else {}
    answering = []
    for new in problems:
        key = new.business.pk if new.business else 0
        answering.append(
            replace(
                new,
                region_id=new.where,
                place=new.place or (new.business.name if new.business else ""),
                unit_id=new.unit_id if new.unit_id is not None else units[new.where],
                leader_name=new.leader_name or leaders.get(key, ""),
                owner_name=new.owner_name or persons.get(key, ""),
            )
        )
    return answering


def _codes(problems: Sequence[NewProblem]) -> list[str]:
    """The next numbers of each problem's month, in the order given."""
    months: dict[tuple[int, int], int] = defaultdict(int)
    for new in problems:
        months[new.found_on.year, new.found_on.month] += 1
    free = {month: iter(next_codes(date(*month, 1), months[month])) for month in sorted(months)}
    return [next(free[new.found_on.year, new.found_on.month]) for new in problems]


def _columns(
    problems: Sequence[NewProblem],
    codes: Sequence[str],
    entries: Sequence[Entry],
    terms: Sequence[Terms],
    *,
    by: Any,
    at: datetime,
    origin: EntrySource,
) -> dict[str, Any]:
    """The rows of the problems' table, column by column."""
    person = by.pk if by is not None else None
    current = [
        max(new.current_due_on or term.due_on, term.due_on) for new, term in zip(problems, terms, strict=True)
    ]
    told_alike = (
        "kind",
        "source",
        "severity",
        "place",
        "visit_id",
        "region_id",
        "unit_id",
        "assist_units",
        "leader_name",
        "owner_name",
        "rule_item",
        "plan",
        "progress",
        "found_on",
        "fixed_on_spot",
    )
    states = [one.state for one in entries]
    fixed = [state == State.CLOSED or state == State.SUBMITTED for state in states]
    return {name: [getattr(new, name) for new in problems] for name in told_alike} | {
        "code": codes,
        "description": [new.description.strip() for new in problems],
        "business_id": [new.business.pk if new.business else None for new in problems],
        "grade": [new.business.responsibility_grade if new.business else "" for new in problems],
        "group": _groups(problems, codes),
        "original_due_on": [term.due_on for term in terms],
        "due_on": current,
        "due_provisional": [term.provisional for term in terms],
        "due_rule": [term.why[:200] for term in terms],
        "extension_count": [int(due > term.due_on) for due, term in zip(current, terms, strict=True)],
        "state": [str(state) for state in states],
        "rectified_on": [_fixed_on(new) if done else None for new, done in zip(problems, fixed, strict=True)],
        "submitted_by_id": [person if state == State.SUBMITTED else None for state in states],
        "closed_by_id": [person if state == State.CLOSED else None for state in states],
        "closed_on": [
            new.closed_on if state == State.CLOSED else None
            for new, state in zip(problems, states, strict=True)
        ],
        "reopen_count": Same(0),
        "return_count": Same(0),
        "entry_source": Same(str(origin.source)),
        "batch_id": Same(origin.batch_id),
        "version": Same(1),
        "recorded_by_id": Same(person),
        "recorded_at": Same(at),
        "void_reason": Same(""),
    }  # fmt: skip


def _fixed_on(new: NewProblem) -> date | None:
    return new.found_on if new.fixed_on_spot else new.rectified_on or new.closed_on


def _groups(problems: Sequence[NewProblem], codes: Sequence[str]) -> list[str]:
    """Common problems with the same words of the same day are one group, named by the first one's number."""
    first: dict[tuple[str, date], str] = {}
    return [
        first.setdefault((new.description.strip(), new.found_on), code)
        if new.kind == ProblemKind.COMMON
        else ""
        for new, code in zip(problems, codes, strict=True)
    ]


def _in_sight(opened: Sequence[Problem], by: Any) -> None:
    """Nobody opens a problem where the own posts show nothing; one found on a visit is the visit's affair."""
    if by is None or not opened:
        return
    seen = among(Problem.objects.visible_to(by), "id", [problem.pk for problem in opened])
    if seen.count() != len(opened):
        raise OutsideScope


def _write_events(
    problems: Sequence[NewProblem],
    opened: Sequence[Problem],
    entries: Sequence[Entry],
    *,
    by: Any,
    at: datetime,
    origin: EntrySource,
) -> None:
    """Each problem's first event with its photos, and those that tell how far it had come already."""
    first = [
        new_event(
            problem,
            OPENED,
            "",
            State.TO_SIGN,
            on=problem.found_on,
            note=_named(origin, problem),
            by=by,
            at=at,
        )
        for problem in opened
    ]
    ProblemEvent.objects.bulk_create(first, batch_size=EVENTS_AT_ONCE)
    for new, found in zip(problems, first, strict=True):
        for photo in new.photos:
            store_evidence(upload=photo, target=found, by=by)
    later = [
        event
        for new, problem, one in zip(problems, opened, entries, strict=True)
        if one.state in (State.SUBMITTED, State.CLOSED)
        for event in _history(new, problem, one, by, at)
    ]
    ProblemEvent.objects.bulk_create(later, batch_size=EVENTS_AT_ONCE)


def _named(origin: EntrySource, problem: Problem) -> str:
    return f"{origin.words}：{problem.description}" if origin.words else problem.description


def _history(new: NewProblem, problem: Problem, one: Entry, by: Any, at: datetime) -> Iterable[ProblemEvent]:
    """The steps a problem had taken already: the last one by who enters it, those before by who is told to have taken them."""
    before, state = State.TO_SIGN, State.TO_SIGN
    tellers = {Act.SUBMIT: new.owner_name or new.leader_name, Act.PASS_FIRST: new.checked_by}
    for act in one.acts:
        state = next_state(state, act)
        if act not in STRAIGHT_WAY[1:]:
            continue
        own = act == one.acts[-1]
        on = problem.closed_on if act != Act.SUBMIT else problem.rectified_on
        words = "当场整改" if new.fixed_on_spot else "台账填报"
        event = new_event(
            problem,
            str(act),
            str(before),
            str(state),
            on=on or problem.found_on,
            note=words,
            by=by if own else None,
            at=at,
        )
        event.by_name = event.by_name or tellers.get(act, "")[:60]
        before = state
        yield event


def _write_extensions(opened: Sequence[Problem], *, at: datetime, origin: EntrySource) -> None:
    """Deadlines that had been extended before the problem was entered, as approved extensions."""
    Extension.objects.bulk_create(
        Extension(
            problem=problem,
            from_due_on=problem.original_due_on,
            to_due_on=problem.due_on,
            reason=f"{origin.words} 填报的现行时限".strip(),
            state=ExtensionState.APPROVED,
            requested_at=at,
            decided_at=at,
        )
        for problem in opened
        if problem.extension_count
    )


def _opened(problem: Problem) -> Mapping[str, Any]:
    return {
        "state": problem.state,
        "severity": problem.severity,
        "due_on": problem.due_on.isoformat(),
        "visit": problem.visit_id,
    }


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
    unit: Unit | None = None,
    deadlines: Deadlines | None = None,
    entry_source: str = Source.PAGE,
    at: datetime | None = None,
    **told_besides: Any,
) -> Problem:
    """Open one problem: ``open_problems`` with a list of one. ``told_besides`` are further fields of ``NewProblem``."""
    new = NewProblem(
        source=source,
        severity=severity,
        description=description,
        found_on=found_on,
        business=business,
        visit_id=visit.pk if visit else None,
        region_id=region.pk if region else "",
        unit_id=unit.pk if unit else None,
        **told_besides,
    )
    return open_problems([new], by=by, origin=EntrySource(entry_source), at=at, deadlines=deadlines)[0]


def open_common_problem(
    *,
    units: Sequence[Unit],
    found_on: date,
    by: Any,
    at: datetime | None = None,
    entry_source: str = Source.PAGE,
    deadlines: Deadlines | None = None,
    **fields: Any,
) -> list[Problem]:
    """A common problem (共性) fans out: one problem for each unit, in the unit's own region, all of one group.

    ``fields`` are those of ``NewProblem``. Every unit signs, plans, fixes and closes its own. Raises what ``open_problems``
    raises.
    """
    chosen = list({unit.pk: unit for unit in units}.values())
    if not chosen:
        raise ProblemIncomplete(_("共性问题要选责任单位；至少选 1 个。"))
    common = [
        NewProblem(
            kind=ProblemKind.COMMON.value, found_on=found_on, unit_id=unit.pk, region_id=unit.region_id, **fields
        )
        for unit in chosen
    ]  # fmt: skip
    return open_problems(common, by=by, origin=EntrySource(entry_source), at=at, deadlines=deadlines)


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
