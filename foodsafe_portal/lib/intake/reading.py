"""Turns a workbook or text into columns of plain values; runs only inside the guarded child process."""

from __future__ import annotations

import datetime as dt
import io
import re
from array import array
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from foodsafe_portal.lib.intake import biff, ole, plaintext, sheetxml, words

Answer = dict[str, Any]
"""What travels to the parent: strings, numbers, lists and tuples only, so that ``marshal`` can carry it."""

_SLACK_ROWS = 100
"""Rows above the limit that titles, headers, notes and totals may take."""

_ACTIVE = re.compile(r"[\s=+\-@\uff1d\uff0b\uff0d\uff20]|[^\r\n]*[\r\n]\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_DATE_TYPES = (dt.date, dt.datetime, dt.time, dt.timedelta)


class Refused(Exception):
    """The file is refused; arguments are the code and a Chinese sentence."""


def read(data: bytes, order: dict[str, Any]) -> Answer:
    """Read a file of the kind the pre-check found. Raises ``Refused`` with a sentence."""
    if order["kind"] == "csv":
        return _read_text(data, order)
    try:
        return _read_workbook(data, order)
    except PasswordError:
        raise Refused(
            "encrypted", "这是加了密码的工作簿；请在 Excel 中取消密码后另存为 .xlsx 再上传"
        ) from None
    except (CalamineError, OSError, ole.DamagedOle):
        raise Refused(
            "damaged", "工作簿已损坏或不完整，读不出内容；请在 Excel 或 WPS 中打开，另存为 .xlsx 再上传"
        ) from None


def _read_text(data: bytes, order: dict[str, Any]) -> Answer:
    encoding = plaintext.text_encoding(data)
    if encoding is None:
        raise Refused("encoding", "文本的编码认不出来；请在 Excel 中另存为 .xlsx 再上传")
    try:
        rows = plaintext.split_text(data.decode(encoding), order["rows"] + _SLACK_ROWS, order["columns"])
    except plaintext.BadText as problem:
        raise Refused("text", str(problem)) from None
    columns = [_text_column(column) for column in zip_longest(*rows)]
    sheet = _sheet("", columns, len(rows))
    return {"sheets": [sheet], "encoding": encoding, "epoch_1904": False, "template": [], "notes": []}


def _text_column(column: Sequence[str | None]) -> list[str | None]:
    """A column of text, without the apostrophe that the portal's own csv puts in front of what looks like a formula."""
    if any(cell and cell[0] == "'" for cell in column):
        return [
            cell[1:] if cell and cell[0] == "'" and _ACTIVE.match(cell, 1) else cell or None
            for cell in column
        ]
    return [cell or None for cell in column]


def _read_workbook(data: bytes, order: dict[str, Any]) -> Answer:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    marks, epoch_1904 = _marks(data, order)
    sheets: list[Answer] = []
    template: list[tuple[str, str]] = []
    notes: list[str] = []
    for place, about in enumerate(book.sheets_metadata):
        if about.typ is not SheetTypeEnum.WorkSheet:
            continue
        if about.visible is not SheetVisibleEnum.Visible:
            sheets.append(_sheet(about.name, [], 0, hidden=True))
            if about.name == words.TEMPLATE_SHEET:
                rows = book.get_sheet_by_index(place).to_python(nrows=20)
                template = [(str(row[0]), str(row[1])) for row in rows if len(row) > 1]
            else:
                notes.append(f"隐藏的工作表“{about.name}”没有导入")
            continue
        if order["sheet"] and about.name != order["sheet"]:
            sheets.append(_sheet(about.name, [], 0))
            continue
        errors, hidden_rows = marks.get(place, ({}, []))
        sheets.append(_read_sheet(book, place, about.name, errors, hidden_rows, order))
    return {"sheets": sheets, "encoding": "", "epoch_1904": epoch_1904, "template": template, "notes": notes}


def _marks(
    data: bytes, order: dict[str, Any]
) -> tuple[dict[int, tuple[dict[tuple[int, int], str], list[int]]], bool]:
    """Faulty cells and hidden rows by sheet, and whether dates count from 1904."""
    if order["kind"] == "xls":
        compound = ole.open_ole(data)
        found = biff.look_at_workbook(compound.read("workbook" if "workbook" in compound.streams else "book"))
        by_sheet = {place: (sheet.errors, sheet.hidden_rows) for place, sheet in enumerate(found.sheets)}
        return by_sheet, found.epoch_1904
    suspects = set(order["suspects"])
    return (sheetxml.look_at_sheets(io.BytesIO(data), suspects) if suspects else {}), order["epoch_1904"]


def _read_sheet(
    book: CalamineWorkbook,
    place: int,
    name: str,
    errors: dict[tuple[int, int], str],
    hidden_rows: list[int],
    order: dict[str, Any],
) -> Answer:
    sheet = book.get_sheet_by_index(place)
    last_row, last_column = sheet.end or (-1, -1)
    for row, column in errors:
        last_row, last_column = max(last_row, row), max(last_column, column)
    if last_row >= order["rows"] + _SLACK_ROWS:
        raise Refused(
            "too_many_rows",
            f"工作表“{name}”的第 {last_row + 1:,} 行还有内容，超过 {order['rows']:,} 行的上限；"
            "请删去表格下方多余的行，或按县（市、区）、乡镇分成几个文件上传",
        )
    if last_column >= order["columns"]:
        raise Refused(
            "too_many_columns",
            f"工作表“{name}”有 {last_column + 1:,} 列，超过 {order['columns']} 列的上限；请删去表格右边多余的列后再上传",
        )
    rows = sheet.to_python(skip_empty_area=False)
    columns: list[Any] = list(zip(*rows, strict=True))
    height = len(rows)
    del rows
    if errors:
        columns = [list(column) for column in columns]
        while len(columns) <= last_column:
            columns.append([""] * height)
        if height <= last_row:
            for column in columns:
                column.extend([""] * (last_row + 1 - height))
            height = last_row + 1
        for (row, place_in_row), text in errors.items():
            columns[place_in_row][row] = ("e", text)
    merged = [
        (first[0] + 1, first[1], last[0] + 1, last[1])
        for first, last in (sheet.merged_cell_ranges or ())
        if first[0] < height and first[1] < len(columns)
    ]
    hidden = [row + 1 for row in hidden_rows if row < height]
    return _sheet(name, columns, height, merged=merged, hidden_rows=hidden)


def _sheet(
    name: str,
    columns: list[Any],
    height: int,
    *,
    hidden: bool = False,
    merged: list[tuple[int, int, int, int]] | None = None,
    hidden_rows: list[int] | None = None,
) -> Answer:
    packed, coded, dictionaries = _Packed(), [], {}
    for place, column in enumerate(columns):
        kinds = set(map(type, column))
        if "" in column:
            column = [None if cell == "" else cell for cell in column]
        if kinds.intersection(_DATE_TYPES):
            column = [packed[cell] if cell.__class__ in _DATE_TYPES else cell for cell in column]
            kinds.add(tuple)
        if tuple in kinds:
            coded.append(place)
        # True equals 1.0, so a column that mixes them cannot travel as a dictionary of its distinct cells.
        if _repeats(column) and not (bool in kinds and float in kinds):
            distinct = dict.fromkeys(column)
            if len(distinct) * 3 < len(column):
                dictionaries[place] = list(distinct)
                column = array(
                    "I", map({cell: code for code, cell in enumerate(distinct)}.__getitem__, column)
                ).tobytes()
        columns[place] = column
    return {
        "name": name,
        "hidden": hidden,
        "height": height,
        "columns": columns,
        "coded": coded,
        "dictionaries": dictionaries,
        "merged": merged or [],
        "hidden_rows": hidden_rows or [],
    }


def _repeats(column: Sequence[Any]) -> bool:
    """Whether a column's beginning promises few distinct cells."""
    sample = column[:1000]
    return len(set(sample)) * 4 < len(sample)


class _Packed(dict[Any, tuple[str, Any]]):
    """Dates and times as pairs of plain values, each computed once."""

    def __missing__(self, cell: Any) -> tuple[str, Any]:
        if isinstance(cell, dt.datetime):
            pair: tuple[str, Any] = ("t", cell.isoformat())
        elif isinstance(cell, dt.date):
            pair = ("d", cell.toordinal())
        elif isinstance(cell, dt.time):
            pair = ("m", cell.isoformat())
        else:
            pair = ("s", str(cell))
        self[cell] = pair
        return pair
