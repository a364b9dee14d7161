"""Keeping visit duties true: what is owed and what fulfilled it, worked out anew from the facts and written as versions.

Duties are derived: nobody edits one. Whenever a visit, a reviewed status or grade, an assignment or a business changes, the
duties of the businesses concerned are worked out again; a row that no longer tells the truth is superseded and the truth is
written beside it, both with the instant at which that became known. What a duty says of a past Sunday does not depend on
what happened after it: grade, place and exclusion are dated, and a change inside a period cuts the duty into slices
(``inspections.rules.expectations``). Facts that were recorded after ``at`` are not known to it.

Decisions (campaign defaults): a duty falls due at the end of its period even when that is no working day · a business that
enters a period after its staggered day is given until the period's end · the rule, the number of visits and the due day of
a duty stay what they were when it was written, as long as its grade is the same · the region has no dated changes of its
own: a business that moved counts in its new place from the day on which the move became known · a business without a
grade owes nothing until it is graded · a business merged into another owes nothing from that day on, and from that day on a
visit made to it counts for the other one, on time when it was made in time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from entities.choices import OfficerLevel, ResponsibilityGrade, ReviewState
from entities.models import Assignment, Business, BusinessMerger, GradeChange, StatusChange
from foodsafe_portal.lib.bulk import Same, among, insert, update
from foodsafe_portal.lib.periods import Period
from inspections.models import FrequencyPolicy, Visit, VisitDuty
from inspections.rules.duties import day_for, staggered_days
from inspections.rules.expectations import (
    ALWAYS,
    Change,
    Frequency,
    Made,
    Run,
    Slice,
    fulfilment,
    governing,
    runs,
    slices,
    value_on,
)
from records.services.calendar import current_calendar

AT_ONCE = 50_000
LEVEL_OF_GRADE = {
    ResponsibilityGrade.A.value: OfficerLevel.CITY.value,
    ResponsibilityGrade.B.value: OfficerLevel.COUNTY.value,
    ResponsibilityGrade.C.value: OfficerLevel.TOWNSHIP.value,
    ResponsibilityGrade.D.value: OfficerLevel.VILLAGE.value,
}


@dataclass(slots=True)
class Counts:
    """What became of duties: written for the first time, written anew, withdrawn, found true."""

    created: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    @property
    def moved(self) -> int:
        """How many duties are not what they were."""
        return self.created + self.changed + self.withdrawn


def refresh_duties(business_ids: Iterable[int], at: datetime) -> int:
    """Work the existing duties of these businesses out again; returns how many were written anew or withdrawn."""
    return sum(_reconcile(ids, at, None).moved for ids in _batches(_concerned(business_ids)))


def follow(business_ids: Iterable[int], at: datetime) -> Counts:
    """Like ``refresh_duties``, and write the duties that are missing in the periods that contain the day of ``at``."""
    counts = Counts()
    for ids in _batches(_concerned(business_ids)):
        counts += _reconcile(ids, at, timezone.localdate(at))
    return counts


def materialise(
    region_code: str, day: date, at: datetime, business_ids: Iterable[int] | None = None
) -> Counts:
    """Write the missing duties of the periods that contain ``day`` for the graded businesses of a territory.

    With ``business_ids`` only for those among them. Existing duties are worked out again on the way. Running it twice
    changes nothing the second time.
    """
    businesses: QuerySet[Business] = Business.objects.in_territory(region_code).graded()
    if business_ids is not None:
        businesses = among(businesses, "id", business_ids)
    counts = Counts()
    for ids in _batches(businesses.order_by("pk").values_list("pk", flat=True)):
        counts += _reconcile(ids, at, day)
    return counts


def _concerned(business_ids: Iterable[int]) -> list[int]:
    """These businesses and those they were merged into, for which their visits count."""
    ids = list(business_ids)
    merged = among(Business.objects.filter(merged_into__isnull=False), "id", ids)
    return [*ids, *merged.values_list("merged_into_id", flat=True)]


def _batches(business_ids: Iterable[int]) -> Iterator[list[int]]:
    ids = sorted(set(business_ids))
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


# --- facts ----------------------------------------------------------------------------------------


class Window(NamedTuple):
    """A period with its code, its first and its last day, worked out once."""

    period: Period
    code: str
    first: date
    last: date

    @classmethod
    def of(cls, period: Period) -> Window:
        """The window of a period."""
        return cls(period, period.code, period.start, period.end)


class Place(NamedTuple):
    """A business as the register has it now."""

    pk: int
    match_key: str
    region_id: str
    responsibility_grade: str
    status: str
    registered_on: date


class Standing(NamedTuple):
    """A duty row nobody has superseded."""

    pk: int
    business_id: int
    period: str
    region_id: str
    grade: str
    arises_on: date
    ceases_on: date | None
    due_on: date
    fulfilled_on: date | None
    delivered_on: date | None
    excluded_on: date | None
    exclusion: str
    officer_id: int | None
    times: int
    visits_made: int
    visit_id: int | None
    policy_id: int | None
    recorded_at: datetime


class Row(NamedTuple):
    """A duty as it should stand: everything that makes it the same row or another one."""

    region_id: str
    grade: str
    arises_on: date
    ceases_on: date | None
    due_on: date
    fulfilled_on: date | None
    delivered_on: date | None
    excluded_on: date | None
    exclusion: str
    officer_id: int | None
    times: int
    visits_made: int
    visit_id: int | None
    policy_id: int | None


_told = attrgetter(*Row._fields)


class Holding(NamedTuple):
    """One assignment, as far as it was known."""

    level: str
    officer_id: int
    valid_from: date
    valid_to: date | None


@dataclass(slots=True)
class Facts:
    """Everything known about a set of businesses at one instant."""

    places: list[Place]
    duties: dict[int, dict[str, list[Standing]]]
    grades: dict[int, list[Run]]
    statuses: dict[int, list[Run]]
    visits: dict[int, list[Made]]
    holdings: dict[int, list[Holding]]
    merged_on: dict[int, date]
    windows: dict[str, Window]


def _facts(ids: Sequence[int], at: datetime, opening: Iterable[Period]) -> Facts:
    """Read the facts; the businesses are locked first, so that two writers work one after the other."""
    businesses = among(Business.objects.order_by("pk"), "id", ids).select_for_update(no_key=True)
    places = [Place(*row) for row in businesses.values_list(*Place._fields)]
    duties: dict[int, dict[str, list[Standing]]] = defaultdict(lambda: defaultdict(list))
    standing = among(VisitDuty.objects.live(), "business_id", ids).order_by("arises_on")
    for row in standing.values_list(*Standing._fields):
        duties[row[1]][row[2]].append(Standing(*row))
    windows = {period.code: Window.of(period) for period in opening}
    for of_business in duties.values():
        for code in of_business:
            if code not in windows:
                windows[code] = Window.of(Period.parse(code))
    first = min((window.first for window in windows.values()), default=date.max)
    last = max((window.last for window in windows.values()), default=date.max)
    merged_on, absorbed = _mergers(ids, at)
    visits: dict[int, list[Made]] = defaultdict(list)
    made = among(Visit.objects.all(), "business_id", [*ids, *absorbed]).filter(
        Q(voided_at__isnull=True) | Q(voided_at__gt=at), visited_on__range=(first, last), recorded_at__lte=at
    )
    for business_id, on, pk in made.order_by("visited_on", "pk").values_list(
        "business_id", "visited_on", "pk"
    ):
        visits[business_id].append(Made(on, pk, on))
    for business_id, (survivor_id, day) in absorbed.items():
        visits[survivor_id] += [
            one._replace(counts_from=max(one.on, day)) for one in visits.get(business_id, ())
        ]
        visits[survivor_id].sort(key=lambda one: (one.counts_from, one.on, one.visit))
    holdings: dict[int, list[Holding]] = defaultdict(list)
    held = among(Assignment.objects.all(), "business_id", ids).filter(
        Q(voided_at__isnull=True) | Q(voided_at__gt=at), recorded_at__lte=at
    )
    names = ("business_id", "level", "officer_id", "valid_from", "valid_to", "ended_at")
    for business_id, level, officer_id, since, until, ended_at in held.order_by(
        "valid_from", "pk"
    ).values_list(*names):
        known_end = until if ended_at is None or ended_at <= at else None
        holdings[business_id].append(Holding(level, officer_id, since, known_end))
    return Facts(
        places=places,
        duties=duties,
        grades=_histories(GradeChange, "grade", ids, first, at),
        statuses=_histories(StatusChange, "status", ids, first, at),
        visits=visits,
        holdings=holdings,
        merged_on=merged_on,
        windows=windows,
    )


def _mergers(ids: Sequence[int], at: datetime) -> tuple[dict[int, date], dict[int, tuple[int, date]]]:
    """The days on which businesses of these were merged into another; and the businesses merged into these, into which, when."""
    known = BusinessMerger.objects.known_at(at)
    gone = among(known, "business_id", ids).values_list("business_id", "merged_on")
    come = among(known, "survivor_id", ids).values_list("business_id", "survivor_id", "merged_on")
    return dict(gone), {business_id: (survivor_id, on) for business_id, survivor_id, on in come}


def _histories(model: Any, what: str, ids: Sequence[int], first: date, at: datetime) -> dict[int, list[Run]]:
    """The dated values of the businesses that have any change since ``first``, as reviewed by ``at``.

    A change that was reviewed later tells only what had been the value before it.
    """
    changes = (
        among(model.objects.all(), "business_id", ids)
        .filter(state=ReviewState.APPROVED)
        .annotate(known_at=Coalesce("reviewed_at", "proposed_at"))
        .filter(Q(effective_on__gt=first) | Q(known_at__gt=at))
        .order_by("effective_on", "pk")
    )
    known: dict[int, list[Change]] = defaultdict(list)
    before: dict[int, str] = {}
    names = ("business_id", "effective_on", f"from_{what}", f"to_{what}", "known_at")
    for business_id, on, old, new, known_at in changes.values_list(*names):
        if known_at <= at:
            known[business_id].append(Change(on, old, new))
        else:
            before.setdefault(business_id, old)
    return {key: runs(known.get(key, ()), before.get(key, "")) for key in known.keys() | before.keys()}


# --- truth ----------------------------------------------------------------------------------------


class Expectations:
    """The frequency rules and the days they lead to, worked out once for many businesses."""

    def __init__(self) -> None:
        self.rules: dict[str, list[Frequency]] = defaultdict(list)
        rows = FrequencyPolicy.objects.order_by("-effective_from", "-pk")
        for row in rows.values_list("pk", "grade", "effective_from", "times", "per", "due_mode"):
            self.rules[row[1]].append(Frequency(*row))  # type: ignore[arg-type]
        self._governing: dict[tuple[str, date], tuple[Frequency, Period] | None] = {}
        self._days: dict[str, tuple[date, ...]] = {}
        self._asked: dict[str, frozenset[str]] = {}
        self._calendar = current_calendar()

    def governing(self, grade: str, day: date) -> tuple[Frequency, Period] | None:
        """The rule that governs a day of a grade and the period it lies in."""
        if (grade, day) not in self._governing:
            self._governing[grade, day] = governing(day, self.rules.get(grade, ()))
        return self._governing[grade, day]

    def opening(self, day: date) -> set[Period]:
        """Every period in which some grade may owe a visit on ``day``."""
        ruled = (self.governing(grade, day) for grade in self.rules)
        return {found[1] for found in ruled if found is not None}

    def asked_in(self, window: Window) -> frozenset[str]:
        """The grades whose rule asks for visits in this very period."""
        if window.code not in self._asked:
            found = {grade: self.governing(grade, window.first) for grade in self.rules}
            self._asked[window.code] = frozenset(
                grade for grade, ruled in found.items() if ruled is not None and ruled[1] == window.period
            )
        return self._asked[window.code]

    def due_on(self, rule: Frequency, period: Period, key: str, arises_on: date) -> date:
        """The due day; a duty that arises after its staggered day has until the period's end."""
        if rule.due_mode != "staggered":
            return period.end
        if period.code not in self._days:
            self._days[period.code] = staggered_days(period, self._calendar)
        due = day_for(key, self._days[period.code])
        return due if due >= arises_on else period.end


