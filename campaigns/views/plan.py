"""Task pages and the campaign's home: who leads, what is to be done by when, and the weekly reports on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Unit, User
from accounts.querysets import in_force
from campaigns.choices import TaskReportState, TaskState
from campaigns.errors import CampaignRefused
from campaigns.forms import DecisionForm, DirectiveForm, ReviewDateForm, TaskReportForm
from campaigns.models import Campaign, LeadingGroup, Membership, TaskItem, TaskReport, WorkTeam
from campaigns.reports.places import campaign_of
from campaigns.reports.plan import phases_shown, task_counts, task_row, tasks_shown, today_mark
from campaigns.services.campaign import give_directive, move_review_date
from campaigns.services.tasks import claim_task, decide_report, own_unit, report_task
from campaigns.task_export import KEY as TASKS
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from foodsafe_portal.lib.weeks import Week
from records.services.calendar import current_calendar
from records.services.evidence import EvidenceRefused, evidence_by_object
from records.views.exports import export_response


def _campaign(user: User) -> Campaign:
    campaign = campaign_of(user)
    if campaign is None:
        raise Http404
    return campaign


@require_safe
@requires(Permission.VIEW_TASKS)
def task_list(request: PortalRequest) -> HttpResponse:
    """The task list with its time line; today against the review day."""
    campaign, today, calendar = _campaign(request.user), timezone.localdate(), current_calendar()
    everything = list(tasks_shown(request.user, campaign, request.GET.__class__(""), today))
    tasks = list(tasks_shown(request.user, campaign, request.GET, today)) if request.GET else everything
    context = {
        "campaign": campaign,
        "counts": task_counts(everything, campaign, today),
        "rows": [task_row(task, campaign, today, calendar) for task in tasks],
        "phases": phases_shown(campaign, today),
        "today_mark": today_mark(campaign, today),
        "units": sorted(
            {(task.lead_unit_id, task.lead_unit.name) for task in everything}, key=lambda unit: unit[1]
        ),
        "states": TaskState.choices,
        "params": request.GET,
        "may_move": request.user.can(Permission.MOVE_REVIEW_DATE),
        "days_left": (campaign.review_on - today).days,
    }
    template = "campaigns/_task_table.html" if request.htmx else "campaigns/task_list.html"
    return render(request, template, context)


@require_safe
@requires(Permission.EXPORT)
def task_export(request: PortalRequest) -> HttpResponseBase:
    """The task list as shown, as a workbook or csv."""
    return export_response(request, TASKS)


def _task(request: PortalRequest, pk: int) -> TaskItem:
    tasks = TaskItem.objects.visible_to(request.user).select_related(
        "campaign", "lead_unit", "phase", "claimed_by"
    )
    return get_object_or_404(tasks, pk=pk)


@require_safe
@requires(Permission.VIEW_TASKS)
def task_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One task: units, targets, weekly reports, and the acts of this role."""
    return _show(request, _task(request, pk), TaskReportForm(), 200)


def _show(request: PortalRequest, task: TaskItem, form: TaskReportForm, status: int) -> HttpResponse:
    today = timezone.localdate()
    try:
        unit = own_unit(task, request.user) if request.user.can(Permission.REPORT_TASK) else None
    except CampaignRefused:
        unit = None
    reports = list(task.reports.select_related("unit", "submitted_by", "decided_by"))
    proof = evidence_by_object(TaskReport, [report.pk for report in reports])
    context = {
        "task": task,
        "row": task_row(task, task.campaign, today, current_calendar()),
        "supports": task.supports.select_related("unit"),
        "reports": [(report, proof.get(report.pk, ())) for report in reports],
        "form": form,
        "unit": unit,
        "may_claim": unit is not None and unit.pk == task.lead_unit_id and task.state == TaskState.OPEN,
        "may_report": unit is not None and task.state in {TaskState.CLAIMED, TaskState.REPORTED},
        "may_decide": request.user.can(Permission.APPROVE_TASK),
        "week": Week.of(today),
    }
    return render(request, "campaigns/task_detail.html", context, status=status)


def _act(request: PortalRequest, act: Callable[[], Any], done: str) -> bool:
    """Do one act; a refusal is shown as it is."""
    try:
        act()
    except (CampaignRefused, EvidenceRefused) as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, done)
    return True


