"""The one search: a page, and the list that drops down below the box."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.reports.search import search_everything
from foodsafe_portal.lib.requests import PortalRequest


@require_safe
@login_required
def search(request: PortalRequest) -> HttpResponse:
    """What ``q`` finds among everything this person may see."""
    words = request.GET.get("q", "").strip()
    part = bool(request.htmx)
    context = {"words": words, "groups": search_everything(request.user, words, whole=not part)}
    return render(request, "campaigns/_found.html" if part else "campaigns/search.html", context)
