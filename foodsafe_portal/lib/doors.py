"""The only door to acts: a view names the permission it needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest

View = Callable[..., HttpResponseBase]


def way_back(request: HttpRequest) -> str:
    """Where a person goes on after logging in: this page, or the one whose form was sent, for a form's address opens nothing."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(page)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Let a signed-in person in who has one of ``permissions``; everybody else gets 403, strangers the log-in page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(way_back(request))
            if not any(request.user.can(permission) for permission in permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.permissions = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate
