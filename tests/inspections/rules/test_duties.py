"""Visits fall due inside their period, the same day whenever asked, spread evenly."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodsafe_portal.lib.periods import Period
from inspections.rules.duties import day_for, due_in_period, staggered_days
from records.rules.workdays import WorkCalendar

HOLIDAYS = frozenset(date(2026, 10, day) for day in range(1, 8))
CALENDAR = WorkCalendar(HOLIDAYS, frozenset({date(2026, 10, 10)}), frozenset({2026}))
QUARTER = Period.parse("2026Q4")


def test_a_duty_due_at_the_end_of_its_period_is_due_on_the_last_day():
    assert due_in_period(QUARTER, "period_end", "any", CALENDAR) == date(2026, 12, 31)


def test_staggered_duties_spread_evenly_after_the_margin():
    days = staggered_days(QUARTER, CALENDAR)
    due = Counter(day_for(f"JY1990102{n:07d}", days) for n in range(8000))
    working = CALENDAR.working_days(QUARTER.start, QUARTER.end)
    assert sorted(due) == working[len(working) // 3 :]
    fair = 8000 / len(due)
    assert all(0.75 * fair < count < 1.25 * fair for count in due.values())


def test_the_day_of_a_business_is_fixed_for_good():
    assert due_in_period(QUARTER, "staggered", "JY19901020400016", CALENDAR) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("lead_days", "first"),
    [
        pytest.param(0, date(2026, 10, 8), id="no margin begins on the first working day"),
        pytest.param(
            3, date(2026, 10, 12), id="three working days of margin, the make-up Saturday among them"
        ),
        pytest.param(
            500, date(2026, 12, 31), id="a margin longer than the period leaves its last working day"
        ),
    ],
)
def test_the_margin_counts_working_days(lead_days, first):
    assert staggered_days(QUARTER, CALENDAR, lead_days=lead_days)[0] == first


def test_a_negative_margin_is_refused():
    with pytest.raises(ValueError, match="提前量不能是负数"):
        due_in_period(QUARTER, "staggered", "any", CALENDAR, lead_days=-1)


@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.sampled_from(["month", "quarter", "half", "year"]),
    st.text(),
)
def test_a_staggered_day_is_a_working_day_of_its_period(day, kind, key):
    period = Period.containing(day, kind)
    due = due_in_period(period, "staggered", key, CALENDAR)
    assert due in period
    assert CALENDAR.is_workday(due)
