"""The portal's own few addresses: home, health, figures for monitoring, and what is shown when something breaks."""

from __future__ import annotations

import ipaddress
import sys

from django.contrib.auth.decorators import login_required
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import get_template
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.defaults import server_error
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from accounts.navigation import home_url
from foodsafe_portal.health import PortalCollector, readiness
from foodsafe_portal.lib.requests import PortalRequest
from foodsafe_portal.middleware import BY_PROXY

RETRY_SECONDS = 10


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


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Each check of the installation; 503 when one of them failed. Only from inside the network."""
    _from_inside(request)
    checks = readiness()
    ready = all(check.ok for check in checks)
    body = {
        "status": "ready" if ready else "not ready",
        "checks": {check.name: {"ok": check.ok, "detail": check.detail} for check in checks},
    }
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The portal's figures in the text format of Prometheus. Only from inside the network."""
    _from_inside(request)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PortalCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def broken(request: HttpRequest) -> HttpResponse:
    """What is shown after an error: 503 with a sentence while the database cannot be reached, else the page of 500."""
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError | InterfaceError):
        return server_error(request)
    if request.path.startswith("/api/"):
        sentence = _("数据库暂时连不上，本次操作没有保存；请稍后再试。")
        response: HttpResponse = JsonResponse({"detail": sentence}, status=503)
    else:
        response = HttpResponse(get_template("503.html").render(), status=503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _from_inside(request: HttpRequest) -> None:
    """Let in who asks this server itself; whoever came through a proxy or from a public address finds nothing here."""
    address = ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "255.255.255.255")
    if request.META.get(BY_PROXY) or not (address.is_private or address.is_loopback):
        raise Http404
