"""Write many generated rows at once, with keys given here so that rows can refer to each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models

from foodsafe_portal.lib import bulk


def next_id(model: type[models.Model]) -> int:
    """The first free key of a table."""
    return (model._default_manager.aggregate(top=models.Max("pk"))["top"] or 0) + 1


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert ``rows`` whose values stand in the order of ``columns`` and return how many; other fields take their default."""
    turned: dict[str, bulk.Values] = dict(zip(columns, zip(*rows, strict=True), strict=False))
    if not turned:
        return 0
    for field in model._meta.concrete_fields:
        if field.name not in columns and field.attname not in columns and not field.primary_key:
            turned[field.attname] = bulk.Same(field.get_default())
    return bulk.insert(model, turned)


def reset_sequences(*tables: type[models.Model]) -> None:
    """Let the database give the keys that follow the ones written here."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(tables)):
            cursor.execute(statement)


def analyse() -> None:
    """Tell the planner how big the tables have become; the figures that follow depend on it."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
