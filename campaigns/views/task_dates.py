"""Asking for a new due day of a task, and deciding on it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.rules.rights import Permission
from campaigns.errors import CampaignRefused
from campaigns.forms import DecisionForm, TaskExtensionForm, TaskReportForm
from campaigns.models import TaskExtension
from campaigns.services.task_extensions import decide_extension, propose_due_day
from campaigns.views.plan import show_task, task_seen
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest


@require_POST
@requires(Permission.REPORT_TASK)
def task_extend(request: PortalRequest, pk: int) -> HttpResponse:
    """The lead unit proposes a new due day."""
    task = task_seen(request, pk)
    form = TaskExtensionForm(request.POST)
    if form.is_valid():
        try:
            propose_due_day(task=task, today=timezone.localdate(), by=request.user, **form.cleaned_data)
        except CampaignRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("已申请延期，等待批准。"))
            return redirect("task-detail", pk=pk)
    return show_task(request, task, TaskReportForm(), 422, extension=form)


@require_POST
@requires(Permission.APPROVE_TASK)
def task_extension_decide(request: PortalRequest, pk: int) -> HttpResponse:
    """Grant or refuse the new due day."""
    extension = get_object_or_404(
        TaskExtension.objects.visible_to(request.user).select_related("task"), pk=pk
    )
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请选择批准或不批准。"))
        return redirect("task-detail", pk=extension.task_id)
    approve = form.cleaned_data["decision"] == "approve"
    try:
        decide_extension(
            extension=extension, approve=approve, note=form.cleaned_data["reason"], by=request.user
        )
    except CampaignRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已批准延期。") if approve else _("未批准延期。"))
    return redirect("task-detail", pk=extension.task_id)
