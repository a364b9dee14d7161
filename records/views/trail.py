"""The auditor's page: search the trail and verify its chain."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe

from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.paging import page_of
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.models import AuditEvent
from records.services import audit
from records.services.trail_check import verify_trail


def _day(params: QueryDict, name: str) -> date | None:
    try:
        return parse_date(params.get(name, ""))
    except ValueError:
        return None


def _shown(request: PortalRequest) -> QuerySet[AuditEvent]:
    """The events this person may read, narrowed by the page's address (q, action, outcome, from, to)."""
    params = request.GET
    events = AuditEvent.objects.visible_to(request.user)
    if words := params.get("q", "").strip():
        events = events.filter(
            Q(actor_name__icontains=words)
            | Q(target_name__icontains=words)
            | Q(target_id=words)
            | Q(request_id=words)
            | Q(reason__icontains=words)
        )
    if action := params.get("action", "").strip():
        events = events.filter(action__startswith=action)
    if outcome := params.get("outcome", ""):
        events = events.filter(outcome=outcome)
    if start := _day(params, "from"):
        events = events.filter(at__date__gte=start)
    if end := _day(params, "to"):
        events = events.filter(at__date__lte=end)
    return events


@require_safe
@requires(Permission.VIEW_TRAIL)
def trail(request: PortalRequest) -> HttpResponse:
    """Who did what, newest first."""
    page = page_of(_shown(request).select_related("link"), request)
    template = "records/_trail_table.html" if request.htmx else "records/trail.html"
    return render(request, template, {"page": page, "params": request.GET})


@require_safe
@requires(Permission.VIEW_TRAIL)
def event_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One event with what was before and after."""
    event = get_object_or_404(AuditEvent.objects.visible_to(request.user).select_related("link"), pk=pk)
    return render(request, "records/event.html", {"event": event})


@require_POST
@requires(Permission.VIEW_TRAIL)
def trail_verify(request: PortalRequest) -> HttpResponse:
    """Read the whole chain and say what was found; asking is itself an event."""
    check = verify_trail()
    audit.record(
        by=request.user,
        action="trail.verified",
        after={"links": check.links, "unsealed": check.unsealed, "findings": len(check.findings)},
    )
    return render(request, "records/_trail_check.html", {"check": check})
