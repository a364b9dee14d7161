"""Puts a draft into a workbook as a liaison would: merged title, who fills it in, header, rows, totals, a note."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft
from foodsafe_portal.demo.ledger_writer.spelling import cell, headers
from foodsafe_portal.lib.intake.model import column_letters
from foodsafe_portal.lib.ledger import normalise_header
from foodsafe_portal.lib.workbooks import parts
from foodsafe_portal.lib.workbooks.stream import cell_xml

_TITLES: Final = {
    "businesses": "食品生产经营主体台账", "officers": "包保干部责任清单", "visits": "督导记录", "problems": "问题整改台账",
    "accounts": "平台账号申请表", "units": "成员单位名册", "regions": "行政区划调整情况表", "workdays": "放假调休安排表",
    "tasks": "创建工作任务清单", "readings": "指标结果台账", "rulebook": "评价细则",
}  # fmt: skip
_ZIPPED_ON: Final = (2026, 1, 1, 0, 0, 0)  # no clock inside the file: the same seed gives the same bytes
_SUBTOTAL_AFTER: Final = 50
_ROWS_AT_ONCE: Final = 1_000
REMARKS: Final = "备注"


def write_workbook(draft: Draft, desk: Desk, out: Path) -> list[dict[str, Any]]:
    """Write the file and return its sidecar: sheet, Excel row, header and code of every row that must get an issue."""
    random = desk.random("paper")
    named = headers(draft.columns, draft.kind.vocabulary, random)
    sheet = parts.sheet_name(random.choice(("台账", "Sheet1", desk.county_name)), [])
    above = _above(draft, desk, blank_line=random.random() < 0.4)
    size = len(draft.rows)
    subtotal = _SUBTOTAL_AFTER if size > _SUBTOTAL_AFTER and random.random() < 0.5 else size
    first = len(above) + 2
    remarks = [REMARKS] if normalise_header(REMARKS) not in draft.kind.vocabulary else []
    header = ["序号", *(named[column.key] for column in draft.columns), *remarks]
    _save(out, sheet, [*above, header], _body(draft, desk, subtotal))
    return [
        {
            "sheet": sheet,
            "row": first + fault.row + (fault.row >= subtotal),
            "column": named.get(fault.key, ""),
            "code": fault.code,
        }
        for fault in draft.faults
    ]


def _above(draft: Draft, desk: Desk, *, blank_line: bool) -> list[list[Any]]:
    """What stands above the header."""
    title = f"{desk.county_name}{_TITLES.get(draft.kind.key, str(draft.kind.title))}"
    on = f"{desk.on.year}年{desk.on.month}月{desk.on.day}日"
    filled_in = [f"填报单位:{desk.county_name}食安办", None, None, None, f"填报日期:{on}"]
    return [[title], filled_in, *([[]] if blank_line else [])]


def _body(draft: Draft, desk: Desk, subtotal: int) -> Iterator[list[Any]]:
    """The rows as typed, a subtotal somewhere among them or not, the total and a note."""
    random = desk.random("spelling")
    for at, row in enumerate(draft.rows):
        if at == subtotal:
            yield ["小计", str(at)]
        yield [at + 1, *(cell(column, row.get(column.key), random) for column in draft.columns)]
    yield ["合计", str(len(draft.rows))]
    yield ["说明:本表数据截至填报日期。"]


def _save(out: Path, sheet: str, head: Sequence[Sequence[Any]], body: Iterable[Sequence[Any]]) -> None:
    width = len(head[-1])
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("[Content_Types].xml", parts.content_types(1)),
            ("_rels/.rels", parts.package_relations()),
            ("xl/workbook.xml", parts.workbook_xml([sheet], active=0)),
            ("xl/_rels/workbook.xml.rels", parts.workbook_relations(1)),
            ("xl/styles.xml", parts.STYLES),
        ):
            archive.writestr(_entry(name), text)
        with archive.open(_entry("xl/worksheets/sheet1.xml"), "w") as part:
            part.write(
                parts.sheet_head(
                    widths=[14] * width, text_columns=(), frozen_rows=len(head), selected=True
                ).encode()
            )
            waiting: list[str] = [_row_xml(row) for row in head]
            for row in body:
                waiting.append(_row_xml(row))
                if len(waiting) >= _ROWS_AT_ONCE:
                    part.write("".join(waiting).encode())
                    waiting.clear()
            part.write("".join(waiting).encode())
            merged = f"A1:{column_letters(width - 1)}1"
            part.write(
                f'</sheetData><mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells></worksheet>'.encode()
            )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _ZIPPED_ON)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _row_xml(row: Sequence[Any]) -> str:
    return f"<row>{''.join([_number(value) if isinstance(value, float) else cell_xml(value) for value in row])}</row>"


def _number(value: float) -> str:
    """A number as Excel keeps it, also one that lost digits: that is the fault."""
    return f"<c><v>{value!r}</v></c>"
