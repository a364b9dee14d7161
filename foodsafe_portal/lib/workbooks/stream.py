"""Writes workbooks of any length in constant memory: row XML goes straight into the zip, batch by batch."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

from foodsafe_portal.lib.instants import printed_stamp
from foodsafe_portal.lib.intake.cells import is_error_text
from foodsafe_portal.lib.intake.model import ErrorCell, column_letters
from foodsafe_portal.lib.workbooks import parts

ROWS_PER_SHEET = 1_048_575
"""Rows of one sheet below its header: Excel's 1,048,576 less one."""

ROWS_AT_ONCE = 1_000
_BYTES_PER_SHEET = 1_800 * 1024 * 1024
"""Above two gigabytes a member would need the zip64 form, which some readers refuse."""

LONGEST = 32_767
_SEPARATOR = "\x1f"
_CLOSE = "</t></is></c>"
EPOCH = dt.date(1899, 12, 30)
"""The day Excel counts from; its own calendar is right from March 1900 on."""

FIRST_SAFE_DAY = dt.date(1900, 3, 1)


@dataclass(frozen=True, slots=True)
class OutColumn:
    """One column of an export. ``as_text`` gives its cells Excel's text format, for codes and telephone numbers."""

    header: str
    width: int = 14
    as_text: bool = False


class SheetTarget(Protocol):
    """The open sheet of a workbook, which goes on in a further one where Excel allows no more."""

    columns: Sequence[OutColumn]

    @property
    def room(self) -> int:
        """How many rows may be written next, at least one."""

    def write(self, rows: bytes, count: int) -> None:
        """Write ``count`` rows of XML."""


@runtime_checkable
class Pourable(Protocol):
    """Rows that may know a shorter way into a sheet than through Python's hands."""

    @property
    def can_pour(self) -> bool:
        """Whether they do."""

    def pour(self, target: SheetTarget) -> None:
        """Write them all."""


