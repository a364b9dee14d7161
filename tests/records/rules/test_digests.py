"""When messages may leave the house, as a table, and how long a failed one waits."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from records.rules.digests import Hours, digest_is_due, may_send, wait_after
from records.rules.workdays import WorkCalendar

CALENDAR = WorkCalendar(
    holidays=frozenset({date(2026, 10, 1)}),
    makeup_days=frozenset({date(2026, 10, 10)}),
    published_years=frozenset({2026}),
)
HOURS = Hours(digest_at=time(8, 30), quiet_from=time(20), quiet_to=time(8))


@pytest.mark.parametrize(
    ("moment", "sends", "due"),
    [
        pytest.param(datetime(2026, 11, 30, 7, 59), False, False, id="a minute before the quiet hours end"),
        pytest.param(datetime(2026, 11, 30, 8, 0), True, False, id="when they end, before the digest's hour"),
        pytest.param(datetime(2026, 11, 30, 8, 30), True, True, id="at the digest's hour"),
        pytest.param(datetime(2026, 11, 30, 19, 59), True, True, id="late, but before the quiet hours"),
        pytest.param(datetime(2026, 11, 30, 20, 0), False, False, id="when the quiet hours begin"),
        pytest.param(datetime(2026, 10, 1, 9, 0), False, False, id="on a holiday that is a Thursday"),
        pytest.param(datetime(2026, 10, 10, 9, 0), True, True, id="on a Saturday that is worked"),
        pytest.param(datetime(2026, 11, 29, 9, 0), False, False, id="on a Sunday"),
    ],
)
def test_messages_keep_to_the_hours_and_to_working_days(moment, sends, due):
    assert (may_send(moment, HOURS, CALENDAR), digest_is_due(moment, HOURS, CALENDAR)) == (sends, due)


def test_equal_ends_mean_no_quiet_hours():
    assert not Hours(time(8), time(0), time(0)).quiet(time(3))


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (500, 60)])
def test_the_wait_doubles_up_to_an_hour(attempts, minutes):
    assert wait_after(attempts) == timedelta(minutes=minutes)
