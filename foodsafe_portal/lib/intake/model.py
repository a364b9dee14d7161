"""What the intake hands on: limits, the verdict on a file, and the cells of its sheets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file from outside may cost. Sizes are in bytes, times in seconds."""

    rows: int = 250_000
    columns: int = 300
    file_bytes: int = 60 * MIB
    unpacked_bytes: int = 400 * MIB
    members: int = 5_000
    ratio: int = 250
    memory_bytes: int = 2048 * MIB
    cpu_seconds: int = 45
    wall_seconds: int = 60


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a file may be read at all.

    ``sentence`` is Chinese, says what is wrong and what to do, and is empty when ``ok``. ``suspects`` names the parts of
    an xlsx file that hold error cells, formulas or hidden rows, so that only these are looked at
    again; ``epoch_1904`` tells that its dates count from 1904.
    """

    ok: bool
    kind: str
    sentence: str = ""
    code: str = ""
    suspects: frozenset[str] = frozenset()
    epoch_1904: bool = False


class IntakeRefused(Exception):
    """A file that cannot be read; ``sentence`` says in Chinese why and what to do, ``code`` is short and stable."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


@dataclass(frozen=True, slots=True)
class ErrorCell:
    """A cell whose content is not a value: an Excel error (``#N/A``) or a formula whose result was never saved.

    ``text`` is what a person sees in Excel; ``formula`` is true when only the saved result is missing.
    """

    text: str
    formula: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Percentage:
    """A number that Excel shows as a percentage: ``hundredths`` is what stands before the sign (98.5 for 98.5%)."""

    hundredths: Decimal

    @classmethod
    def of(cls, stored: float) -> Percentage:
        """The percentage of the fraction that Excel keeps (0.985 → 98.5%), with its fifteen digits."""
        return cls(Decimal(f"{stored:.15g}").scaleb(2).normalize() + 0)

    def __str__(self) -> str:
        return f"{self.hundredths:f}%"


Cell = str | float | int | bool | dt.date | dt.datetime | dt.time | ErrorCell | Percentage | None
Column = Sequence[Cell]
Row = tuple[Cell, ...]
MergedRange = tuple[int, int, int, int]
"""First row, first column, last row, last column; rows as Excel numbers them (from 1), columns from 0."""


@dataclass(frozen=True, slots=True)
class SheetData:
    """One sheet, held by columns because checks work column by column.

    Every column has ``height`` cells; the cell of Excel row ``n`` stands at index ``n - 1``, blank rows included.
    A hidden sheet is named but its cells are never read. ``hidden_columns`` are indexes; ``struck`` are the cells shown
    with a line through them, by Excel row and column index. ``formulas``: how many cells hold a formula whose saved result
    was read, and the first few of them as Excel names them.
    """

    name: str
    columns: Sequence[Column] = field(repr=False)
    height: int
    hidden: bool = False
    merged: tuple[MergedRange, ...] = ()
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    struck: frozenset[tuple[int, int]] = frozenset()
    formulas: tuple[int, tuple[str, ...]] = (0, ())
    first_row: int = 1

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns)

    @property
    def rows(self) -> list[Row]:
        """The sheet by rows; built anew at each call, so ask once."""
        return list(zip(*self.columns, strict=True))

    def row(self, number: int) -> Row:
        """One row by its Excel number."""
        return tuple(column[number - 1] for column in self.columns)


@dataclass(frozen=True, slots=True)
class WorkbookData:
    """A workbook or text file as read.

    ``kind`` is ``xlsx``, ``xls`` or ``csv``; ``encoding`` is set for text files only. ``notes`` are Chinese sentences
    about what was left out. ``template`` holds the pairs of a template's hidden information sheet.
    """

    sheets: tuple[SheetData, ...]
    kind: str
    encoding: str = ""
    notes: tuple[str, ...] = ()
    epoch_1904: bool = False
    template: tuple[tuple[str, str], ...] = ()

    @property
    def visible(self) -> tuple[SheetData, ...]:
        """The sheets that may be imported."""
        return tuple(sheet for sheet in self.sheets if not sheet.hidden)


def column_letters(index: int) -> str:
    """The letters Excel shows above the column with this index (0 → ``A``)."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: Sequence[str] | str) -> int:
    """The index (from 0) of the column that Excel shows under these letters (``A`` → 0)."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
