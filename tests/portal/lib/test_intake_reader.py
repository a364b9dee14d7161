"""What comes out of the guarded reader: every cell, every fault as a fault, and a sentence for every crash."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foodsafe_portal.lib.intake import child
from foodsafe_portal.lib.intake.model import MIB, ErrorCell, IntakeRefused, Limits, WorkbookData
from foodsafe_portal.lib.intake.reader import read_workbook
from tests.portal.lib import odd_files as odd

DATE_STYLE = ' s="1"'


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def run(content: bytes, **options: Any) -> WorkbookData:
        path = tmp_path / "file"
        path.write_bytes(content)
        return read_workbook(path, **options)

    return run


def refusal(read: Any, content: bytes, **options: Any) -> IntakeRefused:
    with pytest.raises(IntakeRefused) as caught:
        read(content, **options)
    return caught.value


def test_rows_keep_their_excel_numbers_and_blank_rows_stay(read: Any) -> None:
    inner = f'<sheetData><row r="3">{odd.cell("B3", "甲")}</row><row r="5"><c r="A5"><v>5</v></c></row></sheetData>'
    sheet = read(odd.xlsx(inner)).sheets[0]
    assert sheet.height == 5
    assert sheet.row(3) == (None, "甲")
    assert sheet.row(4) == (None, None)
    assert sheet.row(5) == (5.0, None)
    assert sheet.rows[2] == (None, "甲")


def test_a_wrong_dimension_hides_no_row(read: Any) -> None:
    inner = '<dimension ref="A1"/>' + odd.rows_xml([["企业名称", "地址"], ["甲", "乙"], ["丙", "丁"]])
    assert read(odd.xlsx(inner)).sheets[0].rows == [("企业名称", "地址"), ("甲", "乙"), ("丙", "丁")]


def test_rare_characters_survive_byte_for_byte(read: Any) -> None:
    words = ["𠮷野家", "e\u0301", "\U0002a6d6\U00030000", "豈", "葛\U000e0100", "  前后  "]
    assert list(read(odd.xlsx_of([[word] for word in words])).sheets[0].columns[0]) == words


def test_error_cells_and_formulas_without_result_are_faults_not_blanks(read: Any) -> None:
    inner = (
        '<sheetData><row r="1"><c r="A1" t="e"><v>#N/A</v></c><c r="B1"><f>1+1</f></c><c r="C1"><f>1+1</f><v></v></c>'
        '<c r="D1"><f>1+1</f><v>2</v></c><c r="E1" t="str"><f>""</f><v></v></c><c r="F1" t="str"><f>A1</f><v>甲</v></c>'
        '<c r="G1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="H1"><f>1</f><v/></c><c r="I1" s="1"/></row></sheetData>'
    )
    formula = ErrorCell("公式", formula=True)
    assert read(odd.xlsx(inner)).sheets[0].row(1) == (
        ErrorCell("#N/A"), formula, formula, 2.0, None, "甲", ErrorCell("#DIV/0!"), formula,
    )  # fmt: skip


@pytest.mark.parametrize(
    "inner",
    [
        '<sheetData><row><c><v>1</v></c><c t="e"><v>#REF!</v></c></row><row><c t="e"><v>#REF!</v></c><c><v>2</v></c></row></sheetData>',
        "<sheetData><row r='1'><c r='A1'><v>1</v></c><c r='B1' t='e'><v>#REF!</v></c></row>"
        "<row r='2'><c r='A2' t='e'><v>#REF!</v></c><c r='B2'><v>2</v></c></row></sheetData>",
    ],
    ids=["cells without references", "single quotes"],
)
def test_faults_are_found_in_unusual_spellings(read: Any, inner: str) -> None:
    assert read(odd.xlsx(inner)).sheets[0].rows == [(1.0, ErrorCell("#REF!")), (ErrorCell("#REF!"), 2.0)]


def test_faults_are_found_behind_a_name_space_prefix(read: Any) -> None:
    parts = odd.xlsx_parts({"台账": ""})
    parts["xl/worksheets/sheet1.xml"] = (
        f'{odd.DECLARATION}<x:worksheet xmlns:x="{odd.MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:f>1</x:f></x:c>'
        '<x:c r="B1"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    assert read(odd.zipped(parts)).sheets[0].row(1) == (ErrorCell("公式", formula=True), 1.0)


def test_a_fault_in_the_last_row_and_column_lengthens_the_sheet(read: Any) -> None:
    inner = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="3"><c r="C3"><f>1</f></c></row></sheetData>'
    sheet = read(odd.xlsx(inner)).sheets[0]
    assert sheet.rows == [
        (1.0, None, None),
        (None, None, None),
        (None, None, ErrorCell("公式", formula=True)),
    ]


@pytest.mark.parametrize(
    ("properties", "serial"),
    [("", 46000), ('<workbookPr date1904="1"/>', 44538), ('<workbookPr date1904="true"/>', 44538)],
    ids=["1900", "1904", "1904 in words"],
)
def test_both_date_systems_give_the_same_day(read: Any, properties: str, serial: int) -> None:
    inner = f'<sheetData><row r="1"><c r="A1" s="1"><v>{serial}</v></c><c r="B1" s="1"><v>{serial}.5</v></c></row></sheetData>'
    book = read(odd.xlsx(inner, workbook_properties=properties))
    assert book.sheets[0].row(1) == (dt.date(2025, 12, 9), dt.datetime(2025, 12, 9, 12))
    assert book.epoch_1904 is bool(properties)


def test_merges_are_named_and_not_yet_filled(read: Any) -> None:
    merge = '<mergeCells count="2"><mergeCell ref="A1:B1"/><mergeCell ref="A2:A3"/></mergeCells>'
    sheet = read(odd.xlsx_of([["标题", None], ["甲", 1], [None, 2]], after=merge)).sheets[0]
    assert sheet.merged == ((1, 0, 1, 1), (2, 0, 3, 0))
    assert tuple(sheet.columns[0]) == ("标题", "甲", None)


def test_hidden_sheets_are_never_read_and_hidden_rows_are(read: Any) -> None:
    inner = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="2" hidden="1"><c r="A2"><v>2</v></c></row></sheetData>'
    book = read(
        odd.zipped(odd.xlsx_parts({"台账": inner, "旧表": odd.rows_xml([["机密"]])}, hidden=["旧表"]))
    )
    assert book.sheets[0].rows == [(1.0,), (2.0,)]
    assert book.sheets[0].hidden_rows == (2,)
    assert (book.sheets[1].name, book.sheets[1].hidden, book.sheets[1].height) == ("旧表", True, 0)
    assert book.visible == (book.sheets[0],)
    assert "旧表" in book.notes[0]


def test_truth_values_and_numbers_in_one_column_stay_apart(read: Any) -> None:
    inner = "".join(
        f'<row r="{n}"><c r="A{n}" t="b"><v>1</v></c></row><row r="{n + 1}"><c r="A{n + 1}"><v>1</v></c></row>'
        for n in range(1, 41, 2)
    )
    values = list(read(odd.xlsx(f"<sheetData>{inner}</sheetData>")).sheets[0].columns[0])
    assert [type(value) for value in values] == [bool, float] * 20


def test_one_sheet_alone_can_be_asked_for(read: Any) -> None:
    content = odd.zipped(odd.xlsx_parts({"一": odd.rows_xml([["甲"]]), "二": odd.rows_xml([["乙"]])}))
    book = read(content, sheet="二")
    assert [sheet.height for sheet in book.sheets] == [0, 1]
    problem = refusal(read, content, sheet="三")
    assert problem.code == "no_such_sheet"
    assert "“一”、“二”" in problem.sentence


def test_an_xls_is_read_with_its_faults_and_hidden_rows(read: Any) -> None:
    content = odd.xls(
        {(0, 0): "企业名称", (1, 0): "甲", (1, 1): 12.0},
        errors={(2, 0): 42},
        formula_errors={(1, 2): 15},
        hidden_rows=[1],
    )
    sheet = read(content).sheets[0]
    assert sheet.rows == [
        ("企业名称", None, None),
        ("甲", 12.0, ErrorCell("#VALUE!")),
        (ErrorCell("#N/A"), None, None),
    ]
    assert sheet.hidden_rows == (2,)


LEDGER = '企业名称{0}地址{0}备注{1}甲店{0}"东区{1}一号"{0}{1}{1}𠮷{0}乙{0}丙{1}'
ROWS = [("企业名称", "地址", "备注"), ("甲店", "东区\n一号", None), (None, None, None), ("𠮷", "乙", "丙")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
def test_text_is_read_in_every_usual_spelling(
    read: Any, encoding: str, separator: str, line_end: str
) -> None:
    book = read(LEDGER.format(separator, line_end).encode(encoding))
    expected = [tuple(cell.replace("\n", line_end) if cell else cell for cell in row) for row in ROWS]
    assert [tuple(row) for row in book.sheets[0].rows] == expected
    assert book.kind == "csv"
    assert book.encoding == encoding


def test_text_with_quotes_that_never_close_is_refused_with_its_row(read: Any) -> None:
    problem = refusal(read, '企业名称,地址\n甲,乙\n"丙,丁\n'.encode())
    assert problem.code == "text"
    assert "第 3 行" in problem.sentence
    assert "引号" in problem.sentence


def test_a_separator_line_of_excel_is_obeyed(read: Any) -> None:
    rows = read("sep=;\r\n名称;a,b\r\n甲;c,d\r\n".encode()).sheets[0].rows
    assert rows == [(None, None), ("名称", "a,b"), ("甲", "c,d")]


@pytest.mark.parametrize("content", [b"a,b\n" * 50, odd.xlsx_of([["a", "b"]] * 50)], ids=["csv", "xlsx"])
def test_more_rows_than_the_limit_are_refused_with_the_limit(read: Any, content: bytes) -> None:
    assert read(content, limits=Limits(rows=50)).sheets[0].height == 50
    far = odd.xlsx(
        f'<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="900">{odd.cell("A900", "x")}</row></sheetData>'
    )
    problem = refusal(read, far, limits=Limits(rows=50))
    assert problem.code == "too_many_rows"
    assert "第 900 行" in problem.sentence
    assert "50 行" in problem.sentence


def test_more_columns_than_the_limit_are_refused(read: Any) -> None:
    wide = [[str(n) for n in range(12)]]
    assert refusal(read, odd.xlsx_of(wide), limits=Limits(columns=11)).code == "too_many_columns"
    assert "列" in refusal(read, (",".join(wide[0]) + "\n").encode(), limits=Limits(columns=11)).sentence


def test_a_stray_cell_far_away_that_makes_the_reader_abort_is_a_refused_file(read: Any) -> None:
    inner = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    problem = refusal(read, odd.xlsx(inner))
    assert problem.code == "reader_memory"
    assert "内存" in problem.sentence


def test_a_reader_that_takes_too_long_is_stopped(read: Any) -> None:
    problem = refusal(read, odd.xlsx(), limits=Limits(wall_seconds=0))
    assert problem.code == "reader_timeout"
    assert "用时太长" in problem.sentence


@pytest.mark.parametrize(
    "inner",
    [
        '<sheetData><row r="1"><c r="A1"><v>1</c></row>',
        '<sheetData><row r="1"><c r="A1" t="s"><v>5</v></c></row></sheetData>',
    ],
    ids=["xml cut off", "a shared string that does not exist"],
)
def test_a_damaged_sheet_is_refused_not_read_in_part(read: Any, inner: str) -> None:
    problem = refusal(read, odd.xlsx(inner))
    assert problem.code == "damaged"
    assert "另存为 .xlsx" in problem.sentence


def test_a_bad_file_never_reaches_the_reader(read: Any) -> None:
    assert refusal(read, b"%PDF-1.4").code == "pdf"


def test_the_child_may_open_no_file_and_no_socket() -> None:
    script = f"""
