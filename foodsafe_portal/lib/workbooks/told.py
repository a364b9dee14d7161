"""Rows of a queryset as an export tells them: numbered, stored codes as words, region codes as names.

On PostgreSQL the database tells them itself: what its COPY sends goes into the sheet as text, and no cell becomes an object of
Python, which takes a third of the time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import CharField, DateField, F, Func, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Left

from foodsafe_portal.lib.pieces import in_pieces
from foodsafe_portal.lib.workbooks import parts
from foodsafe_portal.lib.workbooks.stream import (
    EPOCH,
    FIRST_SAFE_DAY,
    LONGEST,
    ROWS_AT_ONCE,
    SheetTarget,
    string_cell,
)


@dataclass(frozen=True, slots=True)
class Told:
    """How one column of an export is told.

    ``source`` is the stored field. ``words`` says what its values are called; a value nobody named stays as it is. With
    ``digits`` only that many first characters are looked up, and what has no name is left blank.
    """

    source: str
    words: Mapping[Any, str] | None = None
    digits: int = 0


class ToldRows:
    """The rows of a queryset, in its order: a running number and the told columns."""

    def __init__(self, queryset: QuerySet, columns: Sequence[Told]) -> None:
        self._queryset = queryset
        self._columns = columns

    def __iter__(self) -> Iterator[Sequence[Any]]:
        """Each row as values. Told column by column, which takes a third of the time of row by row."""
        words = [
            None if column.words is None else _Words(column.words, column.digits) for column in self._columns
        ]
        sources = [column.source for column in self._columns]
        stored = self._queryset.values_list(*sources).iterator(chunk_size=ROWS_AT_ONCE)
        first = 1
        for rows in in_pieces(stored, ROWS_AT_ONCE):
            told = [
                values if known is None else map(known.__getitem__, values)
                for known, values in zip(words, zip(*rows, strict=True), strict=True)
            ]
            yield from zip(range(first, first + len(rows)), *told, strict=True)
            first += len(rows)

    # --- straight from the database into a sheet -----------------------------------------------------------

    @property
    def can_pour(self) -> bool:
        """Whether the database can write the cells: texts and days only, and it is PostgreSQL."""
        kinds = (CharField, TextField, DateField)
        return connection.vendor == "postgresql" and all(
            column.words is not None or isinstance(self._field(column), kinds) for column in self._columns
        )

    def pour(self, target: SheetTarget) -> None:
        """Write all rows into an open sheet, whose first column is the running number's."""
        shapes = [
            _DAY if self._is_day(column) else _CODE if out.as_text else _PLAIN
            for column, out in zip(self._columns, target.columns[1:], strict=True)
        ]
        told = [self._sql(column, shape) for column, shape in zip(self._columns, shapes, strict=True)]
        sql, params = self._queryset.values_list(*told).query.sql_with_params()
        sheet = _Pouring(target, shapes)
        with connection.cursor() as cursor:
            query = cursor.mogrify(sql, params).decode()
            cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (DELIMITER E'\\x1f', NULL '')", sheet)
        sheet.write_on()

    def _field(self, column: Told) -> Any:
        return self._queryset.model._meta.get_field(column.source.removesuffix("_id"))

    def _is_day(self, column: Told) -> bool:
        return column.words is None and isinstance(self._field(column), DateField)

    def _sql(self, column: Told, shape: bytes) -> Combinable:
        """What a cell holds; one of a shape of its own behind the shape's mark, a day as Excel's number."""
        value: Combinable = F(column.source)
        if column.words is not None:
            value = Cast(Left(value, column.digits) if column.digits else value, TextField())
            called = Func(
                Value(json.dumps(_spelt(column.words, column.digits), ensure_ascii=False)),
                value,
                template="(%(expressions)s)",
                arg_joiner="::jsonb ->> ",
                output_field=TextField(),
            )
            value = called if column.digits else Coalesce(called, value)
        if shape == _DAY:
            return Func(value, template=_DAY_IN_SQL, output_field=TextField())
        if shape == _CODE:
            return Func(value, template="E'\\x1e' || COALESCE(%(expressions)s, '')", output_field=TextField())
        return value


def _spelt(words: Mapping[Any, str], digits: int) -> dict[str, str]:
    """The words by their values as the database spells those as text; with ``digits`` only values of that length."""
    spelt = {str(code).lower() if isinstance(code, bool) else str(code): word for code, word in words.items()}
    return {code: word for code, word in spelt.items() if not digits or len(code) == digits}


class _Words(dict[Any, Any]):
    """What a stored value is called."""

    def __init__(self, words: Mapping[Any, str], digits: int) -> None:
        super().__init__(() if digits else words)
        self.words, self.digits = words, digits

    def __missing__(self, value: Any) -> Any:
        digits = self.digits
        called = (self.words.get(value[:digits], "") if len(value) >= digits else "") if digits else value
        self[value] = called
        return called


# What stands between cells, before a code, before a day, after a day or number, and between those and the next cell.
_BETWEEN, _CODE, _DAY, _ENDED, _NEXT = b"\x1f", b"\x1e", b"\x1d", b"\x1c", b"\x1b"
_PLAIN: Final = b""
_OTHER_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {*b"\n\x1f\x1e\x1d\x1c"})
_DAY_IN_SQL: Final = (
    "E'\\x1d' || CASE WHEN %(expressions)s IS NULL THEN '' "
    f"WHEN %(expressions)s < DATE '{FIRST_SAFE_DAY}' THEN '\\' || %(expressions)s "
    f"ELSE (%(expressions)s - DATE '{EPOCH}')::text END || E'\\x1c'"
)  # a backslash takes the careful way below, as everything rare does

