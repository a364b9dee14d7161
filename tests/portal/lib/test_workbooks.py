"""What leaves the portal: exports that hold every row and no formula, marked ledgers that can be mended, templates."""

from __future__ import annotations

import csv
import datetime as dt
import io
import string
import tracemalloc
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from foodsafe_portal.lib.intake.model import ErrorCell, column_index, column_letters
from foodsafe_portal.lib.intake.reader import read_workbook
from foodsafe_portal.lib.intake.tables import Table, find_table
from foodsafe_portal.lib.intake.words import EXAMPLE_MARK, RESULT_HEADER
from foodsafe_portal.lib.ledger import Column, Issue, header_vocabulary
from foodsafe_portal.lib.workbooks import stream
from foodsafe_portal.lib.workbooks.csvout import csv_chunks, inert
from foodsafe_portal.lib.workbooks.marking import write_marked
from foodsafe_portal.lib.workbooks.stream import Cover, OutColumn, OutSheet, write_xlsx
from foodsafe_portal.lib.workbooks.template import Template, write_template
from tests.portal.lib import odd_files as odd

COLUMNS = [
    OutColumn("企业名称", 30),
    OutColumn("许可证号", as_text=True),
    OutColumn("数", 8),
    OutColumn("日期"),
]


def written(
    rows: list[tuple[Any, ...]], columns: list[OutColumn] = COLUMNS, cover: Cover | None = None
) -> io.BytesIO:
    buffer = io.BytesIO()
    assert write_xlsx(buffer, sheets=[OutSheet("台账", columns, rows)], cover=cover) == len(rows)
    buffer.seek(0)
    return buffer


def calamine(buffer: io.BytesIO, name: str = "台账") -> list[list[Any]]:
    buffer.seek(0)
    return CalamineWorkbook.from_filelike(buffer).get_sheet_by_name(name).to_python(skip_empty_area=False)


def test_an_export_opens_in_both_readers_with_every_value() -> None:
    day = dt.date(2026, 11, 16)
    rows = [
        ("甲店", "92990102MAW0M10087", 1, day),
        ("=1+1", "000123", Decimal("1.5"), None),
        ('a<b>&"c"', "", 10**18, dt.date(1850, 1, 1)),
        (" 前后 ", None, True, dt.datetime(2026, 11, 16, 9, 30)),
        ("一\n二\t三", "x" * 40_000, float("nan"), "文本"),
    ]
    buffer = written(rows)
    book = openpyxl.load_workbook(buffer)
    sheet = book["台账"]
    assert sheet.max_row == 6
    assert [cell.value for cell in sheet[2]] == ["甲店", "92990102MAW0M10087", 1, dt.datetime(2026, 11, 16)]
    assert [cell.value for cell in sheet[3]] == ["=1+1", "000123", 1.5, None]
    assert sheet["A3"].data_type != "f"
    assert sheet["B3"].number_format == "@"
    assert [cell.value for cell in sheet[4]] == ['a<b>&"c"', None, str(10**18), "1850-01-01"]
    assert [cell.value for cell in sheet[5]] == [" 前后 ", None, True, dt.datetime(2026, 11, 16, 9, 30)]
    assert len(sheet["B6"].value) == 32_767
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:D6")
    assert sheet.column_dimensions["A"].width > 29
    assert calamine(buffer)[1] == ["甲店", "92990102MAW0M10087", 1.0, day]
    assert calamine(buffer)[5][0] == "一\n二\t三"


def test_no_part_of_an_export_holds_a_formula() -> None:
    buffer = written([("=cmd|' /C calc'!A0", "+1", 1, "@SUM(1)")])
    with zipfile.ZipFile(buffer) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f" not in sheet
    assert calamine(buffer)[1] == ["=cmd|' /C calc'!A0", "+1", 1.0, "@SUM(1)"]


def test_the_cover_names_filter_person_and_row_count_and_the_data_opens_first() -> None:
    cover = Cover("食品经营主体", [("筛选条件", "=危险"), ("截至", "2026-11-16 09:30"), ("导出人", "张三")])
    book = openpyxl.load_workbook(written([("甲", "1", 1, None)] * 1_234, cover=cover))
    assert book.sheetnames == ["导出说明", "台账"]
    assert book.active is not None and book.active.title == "台账"
    said = {row[0].value: row[1].value for row in book["导出说明"].iter_rows(min_row=3)}
    assert said == {"筛选条件": "=危险", "截至": "2026-11-16 09:30", "导出人": "张三", "行数": "1,234"}


