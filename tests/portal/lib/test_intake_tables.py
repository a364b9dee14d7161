"""Which rows and columns of a sheet are the ledger, and what is said when that is not clear."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import pytest

from foodsafe_portal.lib.intake.model import Cell, MergedRange, SheetData, WorkbookData
from foodsafe_portal.lib.intake.tables import Table, TableSearch, find_table
from foodsafe_portal.lib.intake.words import EXAMPLE_MARK, RESULT_HEADER
from foodsafe_portal.lib.ledger import Column, header_vocabulary, normalise_header

COLUMNS = (
    Column("seq", "序号", "int"),
    Column("name", "企业名称", required=True, aliases=("主体名称", "单位名称")),
    Column("credit_code", "统一社会信用代码", "code", aliases=("信用代码",)),
    Column("county", "县(市、区)", "region", required=True, aliases=("所属区县",)),
    Column("legal_person", "法定代表人(负责人)", aliases=("负责人",)),
)
VOCABULARY = header_vocabulary(COLUMNS)
HEADER = ("序号", "企业名称", "信用代码", "所属区县")


def sheet(
    rows: Sequence[Sequence[Cell]],
    name: str = "台账",
    merged: Sequence[MergedRange] = (),
    hidden: bool = False,
) -> SheetData:
    columns = [list(column) for column in zip_longest(*rows)]
    return SheetData(name=name, columns=columns, height=len(rows), merged=tuple(merged), hidden=hidden)


def search(*sheets: SheetData, **options: object) -> TableSearch:
    return find_table(
        WorkbookData(sheets=sheets, kind="xlsx"), VOCABULARY, required=("name", "county"), **options
    )  # type: ignore[arg-type]


def table(rows: Sequence[Sequence[Cell]], merged: Sequence[MergedRange] = (), **options: object) -> Table:
    found = search(sheet(rows, merged=merged), **options).table
    assert found is not None
    return found


def test_the_header_is_found_under_merged_titles_and_notes() -> None:
    found = table(
        [("南湖区台账",), ("填报单位:南湖区食安办",), HEADER, (1, "甲", "9A", "南湖区")],
        merged=[(1, 0, 1, 3)],
    )
    assert found.header_row == 3
    assert found.mapping == {0: "seq", 1: "name", 2: "credit_code", 3: "county"}
    assert found.row_numbers == (4,)
    assert found.column("name") == ["甲"]
    assert found.column("legal_person") == [None]
    assert found.header_of["county"] == "所属区县"


@pytest.mark.parametrize(
    "header",
    [
        "县(市、区)",
        "县\uff08市、区\uff09",
        " 县 (市、区)*",
        "*县(市、区)(必填)",
        "县\n(市、区)",
        "县〔市、区〕",
        "县【市、区】\uff1a",
        "县\u3000(市、区)\uff08必填\uff09",
    ],
)
def test_a_header_is_recognised_however_it_is_spelled(header: str) -> None:
    assert VOCABULARY[normalise_header(header)] == "county"


def test_unknown_missing_and_doubled_columns_are_named() -> None:
    found = table([("主体名称", "单位名称", "备注", None, "信用代码"), ("甲", "乙", "丙", "丁", "9A")])
    assert found.unrecognised == ("备注", "（第 D 列没有列名）")
    assert found.missing == ("county",)
    assert found.doubled == {"name": ("主体名称（A 列）", "单位名称（B 列）")}
    assert found.mapping == {4: "credit_code"}


def test_the_proper_header_wins_over_an_alias_that_claims_the_same() -> None:
    found = table([("企业名称", "单位名称", "所属区县"), ("甲", "乙", "东区")])
    assert found.column("name") == ["甲"]
    assert found.doubled["name"] == ("企业名称（A 列）", "单位名称（B 列）")


def test_a_persons_mapping_beats_the_vocabulary() -> None:
    rows = [("店名", "单位名称", "哪个区"), ("甲", "乙", "东区")]
    found = table(rows, mapping={"店名": "name", "单位名称": "", "哪个区": "county"})
    assert found.mapping == {0: "name", 2: "county"}
    assert found.unrecognised == ()


def test_totals_notes_examples_repeated_headers_and_bare_numbers_are_skipped_and_listed() -> None:
    found = table(
        [
            HEADER,
            (EXAMPLE_MARK, "示例店", "9A", "东区"),
            (1, "甲", "9A", "东区"),
            (None, None, None, None),
            HEADER,
            (2, "乙", "9B", "东区"),
            ("合计", "2 家", None, None),
            (None, "小 计", None, None),
            (3, None, None, None),
            ("注:本表一式两份", None, None, None),
            (None, "填表人:张三", None, None),
        ]
    )
    assert found.row_numbers == (3, 6)
    assert [number for number, _ in found.skipped] == [2, 5, 7, 8, 9, 10, 11]
    assert dict(found.skipped)[2] == "模板的示例行，不导入"
    assert dict(found.skipped)[9] == "只有序号，没有内容"


def test_a_thin_row_that_is_no_note_stays_data_so_that_its_fault_is_seen() -> None:
    assert table([HEADER, (None, "只有名称", None, None), (None, None, None, "东区")]).row_numbers == (2, 3)


def test_a_business_whose_name_begins_like_a_total_is_data() -> None:
    assert table(
        [HEADER, (1, "合计账务公司食堂", "9A", "东区"), (2, "说明书餐厅", "9B", "东区")]
    ).row_numbers == (2, 3)


def test_cells_are_filled_from_their_merge_and_from_nothing_else() -> None:
    rows = [
        HEADER,
        (1, "甲", "9A", "东区"),
        (2, "乙", "9B", None),
        (3, "丙", "9C", None),
        (4, "丁", "9D", None),
    ]
    assert table(rows, merged=[(2, 3, 4, 3)]).column("county") == ["东区", "东区", "东区", None]


def test_a_header_of_two_lines_is_read_from_both() -> None:
    rows = [
        ("企业名称", "基本情况", None, None),
        (None, "信用代码", "所属区县", "备注"),
        ("甲", "9A", "东区", "丙"),
    ]
    found = table(rows, merged=[(1, 0, 2, 0), (1, 1, 1, 3)])
    assert (found.header_row, found.row_numbers) == (2, (3,))
    assert found.mapping == {0: "name", 1: "credit_code", 2: "county"}


def test_overlapping_merges_cannot_keep_the_portal_busy() -> None:
    rows = [HEADER, *[(n, "甲", "9A", "东区") for n in range(2_000)]]
    assert len(table(rows, merged=[(2, 0, 1_048_576, 16_383)] * 5_000).row_numbers) == 2_000


def test_the_result_column_of_a_marked_workbook_is_ignored() -> None:
    found = table([(*HEADER, RESULT_HEADER), (1, "甲", "9A", "东区", "错误"), (None, None, None, None, "x")])
    assert found.unrecognised == ()
    assert found.row_numbers == (2,)


def test_several_sheets_that_would_do_are_asked_about() -> None:
    rows = [HEADER, (1, "甲", "9A", "东区")]
    found = search(sheet(rows, "一"), sheet(rows, "二"), sheet([("说明",)], "三"))
    assert found.table is None
    assert (found.code, found.candidates) == ("which_sheet", ("一", "二"))
    assert "“一”、“二”" in found.sentence
    chosen = search(sheet(rows, "一"), sheet(rows, "二"), sheet="二").table
    assert chosen is not None and chosen.sheet.name == "二"


def test_an_empty_copy_of_the_template_beside_the_ledger_is_no_candidate() -> None:
    found = search(sheet([HEADER], "空表"), sheet([HEADER, (1, "甲", "9A", "东区")], "台账"))
    assert found.table is not None and found.table.sheet.name == "台账"


@pytest.mark.parametrize(
    ("sheets", "code", "words"),
    [
        ([], "no_sheet", "没有可以导入的工作表"),
        ([sheet([HEADER], hidden=True)], "no_sheet", "隐藏"),
        ([sheet([])], "empty", "没有任何内容"),
        ([sheet([("a", "b"), ("c", "d")])], "no_header", "没有找到表头"),
        ([sheet([HEADER])], "no_rows", "没有数据行"),
    ],
    ids=["no sheet", "only hidden sheets", "an empty sheet", "no header", "a header without rows"],
)
def test_a_workbook_without_a_ledger_is_refused_with_its_reason(
    sheets: list[SheetData], code: str, words: str
) -> None:
    found = search(*sheets)
    assert found.table is None
    assert found.code == code
    assert words in found.sentence


def test_an_unknown_header_is_offered_for_mapping() -> None:
    guess = search(sheet([("标题", None, None), ("甲列", "乙列", "丙列"), ("1", "2", "3")])).guess
    assert guess is not None
    assert (guess.header_row, guess.unrecognised) == (2, ("甲列", "乙列", "丙列"))


def test_a_header_beats_an_alias_and_two_columns_cannot_share_one() -> None:
    assert header_vocabulary([Column("a", "甲"), Column("b", "乙", aliases=("甲",))]) == {
        "甲": "a",
        "乙": "b",
    }
    with pytest.raises(ValueError, match="share the header"):
        header_vocabulary([Column("a", "甲"), Column("b", " 甲*")])
    with pytest.raises(ValueError, match="share the alias"):
        header_vocabulary([Column("a", "甲", aliases=("丙",)), Column("b", "乙", aliases=("丙",))])


@pytest.mark.parametrize(
    "line",
    [
        ("填表人：周倩", "审核人：李敏", "联系电话：13900000001", "2026年11月20日"),
        ("填表人", "周倩", "日期", "2026年11月20日"),
        (None, "单位负责人(签字)：", None, "2026年11月20日"),
    ],
    ids=["labels with names", "labels beside names", "a signature to be given"],
)
def test_a_line_of_signatures_under_the_rows_is_left_out(line: tuple[Cell, ...]) -> None:
    found = table([HEADER, (1, "甲", "9A", "南湖区"), ("合计", 1), line])
    assert (found.row_numbers, found.skipped) == ((2,), ((3, "合计行，不导入"), (4, "注释或签字行，不导入")))


def test_a_row_with_a_business_that_is_called_like_a_label_is_kept() -> None:
    found = table([HEADER, (1, "联系电话", "9A", "南湖区"), (2, "日期食品店", "9B", "南湖区")])
    assert found.row_numbers == (2, 3)