_ROW, _NUMBER, _NUMBER_ENDS = b"<row>", b"<c><v>", b"</v></c>"
_TEXT, _CODE_TEXT, _TEXT_ENDS = (
    b'<c t="inlineStr"><is><t>',
    f'<c s="{parts.TEXT}" t="inlineStr"><is><t>'.encode(),
    b"</t></is></c>",
)
_DATE = f'<c s="{parts.DATE}"><v>'.encode()
_BLANK = b"<c/>"
_TAGS: Final = (
    # first what follows a number or a day, then what follows a text; the mark of a shape beside its place
    (_ENDED + _BETWEEN, _NUMBER_ENDS + _NEXT),
    (_NEXT + _CODE, _CODE_TEXT),
    (_NEXT + _DAY, _DATE),
    (_NEXT, _TEXT),
    (_BETWEEN + _CODE, _TEXT_ENDS + _CODE_TEXT),
    (_BETWEEN + _DAY, _TEXT_ENDS + _DATE),
    (_BETWEEN, _TEXT_ENDS + _TEXT),
    (_ENDED + b"\n", _NUMBER_ENDS + b"</row>" + _ROW + _NUMBER),
    (b"\n", _TEXT_ENDS + b"</row>" + _ROW + _NUMBER),
    (_TEXT + _TEXT_ENDS, _BLANK),
    (_CODE_TEXT + _TEXT_ENDS, _BLANK),
    (_DATE + _NUMBER_ENDS, _BLANK),
)
_ESCAPED: Final = ((b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;"))
# Outer blanks, the ideographic one, Excel's own escapes and what XML cannot hold.
_RARE: Final = (
    b"\\",
    b" \x1f",
    b"\x1f ",
    b"\x1e ",
    b" \n",
    b"_x",
    b"\xe3\x80\x80",
    b"\xef\xbf\xbe",
    b"\xef\xbf\xbf",
)


class _Pouring:
    """A file for COPY: takes a line a row and writes them into the sheet, many at a time."""

    def __init__(self, target: SheetTarget, shapes: Sequence[bytes]) -> None:
        self._target, self._shapes = target, shapes
        self._codes, self._days = shapes.count(_CODE), shapes.count(_DAY)
        self._lines: list[bytes] = []
        self._number = 0
        self._most = min(ROWS_AT_ONCE, target.room)

    def write(self, line: bytes) -> None:
        """Take one row, its line break included."""
        self._lines.append(line)
        if len(self._lines) == self._most:
            self.write_on()

    def write_on(self) -> None:
        """Write what has been taken into the sheet."""
        lines, first = self._lines, self._number + 1
        if not lines:
            return
        self._number += len(lines)
        numbered = b"".join([b"%d\x1c\x1f%b" % numbered for numbered in enumerate(lines, first)])
        if self._is_plain(numbered, lines):
            rows = self._tagged(numbered)
        else:
            rows = b"".join(self._row(number, line) for number, line in enumerate(lines, first))
        self._target.write(rows, len(lines))
        self._lines = []
        self._most = min(ROWS_AT_ONCE, self._target.room)

    def _is_plain(self, numbered: bytes, lines: Sequence[bytes]) -> bool:
        """Whether no cell of these rows holds anything rare, told in a few sweeps over all of them."""
        rows = len(lines)
        return (
            not any(rare in numbered for rare in _RARE)
            and len(numbered.translate(None, _OTHER_CONTROLS)) == len(numbered)
            and numbered.count(_CODE) == rows * self._codes
            and numbered.count(_DAY) == rows * self._days
            and numbered.count(_ENDED) == rows * (self._days + 1)
            and max(map(len, lines)) <= LONGEST
        )

    @staticmethod
    def _tagged(numbered: bytes) -> bytes:
        for plain, escaped in _ESCAPED:
            if plain in numbered:
                numbered = numbered.replace(plain, escaped)
        for mark, tag in _TAGS:
            numbered = numbered.replace(mark, tag)
        return _ROW + _NUMBER + numbered.removesuffix(_ROW + _NUMBER)

    def _row(self, number: int, line: bytes) -> bytes:
        """One row with care, cell by cell."""
        xml = [f"<c><v>{number}</v></c>"]
        for shape, cell in zip(self._shapes, _cells(line), strict=True):
            if shape == _DAY:
                day = cell[1:-1]
                xml.append(
                    f'<c s="{parts.DATE}"><v>{day}</v></c>' if day.isdecimal() else string_cell(day[1:])
                )
            else:
                xml.append(string_cell(cell[1:], parts.TEXT) if shape == _CODE else string_cell(cell))
        return f"<row>{''.join(xml)}</row>".encode()


_SAID: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _cells(line: bytes) -> list[str]:
    """The cells of a line of COPY as they are stored; no text of the database holds a NUL, which stands for a backslash here."""
    cells = re.split(r"(?<!\\)\x1f", line.decode().removesuffix("\n").replace("\\\\", "\0"))
    said = [
        re.sub(r"\\(.)", lambda escape: _SAID.get(escape[1], escape[1]), cell, flags=re.DOTALL)
        for cell in cells
    ]
    return [cell.replace("\0", "\\") for cell in said]