import runpy, socket, sys
ns = runpy.run_path({str(Path(child.__file__))!r})
ns['give_up_rights']({{'memory': {2048 * MIB}, 'cpu': 5}})
for attempt in (lambda: open('/etc/hostname'), lambda: socket.socket()):
    try:
        attempt()
    except OSError as error:
        print(error.errno)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["24", "24"]


def test_the_child_starts_without_django_or_celery() -> None:
    script = f"""
import runpy, sys
ns = runpy.run_path({str(Path(child.__file__))!r})
ns['stand_in_for_packages']()
import foodsafe_portal.lib.intake.reading
print(sorted(name for name in sys.modules if name.split('.')[0] in ('django', 'celery', 'openpyxl')))
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_long_sheet_read_in_pieces_is_the_same_as_its_rows(read: Any) -> None:
    lines = []
    for number in range(1, 10_001):
        fault = f'<c r="D{number}" t="e"><v>#N/A</v></c>' if number % 3_000 == 0 else ""
        lines.append(
            f'<row r="{number}">{odd.cell(f"B{number}", "东区" if number % 2 else f"店{number}")}'
            f'<c r="C{number}" s="1"><v>{46_000 + number % 50}</v></c>{fault}</row>'
        )
    inner = f'<sheetData>{"".join(lines)}<row r="10003"><c r="A10003"><f>1</f></c></row></sheetData>'
    sheet = read(odd.xlsx(inner)).sheets[0]
    first = dt.date(2025, 12, 9)
    expected: list[tuple[Any, ...]] = [
        (
            None,
            "东区" if number % 2 else f"店{number}",
            first + dt.timedelta(days=number % 50),
            ErrorCell("#N/A") if number % 3_000 == 0 else None,
        )
        for number in range(1, 10_001)
    ]
    blank = (None, None, None, None)
    assert sheet.rows == [*expected, blank, blank, (ErrorCell("公式", formula=True), None, None, None)]


def test_a_long_text_that_grows_wider_keeps_its_columns(read: Any) -> None:
    content = "甲\n" * 5_000 + "乙,丙\n" + "丁\n" * 5_000
    sheet = read(content.encode()).sheets[0]
    assert sheet.rows == [("甲", None)] * 5_000 + [("乙", "丙")] + [("丁", None)] * 5_000
