"""Units that move under another: what was sent for them, and what was remembered for them, moves along."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Case, CharField, QuerySet, Value, When

from records.models import LedgerBatch, LedgerHabit


@transaction.atomic
def follow_units(*, paths: Mapping[str, str]) -> None:
    """Let ledgers and answers about columns follow units to their new paths (``paths``: old → new; '' is no unit's).

    Part of the act that moves the units and has no event of its own.
    """
    moves = {old: new for old, new in paths.items() if old and old != new}
    _follow(LedgerBatch.objects.all(), moves)
    habits = LedgerHabit.objects.all()
    moving = {(one.kind, one.territory, moves[one.unit_path]) for one in habits if one.unit_path in moves}
    # A path names one unit: what lies where a unit moves to was remembered for it when it was there before, and is older.
    for kind, territory, path in moving:
        habits.filter(kind=kind, territory=territory, unit_path=path).delete()
    _follow(habits, moves)


def _follow(rows: QuerySet, moves: Mapping[str, str]) -> None:
    named = rows.exclude(unit_path="").order_by().values_list("unit_path", flat=True).distinct()
    moved = [path for path in named if path in moves] if moves else []
    if moved:
        new = Case(
            *(When(unit_path=path, then=Value(moves[path])) for path in moved), output_field=CharField()
        )
        rows.filter(unit_path__in=moved).update(unit_path=new)
