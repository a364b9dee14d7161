"""What the list and the board of problems show: figures, saved views, filters, rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Unit, User
from entities.choices import ResponsibilityGrade
from entities.models import Business
from entities.querysets import counted_for
from foodsafe_portal.lib.paging import Page, counts_of, page_of
from inspections.choices import ExtensionState, ProblemSource, ProblemState, Severity
from inspections.models import Extension, Problem, RectificationDuty
from inspections.querysets import ProblemQuerySet, part_condition
from inspections.rectification import dates_of
from inspections.reports.duties import ALL_PARTS, Five
from inspections.reports.filters import Address, Places, Tab
from inspections.rules.deadlines import DeadlineBadge
from inspections.rules.standing import Standing, standing
from inspections.rules.states import ENDED, WITH_REGULATOR, State
from inspections.search import search_problems
from inspections.turns import acts_on_problems, waiting_for
from records.rules.workdays import WorkCalendar
from records.services.calendar import current_calendar

PART_WORDS = {
    "expected": gettext_lazy("应整改"),
    "done": gettext_lazy("已销号"),
    "on_time": gettext_lazy("按时"),
    "overdue": gettext_lazy("逾期"),
    "excluded": gettext_lazy("剔除"),
    "open": gettext_lazy("未到期"),
    "late": gettext_lazy("超期完成"),
}
STATE_TONES = {
    State.RECTIFYING: ("info", "tool"),
    State.RETURNED: ("warn", "arrow-back-up"),
    State.REOPENED: ("bad", "refresh"),
    State.REFERRED: ("info", "shield"),
    State.CASE_FILED: ("info", "shield"),
    State.CASE_DECLINED: ("wait", "shield"),
    State.CLOSED: ("ok", ""),
    State.CASE_CLOSED: ("ok", ""),
}
SEVERITY_TONES = {Severity.MINOR: "soft", Severity.MAJOR: "amber", Severity.SERIOUS: "ill"}
ON_BOARD = 20


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One problem as a row or a card shows it."""

    problem: Problem
    place: str
    badge: DeadlineBadge | None
    tone: str
    icon: str
    state: Any
    severity_tone: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the board: its first cards, how many there are, and where all of them stand."""

    label: Any
    rows: Sequence[ProblemRow]
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class ProblemList:
    """The whole page of problems; ``columns`` instead of ``page`` where the board is shown."""

    page: Page | None
    rows: Sequence[ProblemRow]
    columns: Sequence[Column]
    figures: Five
    figures_url: str
    tabs: Sequence[Tab]
    address: Address
    units: Sequence[tuple[int, str]]
    unit: int | None
    scope: str
    total: int
    board_url: str
    list_url: str


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: what it is called, which problems it holds, in which order."""

    key: str
    label: Any
    condition: Q
    order: tuple[str, ...]


def state_word(problem: Problem) -> Any:
    """The state's word, or that the problem is void."""
    return _("已作废") if problem.voided_at else problem.get_state_display()


def standing_of(problem: Problem, today: date, calendar: WorkCalendar) -> Standing:
    """How the duty to put a problem right stands in the course of ``today``; an extended due day is nobody's to move."""
    provisional = problem.due_provisional and not problem.extension_count
    return standing(dates_of(problem), today, calendar, provisional=provisional)


def row_of(problem: Problem, place: str, today: date, calendar: WorkCalendar) -> ProblemRow:
    """One problem ready to be shown."""
    tone, icon = STATE_TONES.get(State(problem.state), ("wait", ""))
    if problem.voided_at:
        tone, icon = "wait", "x"
    severity = SEVERITY_TONES[Severity(problem.severity)]
    return ProblemRow(
        problem, place, standing_of(problem, today, calendar).badge, tone, icon, state_word(problem), severity
    )


def views_for(user: User, today: date) -> list[View]:
    """The saved views; who never acts on a problem has no 待我处理."""
    valid, still_open = Q(voided_at__isnull=True), Q(closed_on__isnull=True, voided_at__isnull=True)
    by_due_day = ("due_on", "pk")
    views = [View("mine", _("待我处理"), waiting_for(user), by_due_day)] if acts_on_problems(user) else []
    return [
        *views,
        View("overdue", _("逾期"), still_open & Q(due_on__lt=today), by_due_day),
        View("today", _("今日到期"), still_open & Q(due_on=today), by_due_day),
        View("to_check", _("待审核"), still_open & Q(state=State.SUBMITTED), by_due_day),
        View("to_verify", _("待复核"), still_open & Q(state=State.SECOND_CHECK), by_due_day),
        View("closed", _("已销号"), valid & Q(state__in=ENDED), ("-pk",)),
        View("all", _("全部"), valid, ("-pk",)),
    ]


