"""The list of visits owed in a period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.lists import Place, places_of
from accounts.rules.rights import Permission
from foodsafe_portal.lib.formats import period_label
from foodsafe_portal.lib.lists import (
    TOLD,
    WHOLE_CITY,
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
)
from foodsafe_portal.lib.paging import AtLeast, capped_count
from foodsafe_portal.lib.periods import Period
from inspections.choices import Exclusion
from inspections.lists.shared import Grade, InPeriod, business_name, of_officer
from inspections.models import VisitDuty
from inspections.querysets import part_condition
from inspections.reports.duties import PART_WORDS, DutyRow, Five, Moment, duty_row, five
from records.services.calendar import current_calendar

PARTS = [*PART_WORDS.items(), ("undone", _("未督导"))]


def moment_of(asked: Asked) -> Moment:
    """The day at which the list is seen: today, or the last day of the period that is asked for."""
    code = asked.get("period")
    if not code:
        return Moment(asked.today, True, period_label(Period.containing(asked.today, "quarter")))
    period = Period.parse(code)
    return Moment(min(asked.today, period.end), asked.today <= period.end, period_label(period))


def _of_part(rows: QuerySet, part: str, asked: Asked) -> QuerySet:
    moment = moment_of(asked)
    return rows.filter(part_condition(part, moment.day, running=moment.running))


def _excluded(row: DutyRow) -> bool:
    return row.part == "excluded"


class Duties(Listing):
    """Every business owes a visit, or several, in each period; how that stands is one of the five figures."""

    key, url_name, title = "duties", "duty-list", _("督导任务")
    permission = Permission.VIEW_VISITS
    model = VisitDuty
    unit = _("家")
    search_words = _("主体、包保干部")
    nothing = _("本期还没有督导任务。主体定级后自动生成。")
    nothing_found = _("没有符合条件的督导任务。")
    order = ("due_on", "pk")
    related = ("business", "officer")
    exported = True
    tabs = (
        Tab(_("全部"), {}),
        *(
            Tab(PART_WORDS[part], {"part": part})
            for part in ("expected", "overdue", "open", "done", "excluded")
        ),
    )
    columns = (
        Column("business", gettext_noop("企业名称"), "business__name", lambda row: row.duty.business.name, width=30, fixed=True),
        Column("credit_code", gettext_noop("统一社会信用代码"), "", lambda row: row.duty.business.credit_code, "code", 22, shown=False),
        Column("licence_no", gettext_noop("许可证号"), "", lambda row: row.duty.business.licence_no, "code", 22, shown=False),
        Column("place", _("地区"), "region_id"),
        Column("county", gettext_noop("县(市、区)"), "", lambda row: row.county, page=False),
        Column("township", gettext_noop("乡镇(街道)"), "", lambda row: row.township, page=False),
        Column("grade", gettext_noop("包保等级"), "grade", lambda row: row.duty.grade, width=10),
        Column("officer", gettext_noop("包保干部"), Coalesce("officer__name", Value("")),
               lambda row: row.duty.officer.name if row.duty.officer else ""),
        Column("period", gettext_noop("统计期"), "period", lambda row: period_label(row.duty.period), shown=False),
        Column("due_on", gettext_noop("应督导日"), "due_on", lambda row: row.duty.due_on, "date", 12),
        Column("part", gettext_noop("完成情况"), "", lambda row: str(PART_WORDS[row.part]), width=12),
        Column("times", gettext_noop("应督导次数"), "times", lambda row: row.duty.times, "int", 12, num=True, shown=False),
        Column("made", gettext_noop("已督导次数"), "visits_made", lambda row: row.duty.visits_made, "int", 12, num=True),
        Column("fulfilled_on", gettext_noop("完成日期"), "",
               lambda row: row.duty.fulfilled_on if row.part == "done" else None, "date", 12, shown=False),
        Column("excluded_on", gettext_noop("剔除日期"), "",
               lambda row: row.duty.excluded_on if _excluded(row) else None, "date", 12, shown=False),
        Column("exclusion", gettext_noop("剔除原因"), "",
               lambda row: str(Exclusion(row.duty.exclusion).label) if _excluded(row) else "", width=12, shown=False),
        Column("act", "", seen=lambda user: user.can(Permission.RECORD_VISIT)),
    )  # fmt: skip

    class Filters(ListFilters):
        """Duties by place, grade, period, officer, business, due day and how they stand."""

        region = Place()
        period = InPeriod(
            first=1,
            back=3,
            narrow=lambda rows, code, asked: rows.filter(period=code),
            absent=lambda rows, asked: rows.in_period_of(asked.today),
        )
        grade = Grade()
        officer = of_officer()
        business = Key(label=_("主体"), named=business_name, field_name="business_id")
        due_from = Day(label=_("应督导日从"), field_name="due_on", lookup_expr="gte")
        due_to = Day(label=_("应督导日至"), field_name="due_on", lookup_expr="lte")
        q = Search(fields=("business__name__icontains", "officer__name__icontains"))
        part = Choice(label=_("完成情况"), choices=PARTS, narrow=_of_part, chip=TOLD)

    def rows(self, user: Any) -> QuerySet:
        """The live duties this person may see."""
        return VisitDuty.objects.visible_to(user).live()

    def standing(self, rows: QuerySet, asked: Asked) -> QuerySet:
        """Those in force on the day the list is about."""
        return rows.on(moment_of(asked).day)  # type: ignore[attr-defined]

    def lines(self, rows: Sequence[VisitDuty], asked: Asked) -> list[DutyRow]:
        """Each with its place and how it stands."""
        calendar, moment = asked.kept("calendar", current_calendar), moment_of(asked)
        return [duty_row(duty, moment, places_of(asked), calendar) for duty in rows]

    def counts(self, asked: Asked, tabs: Sequence[Tab], found: Sequence[QuerySet]) -> Sequence[int]:
        """The five figures; of more duties than a city has, only how many are seen at a glance."""
        figures = asked.kept("figures", lambda: self._figures(asked, found[0]))
        if figures is None:
            return super().counts(asked, tabs, found)
        return [getattr(figures, tab.where.get("part", "all")) for tab in tabs]

    def _figures(self, asked: Asked, whole: QuerySet) -> Five | None:
        long = isinstance(capped_count(whole, to=WHOLE_CITY), AtLeast)
        return None if long and not asked.address.get("figures") else five(whole, moment_of(asked))

    def total(self, asked: Asked, rows: QuerySet) -> int:
        """The number of a figure that no tab shows."""
        figures = asked.kept("figures", lambda: None)
        part = asked.get("part")
        return super().total(asked, rows) if figures is None or part == "undone" else getattr(figures, part)

    def more(self, asked: Asked, tabs: Sequence[ShownTab], rows: Any) -> dict[str, Any]:
        """The five figures, each opening its rows; the moment they are counted at."""
        base = f"{reverse(self.url_name)}{asked.address.url(part=None, figures=None)}"
        return {
            "figures": asked.kept("figures", lambda: None),
            "figures_url": asked.address.url(figures="1"),
            "moment": moment_of(asked),
            "base_url": base,
        }


DUTIES = Duties()
