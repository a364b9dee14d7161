"""Pages of officers: the list, one officer, the pledge."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entities import services
from entities.errors import Refused
from entities.forms import PledgeForm
from entities.models import Officer
from entities.reports.officers import officer_file, officer_page
from entities.rows import duty_badge, masked
from entities.views.businesses import rights
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.views.exports import export_response


@require_GET
@requires(Permission.VIEW_OFFICERS)
def officer_list(request: PortalRequest) -> HttpResponse:
    """The officers, filtered by the address."""
    found = officer_page(request.user, request.GET)
    phones = [row.officer.phone if found.shows_phone else masked(row.officer.phone) for row in found.rows]
    context = {
        "list": found,
        "rows": zip(found.rows, phones, strict=True),
        "now": timezone.localtime(),
        **rights(request.user),
    }
    part = request.htmx.target == "results"
    return render(request, "entities/_officer_table.html" if part else "entities/officer_list.html", context)


@require_GET
@requires(Permission.VIEW_OFFICERS)
@requires(Permission.EXPORT)
def officer_export(request: PortalRequest) -> HttpResponseBase:
    """The 责任清单 of the officers in the list: one row a bond."""
    return export_response(request, "officers")


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
        "businesses": [(held, duty_badge(held.duty)) for held in file.businesses],
        "phone": officer.phone if file.shows_phone else masked(officer.phone),
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
