"""What every page's frame needs: navigation by role and the demonstration mark."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.navigation import navigation


def portal(request: HttpRequest) -> dict[str, object]:
    """``nav`` groups, ``nav_tabs`` for phones and the person's line under their name.

    The navigation and what waits behind it is counted once, and only where a page draws it; a fragment never does.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    groups: Any = SimpleLazyObject(lambda: navigation(user, request.path))
    tabs = SimpleLazyObject(lambda: [item for group in groups for item in group["items"]][:4])
    post = next(iter(user.posts_today), None)
    line = " · ".join(
        str(part) for part in ((post.region, post.title or post.get_role_display()) if post else ()) if part
    )
    return {"nav": groups, "nav_tabs": tabs, "person_line": line}
