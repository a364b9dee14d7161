"""What waits for a person, as words beside an entry of the navigation; rooms register it, one query counts it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from foodsafe_portal.lib.paging import COUNT_TO, AtLeast, counts_of

Waiting = Callable[[Any], Sequence[QuerySet]]


@dataclass(frozen=True, slots=True)
class Badge:
    """``waiting(user)`` are the rows that wait, of several kinds; ``words`` says how many, with ``%(n)s``.

    Each kind is counted no further than ``to``.
    """

    words: Any
    waiting: Waiting
    to: int = COUNT_TO


_badges: dict[str, Badge] = {}


def badge_for(url_name: str, words: Any) -> Callable[[Callable[[Any], QuerySet]], Callable[[Any], QuerySet]]:
    """Register what stands beside the entry that leads to ``url_name``: a user in, the rows that wait out."""

    def register(waiting: Callable[[Any], QuerySet]) -> Callable[[Any], QuerySet]:
        badge_of_many(url_name, words, lambda user: [waiting(user)])
        return waiting

    return register


def badge_of_many(url_name: str, words: Any, waiting: Waiting, *, to: int = COUNT_TO) -> None:
    """Register what stands beside an entry behind which several kinds of things wait: their sum."""
    _badges[url_name] = Badge(words, waiting, to)


def badges_of(url_names: Iterable[str], user: Any) -> dict[str, str]:
    """The words beside these entries, by address name; entries at which nothing waits are left out."""
    asked = [name for name in url_names if name in _badges]
    if not asked:
        return {}
    waiting = {name: _badges[name].waiting(user) for name in asked}
    limits = [_badges[name].to for name, rows in waiting.items() for _one in rows]
    counts = iter(counts_of([rows for each in waiting.values() for rows in each], to=limits))
    found = {name: _sum([next(counts) for _rows in rows], _badges[name].to) for name, rows in waiting.items()}
    return {name: str(_badges[name].words) % {"n": f"{count:,}"} for name, count in found.items() if count}


def _sum(counts: Sequence[int], to: int) -> int:
    """The sum, or that it is more than ``to``."""
    total = sum(counts)
    return AtLeast(to) if total > to else total
