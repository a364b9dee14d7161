"""How many open problems are overdue, by unit and grade: one statement on the partial index of open problems."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.db.models import Count

from inspections.querysets import ProblemQuerySet


class Overdue(NamedTuple):
    """How many problems of one unit and grade are overdue; ``unit_id`` None where no unit is named, ``grade`` '' without one."""

    unit_id: int | None
    grade: str
    problems: int


def overdue_by_unit_and_grade(problems: ProblemQuerySet, today: date) -> list[Overdue]:
    """The overdue problems among ``problems`` in the course of ``today``; units and grades without any are left out.

    Rows are counted, not keys: the key is not in the index, and looking it up would cost ten times the answer.
    """
    rows = (
        problems.overdue_now(today)
        .order_by("unit_id", "grade")
        .values_list("unit_id", "grade")
        .annotate(problems=Count("*"))
    )
    return list(map(Overdue._make, rows))
