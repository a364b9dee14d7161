"""The reviewers' page and their answer to a proposed change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entities import services
from entities.errors import Refused
from entities.forms import ReviewForm
from entities.lists import GRADE_CHANGES, STATUS_CHANGES
from entities.models import GradeChange, StatusChange
from entities.reports.business_file import waiting_change
from entities.views.businesses import rights
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.lists import Listing, ListPage
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.services.evidence import evidence_by_object
from records.views.lists import list_page


def _list_context(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    return rights(request.user)


def _which(request: PortalRequest) -> Listing:
    return GRADE_CHANGES if request.GET.get("kind") == "grade" else STATUS_CHANGES


change_list = list_page(
    _which,
    permission=Permission.REVIEW_STATUS,
    page="entities/change_list.html",
    fragment="entities/_change_table.html",
    context=_list_context,
)


@require_POST
@requires(Permission.REVIEW_STATUS)
def status_change_review(request: PortalRequest, pk: int) -> HttpResponse:
    """Approve or reject a proposed 经营状态."""
    change = get_object_or_404(
        StatusChange.objects.visible_to(request.user).select_related("business"), pk=pk
    )
    return _review(request, change, services.review_status_change)


@require_POST
@requires(Permission.REVIEW_STATUS)
def grade_change_review(request: PortalRequest, pk: int) -> HttpResponse:
    """Approve or reject a proposed 包保等级."""
    change = get_object_or_404(GradeChange.objects.visible_to(request.user).select_related("business"), pk=pk)
    return _review(request, change, services.review_grade_change)


def _review(request: PortalRequest, change: Any, verb: Any) -> HttpResponse:
    """Carry the answer out; htmx gets the changed row, a plain form goes back to where it came from."""
    form = ReviewForm(request.POST)
    problem, status = "", 200
    if form.is_valid():
        try:
            change = verb(
                change=change,
                approve=form.cleaned_data["decision"] == "approve",
                by=request.user,
                note=form.cleaned_data["note"],
            )
        except Refused as refusal:
            problem, status = str(refusal), 409
    else:
        problem, status = _("请选择通过或不通过，意见不超过 300 字。"), 422
    if request.htmx:
        change.refresh_from_db()
        proof = evidence_by_object(StatusChange, [change.pk]) if isinstance(change, StatusChange) else {}
        waiting = waiting_change(change, request.user, proof.get(change.pk, ()))
        context = {"change": change, "problem": problem, "waiting": waiting, **rights(request.user)}
        return render(request, "entities/_change_reviewed.html", context, status=status)
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, _("已通过。") if change.state == "approved" else _("未通过，已记录意见。"))
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return redirect(back)
    return redirect("change-list")
