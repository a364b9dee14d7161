"""The page on which the plan is counted backwards: preview of every date, one reviewed act, the way back."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.rules.rights import Permission
from campaigns.errors import CampaignRefused
from campaigns.forms import ReplanForm
from campaigns.models import Campaign, Replan
from campaigns.reports.places import campaign_of
from campaigns.services.plan_templates import load_template, templates
from campaigns.services.planning import apply_replan, preview_replan, reverse_replan
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest

EITHER = (Permission.MOVE_REVIEW_DATE, Permission.MANAGE_CAMPAIGN)


def _campaign(user: User) -> Campaign:
    campaign = campaign_of(user)
    if campaign is None:
        raise Http404
    return campaign


def _asked(campaign: Campaign, given: QueryDict, user: User) -> ReplanForm:
    """The days typed, or those that stand; who may not move the review day plans with the one there is."""
    data = given if given.get("review_on") else None
    return ReplanForm(data, campaign=campaign, may_move=user.can(Permission.MOVE_REVIEW_DATE))


@require_safe
@requires(*EITHER)
def replan_page(request: PortalRequest) -> HttpResponse:
    """The plan counted anew from the days typed: what would move and what stands against it; nothing is written."""
    campaign = _campaign(request.user)
    form = _asked(campaign, request.GET, request.user)
    return _show(request, campaign, form, 200)


def _show(request: PortalRequest, campaign: Campaign, form: ReplanForm, status: int) -> HttpResponse:
    preview: Any = None
    if form.is_bound and form.is_valid():
        try:
            preview = preview_replan(campaign=campaign, today=timezone.localdate(), **form.days())
        except CampaignRefused as refusal:
            form.add_error("review_on", str(refusal))
            status = 422
    elif form.is_bound:
        status = 422
    done = Replan.objects.visible_to(request.user).filter(campaign=campaign)
    context = {
        "campaign": campaign,
        "form": form,
        "preview": preview,
        "phases": list(campaign.phases.all()),
        "history": done.select_related("applied_by", "reversed_by")[:20],
        "templates": [] if campaign.tasks.exists() or campaign.phases.exists() else templates(),
        "may_load": request.user.can(Permission.MANAGE_CAMPAIGN),
        "may_move": request.user.can(Permission.MOVE_REVIEW_DATE),
    }
    return render(request, "campaigns/replan.html", context, status=status)


@require_POST
@requires(*EITHER)
def replan_apply(request: PortalRequest) -> HttpResponse:
    """Move every date of the preview."""
    campaign = _campaign(request.user)
    form = _asked(campaign, request.POST, request.user)
    if form.is_valid():
        given: dict[str, Any] = form.days()
        review_on: date = given["review_on"]
        if review_on != campaign.review_on and not request.user.can(Permission.MOVE_REVIEW_DATE):
            raise PermissionDenied
        try:
            done = apply_replan(
                campaign=campaign,
                reason=request.POST.get("reason", ""),
                today=timezone.localdate(),
                by=request.user,
                seen=request.POST.get("seen", ""),
                **given,
            )
        except CampaignRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            if done is None:
                messages.info(request, _("没有日期要移动，计划没有变。"))
            else:
                messages.success(request, _("已倒排：移动 %(n)s 个日期。") % {"n": len(done.moves)})
            return redirect("replan")
    return _show(request, campaign, form, 422)


@require_POST
@requires(*EITHER)
def replan_reverse(request: PortalRequest, pk: int) -> HttpResponse:
    """Put every date back; a moved review day only by those who may move it."""
    replan = get_object_or_404(Replan.objects.visible_to(request.user).select_related("campaign"), pk=pk)
    if replan.review_from != replan.review_to and not request.user.can(Permission.MOVE_REVIEW_DATE):
        raise PermissionDenied
    try:
        reverse_replan(replan=replan, by=request.user)
    except CampaignRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已撤销，计划回到倒排之前。"))
    return redirect("replan")


@require_POST
@requires(Permission.MANAGE_CAMPAIGN)
def plan_load(request: PortalRequest) -> HttpResponse:
    """Lay an example plan into a campaign that has none."""
    campaign = _campaign(request.user)
    try:
        done = load_template(campaign=campaign, key=request.POST.get("template", ""), by=request.user)
    except CampaignRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("replan")
    messages.success(
        request, _("已载入 %(n)s 项示例任务，日期从迎检日倒排；请逐项改成本地的。") % {"n": done.tasks}
    )
    if done.missing:
        named = "、".join(done.missing)
        said = _("本地没有登记这些单位，相应任务暂由您的单位牵头：%(units)s。") % {"units": named}
        messages.warning(request, said)
    return redirect("task-gantt")
