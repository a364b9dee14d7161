"""The person a command acts for."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from foodsafe_portal.lib.commands import Refusal


def person(username: str) -> Any:
    """The active account of this name. Raises ``Refusal``."""
    found = get_user_model().objects.filter(username=username, is_active=True).first()
    if found is None:
        raise Refusal(f"没有名为“{username}”的启用账号；请核对 --user")
    return found
