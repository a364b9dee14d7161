"""Gives a ledger back with its faults marked: tinted cells, comments, and one column that says what to do in each row."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape

from foodsafe_portal.lib.intake.cells import is_error_text, shown
from foodsafe_portal.lib.intake.model import Cell, ErrorCell, SheetData, column_letters
from foodsafe_portal.lib.intake.tables import Table
from foodsafe_portal.lib.intake.words import RESULT_HEADER
from foodsafe_portal.lib.ledger import Issue, Severity, normalise_header
from foodsafe_portal.lib.workbooks import parts
from foodsafe_portal.lib.workbooks.stream import ColumnWriter, string_cell

_BATCH = 1_000
_COMMENTS_AT_MOST = 3_000
"""More comments than this make Excel slow; the tint and the result column still mark every fault."""

_WORDS: dict[Severity, str] = {"error": "错误", "warning": "提醒", "changed": "已规范", "note": "说明"}
_STYLES: dict[Severity, int] = {"error": parts.ERROR, "warning": parts.WARNING}


def write_marked(
    target: Path | str | BinaryIO,
    *,
    table: Table,
    issues: Iterable[Issue],
    severities: Collection[Severity] = ("error", "warning"),
) -> int:
    """Write the uploaded sheet again with its faults marked; returns the number of rows that carry one.

    Every row keeps its Excel number, every column its place; the header stays where it was. The sheet carries values
    only. The column ``检查结果`` is added at the right (or its old content replaced), and is ignored when the mended
    workbook is uploaded. ``issues`` name rows by Excel number and columns by the header as typed.
    """
    sheet = table.sheet
    result = _result_column(table)
    place_of = {header: index for index, header in sorted(table.columns.items(), reverse=True)}
    tints: dict[int, dict[int, Severity]] = defaultdict(dict)
    comments: dict[tuple[int, int], list[str]] = defaultdict(list)
    sentences: dict[int, list[str]] = defaultdict(list)
    for issue in issues:
        if issue.severity not in severities:
            continue
        subject = f"{issue.column}：" if issue.column else ""
        sentences[issue.row].append(f"【{_WORDS[issue.severity]}】{subject}{issue.message}")
        index = place_of.get(issue.column)
        if index is not None:
            if tints[issue.row].get(index) != "error":
                tints[issue.row][index] = issue.severity
            comments[issue.row, index].append(f"{_WORDS[issue.severity]}：{issue.message}")
    noted = dict(islice(sorted(comments.items()), _COMMENTS_AT_MOST))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("_rels/.rels", parts.package_relations())
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for piece in _sheet_pieces(table, result, tints, sentences, bool(noted)):
                part.write(piece.encode())
        if noted:
            archive.writestr("xl/worksheets/_rels/sheet1.xml.rels", parts.comment_relations())
            archive.writestr("xl/comments1.xml", _comments_xml(noted))
            archive.writestr("xl/drawings/vmlDrawing1.vml", _drawing_xml(noted))
        archive.writestr("xl/styles.xml", parts.STYLES)
        name = parts.sheet_name(sheet.name or "台账", [])
        archive.writestr("xl/workbook.xml", parts.workbook_xml([name], active=0))
        archive.writestr("xl/_rels/workbook.xml.rels", parts.workbook_relations(1))
        archive.writestr("[Content_Types].xml", parts.content_types(1, comments=bool(noted)))
    return len(sentences)


def _result_column(table: Table) -> int:
    """Where the column of sentences goes: over an old one, else right of everything."""
    header = table.sheet.row(table.header_row)
    label = normalise_header(RESULT_HEADER)
    for index, cell in enumerate(header):
        if isinstance(cell, str) and normalise_header(cell) == label:
            return index
    return table.sheet.width


def _sheet_pieces(
    table: Table,
    result: int,
    tints: dict[int, dict[int, Severity]],
    sentences: dict[int, list[str]],
    has_comments: bool,
) -> Iterable[str]:
    sheet, header_row = table.sheet, table.header_row
    width = max(sheet.width, result + 1)
    texts = [index < sheet.width and _keeps_digits(sheet.columns[index]) for index in range(width)]
    writers = [ColumnWriter(parts.TEXT if text else 0) for text in texts]
    yield parts.sheet_head(
        widths=[80 if index == result else _width(sheet, index, header_row) for index in range(width)],
        text_columns=[index for index, text in enumerate(texts) if text],
        frozen_rows=header_row,
        selected=True,
    )
    blank: list[Cell] = [None] * sheet.height
    columns: list[Sequence[Cell]] = [
        sheet.columns[i] if i < sheet.width and i != result else blank for i in range(width)
    ]
    for start in range(0, sheet.height, _BATCH):
        stop = min(start + _BATCH, sheet.height)
        cells = [write(column[start:stop]) for write, column in zip(writers, columns, strict=True)]
        for offset in range(stop - start):
            number = start + offset + 1
            if number == header_row:
                for index in range(width):
                    cell = sheet.columns[index][number - 1] if index < sheet.width else None
                    cells[index][offset] = string_cell("" if cell is None else str(cell), parts.HEADER)
                cells[result][offset] = string_cell(RESULT_HEADER, parts.HEADER)
            for index, severity in tints.get(number, {}).items():
                cells[index][offset] = _tinted(columns[index][number - 1], _STYLES.get(severity, 0))
            if number in sentences:
                cells[result][offset] = string_cell("；".join(sentences[number]), parts.WRAP)
        yield "<row>" + "</row><row>".join(map("".join, zip(*cells, strict=True))) + "</row>"
    last = column_letters(width - 1)
    merges = [
        f'<mergeCell ref="{column_letters(first)}{top}:{column_letters(last_column)}{bottom}"/>'
        for top, first, bottom, last_column in sheet.merged
        if (top, first) != (bottom, last_column)
    ]
    merged = f'<mergeCells count="{len(merges)}">{"".join(merges)}</mergeCells>' if merges else ""
    legacy = '<legacyDrawing r:id="rId1"/>' if has_comments else ""
    bottom = max(sheet.height, header_row)
    yield f'</sheetData><autoFilter ref="A{header_row}:{last}{bottom}"/>{merged}{legacy}</worksheet>'


def _keeps_digits(column: Sequence[Cell]) -> bool:
    """Whether a column holds numbers typed as text, so that Excel must not turn mended cells into numbers."""
    return any(cell.__class__ is str and len(cell) > 5 and cell.isdigit() for cell in column)


def _width(sheet: SheetData, index: int, header_row: int) -> int:
    sample = sheet.columns[index][header_row - 1 : header_row + 50]
    longest = max(
        (sum(1 if c < "\u1100" else 2 for c in str(cell)) for cell in sample if cell is not None), default=8
    )
    return max(8, min(longest + 2, 40))


def _tinted(cell: Cell, style: int) -> str:
    """A cell with a tint; days become text, because the tinted formats show text and a mended day is read either way."""
    if isinstance(cell, ErrorCell):
        text = cell.text if is_error_text(cell.text) else "#N/A"
        return f'<c s="{style}" t="e"><v>{text}</v></c>'
    if cell is None:
        return f'<c s="{style}"/>'
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) < 10**15:
        return f'<c s="{style}"><v>{cell:.15g}</v></c>'
    return string_cell(shown(cell) if not isinstance(cell, str) else cell, style)


def _comments_xml(comments: dict[tuple[int, int], list[str]]) -> str:
    each = "".join(
        f'<comment ref="{column_letters(index)}{row}" authorId="0"><text><t xml:space="preserve">'
        f"{escape(chr(10).join(sentences))}</t></text></comment>"
        for (row, index), sentences in comments.items()
    )
    return (
        f'{parts.DECLARATION}<comments xmlns="{parts.MAIN}"><authors><author>{RESULT_HEADER}</author></authors>'
        f"<commentList>{each}</commentList></comments>"
    )


def _drawing_xml(comments: dict[tuple[int, int], list[str]]) -> str:
    shapes = "".join(
        f'<v:shape id="_x0000_s{1025 + number}" type="#_x0000_t202" style="position:absolute;visibility:hidden" '
        'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:path o:connecttype="none"/>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{index + 1}, 15, {row - 1}, 2, {index + 4}, 15, {row + 4}, 4</x:Anchor>"
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row><x:Column>{index}</x:Column></x:ClientData></v:shape>"
        for number, (row, index) in enumerate(comments)
    )
    return (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/>'
        '</o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
        'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
        f'<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>{shapes}</xml>'
    )
