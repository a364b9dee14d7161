"""The first page: the newest frozen week of the viewer's campaign, in their widest place."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.rules.rights import Permission
from campaigns.reports.cells import address, measure_choices
from campaigns.reports.dashboard import NoSuchPlace, Nothing, dashboard_page
from campaigns.reports.places import campaign_of
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest


@require_GET
@requires(Permission.VIEW_DASHBOARD)
def dashboard(request: PortalRequest) -> HttpResponse:
    """One frozen week (``week``) of one place (``place``); ``measure`` chooses the table's figures."""
    asked = request.GET
    campaign = campaign_of(request.user, asked.get("campaign", ""))
    if campaign is None:
        if asked.get("campaign"):
            raise Http404
        nothing = Nothing(None, _("还没有创建工作。创建办建立创建后，这里显示每周的数字。"))
        return render(request, "campaigns/dashboard_empty.html", {"nothing": nothing})
    try:
        page = dashboard_page(
            request.user,
            campaign,
            week=asked.get("week", ""),
            place=asked.get("place", ""),
            measure=asked.get("measure", ""),
            today=timezone.localdate(),
        )
    except NoSuchPlace as problem:
        raise Http404 from problem
    if isinstance(page, Nothing):
        return render(request, "campaigns/dashboard_empty.html", {"nothing": page})
    context = {
        "page": page,
        "measures": measure_choices(),
        "clauses_url": address("clause-list", week=page.report.week),
    }
    return render(request, "campaigns/dashboard.html", context)
