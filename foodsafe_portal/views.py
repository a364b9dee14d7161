"""The portal's own few addresses: home, health."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts.navigation import home_url
from foodsafe_portal.lib.requests import PortalRequest


@require_safe
@login_required
def home(request: PortalRequest) -> HttpResponse:
    """Send people to the first page of their role."""
    return redirect(home_url(request.user))


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether web server and database answer; for load balancers and containers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return JsonResponse({"status": "ok"})
