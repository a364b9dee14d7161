"""Gives every request a number and tells the trail where an act came from."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from records.services.context import Origin, origin


class RequestTrailMiddleware:
    """Sets the origin of every audit event written while the request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its origin set."""
        request_id = uuid.uuid4().hex
        channel = (
            "api"
            if request.path.startswith("/api/")
            else "admin"
            if request.path.startswith("/admin/")
            else "page"
        )
        token = origin.set(
            Origin(request_id=request_id, address=request.META.get("REMOTE_ADDR") or None, channel=channel)
        )
        try:
            response = self.get_response(request)
        finally:
            origin.reset(token)
        response.headers["X-Request-ID"] = request_id
        return response