def test_a_list_longer_than_a_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ROWS_PER_SHEET", 2_500)
    rows = [(str(n), None, n, None) for n in range(6_000)]
    buffer = written(rows, cover=Cover("长表", []))
    book = CalamineWorkbook.from_filelike(buffer)
    assert book.sheet_names == ["导出说明", "台账", "台账 (2)", "台账 (3)"]
    back = [row for name in book.sheet_names[1:] for row in calamine(buffer, name)[1:]]
    assert [row[0] for row in back] == [str(n) for n in range(6_000)]


def test_a_list_that_exactly_fills_a_sheet_makes_no_empty_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ROWS_PER_SHEET", 100)
    assert CalamineWorkbook.from_filelike(written([("甲", None, 1, None)] * 100)).sheet_names == ["台账"]


def test_an_empty_list_is_a_sheet_with_its_header() -> None:
    assert calamine(written([])) == [["企业名称", "许可证号", "数", "日期"]]


def test_sheet_names_that_excel_refuses_are_made_acceptable() -> None:
    buffer = io.BytesIO()
    name = "区/县[一]:" + "长" * 40
    write_xlsx(buffer, sheets=[OutSheet(name, COLUMNS, []), OutSheet(name, COLUMNS, [])])
    names = openpyxl.load_workbook(buffer).sheetnames
    assert len(set(names)) == 2
    assert all(len(each) <= 31 and not set(each) & set("[]:*?/\\") for each in names)


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path) -> None:
    def rows(count: int) -> Iterator[tuple[Any, ...]]:
        return ((f"示例店{n}", f"JY{n:014}", n, dt.date(2026, 1, 1)) for n in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        write_xlsx(tmp_path / "x.xlsx", sheets=[OutSheet("台账", COLUMNS, rows(count))])
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1_000)
    assert peak(20_000) < peak(5_000) * 1.2 + 500_000