def board_columns(today: date) -> list[tuple[Any, tuple[State, ...]]]:
    """The stages of the board with their states, in the order of the way."""
    return [
        (_("待签收"), (State.TO_SIGN,)),
        (_("整改中"), (State.RECTIFYING,)),
        (_("退回、重新打开"), (State.RETURNED, State.REOPENED)),
        (_("待审核"), (State.SUBMITTED,)),
        (_("待复核"), (State.SECOND_CHECK,)),
        (_("移交、立案"), tuple(sorted(WITH_REGULATOR))),
        (_("已销号、结案"), tuple(sorted(ENDED))),
    ]


class Asked:
    """The problems an address asks for before its saved view, with the chips of its filters."""

    def __init__(self, user: User, params: QueryDict, today: date) -> None:
        self.user, self.today = user, today
        self.address = Address(params)
        self.problems: ProblemQuerySet = Problem.objects.visible_to(user)
        self.narrowed = False
        self.places = Places(user, self.address)
        if self.places.code:
            self._narrow(problems=self.problems.in_territory(self.places.code))
        units = Unit.objects.visible_to(user).filter(is_member=True).order_by("region_id", "name")
        self.units = list(units.values_list("pk", "name"))
        self._choices()
        self._links()
        self._search()

    @property
    def duties(self) -> Any:
        """The live rectification duties of these problems."""
        duties = RectificationDuty.objects.visible_to(self.user).live()
        return duties.filter(problem_id__in=self.problems.values("pk")) if self.narrowed else duties

    def _narrow(self, condition: Q | None = None, *, problems: ProblemQuerySet | None = None) -> None:
        self.problems = problems if problems is not None else self.problems.filter(condition)
        self.narrowed = True

    def _choices(self) -> None:
        address = self.address
        grades = [(grade, _("包保 %(grade)s") % {"grade": grade}) for grade in ResponsibilityGrade.values]
        for name, label, options in (
            ("severity", _("严重程度"), Severity.choices),
            ("source", _("来源"), ProblemSource.choices),
            ("state", _("状态"), ProblemState.choices),
            ("grade", _("包保等级"), grades),
        ):
            if chosen := address.choice(name, label, options):
                self._narrow(Q(**{name: chosen}))
        if address.choice("provisional", _("期限"), [("1", _("暂定"))]):
            self._narrow(Q(due_provisional=True, closed_on__isnull=True))
        if address.choice("extension", _("延期"), [("1", _("待批准"))]):
            asked = Extension.objects.filter(state=ExtensionState.REQUESTED)
            self._narrow(Q(pk__in=asked.values("problem_id")))

    def _links(self) -> None:
        """Filters that came by a link."""
        address = self.address
        self.unit = address.key("unit")
        if self.unit is not None:
            self._narrow(Q(unit_id=self.unit))
        if (business := address.key("business")) is not None:
            named = Business.objects.visible_to(self.user, merged=True).filter(pk=business)
            address.told("business", _("主体"), named.values_list("name", flat=True).first() or business)
            self._narrow(counted_for(business))
        if group := address.get("group"):
            address.told("group", _("共性问题组"), group)
            self._narrow(Q(group=group))
        stages = {str(number): stage for number, stage in enumerate(board_columns(self.today))}
        if stage := stages.get(address.get("stage")):
            address.told("stage", _("环节"), stage[0])
            self._narrow(Q(state__in=stage[1]))

    def _search(self) -> None:
        if q := self.address.get("q"):
            self._narrow(problems=search_problems(self.problems, q))

    def part(self) -> str:
        """The figure that was opened; empty when none was."""
        part = self.address.get("part")
        return part if part in ALL_PARTS else ""

    def of_part(self, part: str) -> ProblemQuerySet:
        """The problems behind one of the figures: exactly the duties it counts."""
        behind = self.duties.filter(part_condition(part, self.today, running=True))
        found = self.problems.filter(pk__in=behind.values("problem_id"))
        # What is not done is neither closed nor void: said again here so that the index of open problems gives the order.
        return found.open() if part in ("overdue", "open") else found

    def view(self, views: Sequence[View]) -> View | None:
        """The saved view; none where a figure was opened."""
        asked = self.address.get("tab")
        return None if self.part() else next((one for one in views if one.key == asked), views[-1])

    def chosen(self, view: View | None) -> tuple[ProblemQuerySet, tuple[str, ...]]:
        """The problems of the part or saved view, and their order."""
        if view is None:
            part = self.part()
            return self.of_part(part), ("due_on", "pk") if part in ("overdue", "open") else ("-pk",)
        return self.problems.filter(view.condition), view.order


