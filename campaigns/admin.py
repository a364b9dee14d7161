"""The campaign in the admin: organisation, plan and draft rulebooks through the services, frozen weeks to be looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.rights import Permission as P
from campaigns.choices import EditionState, TaskState
from campaigns.errors import CampaignRefused
from campaigns.models import (
    Assessment,
    Campaign,
    Clause,
    Directive,
    LeadingGroup,
    Membership,
    Phase,
    Reading,
    Rulebook,
    TaskItem,
    TaskReport,
    TaskSupport,
    WeeklyFigure,
    WeeklyReport,
    WorkTeam,
)
from campaigns.services.clauses import FIELDS as CLAUSE_FIELDS
from campaigns.services.clauses import edit_clause
from campaigns.services.organisation import (
    in_reach,
    save_campaign,
    save_leading_group,
    save_membership,
    save_phase,
    save_task,
    save_team,
    withdraw_draft,
)
from campaigns.services.rulebooks import draft_rulebook, publish_rulebook
from records.admin_base import EditedAdmin, ScopedAdmin, ScopedLines
from records.admin_ledgers import LedgerDoors
from records.services.rows import RowRefused

REFUSALS = (CampaignRefused, RowRefused)
HEAD = (P.VIEW_TASKS, P.VIEW_DASHBOARD)


class CampaignPart(EditedAdmin):
    """A row of the campaign's organisation; what lies above the person's territory can be read, not written."""

    refusals = REFUSALS
    view_permissions = HEAD
    change_permissions = (P.MANAGE_CAMPAIGN,)

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """Inside the person's territory."""
        user: Any = request.user
        return in_reach(user, self.campaign_of(row).region_id)

    def campaign_of(self, row: Any) -> Campaign:
        """The campaign a row belongs to."""
        return row.campaign


@admin.register(Campaign)
class CampaignAdmin(CampaignPart):
    """One region's run for the title; its review date is moved by the leading group on the portal's page."""

    list_display = ("name", "code", "region", "started_on", "review_on", "rulebook", "closed_on")
    search_fields = ("name", "code")
    fields = (
        "code",
        "name",
        "region",
        "batch_no",
        "naming_batch_no",
        "started_on",
        "review_on",
        "review_label",
        "rulebook",
        "closed_on",
    )
    on_change = ("name", "batch_no", "naming_batch_no", "started_on", "review_label", "rulebook", "closed_on")
    shown_after = ("is_demo",)
    autocomplete_fields = ("region", "rulebook")

    def campaign_of(self, row: Any) -> Campaign:
        """Itself."""
        return row

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Campaign:
        """See ``save_campaign``."""
        user: Any = request.user
        return save_campaign(campaign=row, values=values, by=user, seen=seen)


@admin.register(LeadingGroup)
class LeadingGroupAdmin(CampaignPart):
    """创建工作领导小组."""

    list_display = ("name", "campaign", "region")
    search_fields = ("name",)
    fields = ("campaign", "region", "name")
    on_change = ("name", "region")
    autocomplete_fields = ("campaign", "region")

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> LeadingGroup:
        """See ``save_leading_group``."""
        values.setdefault("campaign", row.campaign if not row._state.adding else None)
        return save_leading_group(group=row, by=request.user, seen=seen, **values)


@admin.register(WorkTeam)
class WorkTeamAdmin(CampaignPart):
    """工作专班 and 督导组."""

    list_display = ("name", "kind", "campaign", "duty")
    list_filter = ("kind",)
    search_fields = ("name",)
    fields = ("campaign", "kind", "name", "duty", "counties")
    on_change = ("kind", "name", "duty", "counties")
    autocomplete_fields = ("campaign", "counties")

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> WorkTeam:
        """See ``save_team``."""
        values.setdefault("campaign", row.campaign if not row._state.adding else None)
        return save_team(team=row, by=request.user, seen=seen, **values)


