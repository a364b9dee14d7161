"""The list of visits owed."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.rules.rights import Permission
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest
from inspections.reports.duties import duty_list as duties_report
from inspections.rows import duty_rows
from records.views.exports import export_response


@require_safe
@requires(Permission.VIEW_VISITS)
def duty_list(request: PortalRequest) -> HttpResponse:
    """Duties in this person's scope with their five figures, most urgent first."""
    report = duties_report(request.user, request.GET, timezone.localdate())
    may_record = request.user.can(Permission.RECORD_VISIT)
    context = {
        "report": report,
        "report_rows": duty_rows(report.rows, may_record=may_record),
        "may_record": may_record,
        "export_url": reverse("duty-export"),
        "now": timezone.now(),
    }
    part = request.htmx.target == "results"
    return render(request, "inspections/_duty_table.html" if part else "inspections/duty_list.html", context)


@require_safe
@requires(Permission.VIEW_VISITS)
@requires(Permission.EXPORT)
def duty_export(request: PortalRequest) -> HttpResponseBase:
    """The duties of the list."""
    return export_response(request, "duties")
