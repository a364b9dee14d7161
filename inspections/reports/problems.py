"""What the list and the board of problems show: figures, saved views, filters, rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists import Places
from accounts.models import User
from accounts.rules.rights import LENSES, Lens, Role
from foodsafe_portal.lib.lists import Address
from foodsafe_portal.lib.paging import counts_of
from inspections.choices import ProblemSource, Severity
from inspections.models import Problem
from inspections.querysets import part_condition
from inspections.rectification import dates_of
from inspections.reports.duties import Five
from inspections.rules.deadlines import DeadlineBadge
from inspections.rules.standing import Standing, standing
from inspections.rules.states import ENDED, WITH_REGULATOR, State
from records.rules.workdays import WorkCalendar

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


STAGES: tuple[tuple[Any, tuple[State, ...]], ...] = (
    (gettext_lazy("待签收"), (State.TO_SIGN,)),
    (gettext_lazy("整改中"), (State.RECTIFYING,)),
    (gettext_lazy("退回、重新打开"), (State.RETURNED, State.REOPENED)),
    (gettext_lazy("待审核"), (State.SUBMITTED,)),
    (gettext_lazy("待复核"), (State.SECOND_CHECK,)),
    (gettext_lazy("移交、立案"), tuple(sorted(WITH_REGULATOR))),
    (gettext_lazy("已销号、结案"), tuple(sorted(ENDED))),
)
"""The stages of the board with their states, in the order of the way."""


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

    @property
    def severity_word(self) -> str:
        """严重程度 in the reader's language, looked up in its class: Django would translate every choice of the field."""
        return str(Severity(self.problem.severity).label)

    @property
    def source_word(self) -> str:
        """问题来源 in the reader's language."""
        return str(ProblemSource(self.problem.source).label)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the board: its first cards, how many there are, and where all of them stand."""

    label: Any
    rows: Sequence[ProblemRow]
    count: int
    url: str


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


def five_of(duties: QuerySet, today: date) -> Five:
    """The five figures of these problems in the course of the day, in one query."""
    counts = {
        part: Count("pk", filter=part_condition(part, today, running=True))
        for part in ("expected", "done", "on_time", "overdue", "excluded")
    }
    found = duties.order_by().aggregate(**counts)
    open_, late = found["expected"] - found["done"] - found["overdue"], found["done"] - found["on_time"]
    return Five(**found, open=open_, late=late)


def shown(problems: QuerySet) -> QuerySet:
    """With everything a row prints."""
    return problems.select_related("business", "unit").defer("plan", "progress", "due_rule")


def board_of(
    problems: QuerySet, lines: Callable[[Sequence[Problem]], Sequence[ProblemRow]], address: Address
) -> list[Column]:
    """Seven columns of at most twenty cards, the most urgent first; ended ones newest first."""
    parts = [
        problems.filter(
            Q(state__in=states)
            if set(states) <= ENDED
            else Q(state__in=states, closed_on__isnull=True, voided_at__isnull=True)
        )
        for _label, states in STAGES
    ]
    columns = []
    for number, ((label, states), part, count) in enumerate(
        zip(STAGES, parts, counts_of(parts), strict=True)
    ):
        order = ("-pk",) if set(states) <= ENDED else ("due_on", "pk")
        cards = shown(part).order_by(*order)[:ON_BOARD]
        columns.append(Column(label, lines(list(cards)), count, address.url(view=None, stage=str(number))))
    return columns


def scope_words(user: User, places: Places, region: str) -> str:
    """Which part of the world the figures are about: the filter's place, else the person's posts."""
    if region:
        return places.path(region)
    named = (
        post.unit if LENSES[Role(post.role)].get("problem") == Lens.UNIT else post.region or post.unit
        for post in user.posts_today
    )
    return "、".join(dict.fromkeys(str(one) for one in named if one))
