"""What the list of visit duties and an officer's own list show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.lists import Places
from accounts.models import User
from foodsafe_portal.lib.formats import period_label
from foodsafe_portal.lib.paging import Page, page_of
from foodsafe_portal.lib.periods import Period
from inspections.choices import ProblemState
from inspections.models import Problem, Visit, VisitDuty
from inspections.querysets import PARTS, part_condition
from inspections.rules.deadlines import DeadlineBadge
from inspections.rules.standing import Standing, standing
from inspections.services.visits import void_refusal
from records.rules.workdays import WorkCalendar
from records.services.calendar import current_calendar

PART_WORDS: Mapping[str, Any] = {
    "expected": gettext_lazy("应督导"),
    "overdue": gettext_lazy("逾期"),
    "open": gettext_lazy("未到期"),
    "done": gettext_lazy("已督导"),
    "excluded": gettext_lazy("剔除"),
    "on_time": gettext_lazy("按时"),
    "late": gettext_lazy("超期完成"),
}
ALL_PARTS = (*PARTS, "open", "late")


@dataclass(frozen=True, slots=True)
class Five:
    """The five figures and the two that follow from them."""

    expected: int = 0
    done: int = 0
    on_time: int = 0
    overdue: int = 0
    excluded: int = 0
    open: int = 0
    late: int = 0

    @property
    def todo(self) -> int:
        """Not done, whether due or not."""
        return self.expected - self.done

    @property
    def all(self) -> int:
        """Every row: excluded stands beside expected."""
        return self.expected + self.excluded


@dataclass(frozen=True, slots=True)
class Moment:
    """What a list is about: a day of a period, in its course or over."""

    day: date
    running: bool
    label: str


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One duty as a table shows it."""

    duty: VisitDuty
    county: str
    township: str
    part: str
    badge: DeadlineBadge | None
    exclusion: Any

    @property
    def place(self) -> str:
        """County and township in words."""
        return " · ".join(name for name in (self.county, self.township) if name)


def standing_at(duty: VisitDuty, moment: Moment, calendar: WorkCalendar) -> Standing:
    """How a duty of the list stands at its moment."""
    return standing(duty, moment.day, calendar, running=moment.running)


def five(duties: QuerySet, moment: Moment) -> Five:
    """The five figures of a set of duties in one query."""
    counted = {
        part: Count("pk", filter=part_condition(part, moment.day, running=moment.running))
        for part in ALL_PARTS
    }
    return Five(**duties.order_by().aggregate(**counted))


def duty_row(duty: VisitDuty, moment: Moment, places: Places, calendar: WorkCalendar) -> DutyRow:
    """One duty as a list shows it."""
    stands, code = standing_at(duty, moment, calendar), duty.region_id
    return DutyRow(
        duty,
        places.county(code),
        places.township(code),
        stands.part,
        stands.badge,
        duty.get_exclusion_display(),
    )


# --- an officer's own list ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LastProblem:
    """What the latest visit with problems found, and how far that is."""

    count: int
    closed: bool
    problem_id: int


@dataclass(frozen=True, slots=True)
class Card:
    """One of an officer's businesses."""

    duty: VisitDuty
    part: str
    badge: DeadlineBadge | None
    last_problem: LastProblem | None
    undo: Visit | None


@dataclass(frozen=True, slots=True)
class MyVisits:
    """An officer's page: figures, cards, most urgent first."""

    page: Page
    cards: Sequence[Card]
    figures: Five
    label: str
    tab: str
    sort: str
    now: datetime
    person: str


MY_TABS = {"todo": ("due_on", "pk"), "done": ("-fulfilled_on", "-pk"), "excluded": ("-excluded_on", "-pk")}


def my_duties(user: User, day: date) -> QuerySet:
    """What the businesses assigned to this person owe in the periods of ``day``."""
    duties = VisitDuty.objects.visible_to(user).live().in_period_of(day).on(day)
    return duties.filter(VisitDuty.objects.owned_by(user))


def my_visits(user: User, params: QueryDict, now: datetime) -> MyVisits:
    """The officer's page."""
    today = timezone.localdate(now)
    moment = Moment(today, True, period_label(Period.containing(today, "quarter")))
    duties = my_duties(user, today)
    tab = params.get("tab", "")
    tab = tab if tab in MY_TABS else "todo"
    owed = part_condition("overdue", today, running=True) | part_condition("open", today, running=True)
    shown = duties.filter(owed if tab == "todo" else part_condition(tab, today))
    figures = five(duties, moment)
    total = {"todo": figures.todo, "done": figures.done, "excluded": figures.excluded}[tab]
    sort = "name" if params.get("sort") == "name" else ""
    order = ("business__name", "pk") if sort else MY_TABS[tab]
    page = page_of(shown.select_related("business", "region"), params, order=order, total=total)
    post = next(iter(user.posts_today), None)
    person = " · ".join(
        str(part) for part in (user, post.title or post.get_role_display() if post else "") if part
    )
    return MyVisits(page, cards(user, page.rows, moment), figures, moment.label, tab, sort, now, person)


def my_card(user: User, business_id: int, now: datetime) -> tuple[Card | None, Five]:
    """One card anew after something was done about it, and the figures that go with it."""
    today = timezone.localdate(now)
    moment = Moment(today, True, "")
    duties = my_duties(user, today)
    found = duties.filter(business_id=business_id).select_related("business", "region")[:1]
    return next(iter(cards(user, list(found), moment)), None), five(duties, moment)


def cards(user: User, duties: Sequence[VisitDuty], moment: Moment) -> list[Card]:
    """Cards of these duties in four queries."""
    calendar = current_calendar()
    keys = [duty.business_id for duty in duties]
    problems = _last_problems(user, keys)
    mine = (
        Visit.objects.visible_to(user).valid().filter(business_id__in=keys, recorded_by=user, problem_count=0)
    )
    undo = {
        visit.business_id: visit
        for visit in mine.filter(visited_on=moment.day).order_by("pk")
        if not void_refusal(visit, user, moment.day)
    }
    return [
        Card(
            duty=duty,
            part=(stands := standing_at(duty, moment, calendar)).part,
            badge=stands.badge,
            last_problem=problems.get(duty.business_id),
            undo=undo.get(duty.business_id),
        )
        for duty in duties
    ]


def _last_problems(user: User, business_ids: Sequence[int]) -> dict[int, LastProblem]:
    """The problems found on the latest day on which any was found, by business."""
    found: dict[int, tuple[date, list[tuple[int, bool]]]] = {}
    rows = Problem.objects.visible_to(user).filter(business_id__in=business_ids, voided_at__isnull=True)
    ended = (ProblemState.CLOSED, ProblemState.CASE_CLOSED)
    for business_id, on, pk, state in rows.order_by("-found_on", "-pk").values_list(
        "business_id", "found_on", "pk", "state"
    ):
        day, of_day = found.setdefault(business_id, (on, []))
        if day == on:
            of_day.append((pk, state in ended))
    return {
        business_id: LastProblem(len(of_day), all(closed for _pk, closed in of_day), of_day[0][0])
        for business_id, (_day, of_day) in found.items()
    }
