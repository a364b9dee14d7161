"""Walks the records of an .xls workbook for what the fast reader does not tell: error cells, hidden rows, encryption."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_BOF, _EOF, _FILEPASS, _DATEMODE, _BOUNDSHEET = 0x0809, 0x000A, 0x002F, 0x0022, 0x0085
_ROW, _FORMULA, _BOOLERR = 0x0208, 0x0006, 0x0205
_GLOBALS_AT_MOST = 200_000
"""More records than any real workbook has before its first sheet; a longer chain only burns time."""

_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


@dataclass(slots=True)
class SheetMarks:
    """What stands out in one sheet: cells by (row index, column index), rows and columns by index.

    ``percents`` are shown as percentages, ``struck`` with a line through them; ``formulas`` counts those with a saved result.
    """

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    percents: set[tuple[int, int]] = field(default_factory=set)
    struck: set[tuple[int, int]] = field(default_factory=set)
    formulas: int = 0
    first_formulas: list[str] = field(default_factory=list)


@dataclass(slots=True)
class BiffMarks:
    """What stands out in a workbook stream, sheets in their order."""

    encrypted: bool = False
    epoch_1904: bool = False
    old: bool = False
    sheets: list[SheetMarks] = field(default_factory=list)


def records(data: bytes, at: int = 0) -> Iterator[tuple[int, int, int]]:
    """The records from ``at`` on as (identifier, offset of the body, length of the body)."""
    end = len(data)
    while at + 4 <= end:
        identifier, length = struct.unpack_from("<HH", data, at)
        if at + 4 + length > end:
            return
        yield identifier, at + 4, length
        at += 4 + length


def look_at_globals(data: bytes) -> tuple[BiffMarks, list[int]]:
    """What the first substream says of the whole workbook, and where each sheet begins."""
    marks, offsets = BiffMarks(), []
    for number, (identifier, body, length) in enumerate(records(data)):
        if number == 0:
            version = struct.unpack_from("<H", data, body)[0] if identifier == _BOF and length >= 2 else 0
            marks.old = version != 0x0600
        elif identifier == _FILEPASS:
            marks.encrypted = True
        elif identifier == _DATEMODE and length >= 2:
            marks.epoch_1904 = data[body] == 1
        elif identifier == _BOUNDSHEET and length >= 6:
            offsets.append(struct.unpack_from("<I", data, body)[0])
        elif identifier == _EOF or number > _GLOBALS_AT_MOST:
            break
    return marks, offsets


def look_at_workbook(data: bytes) -> BiffMarks:
    """Every error cell and hidden row of an unencrypted workbook stream."""
    marks, offsets = look_at_globals(data)
    for offset in offsets:
        sheet, depth = SheetMarks(), 0
        for identifier, body, length in records(data, offset):
            if identifier in (_BOF, _EOF):
                # A chart inside the sheet is a substream of its own; only the outermost end closes the sheet.
                depth += 1 if identifier == _BOF else -1
                if depth <= 0:
                    break
            elif depth > 1:
                continue
            elif identifier == _BOOLERR and length >= 8 and data[body + 7]:
                row, column = struct.unpack_from("<HH", data, body)
                sheet.errors[row, column] = _ERRORS.get(data[body + 6], "#N/A")
            elif identifier == _FORMULA and length >= 14:
                if data[body + 6] == 2 and data[body + 12 : body + 14] == b"\xff\xff":
                    row, column = struct.unpack_from("<HH", data, body)
                    sheet.errors[row, column] = _ERRORS.get(data[body + 8], "#N/A")
            elif identifier == _ROW and length >= 16 and data[body + 12] & 0x20:
                sheet.hidden_rows.append(struct.unpack_from("<H", data, body)[0])
        marks.sheets.append(sheet)
    return marks
