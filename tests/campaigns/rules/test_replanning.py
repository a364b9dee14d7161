"""Plans counted backwards: every date named, nothing into the past, circles named, one critical chain."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.rules.due_rules import Countback, DueRule, RuleUnclear, read_rule, working_days_until
from campaigns.rules.replanning import PlannedPhase, PlannedTask, circles, critical_chain, replan
from records.rules.workdays import WorkCalendar

CALENDAR = WorkCalendar(
    holidays=frozenset({date(2026, 10, day) for day in range(1, 8)}),
    makeup_days=frozenset({date(2026, 9, 27), date(2026, 10, 10)}),
    published_years=frozenset({2026}),
)
TODAY = date(2026, 9, 1)
REVIEW = date(2026, 12, 18)


def task(number, due, rule="固定", starts=date(2026, 9, 1), **more):
    return PlannedTask(number, f"任务{number}", starts, due, read_rule(rule), **more)


@pytest.mark.parametrize(
    ("said", "rule", "written"),
    [
        ("T-45", DueRule("review", 45), "T-45"),
        (" T－45个工作日", DueRule("review", 45), "T-45"),
        ("迎检日-3", DueRule("review", 3), "T-3"),
        ("T", DueRule("review"), "T"),
        ("阶段末-5", DueRule("phase", 5), "阶段末-5"),
        ("固定", DueRule(), "固定"),
        ("", DueRule(), "固定"),
    ],
)
def test_a_rule_is_read_as_people_write_it_and_written_so_that_it_is_read_again(said, rule, written):
    assert read_rule(said) == rule
    assert str(rule) == written
    assert read_rule(written) == rule


@pytest.mark.parametrize("said", ["T+3", "45", "T-99999", "下周"])
def test_words_that_are_no_rule_are_quoted(said):
    with pytest.raises(RuleUnclear, match="不是期限规则"):
        read_rule(said)


def test_working_days_are_counted_back_over_holidays_and_make_up_days():
    count = Countback(date(2026, 10, 12), CALENDAR)
    assert [count.before(days) for days in (0, 1, 2, 3, 4)] == [
        date(2026, 10, 12),
        date(2026, 10, 10),
        date(2026, 10, 9),
        date(2026, 10, 8),
        date(2026, 9, 30),
    ]


def test_the_offset_of_a_day_counts_back_to_that_day():
    for day in (date(2026, 9, 30), date(2026, 10, 10), date(2026, 12, 1)):
        days = working_days_until(day, REVIEW, CALENDAR)
        assert Countback(REVIEW, CALENDAR).before(days) == day


def test_moving_the_review_day_names_every_date_that_moves_and_leaves_fixed_and_finished_ones():
    tasks = [
        task(1, date(2026, 11, 20), "T-20", lasts=5, starts=date(2026, 11, 13)),
        task(2, date(2026, 11, 20)),
        task(3, date(2026, 8, 20), "T-30", done=True),
        task(4, date(2026, 12, 10), "阶段末-1", phase=1),
    ]
    phases = [PlannedPhase(1, "推进", date(2026, 9, 1), date(2026, 12, 11), None, 5)]
    found = replan(phases, tasks, review_on=date(2026, 12, 25), today=TODAY, calendar=CALENDAR)
    assert [(one.number, one.what, one.was, one.to, one.rule) for one in found.moves] == [
        (None, "ends_on", date(2026, 12, 11), date(2026, 12, 18), "T-5"),
        (1, "starts_on", date(2026, 11, 13), date(2026, 11, 20), "工期 5 个工作日"),
        (1, "due_on", date(2026, 11, 20), date(2026, 11, 27), "T-20"),
        (4, "due_on", date(2026, 12, 10), date(2026, 12, 17), "阶段末-1"),
    ]
    assert found.conflicts == ()


def test_nothing_moves_into_the_past_and_what_is_late_stays_late():
    tasks = [
        task(1, date(2026, 9, 10), "T-60"),
        task(2, date(2026, 8, 20), "T-70", starts=date(2026, 8, 1)),
    ]
    found = replan([], tasks, review_on=date(2026, 10, 12), today=TODAY, calendar=CALENDAR)
    assert [(one.number, one.to) for one in found.moves] == [(1, TODAY)]
    assert [(one.code, one.number) for one in found.conflicts] == [("past", 1)]
    assert "已经过去，改为 2026-09-01" in found.conflicts[0].said


def test_conflicts_are_named_and_only_a_circle_blocks():
    tasks = [
        task(1, date(2026, 12, 10), before=(2,)),
        task(2, date(2026, 12, 20), before=(3,)),
        task(3, date(2026, 12, 1), before=(2,)),
    ]
    found = replan([], tasks, review_on=REVIEW, today=TODAY, calendar=CALENDAR)
    assert [(one.code, one.number, one.blocks) for one in found.conflicts] == [
        ("circle", 2, True),
        ("order", 1, False),
        ("after_review", 2, False),
        ("order", 3, False),
    ]
    assert "2 → 3 → 2" in found.conflicts[0].said


def test_an_unpublished_calendar_is_said_and_marks_the_dates():
    found = replan(
        [], [task(1, date(2026, 12, 1), "T-3")], review_on=date(2027, 1, 5), today=TODAY, calendar=CALENDAR
    )
    assert found.provisional == {1}
    assert [one.code for one in found.conflicts] == ["unpublished"]
    assert "2027 年的放假安排尚未公布" in found.conflicts[0].said


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({1: [], 2: [1], 3: [2]}, []),
        ({1: [3], 2: [1], 3: [2]}, [(1, 3, 2, 1)]),
        ({1: [2], 2: [1], 3: [4], 4: [3], 5: [4]}, [(1, 2, 1), (3, 4, 3)]),
        ({1: [9]}, []),
    ],
    ids=["a chain", "a ring of three", "two rings and one who waits for a ring", "an unknown number"],
)
def test_every_circle_of_predecessors_is_told_once(before, expected):
    assert circles(before) == expected


def test_the_critical_chain_is_the_one_with_most_working_days():
    tasks = [
        task(1, date(2026, 9, 30)),
        task(2, date(2026, 11, 30), starts=date(2026, 10, 8), before=(1,)),
        task(3, date(2026, 10, 15), starts=date(2026, 10, 8), before=(1,)),
        task(4, date(2026, 12, 18), starts=date(2026, 12, 1), before=(2, 3)),
        task(5, date(2027, 6, 1)),
    ]
    assert critical_chain(tasks, CALENDAR) == (1, 2, 4)
