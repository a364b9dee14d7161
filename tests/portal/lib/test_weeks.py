"""Weeks and periods cover the calendar without gaps and refuse nonsense in Chinese."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodsafe_portal.lib.periods import Period
from foodsafe_portal.lib.weeks import SHANGHAI, Week

days = st.dates(date(2000, 1, 3), date(2100, 12, 31))
kinds = st.sampled_from(["month", "quarter", "half", "year"])


@pytest.mark.parametrize(
    ("text", "monday", "label"),
    [
        pytest.param(
            "2026-W46", date(2026, 11, 9), "2026 年第 46 周（11-09 至 11-15）", id="a week inside a year"
        ),
        pytest.param(
            "2026-W53", date(2026, 12, 28), "2026 年第 53 周（2026-12-28 至 2027-01-03）", id="a 53rd week"
        ),
        pytest.param(
            "2025-W01",
            date(2024, 12, 30),
            "2025 年第 1 周（2024-12-30 至 2025-01-05）",
            id="a week begun last year",
        ),
    ],
)
def test_a_week_is_read_and_named(text, monday, label):
    week = Week.parse(text)
    assert (str(week), week.monday, week.sunday, week.label_zh) == (
        text,
        monday,
        monday + timedelta(days=6),
        label,
    )


@pytest.mark.parametrize("text", ["", "2026W46", "2026-W4", "2026-46", "2026-W46 ", "２０２６-W46"])
def test_a_text_that_is_no_week_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"不是周次，应写成 2026-W46"):
        Week.parse(text)


@pytest.mark.parametrize("text", ["2025-W53", "2026-W00", "2026-W54", "0000-W01"])
def test_a_week_its_year_does_not_have_is_refused(text):
    with pytest.raises(ValueError, match=r"年没有第 \d+ 周"):
        Week.parse(text)


def test_a_week_ends_at_sunday_midnight_in_shanghai():
    week = Week.parse("2026-W46")
    assert week.as_of == datetime(2026, 11, 15, 16, tzinfo=UTC)
    assert week.as_of.tzinfo is SHANGHAI
    assert not week.has_ended(datetime(2026, 11, 15, 15, 59, 59, tzinfo=UTC))
    assert week.has_ended(datetime(2026, 11, 15, 16, tzinfo=UTC))


@given(days)
def test_every_day_lies_in_one_week_between_its_neighbours(day):
    week = Week.of(day)
    assert day in week
    assert day not in week.next()
    assert week.previous() < week < week.next()
    assert week.next().monday - week.sunday == timedelta(days=1)
    assert week.next().previous() == week == Week.parse(str(week))


@pytest.mark.parametrize(
    ("code", "start", "end", "label"),
    [
        pytest.param("2026-11", date(2026, 11, 1), date(2026, 11, 30), "2026 年 11 月", id="a month"),
        pytest.param("2028-02", date(2028, 2, 1), date(2028, 2, 29), "2028 年 2 月", id="a leap February"),
        pytest.param("2026Q4", date(2026, 10, 1), date(2026, 12, 31), "2026 年第四季度", id="a quarter"),
        pytest.param(
            "2026Q1", date(2026, 1, 1), date(2026, 3, 31), "2026 年第一季度", id="the first quarter"
        ),
        pytest.param("2026H2", date(2026, 7, 1), date(2026, 12, 31), "2026 年下半年", id="a half-year"),
        pytest.param(
            "2026H1", date(2026, 1, 1), date(2026, 6, 30), "2026 年上半年", id="the first half-year"
        ),
        pytest.param("2026", date(2026, 1, 1), date(2026, 12, 31), "2026 年", id="a year"),
    ],
)
def test_a_period_is_read_and_named(code, start, end, label):
    period = Period.parse(code)
    assert (period.code, str(period), period.start, period.end, period.label_zh) == (
        code,
        code,
        start,
        end,
        label,
    )


@pytest.mark.parametrize("code", ["", "2026-1", "2026Q5", "2026H3", "2026-W46", "26Q1", "2026q4"])
def test_a_text_that_is_no_period_is_refused_with_examples(code):
    with pytest.raises(ValueError, match="不是周期，应写成"):
        Period.parse(code)


@pytest.mark.parametrize("code", ["2026-00", "2026-13", "0000"])
def test_a_period_its_year_does_not_have_is_refused(code):
    with pytest.raises(ValueError, match="年没有第"):
        Period.parse(code)


def test_an_unknown_kind_of_period_is_refused():
    with pytest.raises(ValueError, match="没有“week”这种周期"):
        Period.containing(date(2026, 1, 1), "week")


@given(days, kinds)
def test_every_day_lies_in_one_period_of_each_kind(day, kind):
    period = Period.containing(day, kind)
    assert day in period
    assert day not in period.next()
    assert period.next().previous() == period == Period.parse(period.code)
    assert period.previous().end + timedelta(days=1) == period.start
