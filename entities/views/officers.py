"""Pages of officers: the list, one officer, the pledge."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entities import services
from entities.errors import Refused
from entities.forms import PledgeForm
from entities.lists import OFFICERS
from entities.models import Officer
from entities.reports.officers import officer_file
from entities.views.businesses import rights
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.formats import masked_digits
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.views.lists import list_export, list_page


def _list_context(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    phones = [
        row.officer.phone if found.shows_phone else masked_digits(row.officer.phone) for row in found.rows
    ]
    return {"rows": zip(found.rows, phones, strict=True), **rights(request.user)}


officer_list = list_page(
    OFFICERS,
    page="entities/officer_list.html",
    fragment="entities/_officer_table.html",
    context=_list_context,
)
officer_export = list_export(OFFICERS)


@require_GET
@requires(Permission.VIEW_OFFICERS)
def officer_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One officer: businesses in charge, pledges, visits."""
    return _officer_page(request, pk, None)


def _officer_page(request: PortalRequest, pk: int, form: PledgeForm | None) -> HttpResponse:
    officer = get_object_or_404(Officer.objects.visible_to(request.user).select_related("region"), pk=pk)
    file = officer_file(officer, request.user, request.GET, timezone.localdate())
    context = {
        "file": file,
        "officer": officer,
        "phone": officer.phone if file.shows_phone else masked_digits(officer.phone),
        "form": form or PledgeForm(today=timezone.localdate()),
        "crumbs": [(_("包保干部"), reverse("officer-list")), (officer.name, "")],
        "place": " · ".join(word for word in (file.county, file.township, officer.unit_name) if word),
        "now": timezone.localtime(),
        **rights(request.user),
    }
    return render(request, "entities/officer_detail.html", context, status=422 if form else 200)


@require_POST
@requires(Permission.EDIT_ASSIGNMENT)
def pledge_sign(request: PortalRequest, pk: int) -> HttpResponse:
    """Record the 承诺书 an officer signed for all their businesses."""
    officer = get_object_or_404(Officer.objects.visible_to(request.user), pk=pk)
    form = PledgeForm(request.POST, today=timezone.localdate())
    if form.is_valid():
        try:
            services.sign_pledge(officer=officer, signed_on=form.cleaned_data["signed_on"], by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("承诺书已登记。"))
            return redirect("officer-detail", pk=pk)
    return _officer_page(request, pk, form)
