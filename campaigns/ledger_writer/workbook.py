"""Puts a draft into a workbook as a liaison would: merged title, who fills it in, header, rows, totals, a note."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from campaigns.ledger_writer.draft import SERIAL, Desk, Draft
from campaigns.ledger_writer.spelling import cell, headers
from foodsafe_portal.lib.ledger import normalise_header
from foodsafe_portal.lib.workbooks.parts import sheet_name

_TITLES: Final = {
    "businesses": "食品生产经营主体台账", "officers": "包保干部责任清单", "visits": "督导记录", "accounts": "平台账号申请表",
    "problems": "问题整改台账",
}  # fmt: skip
_ZIPPED_ON: Final = (2026, 1, 1, 0, 0, 0)
_CORE: Final = "docProps/core.xml"
_SAVED_AT: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_SUBTOTAL_AFTER: Final = 50
REMARKS: Final = "备注"


def write_workbook(draft: Draft, desk: Desk, out: Path) -> list[dict[str, Any]]:
    """Write the file and return its sidecar: sheet, Excel row, header and code of every row that must get an issue."""
    random = desk.random("paper")
    named = headers(draft.columns, draft.kind.vocabulary, random)
    sheet = sheet_name(random.choice(("台账", "Sheet1", desk.county_name)), [])
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    remarks = [REMARKS] if normalise_header(REMARKS) not in draft.kind.vocabulary else []
    width = len(draft.columns) + 1 + len(remarks)
    title = f"{desk.county_name}{_TITLES.get(draft.kind.key, str(draft.kind.title))}"
    page.merged_cells.add(f"A1:{get_column_letter(width)}1")
    page.append([title])
    on = f"{desk.on.year}年{desk.on.month}月{desk.on.day}日"
    lines: list[list[Any]] = [[f"填报单位:{desk.county_name}食安办", None, None, None, f"填报日期:{on}"]]
    if random.random() < 0.4:
        lines.append([])
    for line in lines:
        page.append(line)
    page.append(["序号", *(named[column.key] for column in draft.columns), *remarks])
    header_row = 2 + len(lines)
    subtotal = (
        _SUBTOTAL_AFTER if len(draft.rows) > _SUBTOTAL_AFTER and random.random() < 0.5 else len(draft.rows)
    )
    spelled = desk.random("spelling")
    numbers: list[int] = []
    for at, row in enumerate(draft.rows):
        if at == subtotal:
            page.append(["小计", str(at)])
        numbers.append(header_row + 1 + at + (at >= subtotal))
        page.append([at + 1, *(cell(column, row.get(column.key), spelled) for column in draft.columns)])
    page.append(["合计", str(len(draft.rows))])
    page.append(["说明:本表数据截至填报日期。"])
    _save(book, desk, out)
    return [
        {"sheet": sheet, "row": numbers[fault.row], "column": named.get(fault.key, ""), "code": fault.code}
        for fault in draft.faults
        if fault.key != SERIAL
    ]


def _save(book: Workbook, desk: Desk, out: Path) -> None:
    """The same seed gives the same bytes: no clock inside the file."""
    book.properties.creator = f"{desk.county_name}食安办"
    raw = BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = (
                _SAVED_AT.sub(rb"\g<1>2026-01-01T00:00:00Z", source.read(name))
                if name == _CORE
                else source.read(name)
            )
            target.writestr(zipfile.ZipInfo(name, _ZIPPED_ON), content, zipfile.ZIP_DEFLATED, 5)
