"""The data rows of one ledger, held by columns, with everything that was noticed about them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from foodsafe_portal.lib.intake.cells import shown
from foodsafe_portal.lib.ledger import Severity
from foodsafe_portal.lib.typography import plain

Issue = dict[str, Any]

_DIFFERENCES_TOLD = 2
_LONGEST_TOLD = 30


def _compared(value: Any) -> Any:
    """A value as two rows are compared: a text in the one normal form of names and texts."""
    return plain(value) if isinstance(value, str) else value


class Rows:
    """Rows by columns: ``column(key)[i]`` is the value of the row at index ``i``; ``numbers[i]`` its Excel row.

    Values are typed (dates, codes of enumerations, text); None is a blank or a cell that could not be understood. A row with
    an error is rejected, a merged duplicate skipped; the others are live.
    """

    __slots__ = ("_columns", "_headers", "_typed", "identities", "issues", "numbers", "rejected", "skipped")

    def __init__(
        self,
        numbers: Sequence[int],
        columns: dict[str, list[Any]],
        headers: Mapping[str, str],
        typed: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.numbers = numbers
        self._columns = columns
        self._headers = headers
        self._typed = {} if typed is None else typed
        self.issues: dict[int, list[Issue]] = defaultdict(list)
        self.identities: Sequence[str] = ()  # each row's natural key, set before a kind is asked to plan
        self.rejected: set[int] = set()
        self.skipped: set[int] = set()

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def keys(self) -> list[str]:
        """The keys of the columns the file has."""
        return list(self._columns)

    def has(self, key: str) -> bool:
        """Whether the file has this column."""
        return key in self._columns

    def column(self, key: str) -> list[Any]:
        """The values of a column; blanks when the file has no such column."""
        found = self._columns.get(key)
        return [None] * len(self.numbers) if found is None else found

    def header(self, key: str) -> str:
        """The header of a column as typed in the file."""
        return self._headers.get(key, "")

    def typed(self, key: str, index: int) -> str:
        """What stands in a cell."""
        cells = self._typed.get(key)
        return "" if cells is None else shown(cells[index])

    def live(self) -> list[int]:
        """The indexes of rows that are neither rejected nor skipped."""
        out = self.rejected | self.skipped
        return (
            [index for index in range(len(self.numbers)) if index not in out]
            if out
            else list(range(len(self.numbers)))
        )

    def tuples(self, keys: Sequence[str]) -> Iterable[tuple[Any, ...]]:
        """The values of several columns, row by row."""
        return (
            zip(*(self.column(key) for key in keys), strict=True) if keys else iter([()] * len(self.numbers))
        )

    def with_columns(self, columns: Mapping[str, list[Any]]) -> Rows:
        """The same rows with other values in some columns; what is noticed about one is noticed about both."""
        other = Rows(self.numbers, {**self._columns, **columns}, self._headers, self._typed)
        other.issues, other.identities = self.issues, self.identities
        other.rejected, other.skipped = self.rejected, self.skipped
        return other

    # --- what is noticed -----------------------------------------------------------------------

    def add(
        self, index: int, key: str, code: str, severity: Severity, message: str, value: str | None = None
    ) -> None:
        """Note something about a cell, or with an empty ``key`` about a row. The same thing is said once."""
        self.issues[index].append(
            {
                "row": self.numbers[index],
                "column": self.header(key) if key else "",
                "value": self.typed(key, index) if value is None and key else value or "",
                "code": code,
                "severity": severity,
                "message": message,
            }
        )

    def error(self, index: int, key: str, code: str, message: str, value: str | None = None) -> None:
        """The row cannot be imported."""
        self.add(index, key, code, "error", message, value)
        self.rejected.add(index)

    def warning(self, index: int, key: str, code: str, message: str, value: str | None = None) -> None:
        """The row is imported, but somebody should look at the cell."""
        self.add(index, key, code, "warning", message, value)

    def changed(self, index: int, key: str, message: str, code: str = "normalised") -> None:
        """The cell was understood as something other than what was typed."""
        self.add(index, key, code, "changed", message)

    def note(self, index: int, key: str, code: str, message: str, value: str | None = None) -> None:
        """Worth knowing, nothing to do."""
        self.add(index, key, code, "note", message, value)

    def fail_where(self, key: str, code: str, message: str, wrong: Callable[[Any], bool]) -> None:
        """Report every value of a column for which ``wrong`` holds."""
        for index, value in enumerate(self.column(key)):
            if value is not None and wrong(value):
                self.error(index, key, code, message)

    # --- duplicates inside the file --------------------------------------------------------------

    def merge_duplicates(self) -> None:
        """Merge rows that say the same twice and refuse every row of a group that contradicts itself.

        Rows belong together when they have the same identity; all their columns are compared.
        """
        repeated = {key for key, times in Counter(self.identities).items() if times > 1 and key}
        if not repeated:
            return
        groups: dict[str, list[int]] = defaultdict(list)
        for index, key in enumerate(self.identities):
            if key in repeated and index not in self.skipped:
                groups[key].append(index)
        columns = [self.column(key) for key in self.keys]
        for group in groups.values():
            if len(group) < 2:
                continue
            rows = {tuple(_compared(column[index]) for column in columns) for index in group}
            if len(rows) == 1 and not self.rejected.intersection(group):
                first = self.numbers[group[0]]
                for index in group[1:]:
                    self.skipped.add(index)
                    self.note(index, "", "duplicate_merged", f"与第 {first} 行完全相同，已合并，不重复导入")
            elif len(rows) > 1:
                self.refuse_group(
                    group,
                    "duplicate_conflict",
                    "是同一个对象，但内容不一致；请核对后只保留正确的一行",
                    compared=self.keys,
                )

    def refuse_group(
        self, group: Sequence[int], code: str, why: str, *, compared: Sequence[str] = ()
    ) -> None:
        """Refuse every row of a group, naming the others.

        Of the columns ``compared`` those in which the rows differ are named with two of their values, and the first of them
        is the column at fault.
        """
        differing = [
            key for key in compared if len({_compared(self.column(key)[index]) for index in group}) > 1
        ]
        for index in group:
            others = [str(self.numbers[other]) for other in group if other != index]
            named = "、".join(others[:5]) + (f" 等 {len(others)}" if len(others) > 5 else "")
            told = "；".join(self._difference(key, index, group) for key in differing[:_DIFFERENCES_TOLD])
            if len(differing) > _DIFFERENCES_TOLD:
                told += f"；共 {len(differing)} 列不一致"
            at_fault = differing[0] if differing else ""
            self.error(index, at_fault, code, f"与第 {named} 行{why}" + (f"（{told}）" if told else ""))

    def _difference(self, key: str, index: int, group: Sequence[int]) -> str:
        """What one row of a group says in a column, and what the first row says that says something else."""
        column = self.column(key)
        same = [other for other in group if _compared(column[other]) == _compared(column[index])]
        other = next(other for other in group if other not in same)
        here, there = (self.typed(key, place)[:_LONGEST_TOLD].strip() or "空着" for place in (index, other))
        return f"“{self.header(key)}”这一行是“{here}”，第 {self.numbers[other]} 行是“{there}”"
