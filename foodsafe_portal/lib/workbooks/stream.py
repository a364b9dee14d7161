"""Writes workbooks of any length in constant memory: row XML goes straight into the zip, batch by batch."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from foodsafe_portal.lib.intake.cells import is_error_text
from foodsafe_portal.lib.intake.model import ErrorCell, column_letters
from foodsafe_portal.lib.workbooks import parts

ROWS_PER_SHEET = 1_048_575
"""Rows of one sheet below its header: Excel's 1,048,576 less one."""

_BATCH = 1_000
_BYTES_PER_SHEET = 1_800 * 1024 * 1024
"""Above two gigabytes a member would need the zip64 form, which some readers refuse."""

_LONGEST = 32_767
_SEPARATOR = "\x1f"
_CLOSE = "</t></is></c>"
_EPOCH = dt.date(1899, 12, 30)
_FIRST_SAFE_DAY = dt.date(1900, 3, 1)


@dataclass(frozen=True, slots=True)
class OutColumn:
    """One column of an export. ``as_text`` gives its cells Excel's text format, for codes and telephone numbers."""

    header: str
    width: int = 14
    as_text: bool = False


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
            rows = iter(sheet.rows)
            first: tuple[Sequence[Any], ...] = ()
            while True:
                names.append(parts.sheet_name(sheet.name, names))
                count = _write_sheet(
                    archive, len(names), sheet.columns, chain(first, rows), selected=len(counts) == 0
                )
                counts.append((names[-1], count))
                first = tuple(islice(rows, 1))
                if not first:
                    break
        if cover:
            archive.writestr("xl/worksheets/sheet1.xml", _cover_xml(cover, counts))
        archive.writestr("xl/styles.xml", parts.STYLES)
        archive.writestr("xl/workbook.xml", parts.workbook_xml(names, active=1 if cover and counts else 0))
        archive.writestr("xl/_rels/workbook.xml.rels", parts.workbook_relations(len(names)))
        archive.writestr("[Content_Types].xml", parts.content_types(len(names)))
    return sum(count for _, count in counts)


def _write_sheet(
    archive: zipfile.ZipFile,
    number: int,
    columns: Sequence[OutColumn],
    rows: Iterator[Sequence[Any]],
    *,
    selected: bool,
) -> int:
    head = parts.sheet_head(
        widths=[column.width for column in columns],
        text_columns=[index for index, column in enumerate(columns) if column.as_text],
        frozen_rows=1,
        selected=selected,
    )
    head += f"<row>{''.join(string_cell(column.header, parts.HEADER) for column in columns)}</row>"
    last = column_letters(max(len(columns), 1) - 1)
    writers = [ColumnWriter(parts.TEXT if column.as_text else 0) for column in columns]
    count = size = 0
    with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
        part.write(head.encode())
        while count < ROWS_PER_SHEET and size < _BYTES_PER_SHEET:
            batch = list(islice(rows, min(_BATCH, ROWS_PER_SHEET - count)))
            if not batch:
                break
            count += len(batch)
            cells = [write(column) for write, column in zip(writers, zip(*batch, strict=True), strict=True)]
            body = "<row>" + "</row><row>".join(map("".join, zip(*cells, strict=True))) + "</row>"
            data = body.encode()
            size += len(data)
            part.write(data)
        part.write(f'</sheetData><autoFilter ref="A1:{last}{count + 1}"/></worksheet>'.encode())
    return count


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
            or (len(joined) > _LONGEST and max(map(len, column)) > _LONGEST)
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
    if day < _FIRST_SAFE_DAY:
        return string_cell(day.isoformat(), style)
    return f'<c s="{parts.DATE}"><v>{(day - _EPOCH).days}</v></c>'


def _moment_xml(moment: dt.datetime, style: int) -> str:
    moment = moment.replace(tzinfo=None)
    if moment.date() < _FIRST_SAFE_DAY:
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
    if len(value) > _LONGEST:
        value = value[: _LONGEST - 1] + "…"
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
