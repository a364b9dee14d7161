"""What the list of visit duties and an officer's own list show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from entities.choices import ResponsibilityGrade
from entities.models import Officer
from foodsafe_portal.lib.formats import period_label
from foodsafe_portal.lib.paging import Page, page_of
from foodsafe_portal.lib.periods import Period
from inspections.choices import ProblemState
from inspections.models import Problem, Visit, VisitDuty
from inspections.querysets import PARTS, part_condition
from inspections.reports.filters import Address, Places, Tab
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
PERIODS_OFFERED = 4


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
    place: str
    part: str
    badge: DeadlineBadge | None
    exclusion: Any


@dataclass(frozen=True, slots=True)
class DutyList:
    """The whole page of duties."""

    page: Page
    rows: Sequence[DutyRow]
    figures: Five
    moment: Moment
    address: Address
    tabs: Sequence[Tab]
    q: str

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the search form carries along."""
        return self.address.hidden("q")

    @property
    def base_url(self) -> str:
        """The address of the list without its part, to which a figure adds its own."""
        return f"{reverse('duty-list')}{self.address.url(part=None)}"


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


def _moment(address: Address, today: date) -> tuple[Moment, str]:
    """The period the address asks for, else the periods that contain today."""
    quarter = Period.containing(today, "quarter")
    offered = [quarter]
    while len(offered) < PERIODS_OFFERED:
        offered.append(offered[-1].previous())
    code = address.get("period")
    options = [(period.code, period_label(period)) for period in offered[1:]]
    if code and code not in dict(options):
        try:
            options.append((code, period_label(code)))
        except ValueError:
            code = ""
    code = address.choice("period", _("统计期"), options, unset=_("本期"))
    if not code:
        return Moment(today, True, period_label(quarter)), ""
    period = Period.parse(code)
    return Moment(min(today, period.end), today <= period.end, period_label(period)), code


def duties_shown(user: User, params: QueryDict, today: date) -> tuple[QuerySet, Moment, Address, Places]:
    """The duties of the address before its ``part``, the moment they are seen at, the filters and the places."""
    address = Address(params)
    moment, period = _moment(address, today)
    duties = VisitDuty.objects.visible_to(user).live().on(moment.day)
    duties = duties.filter(period=period) if period else duties.in_period_of(moment.day)
    places = Places(user, address)
    if places.code:
        duties = duties.in_territory(places.code)
    grades = [(grade, _("包保 %(grade)s") % {"grade": grade}) for grade in ResponsibilityGrade.values]
    if grade := address.choice("grade", _("包保等级"), grades):
        duties = duties.filter(grade=grade)
    if (officer := address.key("officer")) is not None:
        named = Officer.objects.visible_to(user).filter(pk=officer).values_list("name", flat=True).first()
        address.told("officer", _("包保干部"), named or officer)
        duties = duties.filter(officer_id=officer)
    if (business := address.key("business")) is not None:
        address.told("business", _("主体"), business)
        duties = duties.filter(business_id=business)
    if q := address.get("q"):
        duties = duties.filter(Q(business__name__icontains=q) | Q(officer__name__icontains=q))
    return duties, moment, address, places


def narrowed(duties: QuerySet, address: Address, moment: Moment) -> QuerySet:
    """The duties of the part the address asks for."""
    part = address.get("part")
    if part not in ALL_PARTS:
        return duties
    return duties.filter(part_condition(part, moment.day, running=moment.running))


def duty_list(user: User, params: QueryDict, today: date) -> DutyList:
    """The page of duties, most urgent first."""
    duties, moment, address, places = duties_shown(user, params, today)
    figures = five(duties, moment)
    part = address.get("part") if address.get("part") in ALL_PARTS else ""
    shown = narrowed(duties, address, moment).select_related("business", "officer")
    total = getattr(figures, part) if part else figures.all
    page = page_of(shown, params, order=["due_on", "pk"], total=total)
    calendar = current_calendar()
    rows = [_row(duty, moment, places, calendar) for duty in page.rows]
    tabs = [Tab(_("全部"), address.url(part=None), figures.all, not part)]
    tabs += [
        Tab(PART_WORDS[name], address.url(part=name), getattr(figures, name), part == name)
        for name in ("expected", "overdue", "open", "done", "excluded")
    ]
    if part in ("on_time", "late"):
        address.told("part", _("完成情况"), PART_WORDS[part])
    return DutyList(page, rows, figures, moment, address, tabs, address.get("q"))


def _row(duty: VisitDuty, moment: Moment, places: Places, calendar: WorkCalendar) -> DutyRow:
    stands = standing_at(duty, moment, calendar)
    return DutyRow(duty, places.path(duty.region_id), stands.part, stands.badge, duty.get_exclusion_display())


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
