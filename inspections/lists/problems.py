"""The list of problems and its board."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.lists import Place, places_of
from accounts.models import Unit
from accounts.rules.rights import Permission
from foodsafe_portal.lib.lists import (
    ELSEWHERE,
    TOLD,
    Asked,
    Choice,
    Column,
    Day,
    Key,
    ListFilters,
    Listing,
    Search,
    ShownTab,
    Tab,
    Word,
    Yes,
)
from foodsafe_portal.lib.paging import COUNT_TO
from inspections.choices import ExtensionState, ProblemKind, ProblemSource, ProblemState, Severity
from inspections.ledgers.problems import ProblemsKind
from inspections.lists.shared import Grade, of_business
from inspections.models import Extension, Problem, RectificationDuty
from inspections.querysets import part_condition
from inspections.reports.problems import (
    PART_WORDS,
    STAGES,
    ProblemRow,
    board_of,
    five_of,
    row_of,
    scope_words,
    shown,
)
from inspections.rules.states import ENDED, State
from inspections.search import search_problems
from inspections.turns import acts_on_problems, waiting_for
from records.ledgers import kind_of
from records.services.calendar import current_calendar

BY_DUE_DAY = ("due_on", "pk")
VIEWS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("mine", _("待我处理"), BY_DUE_DAY),
    ("overdue", _("逾期"), BY_DUE_DAY),
    ("today", _("今日到期"), BY_DUE_DAY),
    ("to_check", _("待审核"), BY_DUE_DAY),
    ("to_verify", _("待复核"), BY_DUE_DAY),
    ("closed", _("已销号"), ()),
    ("all", _("全部"), ()),
)


def _in_view(rows: QuerySet, view: str, asked: Asked) -> QuerySet:
    if view == "mine":
        return rows.filter(waiting_for(asked.user))
    if view in ("closed", "all"):
        return rows.valid().filter(state__in=ENDED) if view == "closed" else rows.valid()  # type: ignore[attr-defined]
    conditions = {
        "overdue": Q(due_on__lt=asked.today),
        "today": Q(due_on=asked.today),
        "to_check": Q(state=State.SUBMITTED),
        "to_verify": Q(state=State.SECOND_CHECK),
    }
    return rows.open().filter(conditions[view])  # type: ignore[attr-defined]


def duties_of(asked: Asked) -> QuerySet:
    """The live duties to put right the problems that are asked for, before the views."""
    duties = RectificationDuty.objects.visible_to(asked.user).live()
    if not any(name not in asked.tab_names for name in asked.values):
        return duties
    return duties.filter(problem_id__in=asked.base.values("pk"))


def of_part(rows: QuerySet, part: str, asked: Asked) -> QuerySet:
    """The problems behind one of the figures: exactly the duties it counts."""
    duties = RectificationDuty.objects.visible_to(asked.user).live()
    found = rows.filter(
        pk__in=duties.filter(part_condition(part, asked.today, running=True)).values("problem_id")
    )
    # What is not done is neither closed nor void: said again here so that the index of open problems gives the order.
    return found.open() if part in ("overdue", "open") else found  # type: ignore[attr-defined]


def _with_extension(rows: QuerySet, asks: bool, asked: Asked) -> QuerySet:
    waiting = Extension.objects.filter(state=ExtensionState.REQUESTED).values("problem_id")
    return rows.filter(pk__in=waiting) if asks else rows.exclude(pk__in=waiting)


def _provisional(rows: QuerySet, yes: bool, asked: Asked) -> QuerySet:
    kept = Q(due_provisional=True, closed_on__isnull=True)
    return rows.filter(kept) if yes else rows.exclude(kept)


def _not_voided(rows: QuerySet, asked: Asked) -> QuerySet:
    """A figure counts void problems as excluded; every other list leaves them out unless they are asked for."""
    return rows if asked.get("part") or asked.get("voided") else rows.valid()  # type: ignore[attr-defined]


class Problems(Listing):
    """Problems with their state, whose they are and by when; as a list or as a board of seven stages."""

    key, url_name, title = ProblemsKind.key, "problem-list", _("问题整改台账")
    permission = Permission.VIEW_PROBLEMS
    model = Problem
    unit = _("个")
    search_words = _("编号、描述、主体")
    nothing = _("您能看到的范围内还没有问题。")
    nothing_found = _("没有符合条件的问题。")
    order = ("-pk",)
    related = ("business", "unit")
    exported = True
    sheet = ProblemsKind.columns
    tabs_reset = ("stage",)
    beside_tabs = ("part",)
    usual = {"tab": "all"}
    count_to = COUNT_TO
    columns = (
        Column("problem", _("问题 / 编号"), "code", fixed=True),
        Column("where", _("点位或主体"), Coalesce("business__name", F("place"))),
        Column("unit", _("责任单位 / 责任人"), Coalesce("unit__name", Value(""))),
        Column("grade", _("包保等级"), "grade"),
        Column("severity", _("严重程度"), "severity"),
        Column("source", _("来源"), "source"),
        Column("found_on", _("发现日期"), "found_on", shown=False),
        Column("state", _("状态"), "state"),
        Column("due_on", _("期限"), "due_on"),
    )

    class Filters(ListFilters):
        """Problems by place, unit, state, grade, severity, source, days, and how they stand."""

        region = Place()
        severity = Choice(label=_("严重程度"), choices=Severity.choices)
        source = Choice(label=_("来源"), choices=ProblemSource.choices)
        state = Choice(label=_("状态"), choices=ProblemState.choices)
        grade = Grade()
        kind = Choice(label=_("问题类型"), choices=ProblemKind.choices, chip=TOLD)
        provisional = Yes(label=_("期限"), yes=_("暂定"), narrow=_provisional)
        extension = Yes(label=_("延期"), yes=_("待批准"), narrow=_with_extension)
        unit = Key(label=_("责任单位"), field_name="unit_id", chip=ELSEWHERE)
        business = of_business()
        group = Word(label=_("共性问题组"))
        found_from = Day(label=_("发现日期从"), field_name="found_on", lookup_expr="gte")
        found_to = Day(label=_("发现日期至"), field_name="found_on", lookup_expr="lte")
        due_from = Day(label=_("期限从"), field_name="due_on", lookup_expr="gte")
        due_to = Day(label=_("期限至"), field_name="due_on", lookup_expr="lte")
        voided = Yes(
            label=_("作废"),
            yes=_("已作废"),
            narrow=lambda rows, yes, asked: rows.filter(voided_at__isnull=not yes),
            chip=TOLD,
        )
        q = Search(narrow=lambda rows, words, asked: search_problems(rows, words))
        stage = Choice(
            label=_("环节"),
            choices=[(str(number), words) for number, (words, _states) in enumerate(STAGES)],
            narrow=lambda rows, stage, asked: rows.filter(state__in=STAGES[int(stage)][1]),
            chip=TOLD,
        )
        part = Choice(label=_("完成情况"), choices=list(PART_WORDS.items()), narrow=of_part, chip=TOLD)
        tab = Choice(
            label=_("视图"),
            choices=[(key, words) for key, words, _order in VIEWS],
            narrow=_in_view,
            absent=_not_voided,
            chip=ELSEWHERE,
        )

    def rows(self, user: Any) -> QuerySet:
        """The problems this person may see."""
        return Problem.objects.visible_to(user)

    def tabs_for(self, asked: Asked) -> list[Tab]:
        """What waits for this person stands first, where anything can."""
        mine = acts_on_problems(asked.user)
        return [Tab(words, {"tab": key}, order) for key, words, order in VIEWS if key != "mine" or mine]

    def order_of(self, asked: Asked) -> tuple[str, ...]:
        """What is still to be done by its due day, else the newest first."""
        by_due_day = asked.get("part") in ("overdue", "open")
        return BY_DUE_DAY if by_due_day else super().order_of(asked)

    def lines(self, rows: Sequence[Problem], asked: Asked) -> list[ProblemRow]:
        """Each with its place, the words of its state and how its deadline stands."""
        calendar, places = asked.kept("calendar", current_calendar), places_of(asked)
        return [row_of(one, places.path(one.region_id), asked.today, calendar) for one in rows]

    def paged(self, asked: Asked) -> bool:
        """The board shows the first cards of each stage instead of a page."""
        return asked.address.get("view") != "board"

    def total(self, asked: Asked, rows: QuerySet) -> int:
        """The number of the figure that was opened."""
        part = asked.get("part")
        return getattr(self._figures(asked), part) if part else super().total(asked, rows)

    def _figures(self, asked: Asked) -> Any:
        return asked.kept("figures", lambda: five_of(duties_of(asked), asked.today))

    def more(self, asked: Asked, tabs: Sequence[ShownTab], rows: Any) -> dict[str, Any]:
        """The five figures, the units to choose from, the board."""
        address = asked.address
        units = Unit.objects.visible_to(asked.user).filter(is_member=True).order_by("region_id", "name")
        found = {
            "figures": self._figures(asked),
            "figures_url": address.url(tab=None, part=None, stage=None, view=None),
            "units": list(units.values_list("pk", "name")),
            "unit": asked.get("unit"),
            "scope": scope_words(asked.user, places_of(asked), asked.get("region", "")),
            "board_url": address.url(view="board"),
            "list_url": address.url(view=None),
            "columns": [],
        }
        if not self.paged(asked):
            found["columns"] = board_of(rows, lambda cards: self.lines(cards, asked), address)
        return found

    def printed(self, rows: QuerySet) -> QuerySet:
        """With everything a row prints, and without the long texts."""
        return shown(rows)

    def file_rows(self, rows: QuerySet, asked: Asked) -> Iterable[Sequence[Any]]:
        """The ledger of problems."""
        return kind_of(ProblemsKind.key).export_rows(rows)


PROBLEMS = Problems()