def _officer(holdings: Sequence[Holding], grade: str, day: date) -> int | None:
    """Who held the business on ``day``: at the level that fits the grade, else at any, the longest standing first."""
    held = [
        one for one in holdings if one.valid_from <= day and (one.valid_to is None or one.valid_to >= day)
    ]
    level = LEVEL_OF_GRADE.get(grade)
    fitting = [one for one in held if one.level == level]
    return (fitting or held)[0].officer_id if held else None


def _regions(place: Place, standing: Sequence[Standing], last: date, today: date) -> list[Run]:
    """Where the business counted: what its duty rows say, and since today the register when that says otherwise."""
    if not standing:
        return [(ALWAYS, place.region_id)]
    found: list[Run] = [(ALWAYS, standing[0].region_id)]
    for row in standing[1:]:
        if row.region_id != found[-1][1]:
            found.append((row.arises_on, row.region_id))
    if found[-1][1] != place.region_id and today <= last:
        if today <= standing[0].arises_on:
            return [(ALWAYS, place.region_id)]
        found = [run for run in found if run[0] < today]
        if found[-1][1] != place.region_id:
            found.append((today, place.region_id))
    return found


def _rows(
    place: Place,
    window: Window,
    facts: Facts,
    standing: Sequence[Standing],
    expectations: Expectations,
    today: date,
) -> list[Row]:
    """The duty of one business in one period as it should stand."""
    pieces = slices(
        window.first,
        window.last,
        owed_from=place.registered_on,
        owed_until=facts.merged_on.get(place.pk),
        grades=facts.grades.get(place.pk) or ((ALWAYS, place.responsibility_grade),),
        statuses=facts.statuses.get(place.pk) or ((ALWAYS, place.status),),
        regions=_regions(place, standing, window.last, today),
        periodic=expectations.asked_in(window) | {row.grade for row in standing},
    )
    return [
        _row(place, window, piece, facts, _pinned(piece, standing), expectations, today) for piece in pieces
    ]