def five_of(asked: Asked) -> Five:
    """The five figures of these problems in the course of the day, in one query."""
    counts = {
        part: Count("pk", filter=part_condition(part, asked.today, running=True))
        for part in ("expected", "done", "on_time", "overdue", "excluded")
    }
    found = asked.duties.order_by().aggregate(**counts)
    open_, late = found["expected"] - found["done"] - found["overdue"], found["done"] - found["on_time"]
    return Five(**found, open=open_, late=late)


def shown(problems: ProblemQuerySet) -> ProblemQuerySet:
    """With everything a row prints."""
    return problems.select_related("business", "unit").defer("plan", "progress", "due_rule")


def problem_list(user: User, params: QueryDict, today: date) -> ProblemList:
    """The page of problems as a list or a board."""
    asked = Asked(user, params, today)
    address, calendar = asked.address, current_calendar()
    figures, part = five_of(asked), asked.part()
    views = views_for(user, today)
    chosen = asked.view(views)
    problems, order = asked.chosen(chosen)
    counts = counts_of([asked.problems.filter(view.condition) for view in views])
    tabs = [
        Tab(view.label, address.url(tab=view.key, part=None, stage=None), count, view is chosen)
        for view, count in zip(views, counts, strict=True)
    ]
    total: int = counts[views.index(chosen)] if chosen else getattr(figures, part)
    if part:
        address.told("part", _("完成情况"), PART_WORDS[part])
    columns: list[Column] = []
    page: Page | None = None
    rows: list[ProblemRow] = []
    if address.get("view") == "board":
        columns = _board(asked, problems, calendar)
    else:
        page = page_of(shown(problems), params, order=order, total=total)
        rows = [row_of(one, asked.places.path(one.region_id), today, calendar) for one in page.rows]
    return ProblemList(
        page=page,
        rows=rows,
        columns=columns,
        figures=figures,
        figures_url=address.url(tab=None, part=None, stage=None, view=None),
        tabs=tabs,
        address=address,
        units=asked.units,
        unit=asked.unit,
        scope=scope_words(user, asked.places),
        total=total,
        board_url=address.url(view="board"),
        list_url=address.url(view=None),
    )


def _board(asked: Asked, problems: ProblemQuerySet, calendar: WorkCalendar) -> list[Column]:
    """Seven columns of at most twenty cards, the most urgent first; ended ones newest first."""
    stages = board_columns(asked.today)
    parts = [
        problems.filter(
            Q(state__in=states)
            if set(states) <= ENDED
            else Q(state__in=states, closed_on__isnull=True, voided_at__isnull=True)
        )
        for _label, states in stages
    ]
    columns = []
    for number, ((label, states), part, count) in enumerate(
        zip(stages, parts, counts_of(parts), strict=True)
    ):
        order = ("-pk",) if set(states) <= ENDED else ("due_on", "pk")
        cards = shown(part).order_by(*order)[:ON_BOARD]
        rows = [row_of(one, asked.places.path(one.region_id), asked.today, calendar) for one in cards]
        columns.append(Column(label, rows, count, asked.address.url(view=None, stage=str(number))))
    return columns


def scope_words(user: User, places: Places) -> str:
    """Which part of the world the figures are about: the filter's place, else the person's posts."""
    if places.code:
        return places.path(places.code)
    named = (post.unit or post.region for post in user.posts_today)
    return "、".join(dict.fromkeys(str(one) for one in named if one))
