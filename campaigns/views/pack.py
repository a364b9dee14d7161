"""The review pack: asked for, watched while it is written, and taken away."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.errors import CampaignRefused
from campaigns.models import Assessment
from campaigns.packing import KIND, ask_for_pack
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.choices import JobState
from records.models import Job


@require_POST
@requires(Permission.MANAGE_CAMPAIGN)
def pack_new(request: PortalRequest) -> HttpResponse:
    """Have the pack of an assessment built in the background."""
    chosen = request.POST.get("assessment", "")
    assessments = Assessment.objects.visible_to(request.user).select_related("campaign")
    assessment = get_object_or_404(assessments, pk=chosen if chosen.isdecimal() else 0)
    try:
        job = ask_for_pack(
            assessment=assessment, include_hidden=bool(request.POST.get("include_hidden")), by=request.user
        )
    except CampaignRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("library")
    return redirect("pack-detail", pk=job.pk)


def _job(request: PortalRequest, pk: uuid.UUID) -> Job:
    mine = Job.objects.visible_to(request.user).filter(kind=KIND, created_by=request.user)
    return get_object_or_404(mine, pk=pk)


@require_safe
@requires(Permission.MANAGE_CAMPAIGN)
def pack_detail(request: PortalRequest, pk: uuid.UUID) -> HttpResponse:
    """How far the pack is, and what is in it once it is written."""
    job = _job(request, pk)
    template = "campaigns/_pack.html" if request.htmx else "campaigns/pack.html"
    return render(
        request, template, {"job": job, "built": job.result if job.state == JobState.DONE else None}
    )


@require_safe
@requires(Permission.MANAGE_CAMPAIGN)
def pack_file(request: PortalRequest, pk: uuid.UUID) -> FileResponse:
    """The pack as an attachment, for whoever had it built."""
    job = _job(request, pk)
    if job.state != JobState.DONE or not job.result or not default_storage.exists(job.result["name"]):
        raise Http404
    name = _("迎检资料包_%(day)s.zip") % {"day": timezone.localtime(job.created_at).strftime("%Y-%m-%d")}
    content = default_storage.open(job.result["name"], "rb")
    return FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")
