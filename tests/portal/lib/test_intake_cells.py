"""How cells become values: every usual spelling read, every doubtful one refused with a sentence."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodsafe_portal.lib.intake import cells, columns, dates
from foodsafe_portal.lib.intake.cells import CellProblem, Changed
from foodsafe_portal.lib.intake.model import ErrorCell

JAN_2 = dt.date(2026, 1, 2)
LABELS = {"A": "A级", "B": "B级"}
WORDS = cells.choice_words(LABELS, {"甲级": "A"})


def value(outcome: Any) -> Any:
    assert not isinstance(outcome, CellProblem), outcome
    return outcome.value if isinstance(outcome, Changed) else outcome


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-01-02", "2026/1/2", "2026.01.02", "2026.1.2", "20260102", 20260102.0, "2026年1月2日", "2026年01月02号",
        "2026-01-02 00:00:00", "2026-01-02 08:30", "2026-01-02T08:30:00", "2026年1月2日 9时30分", " 2026-1-2\u3000",
        "\uff12\uff10\uff12\uff16-01-02", "2026 - 1 - 2", JAN_2, dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 2, 9, 30),
        46024, 46024.0, 46024.4, "46024",
    ],
)  # fmt: skip
def test_a_date_is_read_in_the_spellings_people_use(spelling: Any) -> None:
    assert value(dates.date(spelling)) == JAN_2


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("01/02/2026", "ambiguous_date"), ("13.2.2026", "ambiguous_date"), ("2027-02-30", "no_such_day"),
        ("2027.13.1", "no_such_day"), ("20261301", "no_such_day"), ("27年", "incomplete_date"), ("10月", "incomplete_date"),
        ("2026年1月", "incomplete_date"), ("2026-1", "incomplete_date"), ("26-1-2", "incomplete_date"),
        ("明年", "not_a_date"), ("长期", "not_a_date"), (True, "not_a_date"), (dt.time(9), "not_a_date"), (0.5, "not_a_date"),
        (1e18, "not_a_date"), ("3026-01-02", "implausible_year"), ("1026-01-02", "implausible_year"),
        (dt.date(1900, 1, 1), "implausible_year"), ("2026-01-02\x00", "control_characters"), ("#N/A", "error_cell"),
        (ErrorCell("#REF!"), "error_cell"), (ErrorCell("公式", formula=True), "formula_without_value"),
    ],
)  # fmt: skip
def test_a_date_that_is_none_or_could_be_two_is_refused(spelling: Any, code: str) -> None:
    outcome = dates.date(spelling)
    assert isinstance(outcome, CellProblem)
    assert outcome.code == code
    assert outcome.sentence


def test_serial_numbers_follow_the_date_system_of_the_workbook() -> None:
    assert value(dates.date(44562, epoch_1904=True)) == JAN_2
    assert value(dates.date(60 + 18000)) == dt.date(1949, 6, 11)


def test_words_for_endless_are_blank_only_where_they_are_allowed() -> None:
    outcome = dates.date("长期", endless=frozenset({"长期"}))
    assert isinstance(outcome, Changed)
    assert outcome.value is None
    assert dates.date("2026-01-02", endless=frozenset({"长期"})) == JAN_2


@given(st.dates(dt.date(1949, 1, 1), dt.date(2100, 12, 31)))
def test_every_day_survives_every_unambiguous_spelling(day: dt.date) -> None:
    for spelling in (
        "{0.year}-{0.month}-{0.day}",
        "{0:%Y/%m/%d}",
        "{0.year}年{0.month}月{0.day}日",
        "{0:%Y%m%d}",
    ):
        assert value(dates.date(spelling.format(day))) == day


@pytest.mark.parametrize(
    ("typed", "expected", "changed"),
    [
        ("92990102MAW0M10087", "92990102MAW0M10087", False),
        ("92990102maw0m10087", "92990102MAW0M10087", True),
        ("\uff19\uff12 9901\u300002", "92990102", True),
        (" JY1 ", "JY1", False),
        ("'00123", "00123", True),
        (123456789012345.0, "123456789012345", False),
        ("苏小作坊〔2026〕1号", "苏小作坊〔2026〕1号", False),
        ("2308**********1234", "2308**********1234", False),
        ("/", None, True),
        ("", None, False),
        (None, None, False),
    ],
)
def test_codes_are_normalised_visibly(typed: Any, expected: str | None, changed: bool) -> None:
    outcome = cells.code(typed)
    assert value(outcome) == expected
    assert isinstance(outcome, Changed) is changed


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (9.29901e17, "digits_lost"), (1e15, "digits_lost"), ("9.29901E+17", "digits_lost"), ("9.29901e17", "digits_lost"),
        (float("nan"), "digits_lost"), (1.5, "not_a_code"), (JAN_2, "not_a_code"), ("A\x00B", "control_characters"),
        ("A\u202eB", "control_characters"), ("#N/A", "error_cell"), (ErrorCell("#N/A"), "error_cell"),
    ],
)  # fmt: skip
def test_a_code_that_lost_digits_or_holds_a_fault_is_never_a_value(typed: Any, code: str) -> None:
    outcome = cells.code(typed)
    assert isinstance(outcome, CellProblem)
    assert outcome.code == code


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("13800000000", "13800000000"), (13800000000.0, "13800000000"), ("138 0000 0000", "13800000000"),
        ("\uff11\uff13\uff18" + "0" * 8, "13800000000"), ("+86 13800000000", "13800000000"), ("138-0000-0000", "13800000000"),
        ("0454-1234567", "0454-1234567"), ("138****1234", "138****1234"), ("13800000000/13900000000", "13800000000,13900000000"),
    ],
)  # fmt: skip
def test_telephone_numbers_are_brought_to_one_spelling(typed: Any, expected: str) -> None:
    assert value(cells.phone(typed)) == expected


@pytest.mark.parametrize("typed", ["abc", "无电话", "不详", "--+"])
def test_what_is_no_telephone_number_is_refused(typed: str) -> None:
    assert isinstance(cells.phone(typed), CellProblem)


@pytest.mark.parametrize("name", ["𠮷野家", "e\u0301", "豈", "①号店", "A店", "葛\U000e0100", "张 三"])
def test_names_survive_byte_for_byte(name: str) -> None:
    assert cells.text(f"\u3000{name} ") == name


def test_line_breaks_leave_single_lines_visibly_and_stay_in_free_text() -> None:
    assert cells.text("南湖\n食品店") == Changed("南湖食品店", "去掉了格内的换行")
    assert value(cells.text("New\r\nShop")) == "New Shop"
    assert cells.text("一\n二", multiline=True) == "一\n二"


def test_a_text_longer_than_allowed_says_how_long_it_is() -> None:
    outcome = cells.text("字" * 11, max_length=10)
    assert isinstance(outcome, CellProblem)
    assert "11 个字" in outcome.sentence


@pytest.mark.parametrize(
    ("typed", "expected"),
    [(3.0, 3), ("3", 3), ("\uff13", 3), ("1,234", 1234), ("1.0", 1), (None, None), ("-", None)],
)
def test_whole_numbers(typed: Any, expected: int | None) -> None:
    assert value(cells.integer(typed)) == expected


@pytest.mark.parametrize("typed", ["3个", 1.5, "1e3", True, "12,34", float("inf")])
def test_what_is_no_whole_number_is_refused(typed: Any) -> None:
    assert isinstance(cells.integer(typed), CellProblem)


def test_decimals_are_exact_and_bounded() -> None:
    assert cells.decimal(0.1) == Decimal("0.1")
    assert cells.decimal(0.1 + 0.2) == Decimal("0.3")
    assert cells.decimal("79.90") == Decimal("79.90")
    assert isinstance(cells.decimal("79.9%"), CellProblem)
    assert isinstance(cells.decimal(101, least=0, most=100), CellProblem)


@pytest.mark.parametrize("typed", ["是", "有", "√", "Y", "yes", 1.0, True, " 是 ", "\uff39"])
def test_yes(typed: Any) -> None:
    assert value(cells.boolean(typed)) is True


@pytest.mark.parametrize("typed", ["否", "无", "×", "N", 0.0, False, "没有"])
def test_no(typed: Any) -> None:
    assert value(cells.boolean(typed)) is False


def test_neither_yes_nor_no_is_refused() -> None:
    assert isinstance(cells.boolean("也许"), CellProblem)


def test_a_choice_takes_labels_codes_and_synonyms_and_never_guesses() -> None:
    assert cells.choice("A级", WORDS, LABELS) == "A"
    assert value(cells.choice("\uff21 级", WORDS, LABELS)) == "A"
    assert value(cells.choice("甲级", WORDS, LABELS)) == "A"
    assert value(cells.choice("b", WORDS, LABELS)) == "B"
    refused = cells.choice("A级店", WORDS, LABELS)
    assert isinstance(refused, CellProblem)
    assert "A级、B级" in refused.sentence


def test_a_column_gives_the_same_as_its_cells_one_by_one() -> None:
    column = ["A1", None, "a1", 5.0, True, 1.0, ErrorCell("#N/A"), "", "9E17", JAN_2]
    parsed = columns.codes(column)
    singles = [cells.code(cell) for cell in column]
    assert parsed.values == [
        None if isinstance(s, CellProblem) else s.value if isinstance(s, Changed) else s for s in singles
    ]
    assert parsed.problems == [(i, s) for i, s in enumerate(singles) if isinstance(s, CellProblem)]
    assert parsed.changes == [(i, s.note) for i, s in enumerate(singles) if isinstance(s, Changed)]


ODD_TEXT = st.text(st.sampled_from("AB12aE.+-/ \u3000\n\x00\x1f\ufeff#甲𠮷\u0301\uff21"), max_size=6)


@given(st.lists(st.none() | ODD_TEXT, max_size=8))
def test_the_sweep_over_a_clean_column_never_differs_from_the_careful_way(column: list[str | None]) -> None:
    for fast, careful in (
        (columns.texts, cells.text),
        (columns.codes, cells.code),
        (columns.phones, cells.phone),
    ):
        assert fast(column) == columns.parse(column, careful)


def test_column_functions_cover_every_type() -> None:
    assert columns.dates(["2026-01-02", "x"]).values == [JAN_2, None]
    assert columns.integers(["1", "x"], least=0).problems[0][0] == 1
    assert columns.decimals(["1.5"]).values == [Decimal("1.5")]
    assert columns.booleans(["是", "否"]).values == [True, False]
    assert columns.choices(["A级", "甲级"], LABELS, {"甲级": "A"}).values == ["A", "A"]
    assert columns.texts(["长" * 5], max_length=4).problems[0][1].code == "too_long"
    assert columns.dates(["长期"], endless=["长期"]).problems == []


def test_what_is_shown_of_a_cell_is_what_excel_shows() -> None:
    assert [cells.shown(cell) for cell in (None, 5.0, 1.5, JAN_2, ErrorCell("#N/A"), True, "x" * 300)] == [
        "", "5", "1.5", "2026-01-02", "#N/A", "TRUE", "x" * 200,
    ]  # fmt: skip
