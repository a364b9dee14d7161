"""How many open problems are overdue, by unit and grade: one statement on the partial index of open problems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from inspections.querysets import ProblemQuerySet


@dataclass(frozen=True, slots=True)
class Overdue:
    """Overdue problems of one unit and grade; ``unit_id`` None where no unit is named, ``grade`` '' without one."""

    unit_id: int | None
    grade: str
    count: int


def overdue_by_unit_and_grade(problems: ProblemQuerySet, today: date) -> list[Overdue]:
    """The overdue problems among ``problems`` in the course of ``today``; units and grades without any are left out."""
    rows = (
        problems.overdue_now(today)
        .order_by("unit_id", "grade")
        .values_list("unit_id", "grade")
        .annotate(count=Count("pk"))
    )
    return [Overdue(*row) for row in rows]
