"""The ladder as a table: which rung stands on a day, and what has been late long enough for it."""

from __future__ import annotations

from datetime import date

import pytest

from inspections.rules.escalation import Edition, days_to_run, ladder_on, latest_due
from records.rules.workdays import WorkCalendar

CALENDAR = WorkCalendar(
    holidays=frozenset({date(2026, 10, 1), date(2026, 10, 2)}),
    makeup_days=frozenset(),
    published_years=frozenset({2026}),
)
DAY = date(2026, 11, 30)


def edition(
    key: int, step: str, since: str = "2026-01-01", *, grace: int = 1, active: bool = True
) -> Edition:
    return Edition(key, "problem", step, date.fromisoformat(since), grace, "handler", "", active)


@pytest.mark.parametrize(
    ("day", "grace", "due"),
    [
        pytest.param("2026-12-01", 1, "2026-11-30", id="one working day: what was due the day before"),
        pytest.param("2026-11-30", 1, "2026-11-29", id="on a Monday: what was due on the Sunday"),
        pytest.param("2026-11-30", 2, "2026-11-26", id="two working days over a weekend"),
        pytest.param("2026-10-05", 2, "2026-09-29", id="over a holiday"),
        pytest.param("2026-12-01", 0, "2026-11-30", id="never on the due day itself"),
    ],
)
def test_what_has_been_late_long_enough(day, grace, due):
    assert latest_due(date.fromisoformat(day), grace, CALENDAR) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("editions", "standing"),
    [
        pytest.param([edition(1, "letter"), edition(2, "remind")], [("remind", ""), ("letter", "remind")], id="in order"),
        pytest.param([edition(1, "remind", "2026-12-01")], [], id="a rule of tomorrow does not stand"),
        pytest.param([edition(1, "remind"), edition(2, "remind", "2026-11-30", active=False)], [], id="switched off today"),
        pytest.param(
            [edition(1, "remind"), edition(2, "letter", active=False), edition(3, "bulletin")],
            [("remind", ""), ("bulletin", "remind")],
            id="a rung that is off is passed over",
        ),
    ],
)  # fmt: skip
def test_the_rungs_of_a_day(editions, standing):
    assert [(rung.edition.step, rung.before) for rung in ladder_on(DAY, "problem", editions)] == standing


def test_the_latest_edition_holds():
    rungs = ladder_on(DAY, "problem", [edition(1, "remind"), edition(2, "remind", "2026-11-30", grace=9)])
    assert [rung.edition.grace for rung in rungs] == [9]


@pytest.mark.parametrize(
    ("ran", "days"),
    [
        pytest.param([], ["2026-11-30"], id="the first run is of its day alone"),
        pytest.param(["2026-11-27"], ["2026-11-28", "2026-11-29", "2026-11-30"], id="missed days come first"),
        pytest.param(
            ["2026-11-28", "2026-11-30"], ["2026-11-29", "2026-11-30"], id="a day is run again, harmlessly"
        ),
        pytest.param(
            ["2026-11-29", "2030-01-01"], ["2026-11-30"], id="a clock that was wrong hinders nothing"
        ),
    ],
)
def test_the_days_of_a_run(ran, days):
    assert days_to_run(DAY, map(date.fromisoformat, ran)) == [date.fromisoformat(day) for day in days]


def test_no_more_than_a_month_is_caught_up():
    assert len(days_to_run(DAY, [date(2026, 1, 1)])) == 32