@dataclass(frozen=True, slots=True)
class OutSheet:
    """One sheet of an export; ``rows`` is consumed once and may be endless as far as memory is concerned."""

    name: str
    columns: Sequence[OutColumn]
    rows: Iterable[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Cover:
    """The cover sheet: a title and pairs of name and value (filter, as-of time, who exported); the row count is added."""

    title: str
    facts: Sequence[tuple[str, str]]
    name: str = "导出说明"


def write_xlsx(
    target: Path | str | BinaryIO, *, sheets: Iterable[OutSheet], cover: Cover | None = None
) -> int:
    """Write a workbook to a path or a binary file and return the number of rows below the headers.

    Strings are always strings, never formulas; None and empty strings are blank cells; whole numbers of more than
    fifteen digits are written as text so that none is lost. A sheet longer than Excel allows goes on in further sheets.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("_rels/.rels", parts.package_relations())
        names: list[str] = [parts.sheet_name(cover.name, [])] if cover else []
        counts: list[tuple[str, int]] = []
        for sheet in sheets:
            part = _SheetParts(archive, sheet, names, counts)
            if isinstance(sheet.rows, Pourable) and sheet.rows.can_pour:
                sheet.rows.pour(part)
            else:
                part.write_rows(iter(sheet.rows))
            part.close()
        if cover:
            archive.writestr("xl/worksheets/sheet1.xml", _cover_xml(cover, counts))
        archive.writestr("xl/styles.xml", parts.STYLES)
        archive.writestr("xl/workbook.xml", parts.workbook_xml(names, active=1 if cover and counts else 0))
        archive.writestr("xl/_rels/workbook.xml.rels", parts.workbook_relations(len(names)))
        archive.writestr("[Content_Types].xml", parts.content_types(len(names)))
    return sum(count for _, count in counts)


class _SheetParts:
    """The parts of the workbook that one sheet takes; ``names`` and ``counts`` of the workbook grow with them."""

    def __init__(
        self, archive: zipfile.ZipFile, sheet: OutSheet, names: list[str], counts: list[tuple[str, int]]
    ) -> None:
        self._archive, self._name, self._names, self._counts = archive, sheet.name, names, counts
        self.columns = sheet.columns
        self._open()

    def _open(self) -> None:
        self._names.append(parts.sheet_name(self._name, self._names))
        self._part = self._archive.open(f"xl/worksheets/sheet{len(self._names)}.xml", "w")
        self._rows = self._bytes = 0
        head = parts.sheet_head(
            widths=[column.width for column in self.columns],
            text_columns=[index for index, column in enumerate(self.columns) if column.as_text],
            frozen_rows=1,
            selected=len(self._counts) == 0,
        )
        headers = "".join(string_cell(column.header, parts.HEADER) for column in self.columns)
        self._part.write(f"{head}<row>{headers}</row>".encode())

    def close(self) -> None:
        """End the part that is open."""
        last = column_letters(max(len(self.columns), 1) - 1)
        self._part.write(f'</sheetData><autoFilter ref="A1:{last}{self._rows + 1}"/></worksheet>'.encode())
        self._part.close()
        self._counts.append((self._names[-1], self._rows))

    @property
    def _is_full(self) -> bool:
        return self._rows >= ROWS_PER_SHEET or self._bytes >= _BYTES_PER_SHEET

    @property
    def room(self) -> int:
        """See ``SheetTarget``."""
        return ROWS_PER_SHEET if self._is_full else ROWS_PER_SHEET - self._rows

    def write(self, rows: bytes, count: int) -> None:
        """See ``SheetTarget``."""
        if self._is_full:
            self.close()
            self._open()
        self._part.write(rows)
        self._rows += count
        self._bytes += len(rows)

    def write_rows(self, rows: Iterator[Sequence[Any]]) -> None:
        """Write rows of values, each batch column by column."""
        writers = [ColumnWriter(parts.TEXT if column.as_text else 0) for column in self.columns]
        while batch := list(islice(rows, min(ROWS_AT_ONCE, self.room))):
            cells = [write(column) for write, column in zip(writers, zip(*batch, strict=True), strict=True)]
            body = "<row>" + "</row><row>".join(map("".join, zip(*cells, strict=True))) + "</row>"
            self.write(body.encode(), len(batch))


class ColumnWriter:
    """Turns one batch of one column into cell XML, working on the joined text wherever the batch is plain."""

    __slots__ = ("days", "opening", "style")

    def __init__(self, style: int) -> None:
        self.style = style
        self.opening = f'<c s="{style}" t="inlineStr"><is><t>' if style else '<c t="inlineStr"><is><t>'
        self.days = _Days()

    def __call__(self, column: Sequence[Any]) -> list[str]:
        kinds = set(map(type, column))
        kinds.discard(type(None))
        if kinds == {str}:
            return self._strings(column)
        if kinds == {dt.date}:
            return list(map(self.days.__getitem__, column))
        if kinds == {int}:
            return [_WRITERS[value.__class__](value, self.style) for value in column]
        if not kinds:
            return ["<c/>"] * len(column)
        return [cell_xml(value, self.style) for value in column]

    def _strings(self, column: Sequence[Any]) -> list[str]:
        if None in column:
            column = ["" if value is None else value for value in column]
        joined = _SEPARATOR.join(column)
        # Every rare case (control characters, outer blanks, over-long texts) takes the careful way cell by cell.
        if (
            not joined.replace(_SEPARATOR, "").isprintable()
            or "_x" in joined
            or " \x1f" in joined
            or "\x1f " in joined
            or joined[:1] == " "
            or joined[-1:] == " "
            or (len(joined) > LONGEST and max(map(len, column)) > LONGEST)
        ):
            return [string_cell(value, self.style) for value in column]
        if "&" in joined:
            joined = joined.replace("&", "&amp;")
        if "<" in joined:
            joined = joined.replace("<", "&lt;")
        if ">" in joined:
            joined = joined.replace(">", "&gt;")
        opening = self.opening
        whole = f"{opening}{joined.replace(_SEPARATOR, f'{_CLOSE}{_SEPARATOR}{opening}')}{_CLOSE}"
        return whole.replace(f"{opening}{_CLOSE}", "<c/>").split(_SEPARATOR)


class _Days(dict[Any, str]):
    def __missing__(self, day: Any) -> str:
        xml = "<c/>" if day is None else _day_xml(day)
        if len(self) < 50_000:
            self[day] = xml
        return xml


def _day_xml(day: dt.date, style: int = 0) -> str:
    if day < FIRST_SAFE_DAY:
        return string_cell(day.isoformat(), style)
    return f'<c s="{parts.DATE}"><v>{(day - EPOCH).days}</v></c>'


def _moment_xml(moment: dt.datetime, style: int) -> str:
    if moment.tzinfo is not None:  # a number in Excel knows no zone
        return string_cell(printed_stamp(moment), style)
    if moment.date() < FIRST_SAFE_DAY:
        return string_cell(moment.isoformat(" "), style)
    days = (moment - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
    return f'<c s="{parts.MOMENT}"><v>{days:.8f}</v></c>'


def _error_xml(error: ErrorCell) -> str:
    text = error.text if is_error_text(error.text) else "#N/A"
    return f'<c t="e"><v>{text}</v></c>'


def _number_xml(number: Any, style: int) -> str:
    if number != number or abs(number) >= 10**15:
        return string_cell(str(number), style)
    return f"<c><v>{number}</v></c>"


_WRITERS: dict[type, Callable[[Any, int], str]] = {
    str: lambda value, style: string_cell(value, style),
    type(None): lambda value, style: "<c/>",
    bool: lambda value, style: f'<c t="b"><v>{int(value)}</v></c>',
    int: _number_xml,
    float: _number_xml,
    Decimal: _number_xml,
    dt.date: _day_xml,
    ErrorCell: lambda value, style: _error_xml(value),
    dt.datetime: _moment_xml,
}


def cell_xml(value: Any, style: int = 0) -> str:
    """One cell without a reference; anything that is no number, day or truth value is written as its text."""
    writer = _WRITERS.get(value.__class__)
    return writer(value, style) if writer else string_cell(str(value), style)


_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f]")
_UNWRITABLE = re.compile("[\ufffe\uffff\ud800-\udfff]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def string_cell(value: str, style: int = 0) -> str:
    """A string cell, whatever the string: blanks are kept, control characters take Excel's ``_x0000_`` form."""
    if not value:
        return f'<c s="{style}"/>' if style else "<c/>"
    if len(value) > LONGEST:
        value = value[: LONGEST - 1] + "…"
    value = _ESCAPED.sub("_x005F_", value)
    value = _ILLEGAL.sub(lambda match: f"_x{ord(match.group()):04X}_", value)
    value = _UNWRITABLE.sub("\ufffd", value)
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    mark = f' s="{style}"' if style else ""
    return f'<c{mark} t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'


def _cover_xml(cover: Cover, counts: Sequence[tuple[str, int]]) -> str:
    facts = list(cover.facts)
    facts.append(("行数", f"{sum(count for _, count in counts):,}"))
    if len(counts) > 1:
        facts += [(f"工作表“{name}”", f"{count:,} 行") for name, count in counts]
    rows = [f"<row>{string_cell(cover.title, parts.TITLE)}</row>", "<row/>"]
    rows += [
        f"<row>{string_cell(name, parts.HEADER)}{string_cell(value, parts.WRAP)}</row>"
        for name, value in facts
    ]
    return (
        f'{parts.DECLARATION}<worksheet xmlns="{parts.MAIN}"><sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews>'
        '<sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="1" width="18.7" customWidth="1"/>'
        f'<col min="2" max="2" width="80.7" customWidth="1"/></cols><sheetData>{"".join(rows)}</sheetData></worksheet>'
    )
