"""Due days follow the policy in force when a problem was found, and badges say how they stand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspections.rules.deadlines import DeadlinePolicyRow, NoDeadlinePolicy, deadline_badge, due_for
from records.rules.workdays import WorkCalendar


def october(*days: int) -> frozenset[date]:
    return frozenset(date(2026, 10, day) for day in days)


CALENDAR = WorkCalendar(october(*range(1, 8)), october(10), frozenset({2026}))
POLICIES = [
    DeadlinePolicyRow("general", date(2026, 1, 1), 15, "working"),
    DeadlinePolicyRow("serious", date(2026, 1, 1), 7, "calendar"),
    DeadlinePolicyRow("minor", date(2026, 1, 1), 0, "working"),
    DeadlinePolicyRow("general", date(2026, 9, 1), 10, "working"),
]
days = st.dates(date(2026, 1, 1), date(2027, 6, 30))


@pytest.mark.parametrize(
    ("severity", "found_on", "due_on", "provisional", "why"),
    [
        pytest.param(
            "general",
            date(2026, 9, 28),
            date(2026, 10, 16),
            False,
            "2026-09-28 发现，次日起 10 个工作日，2026-10-16 到期（其间放假 7 天）",
            id="ten working days across National Day",
        ),
        pytest.param(
            "general",
            date(2026, 8, 31),
            date(2026, 9, 21),
            False,
            "2026-08-31 发现，次日起 15 个工作日，2026-09-21 到期",
            id="the older policy holds for what was found a day before the newer one",
        ),
        pytest.param(
            "general",
            date(2026, 12, 28),
            date(2027, 1, 11),
            True,
            "2026-12-28 发现，次日起 10 个工作日，2027-01-11 到期；跨入未公布放假安排的年份，暂定",
            id="a span into an unpublished year is provisional",
        ),
        pytest.param(
            "serious",
            date(2026, 12, 28),
            date(2027, 1, 4),
            False,
            "2026-12-28 发现，次日起 7 天，2027-01-04 到期",
            id="calendar days need no calendar",
        ),
        pytest.param(
            "minor",
            date(2026, 10, 3),
            date(2026, 10, 3),
            False,
            "2026-10-03 发现，当场整改",
            id="on the spot is the same day, holiday or not",
        ),
    ],
)
def test_a_deadline_explains_itself(severity, found_on, due_on, provisional, why):
    deadline = due_for(severity, found_on, POLICIES, CALENDAR)
    assert (deadline.due_on, deadline.provisional, deadline.why) == (due_on, provisional, why)


@pytest.mark.parametrize(
    ("severity", "found_on"), [("general", date(2025, 12, 31)), ("unheard", date(2026, 9, 1))]
)
def test_a_problem_without_a_policy_is_refused_in_a_sentence(severity, found_on):
    with pytest.raises(NoDeadlinePolicy, match=f"没有适用于 {found_on} 的“{severity}”问题整改期限"):
        due_for(severity, found_on, POLICIES, CALENDAR)


@pytest.mark.parametrize(
    ("due_on", "today", "done_on", "tone", "words"),
    [
        pytest.param(
            date(2026, 10, 16), date(2026, 9, 28), None, "info", "还剩 10 个工作日", id="ten left is blue"
        ),
        pytest.param(
            date(2026, 10, 16), date(2026, 10, 12), None, "info", "还剩 4 个工作日", id="four left is blue"
        ),
        pytest.param(
            date(2026, 10, 16), date(2026, 10, 13), None, "warn", "还剩 3 个工作日", id="three left is amber"
        ),
        pytest.param(date(2026, 10, 16), date(2026, 10, 16), None, "warn", "今日到期", id="due today"),
        pytest.param(
            date(2026, 10, 16),
            date(2026, 10, 20),
            None,
            "bad",
            "逾期 2 个工作日",
            id="overdue over a weekend",
        ),
        pytest.param(
            date(2026, 10, 16), date(2026, 10, 18), None, "bad", "逾期 2 天", id="overdue within a weekend"
        ),
        pytest.param(
            date(2026, 10, 3), date(2026, 10, 1), None, "warn", "还剩 2 天", id="no working day left"
        ),
        pytest.param(
            date(2026, 10, 16),
            date(2026, 11, 1),
            date(2026, 10, 16),
            "ok",
            "按时 2026-10-16",
            id="done on the due day",
        ),
        pytest.param(
            date(2026, 10, 16), date(2026, 11, 1), date(2026, 10, 19), "warn", "超期 3 天", id="done late"
        ),
        pytest.param(
            date(2026, 10, 16),
            date(2026, 10, 15),
            date(2026, 10, 16),
            "warn",
            "还剩 1 个工作日",
            id="done only tomorrow",
        ),
    ],
)
def test_a_badge_says_how_a_deadline_stands(due_on, today, done_on, tone, words):
    badge = deadline_badge(due_on, today, done_on, CALENDAR)
    assert (badge.tone, badge.words) == (tone, words)


def test_a_provisional_day_carries_a_star_until_it_is_done():
    due, today = date(2027, 1, 11), date(2026, 12, 28)
    assert deadline_badge(due, today, None, CALENDAR, provisional=True).words == "还剩 10 个工作日*"
    assert deadline_badge(due, today, today, CALENDAR, provisional=True).words == "按时 2026-12-28"


def test_tasks_turn_amber_earlier():
    due, today = date(2026, 10, 16), date(2026, 9, 28)
    assert deadline_badge(due, today, None, CALENDAR, soon=10).tone == "warn"


@given(days, st.integers(-400, 400))
def test_a_badge_never_counts_zero(today, distance):
    badge = deadline_badge(today + timedelta(days=distance), today, None, CALENDAR)
    assert (badge.days > 0) == (badge.kind != "today")