def _pinned(piece: Slice, standing: Sequence[Standing]) -> Standing | None:
    """The row whose rule and due day stay: the same slice's, else another's of the same grade."""
    of_grade = [row for row in standing if row.grade == piece.grade]
    return next(
        (row for row in of_grade if row.arises_on == piece.arises_on), of_grade[0] if of_grade else None
    )


def _row(
    place: Place,
    window: Window,
    piece: Slice,
    facts: Facts,
    pinned: Standing | None,
    expectations: Expectations,
    today: date,
) -> Row:
    if pinned is not None:
        times, policy_id = pinned.times, pinned.policy_id
        due_on = pinned.due_on if pinned.due_on >= piece.arises_on else window.last
    else:
        rule = expectations.governing(piece.grade, window.first)[0]  # type: ignore[index]
        times, policy_id = rule.times, rule.key
        due_on = expectations.due_on(rule, window.period, place.match_key, piece.arises_on)
    met = fulfilment(facts.visits.get(place.pk, ()), window.first, window.last, times)
    last_day = window.last if piece.ceases_on is None else piece.ceases_on - timedelta(days=1)
    return Row(
        region_id=piece.region,
        grade=piece.grade,
        arises_on=piece.arises_on,
        ceases_on=piece.ceases_on,
        due_on=due_on,
        fulfilled_on=met.on,
        delivered_on=met.delivered_on,
        excluded_on=piece.excluded_on,
        exclusion=piece.exclusion,
        officer_id=_officer(facts.holdings.get(place.pk, ()), piece.grade, min(today, last_day)),
        times=times,
        visits_made=met.made,
        visit_id=met.visit,
        policy_id=policy_id,
    )


