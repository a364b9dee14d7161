"""The calendar of 2025 and 2026 is there after migrating, and ``manage.py due_date`` counts by it."""

from __future__ import annotations

import json
from datetime import date

import pytest
from django.core.management import call_command

from records.models import WorkdayOverride, WorkYear
from records.services.calendar import current_calendar

pytestmark = pytest.mark.django_db


def run(capsys, *arguments):
    code = 0
    try:
        call_command("due_date", *arguments)
    except SystemExit as left:
        code = left.code
    return code, capsys.readouterr().out


@pytest.mark.both_databases
def test_the_example_of_the_contract(capsys):
    code, out = run(capsys, "--from", "2026-09-28", "--working-days", "10", "--json")
    answer = json.loads(out)
    assert (code, answer["due_on"], answer["provisional"]) == (0, "2026-10-16", False)
    assert [skip["day"] for skip in answer["skipped"]] == [
        *(f"2026-10-0{day}" for day in range(1, 8)),
        "2026-10-11",
    ]


def test_a_span_into_an_unpublished_year_is_provisional(capsys):
    _code, out = run(capsys, "--from", "2026-12-28", "--working-days", "10", "--json")
    answer = json.loads(out)
    assert (answer["due_on"], answer["provisional"]) == ("2027-01-11", True)


def test_publishing_a_year_changes_the_next_reading_of_the_calendar(django_assert_num_queries):
    year, _created = WorkYear.objects.update_or_create(year=2027, defaults={"published": False})
    WorkdayOverride.objects.create(day=date(2027, 1, 1), year=year, kind="holiday")
    assert current_calendar().add_working_days(date(2026, 12, 30), 2).due_on == date(2027, 1, 1)
    WorkYear.objects.filter(year=2027).update(published=True)
    with django_assert_num_queries(2):
        calendar = current_calendar()
    due = calendar.add_working_days(date(2026, 12, 30), 2)
    assert (due.due_on, due.provisional) == (date(2027, 1, 4), False)


def test_without_json_the_answer_reads_as_lines(capsys):
    _code, out = run(capsys, "--from", "2026-12-31", "--working-days", "2")
    assert out.splitlines() == [
        "到期日 2027-01-04（暂定：跨入未公布放假安排的年份）",
        "  2027-01-02 周六",
        "  2027-01-03 周日",
    ]


@pytest.mark.parametrize(
    ("start", "days", "reason"),
    [
        pytest.param("2026-02-30", "10", "“2026-02-30”不是日期，应写成 2026-09-28", id="no such day"),
        pytest.param("2026-09-28", "ten", "“ten”不是天数，应写成 10", id="no number"),
        pytest.param("2026-09-28", "-1", "天数应在 0 到 3,660 之间，填的是 -1", id="a negative number"),
        pytest.param("2026-09-28", "99999", "天数应在 0 到 3,660 之间，填的是 99,999", id="too many"),
        pytest.param("9999-12-30", "10", "到期日超出日历范围", id="beyond the last year"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(capsys, start, days, reason):
    code, out = run(capsys, f"--from={start}", f"--working-days={days}", "--json")
    assert (code, json.loads(out)) == (2, {"reason": reason})
