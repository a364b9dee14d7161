"""Finds in an xlsx part what the fast reader turns into blanks: error cells, formulas without result, hidden rows."""

from __future__ import annotations

import html
import re
import zipfile
from typing import BinaryIO

from foodsafe_portal.lib.intake.biff import SheetMarks

FORMULA = "公式"
"""What stands for a formula whose result was never saved."""

_SHEET = re.compile(rb"<(?:\w+:)?sheet\b([^>]*?)/?>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*?)/?>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_HIDDEN = re.compile(rb"\shidden\s*=\s*[\"'](?:1|true)[\"']")
_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s>/])([^>]*)>")
_CELL_END = re.compile(rb"</(?:\w+:)?c>")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]*)<|<(?:\w+:)?is[\s>]")
_SUSPECT = re.compile(rb"<(?:\w+:)?f[\s>/]|\st=[\"']e[\"']")
_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\b([^>]*?)/?>")
_QUOTED = re.compile(r"\"[^\"]*\"|\\.")
_FONTS = re.compile(rb"<(?:\w+:)?fonts\b[^>]*>(.*?)</(?:\w+:)?fonts>", re.DOTALL)
_FONT = re.compile(rb"<(?:\w+:)?font(?:\s[^>]*)?(?:/>|>.*?</(?:\w+:)?font>)", re.DOTALL)
_STRIKE = re.compile(rb"<(?:\w+:)?strike(?:\s+val=[\"'](\w+)[\"'])?\s*/?>")
_STYLES = re.compile(rb"<(?:\w+:)?cellXfs\b[^>]*>(.*?)</(?:\w+:)?cellXfs>", re.DOTALL)
_STYLE = re.compile(rb"<(?:\w+:)?xf\b([^>]*?)/?>")
_COLUMNS = re.compile(rb"<(?:\w+:)?col\s([^>]*?)/?>")
_MOST_COLUMNS = 16_384
_FORMULAS_NAMED = 5
_REFERENCE = re.compile(r"^([A-Z]{1,3})(\d{1,7})$")


def sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """The part names of the sheets in the order of the workbook; an empty name where the part is not to be found."""
    targets = {}
    for match in _RELATION.finditer(archive.read("xl/_rels/workbook.xml.rels")):
        attributes = _attributes(match.group(1))
        target = attributes.get("Target", "")
        targets[attributes.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    book = archive.read("xl/workbook.xml")
    ids = (
        next((value for name, value in _attributes(match.group(1)).items() if name.endswith(":id")), "")
        for match in _SHEET.finditer(book)
    )
    return [targets.get(each, "") for each in ids]


def look_at_sheets(file: BinaryIO, suspects: set[str]) -> dict[int, SheetMarks]:
    """What stands out in each sheet, by its place in the workbook.

    Only ``suspects`` are searched for faults, formulas and what is hidden; where the workbook has styles that show
    percentages or strike through, every sheet is searched for cells that bear them.
    """
    found: dict[int, SheetMarks] = {}
    with zipfile.ZipFile(file) as archive:
        percent, strike = telling_styles(archive)
        if not (suspects or percent or strike):
            return found
        parts = set(archive.namelist())
        for place, part in enumerate(sheet_parts(archive)):
            if part not in suspects and (not (percent or strike) or part not in parts):
                continue
            xml = archive.read(part)
            marks = found[place] = SheetMarks()
            if part in suspects:
                marks.errors = faulty_cells(xml, marks)
                marks.hidden_rows, marks.hidden_columns = hidden_rows(xml), hidden_columns(xml)
            marks.percents, marks.struck = cells_of_style(xml, percent), cells_of_style(xml, strike)
    return found


def telling_styles(archive: zipfile.ZipFile) -> tuple[set[bytes], set[bytes]]:
    """The numbers of the cell styles that show a percentage, and of those that strike through."""
    try:
        xml = archive.read("xl/styles.xml")
    except KeyError:
        return set(), set()
    percent = {b"9", b"10"}  # the two built-in formats
    for match in _FORMAT.finditer(xml):
        attributes = _attributes(match.group(1))
        code = html.unescape(attributes.get("formatCode", ""))
        if "%" in _QUOTED.sub("", code):
            percent.add(attributes.get("numFmtId", "").encode())
    fonts = _FONTS.search(xml)
    struck = {
        str(number).encode()
        for number, font in enumerate(_FONT.findall(fonts.group(1)) if fonts else ())
        if (strike := _STRIKE.search(font)) and strike.group(1) not in (b"0", b"false")
    }
    styles = _STYLES.search(xml)
    percents, strikes = set(), set()
    for number, match in enumerate(_STYLE.finditer(styles.group(1)) if styles else ()):
        attributes = _attributes(match.group(1))
        if attributes.get("numFmtId", "").encode() in percent:
            percents.add(str(number).encode())
        if attributes.get("fontId", "").encode() in struck:
            strikes.add(str(number).encode())
    return percents, strikes


def cells_of_style(xml: bytes, styles: set[bytes]) -> set[tuple[int, int]]:
    """The cells with content that bear one of these styles, by (row index, column index)."""
    if not styles:
        return set()
    bears = re.compile(rb"\ss=[\"'](?:" + b"|".join(sorted(styles)) + rb")[\"']")
    found = set()
    for hit in bears.finditer(xml):
        start = xml.rfind(b"<", 0, hit.start())
        opening = _CELL.match(xml, start) if start >= 0 else None
        if opening is not None and not opening.group().endswith(b"/>"):
            place = _place(_attributes(opening.group(1)).get("r", ""))
            found.add(place or _counted_place(xml, start))
    return found


def hidden_columns(xml: bytes) -> list[int]:
    """Indexes of the columns that Excel does not show."""
    found: list[int] = []
    for match in _COLUMNS.finditer(xml, 0, 65_536):
        attributes = _attributes(match.group(1))
        first, last = attributes.get("min", ""), attributes.get("max", "")
        if attributes.get("hidden") in ("1", "true") and first.isdigit() and last.isdigit():
            found += range(int(first) - 1, min(int(last), _MOST_COLUMNS))
    return found


def faulty_cells(xml: bytes, marks: SheetMarks | None = None) -> dict[tuple[int, int], str]:
    """Cells by (row index, column index) that hold an error, or a formula whose result is missing.

    In ``marks`` the formulas with a result are counted.
    """
    found: dict[tuple[int, int], str] = {}
    at = 0
    while (hit := _SUSPECT.search(xml, at)) is not None:
        start = _cell_start(xml, hit.start() + 1)
        at = hit.end()
        if start < 0 or (opening := _CELL.match(xml, start)) is None:
            continue
        if opening.group().endswith(b"/>"):
            continue
        closing = _CELL_END.search(xml, opening.end())
        end = closing.start() if closing else len(xml)
        at = max(at, end)
        attributes = _attributes(opening.group(1))
        value = _VALUE.search(xml, opening.end(), end)
        content = (value.group(1) or b"") if value else b""
        if attributes.get("t") == "e":
            text = content.decode("utf-8", "replace") or "#N/A"
        elif value is None or (not content and value.group(1) is not None and attributes.get("t") != "str"):
            text = FORMULA
        else:
            if marks is not None:
                marks.formulas += 1
                if marks.formulas <= _FORMULAS_NAMED:
                    marks.first_formulas.append(attributes.get("r", ""))
            continue
        place = _place(attributes.get("r", "")) or _counted_place(xml, start)
        found[place] = text
    return found


def hidden_rows(xml: bytes) -> list[int]:
    """Indexes of the rows that Excel does not show (hidden by hand or by a filter)."""
    if b"hidden" not in xml:
        return []
    rows, index = [], -1
    for match in _ROW.finditer(xml):
        number = _attributes(match.group(1)).get("r", "") if _HIDDEN.search(match.group(1)) else ""
        index += 1
        if _HIDDEN.search(match.group(1)):
            rows.append(int(number) - 1 if number.isdigit() else index)
    return rows


def _cell_start(xml: bytes, before: int) -> int:
    """Where the cell that contains this position begins."""
    while (before := xml.rfind(b"<", 0, before)) >= 0:
        if _CELL.match(xml, before):
            return before
        if xml.startswith((b"<row", b"<sheetData"), before):
            return -1
    return -1


def _attributes(tag: bytes) -> dict[str, str]:
    return {
        name.decode("utf-8", "replace"): (double or single).decode("utf-8", "replace")
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def _place(reference: str) -> tuple[int, int] | None:
    match = _REFERENCE.match(reference)
    if match is None:
        return None
    column = 0
    for letter in match.group(1):
        column = column * 26 + ord(letter) - 64
    return int(match.group(2)) - 1, column - 1


def _counted_place(xml: bytes, start: int) -> tuple[int, int]:
    """The place of a cell that carries no reference, by counting; some writers leave references out."""
    rows = list(_ROW.finditer(xml, 0, start))
    last = rows[-1] if rows else None
    number = _attributes(last.group(1)).get("r", "") if last else ""
    row = int(number) - 1 if number.isdigit() else len(rows) - 1
    column = sum(1 for _ in _CELL.finditer(xml, last.end() if last else 0, start))
    return row, column
