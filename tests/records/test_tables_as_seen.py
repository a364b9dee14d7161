"""A ledger is read as a person sees it in Excel: percentages, lines through rows, sections, second headers, hidden columns."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest
from django.core.files.base import ContentFile
from openpyxl.styles import Font

from records.ledgers import batches, kind_of
from tests.factories.ledgers import (
    business_row,
    counts,
    found,
    licence,
    make_county,
    make_liaison,
    send,
    uscc,
    workbook,
)

pytestmark = pytest.mark.django_db
KEYS = (
    "name",
    "licence_no",
    "credit_code",
    "business_type",
    "premises_address",
    "county",
    "township",
    "status",
)


@pytest.fixture
def liaison():
    make_county()
    return make_liaison()


def rows(count=3):
    return [
        business_row(name=f"测试{n}店", licence_no=licence(n), credit_code=uscc(n))
        for n in range(1, count + 1)
    ]


def changed(content, edit):
    """The workbook after ``edit(sheet)``."""
    book = openpyxl.load_workbook(BytesIO(content.read()))
    edit(book.active)
    out = BytesIO()
    book.save(out)
    return ContentFile(out.getvalue(), name="台账.xlsx")


def notes(batch):
    return batch.choices["notes"]


def test_a_row_with_a_line_through_it_is_imported_and_mentioned(liaison):
    def strike(sheet):
        for cell in sheet[4]:
            cell.font = Font(strike=True)

    batch = send(liaison, "businesses", changed(workbook("businesses", rows()), strike))
    assert counts(batch)["created"] == 3
    assert found(batch, "note") == [(4, "", "struck_through")]


def test_a_hidden_column_is_read_and_named(liaison):
    def hide(sheet):
        sheet.column_dimensions["B"].hidden = True

    batch = send(liaison, "businesses", changed(workbook("businesses", rows(), keys=KEYS), hide))
    assert notes(batch) == ["有 1 个隐藏的列也一并检查和导入：“许可证号”"]


def test_section_lines_and_rows_of_prefilled_choices_are_skipped(liaison):
    first, second, _third = rows()
    prefilled = dict.fromkeys(first) | {
        "county": first["county"], "township": first["township"], "status": "正常",
    }  # fmt: skip
    section = {"name": "（一）餐饮服务"}

    def merge(sheet):
        sheet.merge_cells(start_row=3, end_row=3, start_column=1, end_column=len(KEYS))

    file = workbook("businesses", [section, first, second, prefilled], keys=KEYS)
    batch = send(liaison, "businesses", changed(file, merge))
    assert (counts(batch)["created"], found(batch, "error")) == (2, [])
    assert found(batch, "note") == [(3, "", "row_skipped"), (6, "", "row_skipped")]


@pytest.mark.parametrize(
    "reordered", [False, True], ids=["the same order goes on", "another order is refused"]
)
def test_a_second_header_further_down_is_read_as_one(liaison, reordered):
    first, second = rows(2)
    keys = list(KEYS)
    if reordered:
        keys[0], keys[4] = keys[4], keys[0]
    columns = kind_of("businesses").column_of
    below = [[columns[key].header for key in keys], [second.get(key) for key in keys]]
    batch = send(liaison, "businesses", workbook("businesses", [first], keys=KEYS, below=below))
    refused = [(row, code) for row, _column, code in found(batch, "error") if code == "other_header"]
    assert refused == ([(5, "other_header")] if reordered else [])
    assert counts(batch)["created"] == (1 if reordered else 2)


def test_a_protected_text_of_a_text_file_is_its_content(liaison):
    row = business_row(name="测试店", licence_no=licence(1), credit_code=uscc(1))
    columns = {"name": "企业名称", "licence_no": "许可证号", "credit_code": "统一社会信用代码", "business_type": "主体业态",
               "premises_address": "经营场所", "county": "县(市、区)", "township": "乡镇(街道)"}  # fmt: skip
    cells = [f'"=""{row[key]}"""' if key in ("licence_no", "credit_code") else row[key] for key in columns]
    text = ",".join(columns.values()) + "\n" + ",".join(cells) + "\n"
    batch = send(liaison, "businesses", ContentFile(text.encode(), name="台账.csv"))
    assert found(batch, "error", "warning") == []
    stored = batch.rows.get().values
    assert (stored["licence_no"], stored["credit_code"]) == (row["licence_no"], row["credit_code"])


def test_texts_that_differ_in_their_signs_are_one_text(liaison):
    one = business_row(
        name="甲（一）店", licence_no=licence(1), credit_code=uscc(1), premises_address="人民路1号，东门"
    )
    other = one | {"name": "甲(一)店", "premises_address": "人民路1号,东门"}
    batch = send(liaison, "businesses", [one, other])
    assert (counts(batch)["created"], found(batch, "note", "error")) == (1, [(4, "", "duplicate_merged")])


@pytest.mark.parametrize(
    ("missing", "refused"),
    [
        ({"licence_no": None}, True),
        ({"licence_no": None, "credit_code": None}, True),
        ({"licence_no": None, "credit_code": uscc(2)}, False),
        ({"licence_no": None, "premises_address": "人民路9号"}, False),
    ],
    ids=["no licence", "no number at all", "another code", "another place"],
)
def test_one_shop_in_two_rows_is_named_and_not_doubled(liaison, missing, refused):
    one = business_row(name="甲店", licence_no=licence(1), credit_code=uscc(1))
    batch = send(liaison, "businesses", [one, one | missing])
    codes = [(row, code) for row, _column, code in found(batch, "error")]
    assert codes == ([(3, "same_target"), (4, "same_target")] if refused else [])


def test_a_percentage_is_quoted_as_excel_shows_it(liaison):
    def share(sheet):
        sheet["B3"].value, sheet["B3"].number_format = 0.985, "0.0%"

    file = changed(workbook("businesses", rows(1), keys=KEYS), share)
    batch = send(liaison, "businesses", file)
    assert "98.5%" in str([issue["message"] + issue["value"] for issue in batches.document(batch)["issues"]])
