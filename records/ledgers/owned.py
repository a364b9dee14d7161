"""Columns that the city keeps: in a registered object a county's or township's ledger leaves them as they are, and says so."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from records.choices import RowVerb
from records.ledgers.kind import Plan
from records.ledgers.rows import Rows

OWNED = "owned_by_city"
Stored = TypeVar("Stored")


def note_owned(rows: Rows, index: int, key: str) -> None:
    """Say on a row that one of its cells was not taken over."""
    rows.note(
        index, key, OWNED, f"“{rows.header(key)}”由市级统一管理，登记的内容不改；如登记有误请报市创建办"
    )


def without_owned(
    rows: Rows,
    locked: Collection[str],
    stored: Mapping[int, Stored],
    value_of: Callable[[Stored, str], Any],
) -> tuple[Rows, set[int]]:
    """The rows as they may be written: owned cells of registered objects blank, for a blank changes nothing.

    ``stored`` are the registered objects by row, ``value_of`` gives what the register has in a column. Also returned are the
    rows that had something else there; each has its note. The rows themselves keep what was typed.
    """
    columns: dict[str, list[Any]] = {}
    kept: set[int] = set()
    for key in locked:
        if not rows.has(key):
            continue
        column = columns[key] = list(rows.column(key))
        for index, found in stored.items():
            offered = column[index]
            if offered is None:
                continue
            column[index] = None
            if offered != value_of(found, key):
                kept.add(index)
                note_owned(rows, index, key)
    return (rows.with_columns(columns), kept) if columns else (rows, kept)


def stand_against(plan: Plan, kept: Collection[int]) -> None:
    """Rows of which nothing is left to write are no agreement with the register: the city's word stands against them."""
    for index in kept:
        if plan.verbs[index] == RowVerb.UNCHANGED:
            plan.verbs[index] = RowVerb.CONFLICT