WRITABLE = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufffe\uffff\r")
    | st.sampled_from("<>&_x000D=' \n\t\x00\x1f𠮷\u0301"),
    max_size=30,
)
VALUES = (
    st.none()
    | WRITABLE
    | st.integers(-(10**14), 10**14)
    | st.dates(dt.date(1900, 3, 1), dt.date(2199, 1, 1))
    | st.booleans()
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VALUES, VALUES, WRITABLE), min_size=1, max_size=12))
def test_whatever_is_written_is_read_back(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path / "x.xlsx"
    columns = [OutColumn("甲"), OutColumn("乙", as_text=True), OutColumn("丙")]
    write_xlsx(path, sheets=[OutSheet("台账", columns, rows)])
    back = read_workbook(path).sheets[0].rows[1:]
    expected = [tuple(None if value == "" else value for value in row) for row in rows]
    while expected and not any(value is not None for value in expected[-1]):
        expected.pop()
    assert back == expected


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "  =", "\n=", "甲\n=", "甲\r\n  +", "\uff1d", "\u3000="]
)
def test_no_csv_cell_can_act_as_a_formula(start: str) -> None:
    assert inert(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("value", ["甲店", "a=b", "1-2", "", "x@y", "一\n二"])
def test_harmless_csv_cells_stay_as_they_are(value: str) -> None:
    assert inert(value) == value


def test_csv_is_written_in_pieces_with_its_mark_and_comes_back_unchanged(tmp_path: Path) -> None:
    rows = [(f"店{n}", "-1层", dt.date(2026, 1, 2), None, True, n) for n in range(2_500)]
    chunks = list(csv_chunks(["名称", "地址", "日期", "空", "真", "数"], rows))
    assert len(chunks) == 3
    content = b"".join(chunks)
    assert content.startswith("\ufeff名称,".encode())
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert lines[1] == ["店0", "'-1层", "2026-01-02", "", "是", "0"]
    (tmp_path / "x.csv").write_bytes(content)
    assert read_workbook(tmp_path / "x.csv").sheets[0].row(2) == (
        "店0",
        "-1层",
        "2026-01-02",
        None,
        "是",
        "0",
    )


def test_an_empty_csv_has_its_header() -> None:
    assert b"".join(csv_chunks(["名称"], [])) == "\ufeff名称\r\n".encode()


LEDGER_COLUMNS = (
    Column("name", "企业名称", required=True, width=30),
    Column("credit_code", "统一社会信用代码", "code", note="18 位"),
    Column("valid_to", "有效期至", "date"),
    Column("high_risk", "高风险", "bool"),
    Column("status", "经营状态", "enum", choices={"normal": "正常", "closed": "注销"}),
    Column("county", "县(市、区)", "region", required=True),
    Column("township", "乡镇(街道)", "region"),
)
VOCABULARY = header_vocabulary(LEDGER_COLUMNS)


def find(path: Path) -> Table:
    found = find_table(read_workbook(path), VOCABULARY).table
    assert found is not None
    return found


def ledger(tmp_path: Path) -> Table:
    inner = (
        f'<sheetData><row r="1">{odd.cell("A1", "南湖区台账")}</row>'
        f'<row r="2">{odd.cell("A2", "企业名称")}{odd.cell("B2", "统一社会信用代码")}{odd.cell("C2", "有效期至")}</row>'
        f'<row r="3">{odd.cell("A3", "甲")}{odd.cell("B3", "92990102")}<c r="C3" s="1"><v>46000</v></c></row>'
        f'<row r="5">{odd.cell("A5", "乙")}<c r="B5"><v>929901020000000000</v></c><c r="C5" t="e"><v>#N/A</v></c></row>'
        '</sheetData><mergeCells count="1"><mergeCell ref="A1:C1"/></mergeCells>'
    )
    (tmp_path / "in.xlsx").write_bytes(odd.xlsx(inner))
    return find(tmp_path / "in.xlsx")


ISSUES = [
    Issue(3, "有效期至", "2025-12-09", "expired", "warning", "许可证已过期;请核对"),
    Issue(5, "统一社会信用代码", "", "digits_lost", "error", "号码末尾几位已经丢失"),
    Issue(5, "有效期至", "#N/A", "error_cell", "error", "这一格是 Excel 错误值"),
    Issue(5, "", "", "duplicate", "error", "与第 3 行重复"),
    Issue(3, "企业名称", "甲", "trimmed", "changed", "去掉了空格"),
]


def test_a_marked_workbook_keeps_places_and_says_what_to_do_in_each_row(tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    assert write_marked(out, table=ledger(tmp_path), issues=ISSUES) == 2
    sheet = openpyxl.load_workbook(out)["台账"]
    assert [cell.value for cell in sheet[2]] == ["企业名称", "统一社会信用代码", "有效期至", RESULT_HEADER]
    assert sheet["D3"].value == "【提醒】有效期至：许可证已过期;请核对"
    assert sheet["D5"].value.count("【错误】") == 3
    assert sheet["B5"].fill.fgColor.rgb == "FFFFC7CE"
    assert sheet["C3"].fill.fgColor.rgb == "FFFFEB9C"
    assert sheet["A3"].fill.fill_type is None
    assert "丢失" in sheet["B5"].comment.text
    assert sheet["B3"].number_format == "@"
    assert [str(merge) for merge in sheet.merged_cells.ranges] == ["A1:C1"]
    assert sheet.freeze_panes == "A3"


def test_a_marked_workbook_can_be_uploaded_again_and_marked_again(tmp_path: Path) -> None:
    first = ledger(tmp_path)
    out, again = tmp_path / "out.xlsx", tmp_path / "again.xlsx"
    write_marked(out, table=first, issues=ISSUES)
    second = find(out)
    assert (second.header_row, second.row_numbers) == (first.header_row, first.row_numbers) == (2, (3, 5))
    assert second.mapping == first.mapping
    assert second.unrecognised == ()
    assert second.column("name") == ["甲", "乙"]
    assert second.column("credit_code") == ["92990102", "929901020000000000"]
    assert second.column("valid_to") == ["2025-12-09", ErrorCell("#N/A")]
    assert write_marked(again, table=second, issues=ISSUES[:1]) == 1
    sheet = openpyxl.load_workbook(again)["台账"]
    assert sheet.max_column == 4
    assert (sheet["D2"].value, sheet["D5"].value) == (RESULT_HEADER, None)


def test_a_marked_csv_becomes_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("企业名称,县(市、区)\n=甲,东区\n乙,\n", encoding="gb18030")
    out = tmp_path / "out.xlsx"
    write_marked(
        out, table=find(tmp_path / "in.csv"), issues=[Issue(3, "县(市、区)", "", "missing", "error", "必填")]
    )
    sheet = openpyxl.load_workbook(out)["台账"]
    assert sheet["A2"].value == "=甲" and sheet["A2"].data_type != "f"
    assert sheet["C3"].value == "【错误】县(市、区)：必填"
    assert sheet["B3"].fill.fgColor.rgb == "FFFFC7CE"


def template(**options: Any) -> Template:
    return Template(
        title="示例市食品经营主体台账",
        columns=LEDGER_COLUMNS,
        facts=[("种类", "businesses"), ("版本", "3"), ("辖区", "2308")],
        notes=["每家一行"],
        example={"credit_code": "92990102MAW0M10087", "valid_to": dt.date(2027, 1, 1), "county": "东区"},
        regions={"东区": ["东一街道", "东二镇"], "西 区(新)": ["西一街道"]},
        rows=50,
        **options,
    )


def test_an_untouched_template_imports_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_template(path, template())
    book = read_workbook(path)
    assert [sheet.name for sheet in book.visible] == ["台账"]
    assert book.template == (("种类", "businesses"), ("版本", "3"), ("辖区", "2308"))
    found = find_table(book, VOCABULARY)
    assert found.code == "no_rows"
    assert found.guess is not None
    assert (found.guess.header_row, found.guess.unrecognised, len(found.guess.mapping)) == (3, (), 7)


def test_a_filled_template_imports_its_rows_and_not_its_example(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_template(path, template())
    book = openpyxl.load_workbook(path)
    for place, value in enumerate(
        ["甲店", "92990102MAW0M10087", dt.date(2027, 1, 1), "是", "正常", "东区", "东一街道"], 1
    ):
        book["台账"].cell(5, place).value = value
    book.save(path)
    found = find(path)
    assert found.row_numbers == (5,)
    assert (4, "模板的示例行，不导入") in found.skipped
    assert found.column("valid_to") == [dt.date(2027, 1, 1)]


def test_a_template_offers_lists_and_keeps_codes_as_text(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_template(path, template())
    book = openpyxl.load_workbook(path)
    sheet = book["台账"]
    assert sheet["A4"].value == EXAMPLE_MARK
    assert {sheet.cell(row, 2).number_format for row in range(4, 55)} == {"@"}
    assert sheet["C20"].number_format == "yyyy-mm-dd"
    rules = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert rules == {
        "D4:D54": "'选项'!$A$2:$A$3",
        "E4:E54": "'选项'!$B$2:$B$3",
        "F4:F54": "'选项'!$C$2:$C$3",
        "G4:G54": 'INDIRECT("乡镇_"&$F4)',
    }
    assert book.defined_names["乡镇_东区"].attr_text == "'选项'!$D$2:$D$3"
    assert [cell.value for cell in book["选项"]["D"]] == ["东区", "东一街道", "东二镇"]
    assert book["选项"].sheet_state == "hidden"


def test_a_template_of_one_county_offers_its_townships_without_asking_for_the_county(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    columns = [column for column in LEDGER_COLUMNS if column.key != "county"]
    write_template(path, Template("台账", columns, [], regions={"东区": ["东一街道"]}, rows=3))
    rules = openpyxl.load_workbook(path)["台账"].data_validations.dataValidation
    assert str(rules[-1].sqref) == "F4:F7"
    assert rules[-1].formula1 == "'选项'!$C$2:$C$2"


def test_letters_of_columns_run_on_after_z() -> None:
    assert [column_letters(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert all(column_index(column_letters(index)) == index for index in range(1_000))
    assert string.ascii_uppercase == "".join(column_letters(index) for index in range(26))
