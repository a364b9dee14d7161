"""Turns a workbook or text into columns of plain values; runs only inside the guarded child process."""

from __future__ import annotations

import datetime as dt
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from foodsafe_portal.lib.intake import biff, ole, plaintext, sheetxml, words
from foodsafe_portal.lib.pieces import in_pieces

Message = dict[str, Any]
"""What travels to the parent: strings, numbers, lists and tuples only, so that ``marshal`` can carry it.

``sheet`` opens a sheet and carries its name and marks; ``rows`` carries the next rows of the open sheet by columns;
``done`` comes last and carries what is to be said of the whole file.
"""

_ROWS_AT_ONCE = 4_096
_SLACK_ROWS = 100
"""Rows above the limit that titles, headers, notes and totals may take."""

_ACTIVE = re.compile(r"[\s=+\-@\uff1d\uff0b\uff0d\uff20]|[^\r\n]*[\r\n]\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_WRAPS = "='\t"
_FORMULA_TEXT = re.compile(r"""^\s*="((?:[^"]|"")*)"\s*$""")
_NUMBER_TEXT = re.compile(r"[0-9A-Za-z][0-9A-Za-z:/. -]*$")
_DATE_TYPES = (dt.date, dt.datetime, dt.time, dt.timedelta)


class Refused(Exception):
    """The file is refused; arguments are the code and a Chinese sentence."""


def read(data: bytes, order: dict[str, Any]) -> Iterator[Message]:
    """Read a file of the kind the pre-check found, piece by piece. Raises ``Refused`` with a sentence."""
    if order["kind"] == "csv":
        yield from _read_text(data, order)
        return
    try:
        yield from _read_workbook(data, order)
    except PasswordError:
        raise Refused(
            "encrypted", "这是加了密码的工作簿；请在 Excel 中取消密码后另存为 .xlsx 再上传"
        ) from None
    except (CalamineError, OSError, ole.DamagedOle):
        raise Refused(
            "damaged", "工作簿已损坏或不完整，读不出内容；请在 Excel 或 WPS 中打开，另存为 .xlsx 再上传"
        ) from None


def _read_text(data: bytes, order: dict[str, Any]) -> Iterator[Message]:
    encoding = plaintext.text_encoding(data)
    if encoding is None:
        raise Refused("encoding", "文本的编码认不出来；请在 Excel 中另存为 .xlsx 再上传")
    yield _sheet("")
    rows = plaintext.split_text(data.decode(encoding), order["rows"] + _SLACK_ROWS, order["columns"])
    try:
        for batch in in_pieces(rows, _ROWS_AT_ONCE):
            yield _rows([_text_column(column) for column in zip_longest(*batch)], len(batch))
    except plaintext.BadText as problem:
        raise Refused("text", str(problem)) from None
    yield {"what": "done", "encoding": encoding, "epoch_1904": False, "template": [], "notes": []}


def _text_column(column: Sequence[str | None]) -> list[str | None]:
    """A column of text, without what other programs put around a cell so that Excel keeps it as text.

    That is ``="…"``, an apostrophe in front of what looks like a formula (the portal's own csv) or a number, and byte order
    marks of files that were put together.
    """
    if any(cell and (cell[0] in _WRAPS or "\ufeff" in cell) for cell in column):
        return [_unwrapped(cell) or None if cell else None for cell in column]
    return [cell or None for cell in column]


def _unwrapped(cell: str) -> str:
    cell = cell.replace("\ufeff", "")
    if (formula := _FORMULA_TEXT.match(cell)) is not None:
        return formula[1].replace('""', '"')
    bare = cell.lstrip("\t")
    return bare[1:] if bare[:1] == "'" and (_ACTIVE.match(bare, 1) or _NUMBER_TEXT.match(bare, 1)) else bare


def _read_workbook(data: bytes, order: dict[str, Any]) -> Iterator[Message]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    marks, epoch_1904 = _marks(data, order)
    template: list[tuple[str, str]] = []
    notes: list[str] = []
    ours = {words.OPTIONS_SHEET} if words.TEMPLATE_SHEET in book.sheet_names else set()
    for place, about in enumerate(book.sheets_metadata):
        if about.typ is not SheetTypeEnum.WorkSheet:
            continue
        if about.visible is not SheetVisibleEnum.Visible:
            yield _sheet(about.name, hidden=True)
            if about.name == words.TEMPLATE_SHEET:
                rows = book.get_sheet_by_index(place).to_python(nrows=20)
                template = [(str(row[0]), str(row[1])) for row in rows if len(row) > 1]
            elif about.name not in ours:
                notes.append(f"隐藏的工作表“{about.name}”没有导入")
        elif order["sheet"] and about.name != order["sheet"]:
            yield _sheet(about.name)
        else:
            yield from _read_sheet(book, place, about.name, marks.get(place) or biff.SheetMarks(), order)
    yield {"what": "done", "encoding": "", "epoch_1904": epoch_1904, "template": template, "notes": notes}


def _marks(data: bytes, order: dict[str, Any]) -> tuple[dict[int, biff.SheetMarks], bool]:
    """What the fast reader does not tell of each sheet, and whether dates count from 1904."""
    if order["kind"] == "xls":
        compound = ole.open_ole(data)
        found = biff.look_at_workbook(compound.read("workbook" if "workbook" in compound.streams else "book"))
        return dict(enumerate(found.sheets)), found.epoch_1904
    return sheetxml.look_at_sheets(io.BytesIO(data), set(order["suspects"])), order["epoch_1904"]


def _read_sheet(
    book: CalamineWorkbook, place: int, name: str, marks: biff.SheetMarks, order: dict[str, Any]
) -> Iterator[Message]:
    sheet = book.get_sheet_by_index(place)
    errors = marks.errors
    read_rows, read_columns = (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)
    height = max([read_rows, *(row + 1 for row, _ in errors)])
    width = max([read_columns, *(column + 1 for _, column in errors)])
    if height > order["rows"] + _SLACK_ROWS:
        raise Refused(
            "too_many_rows",
            f"工作表“{name}”的第 {height:,} 行还有内容，超过 {order['rows']:,} 行的上限；"
            "请删去表格下方多余的行，或按县（市、区）、乡镇分成几个文件上传",
        )
    if width > order["columns"]:
        raise Refused(
            "too_many_columns",
            f"工作表“{name}”有 {width:,} 列，超过 {order['columns']} 列的上限；请删去表格右边多余的列后再上传",
        )
    merged = [
        (first[0] + 1, first[1], last[0] + 1, last[1])
        for first, last in (sheet.merged_cell_ranges or ())
        if first[0] < height and first[1] < width
    ]
    opened = _sheet(name, merged=merged, hidden_rows=[row + 1 for row in marks.hidden_rows if row < height])
    yield opened | {
        "hidden_columns": [column for column in marks.hidden_columns if column < width],
        "struck": [(row + 1, column) for row, column in marks.struck],
        "formulas": (marks.formulas, marks.first_formulas),
    }
    percents = sorted(marks.percents)
    rows = sheet.iter_rows()
    for start in range(0, height, _ROWS_AT_ONCE):
        size = min(_ROWS_AT_ONCE, height - start)
        columns: list[Any] = list(zip(*islice(rows, size), strict=True))
        # The reader leaves out blank columns on the left, and knows nothing of rows that hold only faults.
        columns = [("",) * len(columns[0])] * (read_columns - len(columns)) + columns if columns else []
        faults = {at: text for at, text in errors.items() if start <= at[0] < start + size} if errors else {}
        if faults or len(columns) < width or len(columns[0]) < size:
            columns = [[*column, *[""] * (size - len(column))] for column in columns]
            columns += [[""] * size for _ in range(width - len(columns))]
        for (row, column), text in faults.items():
            columns[column][row - start] = ("e", text)
        for row, column in percents:
            if start <= row < start + size and column < len(columns):
                cell = columns[column][row - start]
                if cell.__class__ in (float, int):
                    columns[column] = [*columns[column]]
                    columns[column][row - start] = ("p", float(cell))
        yield _rows(columns, size)


def _sheet(
    name: str,
    *,
    hidden: bool = False,
    merged: Sequence[tuple[int, int, int, int]] = (),
    hidden_rows: Sequence[int] = (),
) -> Message:
    return {
        "what": "sheet",
        "name": name,
        "hidden": hidden,
        "merged": list(merged),
        "hidden_rows": list(hidden_rows),
        "hidden_columns": [],
        "struck": [],
        "formulas": (0, []),
    }


def _rows(columns: list[Any], size: int) -> Message:
    """Some rows by columns: blanks as None, days as pairs, and columns of few distinct cells as a dictionary."""
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
                index = {cell: code for code, cell in enumerate(distinct)}
                column = array("I", map(index.__getitem__, column)).tobytes()
        columns[place] = column
    return {"what": "rows", "size": size, "columns": columns, "coded": coded, "dictionaries": dictionaries}


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
