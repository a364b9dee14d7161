"""A measure is one entry: one added here is frozen, shown, listed, exported and scored like the others."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils.translation import gettext_lazy as _

from campaigns.measures import MEASURES, PROBLEMS, Five, Measure, Question, counted, register
from campaigns.measures.problems import PROBLEM_LISTING, fixes_owed
from campaigns.models import Campaign, Clause, WeeklyReport
from campaigns.readings import computed_reading
from campaigns.rules.thresholds import RedFrom
from campaigns.services.weeks import publish_week
from foodsafe_portal.lib.strips import words_of
from foodsafe_portal.lib.weeks import Week
from inspections.querysets import DutyQuerySet
from tests.campaigns.weekly import MONDAY, WEEK, count_on, get, make_city
from tests.factories import make_business, make_campaign, make_duty, make_problem

pytestmark = pytest.mark.django_db


def serious_fixes(question: Question) -> DutyQuerySet:
    return fixes_owed(question).filter(problem__severity="serious")


SERIOUS = Measure(
    code="serious",
    name="严重问题",
    words=words_of(
        {"expected": "应办", "done": "已办", "overdue_long": "逾期未办", "rate": "办结率", "undone": "未办"}
    ),
    unit=_("件"),
    rows=serious_fixes,
    natural_key="problem__code",
    red={"city": RedFrom(1, 1), "county": RedFrom(1, 1), "township": RedFrom(1, 1)},
    listing=PROBLEM_LISTING,
    none="没有严重问题。",
)


@pytest.fixture
def serious() -> Iterator[Measure]:
    yield register(SERIOUS)
    del MEASURES[SERIOUS.code]


def run(capsys: Any, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    try:
        call_command(*arguments, "--json")
    except SystemExit as ended:
        assert not ended.code, capsys.readouterr().out
    return json.loads(capsys.readouterr().out)


def test_a_measure_added_as_one_entry_is_frozen_shown_listed_and_exported(
    serious, login, time_machine, capsys, tmp_path
):
    time_machine.move_to(datetime(2026, 11, 16, 4, tzinfo=UTC), tick=False)
    campaign = make_city()
    for due_on in (date(2026, 11, 12), date(2026, 11, 30)):
        make_problem(region="990102001", severity="serious", due_on=due_on, description="餐具消毒不合格")
    clause = Clause.objects.get(no="1.2")
    clause.measure = {"measure": "serious", "value": "none_overdue"}
    clause.save()

    closed = run(capsys, "close_week", "--campaign", campaign.code, "--week", "2026-W46")
    figures = [
        f for f in closed["figures"] if f["measure"] == "serious" and f["code"] == "990102" and not f["grade"]
    ]
    assert [
        {part: f[part] for part in ("expected", "done", "on_time", "overdue", "excluded")} for f in figures
    ] == [{"expected": 2, "done": 0, "on_time": 0, "overdue": 1, "excluded": 0}]

    listed = run(
        capsys, "list_figure", "--report", str(closed["report"]), "--measure", "serious", "--code", "990102",
        "--part", "overdue",
    )  # fmt: skip
    assert listed["count"] == 1 and listed["rows"][0]["due_on"] == "2026-11-12"

    publish_week(report=WeeklyReport.objects.get(pk=closed["report"]), by=None)
    leader = login(role="leader", region="9901", username="leader")
    week = get(leader, f"/reports/{closed['report']}/")
    assert "严重问题" in week and "办结率" in week
    board = get(leader, "/dashboard/", measure="serious")
    assert "严重问题" in board and "件" in board
    page = get(leader, f"/figures/{closed['report']}/serious/county/990102/overdue/")
    assert "逾期 1 件" in page and "餐具消毒不合格" in page and count_on(page) == 1

    out = tmp_path / "rows.csv"
    question = f"report={closed['report']}&measure=serious&level=county&code=990102&part=overdue"
    told = run(capsys, "export", "figure_problems", str(out), "--user", "leader", "--filter", question)
    rows = list(csv.reader(io.StringIO(out.read_text("utf-8-sig"))))
    assert told["rows"] == 1 and any("餐具消毒不合格" in row for row in rows)

    answer = leader.get(f"/api/v1/reports/{closed['report']}/figures/", {"code": "990102"}).json()
    assert "serious" in {row["measure"] for row in answer["results"]}


def test_a_clause_may_be_bound_to_any_measure(serious):
    totals = {"serious": Five(9, 5, 5, 4, 0)}
    assert computed_reading({"measure": "serious", "value": "overdue"}, totals) == {"occurrences": 4}


def test_a_measure_without_a_word_for_a_part_is_refused():
    with pytest.raises(ValueError, match="no word for expected"):
        register(
            Measure(
                **{name: getattr(SERIOUS, name) for name in SERIOUS.__slots__} | {"words": {}, "code": "x"}
            )
        )
    with pytest.raises(ValueError, match="registered twice"):
        register(PROBLEMS)


# --- boundaries: one day either side -------------------------------------------------------------------


def asked(campaign: Campaign) -> Question:
    return Question(campaign, WEEK, MONDAY)


@pytest.mark.parametrize(
    ("due_on", "counted"),
    [
        pytest.param(date(2026, 11, 8), False, id="the Sunday before"),
        pytest.param(date(2026, 11, 9), True, id="the Monday"),
        pytest.param(date(2026, 11, 15), True, id="the Sunday"),
        pytest.param(date(2026, 11, 16), False, id="the Monday after"),
    ],
)
def test_due_this_week_is_from_monday_to_sunday(due_on, counted):
    problem = make_problem(due_on=due_on)
    found = MEASURES["problems_week"].rows(asked(make_campaign())).filter(problem=problem).exists()
    assert found is counted


@pytest.mark.parametrize(
    ("found_on", "counted"),
    [
        pytest.param(date(2025, 12, 31), False, id="the day before the campaign"),
        pytest.param(date(2026, 1, 1), True, id="its first day"),
        pytest.param(date(2026, 11, 15), True, id="the Sunday"),
        pytest.param(date(2026, 11, 16), False, id="the Monday after"),
    ],
)
def test_problems_count_from_the_campaigns_first_day_to_the_sunday(found_on, counted):
    problem = make_problem(found_on=found_on, due_on=date(2026, 12, 1))
    found = MEASURES["problems"].rows(asked(make_campaign())).filter(problem=problem).exists()
    assert found is counted


@pytest.mark.parametrize(
    ("due_on", "overdue"),
    [
        pytest.param(date(2026, 11, 15), 1, id="due on the Sunday is overdue when it ends"),
        pytest.param(date(2026, 11, 16), 0, id="due on the Monday is not"),
    ],
)
def test_overdue_is_counted_at_the_end_of_the_sunday(due_on, overdue):
    campaign = make_campaign()
    make_duty(make_business(), due_on=due_on)
    five = counted(MEASURES["visits"], asked(campaign))["990102001", "C"]
    assert (five.expected, five.overdue, five.open) == (1, overdue, 1 - overdue)


@pytest.mark.parametrize(
    ("delivered_on", "on_time", "late"),
    [
        pytest.param(date(2026, 11, 10), 1, 0, id="on the due day"),
        pytest.param(date(2026, 11, 11), 0, 1, id="a day after it"),
    ],
)
def test_on_time_is_up_to_the_due_day(delivered_on, on_time, late):
    campaign = make_campaign()
    made = {"fulfilled_on": delivered_on, "delivered_on": delivered_on}
    make_duty(make_business(), due_on=date(2026, 11, 10), **made)
    five = counted(MEASURES["visits"], asked(campaign))["990102001", "C"]
    assert (five.done, five.on_time, five.late) == (1, on_time, late)


@pytest.mark.parametrize(
    ("fulfilled_on", "done"),
    [
        pytest.param(date(2026, 11, 15), 1, id="on the Sunday"),
        pytest.param(date(2026, 11, 16), 0, id="on the Monday after"),
    ],
)
def test_done_is_up_to_the_sunday(fulfilled_on, done):
    campaign = make_campaign()
    make_duty(make_business(), fulfilled_on=fulfilled_on, delivered_on=fulfilled_on)
    assert counted(MEASURES["visits"], asked(campaign))["990102001", "C"].done == done


@pytest.mark.parametrize(
    ("excluded_on", "excluded"),
    [
        pytest.param(date(2026, 11, 15), 1, id="on the Sunday"),
        pytest.param(date(2026, 11, 16), 0, id="on the Monday after"),
    ],
)
def test_excluded_is_up_to_the_sunday(excluded_on, excluded):
    campaign = make_campaign()
    make_duty(make_business(), excluded_on=excluded_on, exclusion="suspended")
    five = counted(MEASURES["visits"], asked(campaign))["990102001", "C"]
    assert (five.expected, five.excluded) == (1 - excluded, excluded)


@pytest.mark.parametrize(
    ("week", "period", "counts"),
    [
        pytest.param("2026-W53", "2027Q1", True, id="2027-01-03 lies in the first quarter"),
        pytest.param("2026-W53", "2026Q4", False, id="and no longer in the fourth"),
        pytest.param("2026-W52", "2026Q4", True, id="2026-12-27 still lies in the fourth"),
        pytest.param("2026-W52", "2027Q1", False, id="and not yet in the first"),
    ],
)
def test_visits_are_those_of_the_period_that_contains_the_sunday(week, period, counts):
    campaign = make_campaign()
    make_duty(make_business(), period=period)
    question = Question(campaign, Week.parse(week), datetime(2027, 2, 1, tzinfo=UTC))
    assert MEASURES["visits"].rows(question).exists() is counts


@pytest.mark.parametrize(
    ("recorded_at", "counts"),
    [
        pytest.param(MONDAY, True, id="at the instant"),
        pytest.param(MONDAY + timedelta(microseconds=1), False, id="after it"),
    ],
)
def test_a_fact_counts_when_it_was_known_at_the_instant_of_closing(recorded_at, counts):
    campaign = make_campaign()
    make_duty(make_business(), recorded_at=recorded_at)
    assert MEASURES["visits"].rows(asked(campaign)).exists() is counts


@pytest.mark.parametrize(
    ("one", "other", "comparable"),
    [
        pytest.param("2026-W51", "2026-W52", True, id="both in the fourth quarter"),
        pytest.param("2026-W52", "2026-W53", False, id="the Sunday of week 53 lies in 2027"),
    ],
)
def test_visits_are_compared_within_a_quarter_only(one, other, comparable):
    assert MEASURES["visits"].comparable(Week.parse(one), Week.parse(other)) is comparable
