"""The list of visits made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.lists import Place, places_of
from accounts.rules.rights import Permission
from foodsafe_portal.lib.lists import (
    Asked,
    Choice,
    Column,
    Day,
    ListFilters,
    Listing,
    Search,
    Yes,
)
from foodsafe_portal.lib.periods import Period
from inspections.choices import VisitMode
from inspections.ledgers.visits import VisitsKind
from inspections.lists.shared import Grade, InPeriod, of_business, of_officer
from inspections.models import Visit
from inspections.reports.visits import VisitRow
from records.ledgers import kind_of


def _in_period(rows: QuerySet, code: str, asked: Asked) -> QuerySet:
    period = Period.parse(code)
    return rows.filter(visited_on__gte=period.start, visited_on__lte=period.end)


def _with_problems(rows: QuerySet, found: bool, asked: Asked) -> QuerySet:
    return rows.filter(problem_count__gt=0) if found else rows.filter(problem_count=0)


class Visits(Listing):
    """Visits that count, newest first; voided ones where they are asked for."""

    key, url_name, title = VisitsKind.key, "visit-list", _("督导记录")
    permission = Permission.VIEW_VISITS
    model = Visit
    unit = _("次")
    search_words = _("主体、包保干部")
    nothing = _("还没有督导记录。")
    nothing_found = _("没有符合条件的督导记录。")
    order = ("-visited_on", "-pk")
    related = ("business",)
    exported = True
    sheet = VisitsKind.columns
    columns = (
        Column("business", _("经营主体"), "business__name", fixed=True),
        Column("visited_on", _("督导日期"), "visited_on"),
        Column("place", _("地区"), "region_id"),
        Column("grade", _("包保等级"), "grade"),
        Column("officer", _("包保干部"), "officer_name"),
        Column("mode", _("督导方式"), "mode"),
        Column("result", _("结果"), "problem_count"),
    )

    class Filters(ListFilters):
        """Visits by place, period, grade, way, outcome, day, business and officer."""

        region = Place()
        period = InPeriod(first=0, back=2, narrow=_in_period)
        grade = Grade()
        mode = Choice(label=_("督导方式"), choices=VisitMode.choices)
        found = Yes(label=_("发现问题"), yes=_("有"), no=_("无"), narrow=_with_problems)
        voided = Yes(
            label=_("撤销"),
            yes=_("已撤销"),
            narrow=lambda rows, yes, asked: rows.filter(voided_at__isnull=not yes),
            absent=lambda rows, asked: rows.valid(),
        )
        business = of_business()
        officer = of_officer()
        visited_from = Day(label=_("督导日期从"), field_name="visited_on", lookup_expr="gte")
        visited_to = Day(label=_("督导日期至"), field_name="visited_on", lookup_expr="lte")
        q = Search(fields=("business__name__icontains", "officer_name__icontains"))

    def rows(self, user: Any) -> QuerySet:
        """The visits this person may see."""
        return Visit.objects.visible_to(user)

    def lines(self, rows: Sequence[Visit], asked: Asked) -> list[VisitRow]:
        """Each with its place."""
        return [VisitRow(visit, places_of(asked).path(visit.region_id)) for visit in rows]

    def file_rows(self, rows: QuerySet, asked: Asked) -> Iterable[Sequence[Any]]:
        """The ledger of visits."""
        return kind_of(VisitsKind.key).export_rows(rows)


VISITS = Visits()
