"""Supervision in the admin: duties, visits and problems to be looked at, policies and checklists through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_filters import county_filter
from accounts.rules.rights import Permission as P
from entities.admin import BusinessSearch
from inspections.errors import InspectionRefused
from inspections.models import (
    Checklist,
    ChecklistItem,
    DeadlinePolicy,
    Extension,
    FrequencyPolicy,
    Problem,
    ProblemEvent,
    RectificationDuty,
    Referral,
    Revisit,
    Visit,
    VisitDuty,
)
from inspections.services.policies import (
    in_force,
    save_checklist,
    save_deadline_policy,
    save_frequency_policy,
    withdraw_policy,
)
from records.admin_base import EditedAdmin, ScopedAdmin, ScopedLines
from records.admin_ledgers import LedgerDoors
from records.services.rows import RowRefused

REFUSALS = (InspectionRefused, RowRefused)
RULES = (P.MANAGE_POLICIES, P.VIEW_VISITS, P.VIEW_PROBLEMS)


@admin.register(VisitDuty)
class VisitDutyAdmin(BusinessSearch, ScopedAdmin):
    """Visits owed."""

    view_permissions = (P.VIEW_VISITS,)
    list_display = (
        "business",
        "period",
        "grade",
        "officer",
        "due_on",
        "fulfilled_on",
        "excluded_on",
        "superseded_at",
    )
    list_filter = ("grade", "exclusion", county_filter())


@admin.register(RectificationDuty)
class RectificationDutyAdmin(ScopedAdmin):
    """Fixes owed."""

    view_permissions = (P.VIEW_PROBLEMS,)
    list_display = ("problem", "unit", "region", "grade", "due_on", "fulfilled_on", "superseded_at")
    list_filter = ("grade", county_filter())


@admin.register(Visit)
class VisitAdmin(BusinessSearch, LedgerDoors, ScopedAdmin):
    """Visits made; recorded and voided on the portal's pages."""

    ledger = "visits"
    view_permissions = (P.VIEW_VISITS,)
    list_display = ("business", "officer_name", "visited_on", "mode", "problem_count", "source", "voided_at")
    list_filter = ("mode", "grade", "source", county_filter())


@admin.register(Problem)
class ProblemAdmin(BusinessSearch, LedgerDoors, ScopedAdmin):
    """Problems; every step is taken on the portal's pages."""

    ledger = "problems"
    view_permissions = (P.VIEW_PROBLEMS,)
    list_display = (
        "code",
        "state",
        "severity",
        "region",
        "unit",
        "found_on",
        "due_on",
        "closed_on",
        "voided_at",
    )
    list_filter = ("state", "severity", "source", county_filter())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """By number, or by business."""
        term = search_term.strip().upper()
        if term.startswith("WT-"):
            return queryset.filter(Q(code__gte=term) & Q(code__lt=f"{term}\U0010ffff")), False
        return super().get_search_results(request, queryset, search_term)


@admin.register(ProblemEvent)
class ProblemEventAdmin(ScopedAdmin):
    """The steps problems took."""

    view_permissions = (P.VIEW_PROBLEMS,)
    scoped_through = "problem"
    list_display = ("problem", "action", "from_state", "to_state", "on", "by_name")


@admin.register(Extension)
class ExtensionAdmin(ScopedAdmin):
    """Later deadlines asked for."""

    view_permissions = (P.VIEW_PROBLEMS,)
    scoped_through = "problem"
    list_display = ("problem", "from_due_on", "to_due_on", "state", "requested_by", "decided_by")
    list_filter = ("state",)


@admin.register(Referral)
class ReferralAdmin(ScopedAdmin):
    """Problems handed to the regulator."""

    view_permissions = (P.VIEW_PROBLEMS,)
    scoped_through = "problem"
    list_display = ("problem", "office", "referred_on", "case_filed", "concluded_on")


@admin.register(Revisit)
class RevisitAdmin(ScopedAdmin):
    """Checks after closure."""

    view_permissions = (P.VIEW_PROBLEMS,)
    scoped_through = "problem"
    list_display = ("problem", "on", "passed", "by")
    list_filter = ("passed",)


class PolicyAdmin(EditedAdmin):
    """A rule with its day: entered for a day to come, changed or withdrawn until then, immutable afterwards."""

    refusals = REFUSALS
    view_permissions = RULES
    change_permissions = (P.MANAGE_POLICIES,)

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """Until its day has come."""
        stored = type(row).objects.filter(pk=row.pk).first()
        return stored is not None and not in_force(stored, timezone.localdate())

    removable = editable

    def remove(self, request: HttpRequest, row: Any) -> None:
        """See ``withdraw_policy``."""
        withdraw_policy(policy=row, by=request.user)


@admin.register(FrequencyPolicy)
class FrequencyPolicyAdmin(PolicyAdmin):
    """How often a grade is visited."""

    list_display = ("grade", "effective_from", "times", "per", "due_mode", "source")
    list_filter = ("grade",)
    fields = ("grade", "effective_from", "times", "per", "due_mode", "source")

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> FrequencyPolicy:
        """See ``save_frequency_policy``."""
        return save_frequency_policy(policy=row, by=request.user, seen=seen, **values)


@admin.register(DeadlinePolicy)
class DeadlinePolicyAdmin(PolicyAdmin):
    """How long a fix may take."""

    list_display = ("severity", "effective_from", "days", "unit", "source")
    list_filter = ("severity",)
    fields = ("severity", "effective_from", "days", "unit", "source")

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> DeadlinePolicy:
        """See ``save_deadline_policy``."""
        return save_deadline_policy(policy=row, by=request.user, seen=seen, **values)


class ItemLines(ScopedLines):
    """The items of a checklist."""

    model = ChecklistItem
    fields = ("number", "text", "findings", "severity")


@admin.register(Checklist)
class ChecklistAdmin(PolicyAdmin):
    """Editions of the task list for officers, with their items."""

    list_display = ("title", "edition", "level", "effective_from", "source")
    list_filter = ("level",)
    fields = ("level", "edition", "title", "effective_from", "source")
    inlines = (ItemLines,)

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Checklist:
        """See ``save_checklist``."""
        return save_checklist(
            checklist=row, items=lines.get("items", []), by=request.user, seen=seen, **values
        )


@admin.register(ChecklistItem)
class ChecklistItemAdmin(ScopedAdmin):
    """Items of all checklists; entered on the page of their checklist."""

    view_permissions = RULES
    scoped_through = "checklist"
    list_display = ("checklist", "number", "text", "severity")