@admin.register(Membership)
class MembershipAdmin(CampaignPart):
    """People in leading groups and teams, dated."""

    list_display = ("person_name", "title", "role", "group", "team", "valid_from", "valid_to")
    list_filter = ("role",)
    search_fields = ("person_name",)
    fields = ("group", "team", "person_name", "title", "role", "unit", "valid_from", "valid_to")
    autocomplete_fields = ("group", "team", "unit")

    def rows(self, user: Any) -> QuerySet:
        """Members of the groups and teams this person may see."""
        groups, teams = LeadingGroup.objects.visible_to(user), WorkTeam.objects.visible_to(user)
        return Membership.objects.filter(Q(group__in=groups.values("pk")) | Q(team__in=teams.values("pk")))

    def campaign_of(self, row: Any) -> Campaign:
        """The campaign of the group or team."""
        return (row.group or row.team).campaign

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """By what is stored, not by what was typed."""
        stored = Membership.objects.select_related("group__campaign", "team__campaign").get(pk=row.pk)
        return super().editable(request, stored)

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Membership:
        """See ``save_membership``."""
        return save_membership(membership=row, by=request.user, seen=seen, **values)


@admin.register(Phase)
class PhaseAdmin(CampaignPart):
    """Phases of the plan."""

    list_display = ("campaign", "order", "name", "starts_on", "ends_on")
    search_fields = ("name",)
    fields = ("campaign", "order", "name", "starts_on", "ends_on")
    on_change = ("order", "name", "starts_on", "ends_on")
    autocomplete_fields = ("campaign",)

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Phase:
        """See ``save_phase``."""
        values.setdefault("campaign", row.campaign if not row._state.adding else None)
        return save_phase(phase=row, by=request.user, seen=seen, **values)


@admin.register(Directive)
class DirectiveAdmin(ScopedAdmin):
    """批示; given by the leading group on the portal's page."""

    view_permissions = HEAD
    list_display = ("campaign", "text", "given_by", "given_on", "unit", "due_on")


class SupportLines(ScopedLines):
    """The cooperating units of a task."""

    model = TaskSupport
    fields = ("unit",)
    autocomplete_fields = ("unit",)


@admin.register(TaskItem)
class TaskItemAdmin(LedgerDoors, CampaignPart):
    """The task list; claiming, reporting and deciding happen on the portal's pages."""

    ledger = "tasks"
    view_permissions = (P.VIEW_TASKS,)
    list_display = ("number", "title", "campaign", "lead_unit", "due_on", "state")
    list_filter = ("state",)
    search_fields = ("title",)
    fields = ("campaign", "number", "system", "title", "phase", "lead_unit", "starts_on", "due_on", "targets")
    on_change = ("number", "system", "title", "phase", "lead_unit", "starts_on", "due_on", "targets")
    shown_after = ("state", "claimed_by", "claimed_at", "done_on")
    autocomplete_fields = ("campaign", "phase", "lead_unit")
    inlines = (SupportLines,)

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """Inside the territory and not finished."""
        return row.state != TaskState.DONE and super().editable(request, row)

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> TaskItem:
        """See ``save_task``."""
        user: Any = request.user
        units = [line["unit"] for line in lines.get("supports", [])]
        return save_task(task=row, values=values, supports=units, by=user, seen=seen)


@admin.register(TaskSupport)
class TaskSupportAdmin(ScopedAdmin):
    """Cooperating units of all tasks; entered on the page of their task."""

    view_permissions = (P.VIEW_TASKS,)
    scoped_through = "task"
    list_display = ("task", "unit")


@admin.register(TaskReport)
class TaskReportAdmin(ScopedAdmin):
    """Weekly reports on tasks."""

    view_permissions = (P.VIEW_TASKS,)
    scoped_through = "task"
    list_display = ("task", "unit", "week", "state", "claims_done", "submitted_by", "submitted_at")
    list_filter = ("state",)


