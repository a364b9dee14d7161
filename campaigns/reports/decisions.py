"""What waits for the viewer's own decision: the kinds of 我的事 that are decisions, each with the list it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from foodsafe_portal.lib import waiting


@dataclass(frozen=True, slots=True)
class Decision:
    """One kind of waiting things: how many, what they are, and where they are decided."""

    label: str
    count: int
    unit: str
    note: str
    url: str


def waiting_for(
    user: User, today: date, *, beside: Sequence[QuerySet[Any]] = ()
) -> tuple[list[Decision], Sequence[int]]:
    """The decisions this person may take now, and how many rows each of ``beside`` has, by the same query.

    Kinds of which nothing waits are left out; all of them are those of 我的事 (``foodsafe_portal.lib.waiting``).
    """
    kinds = [kind for kind in waiting.kinds_for(user) if kind.decides]
    counts = waiting.count(user, today, kinds, beside=beside)
    found = [
        Decision(
            one.kind.heading(today), one.count, str(one.kind.unit), str(one.kind.note), one.kind.list_url
        )
        for one in counts.kinds
        if one.count
    ]
    return found, counts.beside
