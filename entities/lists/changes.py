"""Changes of status and of grade, as two lists with one shape; what waits for a second person stands first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.lists import Place, places_of
from accounts.rules.rights import Permission
from entities.choices import ReviewState
from entities.models import Business, GradeChange, StatusChange
from entities.reports.changes import ChangeRow, change_lines
from foodsafe_portal.lib.lists import (
    Asked,
    Choice,
    Column,
    Day,
    Key,
    ListFilters,
    Listing,
    Search,
    ShownTab,
)
from foodsafe_portal.lib.paging import counts_of
from records.services.calendar import current_calendar


def _business_name(user: Any, key: int) -> Any:
    seen = Business.objects.visible_to(user, merged=True).filter(pk=key)
    return seen.values_list("name", flat=True).first()


class Changes(Listing):
    """What both kinds of change share."""

    permission = Permission.REVIEW_STATUS
    url_name = "change-list"
    unit = _("条")
    search_words = _("主体、原因")
    nothing = _("没有待审核的变更。")
    nothing_found = _("没有符合条件的变更。")
    order = ("id",)
    related = ("business", "proposed_by", "reviewed_by")
    columns = (
        Column("business", _("经营主体"), "business__name", fixed=True),
        Column("change", _("变更")),
        Column("effective_on", _("生效日期"), "effective_on"),
        Column("reason", _("原因与佐证")),
        Column("proposed", _("提出"), "proposed_at"),
        Column("answer", _("审核")),
    )

    class Filters(ListFilters):
        """Changes by place, state, business and days."""

        q = Search(fields=("business__name__contains", "reason__contains"))
        region = Place("business__region_id")
        state = Choice(
            label=_("审核状态"),
            choices=ReviewState.choices,
            absent=lambda rows, asked: rows.waiting(),
        )
        business = Key(label=_("主体"), named=_business_name, field_name="business_id")
        effective_from = Day(label=_("生效日期从"), field_name="effective_on", lookup_expr="gte")
        effective_to = Day(label=_("生效日期至"), field_name="effective_on", lookup_expr="lte")

    def rows(self, user: Any) -> QuerySet:
        """The changes this person may review."""
        return self.model._default_manager.visible_to(user)  # type: ignore[attr-defined]

    def lines(self, rows: Sequence[Any], asked: Asked) -> tuple[ChangeRow, ...]:
        """Each with its place, its proof and how long it has waited."""
        calendar = asked.kept("calendar", current_calendar)
        return change_lines(rows, asked.user, places_of(asked), asked.today, calendar)

    def more(self, asked: Asked, tabs: Sequence[ShownTab], rows: Any) -> dict[str, Any]:
        """Both kinds with how many of each wait."""
        kinds = (("status", STATUS_CHANGES), ("grade", GRADE_CHANGES))
        counts = counts_of([one.rows(asked.user).waiting() for _key, one in kinds])  # type: ignore[attr-defined]
        views = [
            ShownTab(one.title, f"?kind={key}", count, one is self)
            for (key, one), count in zip(kinds, counts, strict=True)
        ]
        return {"views": views}


class StatusChanges(Changes):
    """Proposed changes of 经营状态."""

    key, title, model = "status_changes", _("状态变更"), StatusChange


class GradeChanges(Changes):
    """Proposed changes of 包保等级."""

    key, title, model = "grade_changes", _("包保等级变更"), GradeChange


STATUS_CHANGES, GRADE_CHANGES = StatusChanges(), GradeChanges()
