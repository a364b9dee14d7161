"""What waits for a person, as words beside an entry of the navigation; rooms register it, one query counts it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from foodsafe_portal.lib.paging import counts_of

Waiting = Callable[[Any], QuerySet]


@dataclass(frozen=True, slots=True)
class Badge:
    """``waiting(user)`` are the rows that wait; ``words`` says how many, with ``%(n)s``."""

    words: Any
    waiting: Waiting


_badges: dict[str, Badge] = {}


def badge_for(url_name: str, words: Any) -> Callable[[Waiting], Waiting]:
    """Register what stands beside the entry that leads to ``url_name``: a user in, the rows that wait out."""

    def register(waiting: Waiting) -> Waiting:
        _badges[url_name] = Badge(words, waiting)
        return waiting

    return register


def badges_of(url_names: Iterable[str], user: Any) -> dict[str, str]:
    """The words beside these entries, by address name; entries at which nothing waits are left out."""
    asked = [name for name in url_names if name in _badges]
    if not asked:
        return {}
    counts = counts_of([_badges[name].waiting(user) for name in asked])
    return {
        name: str(_badges[name].words) % {"n": f"{count:,}"}
        for name, count in zip(asked, counts, strict=True)
        if count
    }
