"""The registers in the admin: trail, work and ledgers to be looked at, the working calendar to be entered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from foodsafe_portal.lib.permissions import Permission as P
from records.admin_base import EditedAdmin, ScopedAdmin, ScopedLines
from records.admin_ledgers import LedgerDoors
from records.ledgers import all_kinds, ledger_rules
from records.models import (
    ApprovalRule,
    AuditEvent,
    AuditLink,
    EvidenceFile,
    Job,
    LedgerBatch,
    LedgerHabit,
    LedgerRow,
    OwnedColumn,
    Pulse,
    WorkdayOverride,
    WorkYear,
)
from records.services.work_years import save_work_year

CALENDAR = (P.MANAGE_REGIONS, P.MANAGE_POLICIES)


@admin.register(AuditEvent)
class AuditEventAdmin(ScopedAdmin):
    """The trail; append-only. The portal's own page searches and verifies it."""

    view_permissions = (P.VIEW_TRAIL,)
    list_display = ("at", "actor_name", "action", "target_name", "territory", "outcome", "channel")
    list_filter = ("outcome",)


@admin.register(AuditLink)
class AuditLinkAdmin(ScopedAdmin):
    """Each event's place in the digest chain."""

    view_permissions = (P.VIEW_TRAIL,)
    scoped_through = "event"
    list_display = ("position", "event", "digest", "sealed_at")
    list_select_related = ("event",)


@admin.register(EvidenceFile)
class EvidenceFileAdmin(ScopedAdmin):
    """Files that prove something, as a list for the auditor, who sees every object they belong to."""

    view_permissions = (P.VIEW_TRAIL,)
    list_display = (
        "original_name",
        "content_type",
        "size",
        "target_type",
        "target_id",
        "uploaded_by",
        "uploaded_at",
    )
    ordering = ("-uploaded_at",)

    def rows(self, user: Any) -> Any:
        """Every file: whoever reads the trail sees every object."""
        return EvidenceFile.objects.all() if user.can(P.VIEW_TRAIL) else EvidenceFile.objects.none()


@admin.register(Job)
class JobAdmin(ScopedAdmin):
    """Background work."""

    view_permissions = (P.VIEW_JOBS,)
    hidden = ("lease_token",)
    list_display = ("kind", "state", "done", "total", "message", "created_by", "created_at", "finished_at")
    list_filter = ("state",)
    ordering = ("-created_at",)


@admin.register(Pulse)
class PulseAdmin(ScopedAdmin):
    """When each periodic duty was last done; it concerns the whole installation."""

    view_permissions = (P.MANAGE_JOBS, P.VIEW_TRAIL)
    list_display = ("name", "at")

    def rows(self, user: Any) -> Any:
        """Every duty, to whoever runs the installation and to the auditor."""
        seen = any(user.can(permission) for permission in self.view_permissions)
        return Pulse.objects.all() if seen else Pulse.objects.none()


@admin.register(LedgerBatch)
class LedgerBatchAdmin(ScopedAdmin):
    """Uploaded ledgers."""

    view_permissions = (P.VIEW_LEDGERS,)
    hidden = ("token",)
    list_display = ("number", "kind", "state", "verdict", "file_name", "uploaded_by", "uploaded_at")
    list_filter = ("state", "verdict")


@admin.register(LedgerRow)
class LedgerRowAdmin(ScopedAdmin):
    """Staged rows."""

    view_permissions = (P.VIEW_LEDGERS,)
    scoped_through = "batch"
    list_display = ("batch", "row_no", "verdict", "verb", "key")
    list_filter = ("verdict", "verb")


