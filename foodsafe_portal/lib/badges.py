"""Finished words beside an entry of the navigation, such as how much waits there for this person; rooms register them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Badge = Callable[[Any], str]
_badges: dict[str, Badge] = {}


def badge_for(url_name: str) -> Callable[[Badge], Badge]:
    """Register what stands beside the entry that leads to ``url_name``: a user in, short words or '' out."""

    def register(function: Badge) -> Badge:
        _badges[url_name] = function
        return function

    return register


def badge_of(url_name: str, user: Any) -> str:
    """The words beside an entry for this person; '' when nothing waits."""
    return _badges[url_name](user) if url_name in _badges else ""
