"""The request as a view meets it: behind the door, with a person and with what htmx said."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class PortalRequest(HttpRequest):
    """A request that has passed ``requires``: somebody is signed in, never an anonymous visitor.

    ``user`` is an ``accounts.models.User``; it is not named here because ``lib`` lies below every room.
    """

    user: Any
    htmx: HtmxDetails
