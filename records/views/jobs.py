"""Background work as people see it: a list for administrators, a progress bar for whoever started it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.paging import page_of
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.choices import JobState
from records.models import Job
from records.services import jobs

WHO_HAS_JOBS = (Permission.VIEW_JOBS, Permission.IMPORT_LEDGER, Permission.CLOSE_WEEK, Permission.EXPORT)


@require_safe
@requires(Permission.VIEW_JOBS)
def job_list(request: PortalRequest) -> HttpResponse:
    """All background work this person may see, newest first."""
    rows = Job.objects.visible_to(request.user).select_related("created_by")
    if state := request.GET.get("state", ""):
        rows = rows.filter(state=state)
    if words := request.GET.get("q", "").strip():
        rows = rows.filter(Q(kind__icontains=words) | Q(kind__in=jobs.kinds_called(words)))
    page = page_of(rows, request, order="-created_at")
    titled = [(job, jobs.title_of(job.kind)) for job in page.rows]
    template = "records/_job_table.html" if request.htmx else "records/job_list.html"
    return render(
        request, template, {"page": page, "titled": titled, "params": request.GET, "states": JobState.choices}
    )


@require_safe
@requires(*WHO_HAS_JOBS)
def job_detail(request: PortalRequest, pk: str) -> HttpResponse:
    """One job's progress; the bar asks this address again."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    template = "records/_job_progress.html" if request.htmx else "records/job.html"
    return render(
        request,
        template,
        {"job": job, "title": jobs.title_of(job.kind), "may_cancel": jobs.may_cancel(job, request.user)},
    )


@require_POST
@requires(*WHO_HAS_JOBS)
def job_cancel(request: PortalRequest, pk: str) -> HttpResponse:
    """Stop a job before its commit."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    try:
        jobs.cancel_job(job=job, by=request.user)
    except jobs.JobRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("job-detail", pk=pk)
