"""Bettering the words of problems, many at once: what a ledger tells anew of a problem that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from foodsafe_portal.lib.bulk import among, update
from inspections.errors import SomebodyWasFirst
from inspections.models import Problem, ProblemEvent
from inspections.services.entry_source import EntrySource
from inspections.services.steps import new_event

UPDATED = "update"
WORDS: Final = (
    "description", "place", "rule_item", "assist_units", "leader_name", "owner_name", "plan", "progress",
)  # fmt: skip
"""The words of a problem, as its table calls them; none of them moves its state or its deadline."""


@dataclass(frozen=True, slots=True)
class BetterWords:
    """All ``WORDS`` of one problem as they shall be, and the version in which the others were read."""

    problem_id: int
    version: int
    words: Mapping[str, str]


@transaction.atomic
def better_words(bettered: Sequence[BetterWords], *, by: Any, origin: EntrySource, at: datetime) -> int:
    """Write words where nobody else was faster, with one event for each problem; returns how many.

    The caller writes the audit event, as a ledger does for all its rows. Raises ``SomebodyWasFirst``.
    """
    if not bettered:
        return 0
    keys, versions = [one.problem_id for one in bettered], [one.version for one in bettered]
    columns: dict[str, Any] = {name: [one.words[name] for one in bettered] for name in WORDS}
    columns["version"] = [version + 1 for version in versions]
    done = update(Problem, keys, columns, guard={"version": versions})
    if done != len(keys):
        raise SomebodyWasFirst
    today, note = timezone.localdate(at), f"{origin.words} 更新了内容".strip()
    ProblemEvent.objects.bulk_create(
        (
            new_event(one, UPDATED, one.state, one.state, on=today, note=note, by=by, at=at)
            for one in among(Problem.objects.all(), "id", keys)
        ),
        batch_size=1_000,
    )
    return done
