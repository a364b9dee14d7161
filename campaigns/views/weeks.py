"""Frozen weeks: the list, one week, freezing and publishing."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.rules.rights import Permission
from campaigns.choices import ReportState
from campaigns.errors import CampaignRefused
from campaigns.models import WeeklyReport
from campaigns.reports.places import campaign_of
from campaigns.reports.weeks import REVISIONS, WeekDetail, report_for, week_detail, week_list
from campaigns.services.closing import KIND, ask_to_close_week
from campaigns.services.weeks import publish_week
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest
from foodsafe_portal.lib.weeks import Week
from records.choices import JobState
from records.models import Job
from records.views.exports import export_response


def _report(request: PortalRequest, pk: int) -> WeeklyReport:
    report = report_for(request.user, str(pk))
    if report is None:
        raise Http404
    return report


@require_GET
@requires(Permission.VIEW_DASHBOARD)
def report_list(request: PortalRequest) -> HttpResponse:
    """Every frozen week, newest first."""
    context = {
        "list": week_list(request.user, request.GET),
        "states": ReportState.choices,
        "revisions": REVISIONS,
        "campaign": campaign_of(request.user),
        "last_week": Week.of(timezone.localdate()).previous(),
        "now": timezone.localtime(),
    }
    fragment = request.htmx and request.htmx.target == "results"
    return render(
        request, "campaigns/_report_table.html" if fragment else "campaigns/report_list.html", context
    )


@require_GET
@requires(Permission.VIEW_DASHBOARD)
@requires(Permission.EXPORT)
def report_export(request: PortalRequest) -> HttpResponseBase:
    """The list as a file."""
    return export_response(request, "reports")


@require_GET
@requires(Permission.VIEW_DASHBOARD)
def report_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One frozen week in one revision."""
    report = _report(request, pk)
    try:
        page: WeekDetail = week_detail(request.user, report, place=request.GET.get("place", ""))
    except LookupError as problem:
        raise Http404 from problem
    crumbs = [(_("周报"), reverse("report-list")), (report.week, "")]
    return render(request, "campaigns/report_detail.html", {"page": page, "report": report, "crumbs": crumbs})


@require_GET
@requires(Permission.VIEW_DASHBOARD)
@requires(Permission.EXPORT)
def report_figures(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Every figure of a week that the viewer may see, as a file."""
    _report(request, pk)
    params = request.GET.copy()
    params["report"] = str(pk)
    request.GET = params  # type: ignore[assignment]
    return export_response(request, "figures")


@require_POST
@requires(Permission.CLOSE_WEEK)
def report_close(request: PortalRequest) -> HttpResponse:
    """Freeze a week (``week``, the last ended one by default) or check it again, in the background."""
    campaign = campaign_of(request.user, request.POST.get("campaign", ""))
    if campaign is None:
        raise Http404
    text = request.POST.get("week", "").strip()
    try:
        week = Week.parse(text) if text else Week.of(timezone.localdate()).previous()
        job = ask_to_close_week(campaign=campaign, week=week, by=request.user)
    except (CampaignRefused, ValueError) as refusal:
        messages.error(request, str(refusal))
        return redirect("report-list")
    return redirect("report-closing", pk=job.pk)


@require_GET
@requires(Permission.CLOSE_WEEK)
def report_closing(request: PortalRequest, pk: str) -> HttpResponse:
    """The progress of a freezing the viewer asked for; the finished week opens by itself."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk, kind=KIND)
    done = (
        reverse("report-detail", args=[job.result["report"]])
        if job.state == JobState.DONE and job.result
        else ""
    )
    if not request.htmx:
        if done:
            return redirect(done)
        context = {"job": job, "week": job.params["week"]}
        return render(request, "campaigns/report_closing.html", context)
    response = render(request, "campaigns/_report_closing.html", {"job": job})
    if done:
        response["HX-Redirect"] = done
    return response


@require_POST
@requires(Permission.PUBLISH_WEEK)
def report_publish(request: PortalRequest, pk: int) -> HttpResponse:
    """Publish the newest revision of a frozen week."""
    report = _report(request, pk)
    try:
        publish_week(report=report, by=request.user)
    except CampaignRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已发布。"))
    return redirect("report-detail", pk=pk)