def _windows(place: Place, facts: Facts, expectations: Expectations, open_on: date | None) -> list[Window]:
    """The periods in which this business has a duty, or should have one."""
    codes = set(facts.duties.get(place.pk, ()))
    if open_on is not None:
        grades = facts.grades.get(place.pk) or ((ALWAYS, place.responsibility_grade),)
        for grade in {value_on(open_on, grades), grades[-1][1]}:
            ruled = expectations.governing(grade, open_on)
            if ruled is not None:
                codes.add(ruled[1].code)
    return [facts.windows[code] for code in codes]


# --- writing --------------------------------------------------------------------------------------


@transaction.atomic
def _reconcile(ids: Sequence[int], at: datetime, open_on: date | None) -> Counts:
    """Make the duties of these businesses true; with ``open_on`` also those that are missing in its periods."""
    counts = Counts()
    if not ids:
        return counts
    expectations, today = Expectations(), timezone.localdate(at)
    facts = _facts(ids, at, expectations.opening(open_on) if open_on is not None else ())
    ended: list[tuple[int, datetime]] = []
    written: list[tuple[int, Window, Row, datetime]] = []
    for place in facts.places:
        of_business = facts.duties.get(place.pk, {})
        for window in _windows(place, facts, expectations, open_on):
            standing = of_business.get(window.code, ())
            rows = _rows(place, window, facts, standing, expectations, today)
            known = [_told(row) for row in standing]
            gone = [row for row, told in zip(standing, known, strict=True) if told not in rows]
            new = [row for row in rows if row not in known]
            # A row written a moment ago by a writer whose clock is ahead: its successor cannot be known earlier.
            moment = max([at, *(row.recorded_at for row in gone)]) if gone else at
            ended += [(row.pk, moment) for row in gone]
            written += [(place.pk, window, row, moment) for row in new]
            _count(counts, standing, gone, new)
    _supersede(ended)
    _write(written)
    return counts