@admin.register(Rulebook)
class RulebookAdmin(LedgerDoors, EditedAdmin):
    """Editions of evaluation rules: drafted from a document, published for good."""

    ledger = "rulebook"
    refusals = REFUSALS
    view_permissions = (P.VIEW_RULEBOOK,)
    change_permissions = (P.MANAGE_RULEBOOK,)
    list_display = ("title", "edition", "code", "state", "published_at", "is_demo")
    list_filter = ("state",)
    search_fields = ("title", "code")
    fields = ("code", "title", "edition", "source", "document")
    on_change = ("title", "edition", "source", "document")
    shown_after = ("state", "digest", "published_at", "published_by", "is_demo")
    actions = ("publish",)

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """A draft."""
        return row.state == EditionState.DRAFT

    removable = editable

    def remove(self, request: HttpRequest, row: Any) -> None:
        """See ``withdraw_draft``."""
        user: Any = request.user
        withdraw_draft(rulebook=row, by=user)

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Rulebook:
        """See ``draft_rulebook``."""
        stored = (
            None if row._state.adding else Rulebook.objects.select_for_update(of=("self",)).get(pk=row.pk)
        )
        if stored is not None and seen and self.seen_of(stored, list(self.on_change)) != seen:
            raise RowRefused(_("您打开之后，别人已保存过这份评价细则；请重新打开再改。"))
        code = values.pop("code", row.code)
        return draft_rulebook(code=code, by=request.user, is_demo=row.is_demo, **values)

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Whether the publishing action is offered."""
        return self._may_write(request)

    @admin.action(description=gettext_lazy("发布所选评价细则（发布后不能再改）"), permissions=["publish"])
    def publish(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Publish drafts, one event each."""
        for rulebook in queryset:
            try:
                publish_rulebook(rulebook=rulebook, by=request.user)
                messages.success(request, _("已发布：%(rulebook)s") % {"rulebook": rulebook})
            except CampaignRefused as refusal:
                messages.error(request, str(refusal))


@admin.register(Clause)
class ClauseAdmin(EditedAdmin):
    """Clauses; those of a draft can be corrected, the edition's document follows."""

    refusals = REFUSALS
    view_permissions = (P.VIEW_RULEBOOK,)
    change_permissions = (P.MANAGE_RULEBOOK,)
    can_add = False
    list_display = ("no", "title", "rulebook", "kind", "points", "method", "lead_unit")
    list_filter = ("kind",)
    search_fields = ("no__startswith", "title")
    fields = ("rulebook", "parent", "no", "kind", *CLAUSE_FIELDS)
    on_change = CLAUSE_FIELDS
    autocomplete_fields = ("lead_unit",)

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """Of a draft."""
        return row.rulebook.state == EditionState.DRAFT

    def write(self, request: HttpRequest, row: Any, values: Any, lines: Any, seen: str) -> Clause:
        """See ``edit_clause``."""
        return edit_clause(clause=row, values=values, by=request.user, seen=seen)


@admin.register(Assessment)
class AssessmentAdmin(ScopedAdmin):
    """Parallel scores."""

    view_permissions = (P.VIEW_RULEBOOK,)
    list_display = ("title", "kind", "campaign", "rulebook", "held_on", "assessor", "closed_at")
    list_filter = ("kind",)


@admin.register(Reading)
class ReadingAdmin(LedgerDoors, ScopedAdmin):
    """What was found for clauses; replaced by later rows, never overwritten."""

    ledger = "readings"
    view_permissions = (P.VIEW_RULEBOOK,)
    list_display = ("clause", "campaign", "on", "source", "assessment", "recorded_by", "voided_at")
    list_filter = ("source",)


@admin.register(WeeklyReport)
class WeeklyReportAdmin(ScopedAdmin):
    """Frozen weeks; immutable."""

    view_permissions = (P.VIEW_DASHBOARD,)
    list_display = ("week", "campaign", "revision", "is_latest", "state", "known_at", "published_at")
    list_filter = ("state", "is_latest")


@admin.register(WeeklyFigure)
class WeeklyFigureAdmin(ScopedAdmin):
    """Figures of frozen weeks; immutable."""

    view_permissions = (P.VIEW_DASHBOARD,)
    list_display = (
        "report",
        "measure",
        "level",
        "region",
        "grade",
        "expected",
        "done",
        "on_time",
        "overdue",
        "excluded",
    )
    list_filter = ("level", "grade")
    list_select_related = ("report__campaign", "region")
