"""The columns of a list: what stands above them, how they sort, what goes into a file, and who sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models.expressions import BaseExpression
from django.utils.translation import gettext as _

from foodsafe_portal.lib.ledger import Column as SheetColumn
from foodsafe_portal.lib.ledger import ColumnType


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list.

    ``key`` names it in the address and its macro in the list's template. ``sort``: a field without nulls or an expression that
    has none; empty means it does not sort. ``value(line)`` is what a file prints, without it the column stays on the page;
    ``sheet`` is its type there. ``shown``: on the page without being asked for; ``fixed``: never left out. ``seen(user)`` tells
    who meets it at all. A ``label`` is a message id where the column goes into a file.
    """

    key: str
    label: Any
    sort: str | BaseExpression = ""
    value: Callable[[Any], Any] | None = None
    sheet: ColumnType = "str"
    width: int = 16
    num: bool = False
    shown: bool = True
    fixed: bool = False
    wide: bool = False
    seen: Callable[[Any], bool] | None = None
    page: bool = True

    def heading(self) -> str:
        """The label in the reader's language."""
        return _(str(self.label)) if self.label else ""

    def in_sheet(self) -> SheetColumn:
        """The column of a file."""
        return SheetColumn(self.key, str(self.label), self.sheet, width=self.width)

    @property
    def order(self) -> str:
        """The name by which rows are ordered."""
        return self.sort if isinstance(self.sort, str) else f"sort_{self.key}"


@dataclass(frozen=True, slots=True)
class Head:
    """A column as one page shows it: its heading, the address that sorts by it, and how it sorts now (asc, desc or nothing)."""

    column: Column
    label: str
    sort_url: str = ""
    sorted: str = ""

    @property
    def key(self) -> str:
        """The column's name."""
        return self.column.key


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that may be shown or hidden, with the address that does the other."""

    label: str
    on: bool
    url: str