def _count(counts: Counts, standing: Collection[Any], gone: Collection[Any], new: Collection[Any]) -> None:
    """One duty is one business in one period, however many slices it has."""
    if not standing:
        counts.created += bool(new)
    elif new:
        counts.changed += 1
    elif gone:
        counts.withdrawn += 1
    else:
        counts.unchanged += 1


def _supersede(ended: Sequence[tuple[int, datetime]]) -> None:
    if not ended:
        return
    columns = {"superseded_at": [moment for _key, moment in ended]}
    done = update(VisitDuty, [key for key, _moment in ended], columns, guard={"superseded_at": Same(None)})
    if done != len(ended):
        raise RuntimeError("a duty was superseded although its business was locked")


def _write(written: Sequence[tuple[int, Window, Row, datetime]]) -> None:
    if not written:
        return
    values = zip(*(row for _business_id, _window, row, _moment in written), strict=True)
    columns: dict[str, Any] = {name: list(column) for name, column in zip(Row._fields, values, strict=True)}
    columns["business_id"] = [business_id for business_id, _window, _row, _moment in written]
    columns["period"] = [window.code for _business_id, window, _row, _moment in written]
    columns["period_start"] = [window.first for _business_id, window, _row, _moment in written]
    columns["period_end"] = [window.last for _business_id, window, _row, _moment in written]
    columns["recorded_at"] = [moment for _business_id, _window, _row, moment in written]
    insert(VisitDuty, columns)
