"""A page for addresses that were opened in a way they do not answer, where Django sends an empty one."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve


def page_above(path: str) -> str:
    """The file or the list to which a button with the address ``path`` belongs; '' where there is none.

    Files end with what they are called by (``ledgers/<int:pk>/``), lists have one word; what lies between is another button's.
    """
    parts = path.rstrip("/").split("/")
    while len(parts) > 2:
        parts.pop()
        above = "/".join(parts) + "/"
        try:
            route = resolve(above).route
        except Resolver404:
            continue
        if route.endswith(">/") or route.count("/") == 1:
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
