"""What holds for every request: whose address it carries, and a page where Django would send an empty 405."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from foodsafe_portal.lib.addresses import client_address

# What proxies tell of a client; from anybody else it is a client's own invention.
TOLD_BY_PROXIES = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)

BY_PROXY = "PORTAL_BY_PROXY"
"""Whether a request came through a proxy of ours; what is meant for the inside of the network asks it."""


class ClientAddressMiddleware:
    """Puts the client's own address where everybody looks for it: trail, log-in limits, access log.

    ``TRUSTED_PROXIES`` says whose word counts. What others tell in the headers of proxies is taken off the request, the claim to
    come by HTTPS included.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request under the client's address."""
        meta = request.META
        forwarded = meta.get("HTTP_X_FORWARDED_FOR", "")
        address, by_proxy = client_address(meta.get("REMOTE_ADDR", ""), forwarded, settings.TRUSTED_PROXIES)
        for name in TOLD_BY_PROXIES:
            if name != "HTTP_X_FORWARDED_PROTO" or not by_proxy:
                meta.pop(name, None)
        meta["REMOTE_ADDR"] = address
        meta[BY_PROXY] = "yes" if by_proxy else ""
        return self.get_response(request)


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
