"""The register in the admin: businesses, officers and their bonds through the services, changes to be looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.admin_filters import county_filter
from accounts.rules.rights import Permission as P
from entities.errors import Refused, StaleVersion
from entities.fields import EDITABLE
from entities.models import (
    Assignment,
    Business,
    BusinessMerger,
    DuplicatePair,
    FormerIdentity,
    GradeChange,
    Officer,
    Pledge,
    StatusChange,
)
from entities.search import search_businesses
from entities.services import (
    assign_officer,
    end_assignment,
    register_business,
    sign_pledge,
    update_business,
)
from entities.services.businesses import plain_value
from entities.services.staff import OFFICER_FIELDS, save_officer
from records.admin_base import EditedAdmin, ScopedAdmin
from records.admin_ledgers import LedgerDoors
from records.services.rows import RowRefused

REFUSALS = (Refused, RowRefused)


class BusinessSearch:
    """Search by what describes a business, from the register's own indexes; ``business_path`` leads to it."""

    business_path = "business"
    search_fields = ("business__name",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """The rows of the businesses that the term describes."""
        if not search_term.strip():
            return queryset, False
        found = search_businesses(Business.objects.visible_to(request.user), search_term).rows
        return queryset.filter(**{f"{self.business_path}__in": found.order_by().values("pk")}), False


@admin.register(Business)
class BusinessAdmin(LedgerDoors, EditedAdmin):
    """Food businesses; status and 包保等级 change only by reviewed changes on the portal's pages."""

    ledger = "businesses"
    refusals = REFUSALS
    view_permissions = (P.VIEW_BUSINESSES,)
    change_permissions = (P.EDIT_BUSINESS,)
    list_display = (
        "name",
        "licence_no",
        "business_type",
        "region",
        "responsibility_grade",
        "risk_grade",
        "status",
    )
    list_filter = (
        "responsibility_grade",
        "status",
        "business_type",
        "risk_grade",
        "high_risk",
        county_filter(),
    )
    search_fields = ("name",)
    fields = (*EDITABLE, "registered_on")
    on_change = EDITABLE
    shown_after = (
        "responsibility_grade",
        "status",
        "match_key",
        "version",
        "source",
        "recorded_at",
        "updated_at",
    )
    autocomplete_fields = ("region",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """See ``entities.search``."""
        return search_businesses(queryset, search_term).rows, False

    def seen_of(self, row: Any, names: list[str]) -> str:
        """The version."""
        return str(row.version)

    def refusal_words(self, refusal: Exception) -> str:
        """With both values of what two people changed."""
        if not isinstance(refusal, StaleVersion):
            return str(refusal)
        clashes = [
            _("%(label)s：现为“%(saved)s”，您填的是“%(typed)s”")
            % {
                "label": Business._meta.get_field(name).verbose_name,
                "saved": plain_value(saved),
                "typed": plain_value(typed),
            }
            for name, (*_rest, saved, typed) in refusal.clashes.items()
        ]
        return f"{refusal}{'；'.join(clashes)}"

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Business:
        """See ``register_business`` and ``update_business``."""
        user: Any = request.user
        if row._state.adding:
            registered_on = values.pop("registered_on")
            return register_business(by=user, values=values, registered_on=registered_on)
        version = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
        return update_business(
            business=row, version=version, changes=values, by=user, on=timezone.localdate()
        )


@admin.register(StatusChange)
class StatusChangeAdmin(BusinessSearch, ScopedAdmin):
    """Changes of 经营状态; proposed and reviewed on the portal's pages."""

    view_permissions = (P.VIEW_BUSINESSES,)
    list_display = (
        "business",
        "from_status",
        "to_status",
        "effective_on",
        "state",
        "proposed_by",
        "reviewed_by",
    )
    list_filter = ("state", "to_status")


@admin.register(GradeChange)
class GradeChangeAdmin(BusinessSearch, ScopedAdmin):
    """Changes of 包保等级."""

    view_permissions = (P.VIEW_BUSINESSES,)
    list_display = ("business", "from_grade", "to_grade", "manual", "effective_on", "state", "proposed_by")
    list_filter = ("state", "manual")


@admin.register(Officer)
class OfficerAdmin(LedgerDoors, EditedAdmin):
    """包保干部."""

    ledger = "officers"
    refusals = REFUSALS
    view_permissions = (P.VIEW_OFFICERS,)
    change_permissions = (P.EDIT_ASSIGNMENT,)
    list_display = ("name", "title", "level", "unit_name", "region", "is_active")
    list_filter = ("level", "is_active", county_filter())
    search_fields = ("name__startswith", "phone__startswith")
    fields = OFFICER_FIELDS
    shown_after = ("match_key", "version", "source", "recorded_at")
    autocomplete_fields = ("region", "user")

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Officer:
        """See ``save_officer``."""
        user: Any = request.user
        return save_officer(officer=row, values=values, by=user, seen=seen)


@admin.register(Assignment)
class AssignmentAdmin(BusinessSearch, LedgerDoors, EditedAdmin):
    """包保关系: made, and ended by a last day."""

    ledger = "officers"
    refusals = REFUSALS
    view_permissions = (P.VIEW_OFFICERS,)
    change_permissions = (P.EDIT_ASSIGNMENT,)
    list_display = ("officer", "business", "level", "valid_from", "valid_to", "voided_at")
    list_filter = ("level",)
    fields = ("officer", "business", "level", "valid_from", "valid_to")
    on_change = ("valid_to",)
    shown_after = ("recorded_at", "ended_at", "voided_at", "batch_id")
    autocomplete_fields = ("officer", "business")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """A new bond has no end."""
        names = super().get_fields(request, obj)
        return names if obj is not None else [name for name in names if name != "valid_to"]

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """While it holds."""
        return Assignment.objects.active().filter(pk=row.pk).exists()

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Assignment:
        """See ``assign_officer`` and ``end_assignment``."""
        user: Any = request.user
        if row._state.adding:
            return assign_officer(by=user, **values)
        if values["valid_to"] is None:
            raise RowRefused(_("请填终止日期；包保关系的其他内容不能改，可终止后另建。"))
        return end_assignment(assignment=Assignment.objects.get(pk=row.pk), on=values["valid_to"], by=user)


@admin.register(Pledge)
class PledgeAdmin(EditedAdmin):
    """承诺书: entered, never changed."""

    refusals = REFUSALS
    scoped_through = "officer"
    view_permissions = (P.VIEW_OFFICERS,)
    change_permissions = (P.EDIT_ASSIGNMENT,)
    list_display = ("officer", "business", "title", "signed_on")
    search_fields = ("officer__name__startswith",)
    fields = ("officer", "business", "signed_on")
    shown_after = ("title", "recorded_at", "batch_id")
    autocomplete_fields = ("officer", "business")

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """A signature stays as it was given."""
        return False

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Pledge:
        """See ``sign_pledge``."""
        user: Any = request.user
        return sign_pledge(by=user, **values)


class PairSearch(BusinessSearch):
    """Search by what describes either business."""

    search_fields = ("first__name",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """The pairs one of whose businesses the term describes."""
        if not search_term.strip():
            return queryset, False
        visible = Business.objects.visible_to(request.user, merged=True)
        found = search_businesses(visible, search_term).rows.order_by().values("pk")
        return queryset.filter(Q(first__in=found) | Q(second__in=found)), False


@admin.register(DuplicatePair)
class DuplicatePairAdmin(PairSearch, ScopedAdmin):
    """Businesses that look like one; decided on the portal's pages."""

    view_permissions = (P.REVIEW_DUPLICATES, P.VIEW_TRAIL)
    list_display = ("first", "second", "region", "likeness", "state", "decided_by", "decided_at")
    list_filter = ("state",)
    list_select_related = ("first", "second", "region", "decided_by")


@admin.register(BusinessMerger)
class BusinessMergerAdmin(ScopedAdmin):
    """Businesses merged into others; merged and taken apart on the portal's pages."""

    view_permissions = (P.VIEW_BUSINESSES,)
    list_display = ("business", "survivor", "merged_on", "merged_by", "undone_at", "undone_by")
    list_select_related = ("business", "survivor", "merged_by", "undone_by")


@admin.register(FormerIdentity)
class FormerIdentityAdmin(BusinessSearch, ScopedAdmin):
    """What businesses were known under before."""

    view_permissions = (P.VIEW_BUSINESSES,)
    list_display = ("business", "name", "licence_no", "credit_code", "premises_address", "why", "valid_to")
    list_filter = ("why",)
    list_select_related = ("business",)
