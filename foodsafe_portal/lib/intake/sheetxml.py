"""Finds in an xlsx part what the fast reader turns into blanks: error cells, formulas without result, hidden rows."""

from __future__ import annotations

import re
import zipfile
from typing import BinaryIO

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


def look_at_sheets(
    file: BinaryIO, suspects: set[str]
) -> dict[int, tuple[dict[tuple[int, int], str], list[int]]]:
    """For each suspect sheet, by its place in the workbook: its faulty cells and its hidden rows (indexes from 0)."""
    with zipfile.ZipFile(file) as archive:
        parts = sheet_parts(archive)
        return {
            place: (faulty_cells(xml := archive.read(part)), hidden_rows(xml))
            for place, part in enumerate(parts)
            if part in suspects
        }


def faulty_cells(xml: bytes) -> dict[tuple[int, int], str]:
    """Cells by (row index, column index) that hold an error, or a formula whose result is missing."""
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
