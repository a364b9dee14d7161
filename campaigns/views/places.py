"""Pages of one unit and of one place: who stands where, and whom to call."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Unit
from accounts.rules.rights import Permission
from campaigns.reports.dashboard import NoSuchPlace, Nothing
from campaigns.reports.place_page import place_page
from campaigns.reports.places import campaign_around, campaign_of
from campaigns.reports.unit_page import unit_page
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest


@require_GET
@requires(Permission.VIEW_DASHBOARD)
def unit_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One unit; ``week`` chooses the frozen week."""
    unit = get_object_or_404(Unit.objects.visible_to(request.user).select_related("parent", "region"), pk=pk)
    campaign, today = campaign_of(request.user), timezone.localdate()
    page = unit_page(request.user, unit, campaign, week=request.GET.get("week", ""), today=today)
    return render(request, "campaigns/unit_detail.html", {"page": page})


@require_GET
@requires(Permission.VIEW_DASHBOARD)
def place_detail(request: PortalRequest, code: str) -> HttpResponse:
    """One county or township; ``week`` chooses the frozen week."""
    campaign, today = campaign_around(request.user, code), timezone.localdate()
    if campaign is None:
        raise Http404
    try:
        page = place_page(request.user, campaign, code, week=request.GET.get("week", ""), today=today)
    except NoSuchPlace as problem:
        raise Http404 from problem
    if page is None:
        nothing = Nothing(campaign, _("还没有发布过周报，所以没有数字可看。"))
        return render(request, "campaigns/dashboard_empty.html", {"nothing": nothing})
    return render(request, "campaigns/place_detail.html", {"page": page})
