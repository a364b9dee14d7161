"""Exports that the database writes: cell for cell what Python would have written, whatever the cells hold."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from accounts.models import Region
from entities.ledgers.businesses import BusinessesKind
from entities.models import Business
from foodsafe_portal.lib.workbooks import stream, told
from foodsafe_portal.lib.workbooks.stream import OutColumn, OutSheet, write_xlsx
from foodsafe_portal.lib.workbooks.told import ToldRows
from records.ledgers import kind_of
from tests.factories import make_business, make_region

pytestmark = pytest.mark.django_db

HEADERS = [OutColumn(column.header, 14, column.is_text_in_excel) for column in BusinessesKind.columns]
ODD = (
    "", " 前有空格", "后有空格 ", "\u3000全角空格", "反斜杠\\", "\\N", "\\.", "制表\t符", "换\n行", "回\r车", "退格\b换页\f竖\v",
    "标记\x1b\x1c\x1d\x1e\x1f", "\x1e", "\x1d45000\x1c", "\x1f", "\\\x1f", "控制\x01\x7f", "<b>&amp;\"'", "_x0041_", "=1+1",
    "𠮷野家", "e\u0301", "\ufffe\uffff", "王·李", "长" * 60,
)  # fmt: skip


def sheets(rows: Any) -> list[list[list[Any]]]:
    """What a reader finds in the workbook made of these rows, sheet by sheet."""
    buffer = io.BytesIO()
    write_xlsx(buffer, sheets=[OutSheet("经营主体", HEADERS, rows)])
    buffer.seek(0)
    book = CalamineWorkbook.from_filelike(buffer)
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def both(rows: ToldRows) -> tuple[list[list[list[Any]]], list[list[list[Any]]]]:
    """The workbook by the database's hand and the one by Python's."""
    assert rows.can_pour
    return sheets(rows), sheets(list(rows))


@pytest.fixture
def places() -> None:
    make_region("990102", "南湖区")
    make_region("990102001", "湖滨街道")
    make_region("990102001001", "一&二社区")


def register() -> ToldRows:
    return kind_of(BusinessesKind.key).export_rows(Business.objects.order_by("pk"))  # type: ignore[return-value]


def test_every_odd_text_is_the_same_by_both_hands(places: None) -> None:
    Region.objects.filter(code="990102001").update(name="湖\\滨<街>道")
    for number, text in enumerate(ODD):
        make_business(
            f"第{number}家{text}",
            region=("990102001", "990102001001", "990102")[number % 3],
            supervision_office=text[:50],
            safety_director=text,
            contact_phone=text[:30],
            licence_valid_to=(None, date(1850, 1, 1), date(1900, 2, 28), date(1900, 3, 1), date(2030, 1, 1))[number % 5],
            high_risk=number % 2 == 0,
            business_type=("catering", "unnamed")[number % 2],
        )  # fmt: skip
    database, python = both(register())
    assert database == python
    assert [row[0] for row in database[0][1:]] == list(range(1, len(ODD) + 1))
    assert {row[11] for row in database[0][1:]} == {"湖\\滨<街>道", ""}, (
        "a county's own business has no township"
    )


def test_plain_rows_are_written_many_at_a_time_and_odd_ones_one_by_one(
    places: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful: list[int] = []
    row = told._Pouring._row

    def counted(self: Any, number: int, line: bytes) -> bytes:
        careful.append(number)
        return row(self, number, line)

    monkeypatch.setattr(told._Pouring, "_row", counted)
    monkeypatch.setattr(told, "ROWS_AT_ONCE", 2)
    for name in ("甲店", "乙店", "丙店", "丁\\店", "戊店"):
        make_business(name)
    database, python = both(register())
    assert database == python
    assert careful == [3, 4], "only the pair with the odd name takes the careful way"


def test_a_sheet_that_is_full_goes_on_in_the_next(places: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ROWS_PER_SHEET", 2)
    for name in ("甲店", "乙店", "丙店", "丁店", "戊店"):
        make_business(name)
    database, python = both(register())
    assert database == python
    assert [len(sheet) for sheet in database] == [3, 3, 2]


def test_no_rows_give_a_sheet_with_its_header(places: None) -> None:
    database, python = both(register())
    assert database == python and len(database[0]) == 1


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    texts=st.lists(
        st.text(
            st.one_of(
                st.sampled_from("\\\x1b\x1c\x1d\x1e\x1f\n\t\r <>&_x\u3000"),
                st.characters(codec="utf-8", exclude_characters="\x00"),
            ),
            max_size=12,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_text_is_the_same_by_both_hands(places: None, texts: list[str]) -> None:
    Business.objects.all().delete()
    for number, text in enumerate(texts):
        make_business(f"{number}", supervision_office=text, contact_phone=text)
    database, python = both(register())
    assert database == python
