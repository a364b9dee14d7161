"""Acts on many rows of any list: the preview, the act itself, and what came of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foodsafe_portal.lib.lists import BulkAct, Listing, all_listings
from foodsafe_portal.lib.requests import PortalRequest
from records.models import Job
from records.services import bulk

OWN = ("act", "pk", "all", "query", "token", "digest", "back", "sure", "csrfmiddlewaretoken")


@require_POST
@login_required
def bulk_act(request: PortalRequest, key: str) -> HttpResponse:
    """Show what an act would do to the picked rows; with ``sure`` do it. A second submission is the same act."""
    found, act = _asked(request, key)
    sent = request.POST
    picked = bulk.pick(
        found,
        request.user,
        keys=sent.getlist("pk"),
        query=sent.get("query", ""),
        whole=sent.get("all") == "1",
    )
    told = _told(sent)
    form = act.form_for(request.user, told if "told" in sent or "sure" in sent else None)
    context = {"list": found, "act": act, "picked": picked, "form": form, "back": _back(request, found)}
    if not picked.keys:
        return _answer(request, context | {"problem": _("没有选中能办的行，请重新选择。")}, 422)
    asks = form is not None and any(field.required for field in form.fields.values())
    if form is not None and (form.is_bound or asks) and not form.is_valid():
        return _answer(request, context, 422 if form.is_bound else 200)
    if "sure" in sent and sent.get("digest") == picked.digest and sent.get("token"):
        job = bulk.start_bulk(
            picked, act, by=request.user, told={"form": told.urlencode()}, token=sent["token"][:40]
        )
        return _came(request, job, _back(request, found))
    changed = "sure" in sent
    values = form.cleaned_data if form is not None and form.is_bound else _blank(form)
    look = bulk.preview(picked, act, by=request.user, told=values)
    problem = _("选中的行在这期间有变化，请按新的预览再确认。") if changed else ""
    return _answer(
        request,
        context | {"look": look, "token": uuid.uuid4().hex, "problem": problem},
        409 if changed else 200,
    )


def _asked(request: PortalRequest, key: str) -> tuple[Listing, BulkAct]:
    """The list and its act, for those who may do it."""
    found = next((one for one in all_listings() if one.key == key and one.bulk), None)
    if found is None:
        raise Http404
    may = [one for one in found.bulk_for(request.user) if request.user.can(found.permission)]
    if not may:
        raise PermissionDenied
    act = next((one for one in may if one.code == request.POST.get("act", "")), None)
    if act is None:
        raise BadRequest("no act of this list")
    return found, act


def _told(sent: QueryDict) -> QueryDict:
    """What the act's own form was told."""
    told = sent.copy()
    for name in OWN:
        told.pop(name, None)
    return told


def _blank(form: Any) -> dict[str, Any]:
    """What a form that asks for nothing is told by somebody who says nothing."""
    return dict.fromkeys(form.fields, "") if form is not None else {}


def _back(request: PortalRequest, found: Listing) -> str:
    back = request.POST.get("back", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return back if here and back.startswith("/") else reverse(found.url_name)


def _answer(request: PortalRequest, context: dict[str, Any], status: int) -> HttpResponse:
    template = "records/_bulk.html" if request.htmx else "records/bulk.html"
    return render(request, template, context, status=status)


def _came(request: PortalRequest, job: Job, back: str) -> HttpResponse:
    if not request.htmx:
        return redirect("bulk-result", pk=job.pk)
    return render(request, "records/_bulk_result.html", {"job": job, "back": back})


@require_safe
@login_required
def bulk_result(request: PortalRequest, pk: uuid.UUID) -> HttpResponse:
    """How far an act on many rows has come, or what came of it row by row; whoever asked for it reads it."""
    job = get_object_or_404(Job.objects.filter(created_by=request.user, kind=bulk.KIND), pk=pk)
    found = next(one for one in all_listings() if one.key == job.params["list"])
    template = "records/_bulk_result.html" if request.htmx else "records/bulk_result.html"
    return render(request, template, {"job": job, "back": reverse(found.url_name), "list": found})