@require_POST
@requires(Permission.REPORT_TASK)
def task_claim(request: PortalRequest, pk: int) -> HttpResponse:
    """The lead unit takes the task on."""
    task = _task(request, pk)
    _act(request, lambda: claim_task(task=task, by=request.user), _("已认领。"))
    return redirect("task-detail", pk=pk)


@require_POST
@requires(Permission.REPORT_TASK)
def task_report(request: PortalRequest, pk: int) -> HttpResponse:
    """This week's report of the person's unit."""
    task = _task(request, pk)
    form = TaskReportForm(request.POST, request.FILES)
    if form.is_valid():
        week = Week.of(timezone.localdate())
        try:
            report_task(task=task, week=week, by=request.user, **form.cleaned_data)
        except (CampaignRefused, EvidenceRefused) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("已报送，等待审核。"))
            return redirect("task-detail", pk=pk)
    return _show(request, task, form, 422)


@require_POST
@requires(Permission.APPROVE_TASK)
def report_decide(request: PortalRequest, pk: int) -> HttpResponse:
    """Approve a weekly report or return it with a reason."""
    visible = TaskItem.objects.visible_to(request.user)
    report = get_object_or_404(
        TaskReport.objects.select_related("unit", "task"),
        pk=pk,
        task__in=visible,
        state__in=TaskReportState.values,
    )
    form = DecisionForm(request.POST)
    if form.is_valid():
        approve = form.cleaned_data["decision"] == "approve"
        _act(
            request,
            lambda: decide_report(
                report=report, approve=approve, reason=form.cleaned_data["reason"], by=request.user
            ),
            _("已通过。") if approve else _("已退回。"),
        )
    else:
        messages.error(request, _("请选择通过或退回。"))
    return redirect("task-detail", pk=report.task_id)


@require_safe
@requires(Permission.VIEW_TASKS)
def campaign_home(request: PortalRequest) -> HttpResponse:
    """The campaign's organisation: leading groups, teams, member units, phases, instructions."""
    return _home(request, _campaign(request.user), DirectiveForm(), ReviewDateForm(), 200)


def _home(
    request: PortalRequest, campaign: Campaign, directive: DirectiveForm, review: ReviewDateForm, status: int
) -> HttpResponse:
    today = timezone.localdate()
    members = [
        Prefetch("members", Membership.objects.filter(in_force(today)).select_related("unit"), "serving"),
        Prefetch("members", Membership.objects.filter(valid_to__lt=today).select_related("unit"), "former"),
    ]
    groups = LeadingGroup.objects.visible_to(request.user).filter(campaign=campaign)
    teams = WorkTeam.objects.visible_to(request.user).filter(campaign=campaign)
    context = {
        "campaign": campaign,
        "groups": groups.select_related("region").prefetch_related(*members),
        "teams": teams.prefetch_related(*members, "counties"),
        "units": Unit.objects.visible_to(request.user).filter(is_member=True).select_related("region"),
        "phases": phases_shown(campaign, today),
        "today_mark": today_mark(campaign, today),
        "directives": campaign.directives.select_related("unit", "given_by")[:20],
        "directive_form": directive,
        "review_form": review,
        "may_instruct": request.user.can(Permission.INSTRUCT),
        "may_move": request.user.can(Permission.MOVE_REVIEW_DATE),
    }
    return render(request, "campaigns/campaign_home.html", context, status=status)


@require_POST
@requires(Permission.INSTRUCT)
def directive_new(request: PortalRequest) -> HttpResponse:
    """A leader's instruction."""
    campaign = _campaign(request.user)
    form = DirectiveForm(request.POST)
    if form.is_valid():
        try:
            give_directive(campaign=campaign, on=timezone.localdate(), by=request.user, **form.cleaned_data)
        except CampaignRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("批示已登记。"))
            return redirect("campaign-home")
    return _home(request, campaign, form, ReviewDateForm(), 422)


@require_POST
@requires(Permission.MOVE_REVIEW_DATE)
def review_move(request: PortalRequest) -> HttpResponse:
    """Move the review date with a reason."""
    campaign = _campaign(request.user)
    form = ReviewDateForm(request.POST)
    if form.is_valid():
        try:
            move_review_date(campaign=campaign, by=request.user, **form.cleaned_data)
        except CampaignRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("迎检日期已调整。"))
            return redirect("campaign-home")
    return _home(request, campaign, DirectiveForm(), form, 422)
