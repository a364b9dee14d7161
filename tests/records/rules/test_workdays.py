"""Working days are counted as the State Council's notices of 2025 and 2026 say, and flagged beyond them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.rules.workdays import SkippedDay, WorkCalendar


def days_of(*spans: str) -> frozenset[date]:
    """``2025-10-01..08`` stands for each day of that span."""
    found: set[date] = set()
    for span in spans:
        first, _dots, last = span.partition("..")
        start = date.fromisoformat(first)
        length = int(last or start.day) - start.day
        found |= {start + timedelta(days=offset) for offset in range(length + 1)}
    return frozenset(found)


CALENDAR = WorkCalendar(
    holidays=days_of(
        "2025-01-01", "2025-01-28..31", "2025-02-01..04", "2025-04-04..06", "2025-05-01..05",
        "2025-05-31", "2025-06-01..02", "2025-10-01..08",
        "2026-01-01..03", "2026-02-15..23", "2026-04-04..06", "2026-05-01..05", "2026-06-19..21",
        "2026-09-25..27", "2026-10-01..07",
    ),
    makeup_days=days_of(
        "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11",
        "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
    ),
    published_years=frozenset({2025, 2026}),
)  # fmt: skip
days = st.dates(date(2024, 12, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("start", "count", "due", "provisional"),
    [
        pytest.param("2026-09-28", 10, "2026-10-16", False, id="National Day 2026 with its make-up Saturday"),
        pytest.param(
            "2025-09-26", 10, "2025-10-16", False, id="National Day 2025 with its make-up Sunday and Saturday"
        ),
        pytest.param(
            "2025-01-24", 2, "2025-01-27", False, id="the make-up Sunday before Spring Festival counts"
        ),
        pytest.param("2025-01-27", 1, "2025-02-05", False, id="Spring Festival 2025 is jumped"),
        pytest.param("2025-02-07", 1, "2025-02-08", False, id="a make-up Saturday is due like any day"),
        pytest.param(
            "2025-04-25", 7, "2025-05-08", False, id="Labour Day 2025 with the make-up Sunday before it"
        ),
        pytest.param("2025-05-30", 1, "2025-06-03", False, id="the Dragon Boat weekend 2025 with its Monday"),
        pytest.param("2025-12-29", 5, "2026-01-06", False, id="New Year 2026 with its make-up Sunday"),
        pytest.param(
            "2026-02-13", 3, "2026-02-25", False, id="Spring Festival 2026 after its make-up Saturday"
        ),
        pytest.param(
            "2026-02-27", 1, "2026-02-28", False, id="the make-up Saturday after Spring Festival 2026"
        ),
        pytest.param("2026-04-30", 4, "2026-05-09", False, id="Labour Day 2026 up to its make-up Saturday"),
        pytest.param("2026-06-18", 1, "2026-06-22", False, id="Dragon Boat 2026"),
        pytest.param("2026-09-19", 1, "2026-09-20", False, id="the make-up Sunday before Mid-Autumn 2026"),
        pytest.param(
            "2026-12-21", 8, "2026-12-31", False, id="a deadline that ends with the published year stands"
        ),
        pytest.param(
            "2026-12-21",
            9,
            "2027-01-01",
            True,
            id="one day into the unpublished year is provisional, New Year counted",
        ),
        pytest.param(
            "2026-11-30", 30, "2027-01-11", True, id="thirty working days from November cross into 2027"
        ),
        pytest.param("2027-09-30", 3, "2027-10-05", True, id="an unpublished year knows no National Day"),
        pytest.param("2024-12-31", 2, "2025-01-03", False, id="the start itself is outside the span"),
        pytest.param(
            "2026-10-02", 0, "2026-10-02", False, id="no days at all fall due at once, holiday or not"
        ),
        pytest.param("2027-03-01", 0, "2027-03-01", False, id="no days at all are never provisional"),
    ],
)
def test_working_days_lead_to_the_due_day(start, count, due, provisional):
    answer = CALENDAR.add_working_days(date.fromisoformat(start), count)
    assert (answer.due_on.isoformat(), answer.provisional) == (due, provisional)


def test_a_due_day_names_every_day_it_jumped():
    answer = CALENDAR.add_working_days(date(2026, 9, 30), 4)
    assert answer.due_on == date(2026, 10, 12)
    assert answer.skipped == (
        *(SkippedDay(date(2026, 10, day), "放假") for day in range(1, 8)),
        SkippedDay(date(2026, 10, 11), "周日"),
    )
    assert answer.as_document()["skipped"][-1] == {"day": "2026-10-11", "reason": "周日"}


def test_days_entered_for_an_unpublished_year_do_not_count_yet():
    draft = WorkCalendar(days_of("2027-10-01..07"), days_of("2027-10-09"), frozenset({2026}))
    assert draft.is_workday(date(2027, 10, 1))
    assert not draft.is_workday(date(2027, 10, 9))
    assert draft.working_days_between(date(2027, 9, 30), date(2027, 10, 10)) == 6


def test_calendar_days_count_every_day_and_never_move():
    answer = CALENDAR.add_calendar_days(date(2026, 12, 30), 3)
    assert (answer.due_on, answer.provisional, answer.skipped) == (date(2027, 1, 2), False, ())


@pytest.mark.parametrize("count", [-1, 3661, 10**9])
def test_a_count_of_days_that_cannot_be_meant_is_refused(count):
    for add in (CALENDAR.add_working_days, CALENDAR.add_calendar_days):
        with pytest.raises(ValueError, match="天数应在 0 到 3,660 之间"):
            add(date(2026, 1, 1), count)


@given(days, st.integers(0, 90))
def test_counting_there_and_measuring_back_agree(start, count):
    due = CALENDAR.add_working_days(start, count).due_on
    assert CALENDAR.working_days_between(start, due) == count
    assert CALENDAR.working_days_between(due, start) == -count
    assert due == start or CALENDAR.is_workday(due)


@given(days, st.integers(0, 400))
def test_the_quick_count_equals_the_slow_one(start, length):
    end = start + timedelta(days=length)
    assert CALENDAR.working_days_between(start, end) == len(
        CALENDAR.working_days(start + timedelta(days=1), end)
    )


@given(days, st.integers(0, 60))
def test_every_day_of_a_span_either_counts_or_is_named(start, count):
    answer = CALENDAR.add_working_days(start, count)
    assert (answer.due_on - start).days == count + len(answer.skipped)
