"""Write the demonstration's problems with their events, extensions, referrals, revisits and duties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from accounts.models import User
from entities.choices import Source
from foodsafe_portal.demo.bulk import insert, next_id
from foodsafe_portal.demo.dice import dice
from foodsafe_portal.demo.people import People
from foodsafe_portal.demo.places import Places
from foodsafe_portal.demo.plan import liaisons
from foodsafe_portal.demo.problems import Case, Desk
from foodsafe_portal.demo.visits import Made
from foodsafe_portal.demo.when import Calendar
from inspections.choices import ExtensionState, ProblemState
from inspections.models import Extension, Problem, ProblemEvent, RectificationDuty, Referral, Revisit
from inspections.numbering import next_codes

SITES_PER_BUSINESSES: Final = 800
DAYS_SINCE_MOCK: Final = 18


def load_problems(
    places: Places, people: People, calendar: Calendar, visits: list[Made], *, total: int, seed: int
) -> int:
    """Write every problem of the visits, the supervision teams and the third party; returns how many."""
    desk = Desk(places, people, calendar, dice(seed, "problems"), liaisons(people))
    cases = [desk.from_visit(visit) for visit in visits if visit.finding]
    cases += desk.common(calendar.workday_from(calendar.until_minus(DAYS_SINCE_MOCK)))
    cases += desk.at_sites(8 + total // SITES_PER_BUSINESSES)
    cases.sort(key=lambda case: (case.found_on, case.recorded_at, case.place))
    codes = _codes(cases)
    key = next_id(Problem)
    numbered = list(enumerate(cases, key))
    names = dict(User.objects.values_list("pk", "name"))
    groups: dict[int, str] = {}
    rows = []
    for (pk, case), code in zip(numbered, codes, strict=True):
        group = groups.setdefault(case.group, code) if case.group else ""
        rows.append((*_problem(pk, code, case), group))
    insert(Problem, (*_PROBLEM, "group"), rows)
    _write(ProblemEvent, _EVENT, numbered, lambda pk, case: _events(pk, case, names))
    _write(Extension, _EXTENSION, numbered, _extensions(people))
    _write(Referral, _REFERRAL, numbered, _referrals)
    _write(Revisit, _REVISIT, numbered, _revisits)
    _write(RectificationDuty, _DUTY, numbered, _duties)
    return len(cases)


def _codes(cases: list[Case]) -> list[str]:
    """Numbers in the order of finding, month by month."""
    months = Counter((case.found_on.year, case.found_on.month) for case in cases)
    free = {month: iter(next_codes(date(*month, 1), count)) for month, count in months.items()}
    return [next(free[case.found_on.year, case.found_on.month]) for case in cases]


Rows = Iterator[tuple[object, ...]]


def _write(
    model: type, columns: tuple[str, ...], numbered: list[tuple[int, Case]], rows: Callable[[int, Case], Rows]
) -> None:
    key = next_id(model)
    made = (row for pk, case in numbered for row in rows(pk, case))
    insert(model, ("id", *columns), ((at, *row) for at, row in enumerate(made, key)))


_PROBLEM: Final = (
    "id", "code", "kind", "source", "severity", "description", "place", "business_id", "visit_id", "region_id", "grade",
    "unit_id", "leader_name", "owner_name", "plan", "progress", "found_on", "original_due_on", "due_on",
    "due_provisional", "due_rule", "state", "fixed_on_spot", "rectified_on", "submitted_by_id", "first_checked_by_id",
    "closed_by_id", "closed_on", "reopen_count", "extension_count", "return_count", "entry_source", "batch_id", "version",
    "recorded_by_id", "recorded_at", "voided_at",
)  # fmt: skip


def _problem(pk: int, code: str, case: Case) -> tuple[object, ...]:
    planned = case.last("plan")
    closed = case.last("close") if case.state == ProblemState.CLOSED else case.last("close_case")
    submitted = None if case.state == ProblemState.REOPENED else case.last("submit")
    checked = case.last("pass_first") if case.state in _CHECKED else None
    fixed = submitted or closed
    return (
        pk, code, str(case.kind), case.source, case.severity, case.description, case.place, case.business, case.visit,
        case.region, case.grade, case.unit.pk, case.leader, case.owner, planned.note if planned else "",
        submitted.note if submitted else "", case.found_on, case.deadline.due_on, case.due_on, case.deadline.provisional,
        case.deadline.why[:200], case.state, case.on_spot, fixed.at.date() if fixed else None,
        submitted.by if submitted else None, checked.by if checked else None,
        closed.by if closed and closed.action == "close" else None,
        closed.at.date() if closed else None, case.count("reopen"), case.count("approve_extension"), case.count("return"),
        str(Source.DEMO), None, len(case.steps), case.recorded_by, case.recorded_at, None,
    )  # fmt: skip


_CHECKED: Final = frozenset({ProblemState.SECOND_CHECK, ProblemState.CLOSED})
_EVENT: Final = ("problem_id", "action", "from_state", "to_state", "on", "note", "by_id", "by_name", "at")


def _events(pk: int, case: Case, names: dict[int, str]) -> Rows:
    before = ""
    for step in case.steps:
        by_name = names[step.by] if step.by else ""
        yield pk, step.action, before, step.to, step.at.date(), step.note, step.by, by_name, step.at
        before = step.to


_EXTENSION: Final = (
    "problem_id", "from_due_on", "to_due_on", "reason", "state", "requested_by_id", "requested_at", "decided_by_id",
    "decided_at", "note",
)  # fmt: skip


def _extensions(people: People) -> Callable[[int, Case], Rows]:
    office = people["campaign_office"].pk
    states = {None: ExtensionState.REQUESTED, True: ExtensionState.APPROVED, False: ExtensionState.REJECTED}

    def rows(pk: int, case: Case) -> Rows:
        asked = case.extension
        if asked is None:
            return
        reason = "设备采购周期较长，申请延期"
        decided = asked.approved is not None
        yield (
            pk, asked.due_on, asked.later, reason, str(states[asked.approved]), case.submitter, asked.at,
            office if decided else None, asked.decided_at, "同意" if asked.approved else "不同意" if decided else "",
        )  # fmt: skip

    return rows


_REFERRAL: Final = (
    "problem_id", "office", "referred_on", "referred_by_id", "decided_on", "case_filed", "case_no", "concluded_on", "result",
)  # fmt: skip


def _referrals(pk: int, case: Case) -> Rows:
    referred = case.last("refer")
    if referred is None:
        return
    filed, declined, ended = case.last("file_case"), case.last("decline_case"), case.last("close_case")
    decided = filed or declined
    yield (
        pk, case.office or "市市场监管局", referred.at.date(), referred.by, decided.at.date() if decided else None,
        None if decided is None else filed is not None, f"示市监立〔{referred.at.year}〕{pk % 1000:03d}号" if filed else "",
        ended.at.date() if ended else None, ended.note if ended else "",
    )  # fmt: skip


_REVISIT: Final = ("problem_id", "on", "passed", "note", "by_id", "at")


def _revisits(pk: int, case: Case) -> Rows:
    for step in case.steps:
        if step.action in {"revisit", "reopen"}:
            yield pk, step.at.date(), step.action == "revisit", step.note, step.by, step.at


_DUTY: Final = (
    "problem_id", "unit_id", "region_id", "grade", "arises_on", "ceases_on", "due_on", "original_due_on", "fulfilled_on",
    "delivered_on", "excluded_on", "exclusion", "recorded_at", "superseded_at",
)  # fmt: skip


def _duties(pk: int, case: Case) -> Rows:
    """The slices that tell the truth: other terms, and a reopening, end one on their day and begin the next."""
    closed = case.last("close") or case.last("close_case")
    submitted, reopened = case.last("submit"), case.last("reopen")
    due, begins = case.deadline.due_on, case.found_on
    original = due

    def row(ends: date | None, *, done: bool) -> tuple[object, ...]:
        fulfilled = closed.at.date() if closed and done else None
        delivered = (submitted or closed).at.date() if closed and done else None
        known = case.steps[-1].at
        place = (pk, case.unit.pk, case.region, case.grade)
        return (*place, begins, ends, due, original, fulfilled, delivered, None, "", known, None)

    approved = case.last("approve_extension")
    if approved:
        if approved.at.date() > begins:
            yield row(approved.at.date(), done=False)
            begins = approved.at.date()
        due = case.due_on
    if reopened:
        yield row(reopened.at.date(), done=True)
        begins = reopened.at.date()
    yield row(None, done=reopened is None)
