"""Builds honest, odd and hostile files in memory, for the tests of the guarded intake."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
STYLES = f'{DECLARATION}<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'


def cell(reference: str, text: str) -> str:
    """An inline string cell."""
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def rows_xml(rows: Sequence[Sequence[object]]) -> str:
    """Sheet data of strings and numbers, None leaving a cell out."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = ""
        for index, value in enumerate(row):
            reference = f"{chr(65 + index)}{number}"
            if isinstance(value, str):
                cells += cell(reference, value)
            elif value is not None:
                cells += f'<c r="{reference}"><v>{value}</v></c>'
        lines.append(f'<row r="{number}">{cells}</row>')
    return f"<sheetData>{''.join(lines)}</sheetData>"


def xlsx_parts(
    sheets: Mapping[str, str],
    *,
    hidden: Sequence[str] = (),
    workbook_properties: str = "",
    styles: str = STYLES,
) -> dict[str, str | bytes]:
    """The parts of a small workbook; ``sheets`` maps names to what stands inside ``<worksheet>``."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" {"state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""} r:id="rId{n}"/>'
        for n, name in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{DECLARATION}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{workbook_properties}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId99" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": styles,
    }
    for number, inner in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'{DECLARATION}<worksheet xmlns="{MAIN}">{inner}</worksheet>'
        )
    return parts


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def xlsx(inner: str = "", **options: object) -> bytes:
    """A workbook of one sheet ``台账``."""
    return zipped(xlsx_parts({"台账": inner or rows_xml([["企业名称"], ["甲店"]])}, **options))  # type: ignore[arg-type]


def xlsx_of(rows: Sequence[Sequence[object]], after: str = "", **options: object) -> bytes:
    """A workbook of one sheet with these rows; ``after`` follows its sheet data (merges)."""
    return xlsx(rows_xml(rows) + after, **options)


def record(identifier: int, body: bytes) -> bytes:
    """One BIFF record."""
    return struct.pack("<HH", identifier, len(body)) + body


def _text(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def xls(
    cells: Mapping[tuple[int, int], str | float],
    *,
    errors: Mapping[tuple[int, int], int] | None = None,
    formula_errors: Mapping[tuple[int, int], int] | None = None,
    hidden_rows: Sequence[int] = (),
    encrypted: bool = False,
    version: int = 0x0600,
    storages: Sequence[str] = (),
) -> bytes:
    """A small .xls workbook (BIFF8) of one sheet ``台账``."""
    sheet = record(0x0809, struct.pack("<HHHHII", version, 0x0010, 0, 0, 0, 0))
    rows = 1 + max([row for row, _ in cells] + [row for row, _ in errors or {}] + [0])
    sheet += record(0x0200, struct.pack("<IIHHH", 0, rows, 0, 10, 0))
    for row in range(rows):
        options = 0x20 if row in hidden_rows else 0
        sheet += record(0x0208, struct.pack("<HHHHHHHH", row, 0, 10, 255, 0, 0, options, 0))
    for (row, column), value in sorted(cells.items()):
        if isinstance(value, str):
            sheet += record(0x0204, struct.pack("<HHH", row, column, 0) + _text(value))
        else:
            sheet += record(0x0203, struct.pack("<HHHd", row, column, 0, value))
    for (row, column), number in (errors or {}).items():
        sheet += record(0x0205, struct.pack("<HHHBB", row, column, 0, number, 1))
    for (row, column), number in (formula_errors or {}).items():
        result = bytes([2, 0, number, 0, 0, 0, 0xFF, 0xFF])
        body = (
            struct.pack("<HHH", row, column, 0)
            + result
            + struct.pack("<HIH", 0, 0, 2)
            + b"\x1c"
            + bytes([number])
        )
        sheet += record(0x0006, body)
    sheet += record(0x000A, b"")
    head = record(0x0809, struct.pack("<HHHHII", version, 0x0005, 0, 0, 0, 0))
    if encrypted:
        head += record(0x002F, b"\x00" * 6)
    head += record(0x0042, struct.pack("<H", 1200))
    head += record(0x00E0, struct.pack("<HHHHBBBBIIH", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    name = "台账"
    bound_length = 4 + 8 + len(name) * 2
    offset = len(head) + bound_length + 4
    head += record(0x0085, struct.pack("<IHBB", offset, 0, len(name), 1) + name.encode("utf-16-le"))
    head += record(0x000A, b"")
    return ole({"Workbook": head + sheet}, storages=storages)


def ole(streams: Mapping[str, bytes], *, storages: Sequence[str] = ()) -> bytes:
    """An OLE2 compound file with these streams, each padded past the mini-stream cutoff."""
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    table: list[int] = []
    body = b""
    entries: list[tuple[str, int, int, int]] = []
    for name, content in streams.items():
        padded = content.ljust(4096, b"\x00")
        padded += b"\x00" * (-len(padded) % 512)
        count = len(padded) // 512
        first = len(table)
        table += [*range(first + 1, first + count), end]
        body += padded
        entries.append((name, 2, first, len(padded)))
    entries += [(name, 1, 0, 0) for name in storages]
    directory = _entry("Root Entry", 5, end, 0, after=free) + b"".join(
        _entry(*entry, after=place + 1 if place < len(entries) else free)
        for place, entry in enumerate(entries, start=1)
    )
    directory += b"\x00" * (-len(directory) % 512)
    directory_start = len(table)
    count = len(directory) // 512
    table += [*range(directory_start + 1, directory_start + count), end]
    body += directory
    fat_sectors = 1
    while (len(table) + fat_sectors) > fat_sectors * 128:
        fat_sectors += 1
    fat_start = len(table)
    table += [0xFFFFFFFD] * fat_sectors
    table += [free] * (fat_sectors * 128 - len(table))
    body += struct.pack(f"<{len(table)}I", *table)
    header = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 16
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, fat_sectors, directory_start, 0, 4096, end, 0, end, 0
    )
    difat = [fat_start + n for n in range(fat_sectors)] + [free] * (109 - fat_sectors)
    return header + struct.pack("<109I", *difat) + body


def _entry(name: str, kind: int, start: int, size: int, *, after: int) -> bytes:
    encoded = (name + "\x00").encode("utf-16-le")
    first_child = 1 if kind == 5 else 0xFFFFFFFF
    return (
        encoded.ljust(64, b"\x00")
        + struct.pack("<HBBIII", len(encoded), kind, 1, 0xFFFFFFFF, after, first_child)
        + b"\x00" * 36
        + struct.pack("<III", start, size, 0)
    )