class LedgerRuleAdmin(EditedAdmin):
    """Rules of ledgers: kinds and columns are chosen from those there are, and shown by their names."""

    view_permissions = (P.MANAGE_POLICIES, P.VIEW_TRAIL)
    change_permissions = (P.MANAGE_POLICIES,)

    def rows(self, user: Any) -> Any:
        """They hold for the whole city."""
        return self.model._default_manager.all()

    @admin.display(description=_("台账"), ordering="kind")
    def title(self, row: ApprovalRule | OwnedColumn) -> str:
        """The name of the ledger the rule is for."""
        titles = {kind.key: str(kind.title) for kind in all_kinds()}
        return titles.get(row.kind, row.kind) or str(_("所有台账"))

    def removable(self, request: HttpRequest, row: Any) -> bool:
        """A rule that is gone no longer holds."""
        return True

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the kinds by their titles and the columns by their headers."""
        if db_field.name == "kind":
            first = [("", _("所有台账"))] if db_field.blank else [("", "---------")]
            kinds = [(kind.key, str(kind.title)) for kind in all_kinds() if db_field.blank or kind.ownable]
            kwargs["widget"] = forms.Select(choices=[*first, *kinds])
        if db_field.name == "column":
            columns = [
                (str(kind.title), [(key, kind.column_of[key].header) for key in kind.ownable])
                for kind in all_kinds()
                if kind.ownable
            ]
            kwargs["widget"] = forms.Select(choices=[("", "---------"), *columns])
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(LedgerRuleAdmin):
    """From which size an import needs a second person; an empty table means never."""

    fields = ("kind", "rows")
    on_change = ("rows",)
    list_display = ("title", "rows")

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> ApprovalRule:
        """See ``save_approval_rule``."""
        kind = values.get("kind", row.kind)
        return ledger_rules.save_approval_rule(
            rule=row, kind=kind, rows=values["rows"], by=request.user, seen=seen
        )

    def remove(self, request: HttpRequest, row: Any) -> None:
        """See ``remove_approval_rule``."""
        ledger_rules.remove_approval_rule(rule=row, by=request.user)


@admin.register(OwnedColumn)
class OwnedColumnAdmin(LedgerRuleAdmin):
    """Columns that the city keeps to itself."""

    fields = ("kind", "column")
    list_display = ("title", "header")

    @admin.display(description=_("列"), ordering="column")
    def header(self, row: OwnedColumn) -> str:
        """The column's name in the template."""
        kind = next((kind for kind in all_kinds() if kind.key == row.kind), None)
        column = kind.column_of.get(row.column) if kind else None
        return column.header if column else row.column

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """A column is owned or not; another one is another row."""
        return False

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> OwnedColumn:
        """See ``save_owned_column``."""
        return ledger_rules.save_owned_column(
            owned=row, kind=values["kind"], column=values["column"], by=request.user, seen=seen
        )

    def remove(self, request: HttpRequest, row: Any) -> None:
        """See ``remove_owned_column``."""
        ledger_rules.remove_owned_column(owned=row, by=request.user)


@admin.register(LedgerHabit)
class LedgerHabitAdmin(ScopedAdmin):
    """Columns remembered from an earlier answer, for the auditor; uploaders change them where they upload."""

    view_permissions = (P.VIEW_TRAIL,)
    list_display = ("kind", "territory", "unit_path", "updated_by", "updated_at")

    def rows(self, user: Any) -> Any:
        """Every answer: whoever reads the trail sees every ledger."""
        return LedgerHabit.objects.all() if user.can(P.VIEW_TRAIL) else LedgerHabit.objects.none()


class DayLines(ScopedLines):
    """The days of a year that differ from Monday to Friday."""

    model = WorkdayOverride
    fields = ("day", "kind", "note")


@admin.register(WorkYear)
class WorkYearAdmin(LedgerDoors, EditedAdmin):
    """Years of the working calendar; publishing one settles the due dates that waited for it."""

    ledger = "workdays"
    view_permissions = (*CALENDAR, P.VIEW_TRAIL)
    change_permissions = CALENDAR
    list_display = ("year", "published", "source")
    fields = ("year", "published", "source")
    on_change = ("published", "source")
    inlines = (DayLines,)

    def rows(self, user: Any) -> Any:
        """The calendar has no territory."""
        return WorkYear.objects.all()

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """Until it is published."""
        return not WorkYear.objects.filter(pk=row.pk, published=True).exists()

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> WorkYear:
        """See ``save_work_year``."""
        days = [(line["day"], line["kind"], line.get("note") or "") for line in lines.get("overrides", [])]
        return save_work_year(
            year=row,
            published=values["published"],
            source=values["source"],
            days=days,
            by=request.user,
            seen=seen,
        )


@admin.register(WorkdayOverride)
class WorkdayOverrideAdmin(LedgerDoors, ScopedAdmin):
    """Holidays and make-up days; entered on the page of their year."""

    ledger = "workdays"
    view_permissions = (*CALENDAR, P.VIEW_TRAIL)
    list_display = ("day", "kind", "note", "year")
    list_filter = ("kind",)

    def rows(self, user: Any) -> Any:
        """The calendar has no territory."""
        return WorkdayOverride.objects.all()
