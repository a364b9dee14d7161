"""The one view of every list: the page, its fragment for htmx, and the file with the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.lists import Listing, ListPage
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.views.exports import export_response

Context = Callable[[PortalRequest, ListPage], dict[str, Any]]


def list_page(
    listing: Listing | Callable[[PortalRequest], Listing],
    *,
    page: str,
    fragment: str,
    context: Context | None = None,
    permission: Permission | None = None,
) -> Any:
    """The view of a list, or of the one of several that the request means.

    ``context(request, found)`` is what its page says beside the list.
    """

    needed = listing.permission if isinstance(listing, Listing) else permission
    if needed is None:
        raise TypeError("a page of several lists names its permission")

    @require_safe
    @requires(needed)
    def view(request: PortalRequest) -> HttpResponse:
        asked = listing if isinstance(listing, Listing) else listing(request)
        found = asked.page(request.user, request.GET, timezone.localdate())
        shown = {"list": found, "report": found, "now": timezone.localtime()}
        template = fragment if request.htmx.target == "results" else page
        return render(request, template, {**shown, **(context(request, found) if context else {})})

    return view


def list_export(listing: Listing) -> Any:
    """The view that hands out the rows of a list as a file."""

    @require_safe
    @requires(listing.permission)
    @requires(Permission.EXPORT)
    def view(request: PortalRequest) -> HttpResponseBase:
        return export_response(request, listing.key)

    return view
