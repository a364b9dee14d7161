"""A page for addresses that were opened in a way they do not answer, where Django sends an empty one."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve


def page_above(path: str) -> str:
    """The nearest address above ``path`` that exists, such as the file to which a button belongs; '' where there is none."""
    parts = path.rstrip("/").split("/")
    while len(parts) > 2:
        parts.pop()
        above = "/".join(parts) + "/"
        try:
            resolve(above)
        except Resolver404:
            continue
        return above
    return ""


class NotAllowedPageMiddleware:
    """Says in words that an address takes only what a button sends (405), and leads back to the page of that button."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; an empty 405 gets its page, one that says something itself (the API) keeps it."""
        response = self.get_response(request)
        if response.status_code != 405 or response.streaming or response.content:
            return response
        page = render(request, "405.html", {"back": page_above(request.path)}, status=405)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page
