"""Assessments side by side: where our own score is optimistic; lost points become problems and tasks, and the forecast follows."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from campaigns.models import Assessment, Campaign, LostPoint, Remedy, Rulebook, TaskItem
from campaigns.reports.matrix import Matrix, matrix_asked, shown_rows
from campaigns.rules.numbers import printed
from campaigns.rules.scoring import parse_rulebook, score, with_regained
from campaigns.rules.typed import Typed
from campaigns.services.assessments import hand_in, open_assessment, save_entry
from campaigns.services.remedies import RemedyRefused, note_lost, remedy_by_problems, remedy_by_task
from campaigns.services.rulebooks import draft_rulebook, pin_rulebook, publish_rulebook, record_reading
from campaigns.services.weeks import close_week, publish_week
from foodsafe_portal.lib.weeks import Week
from inspections.models import DeadlinePolicy, Problem
from tests.factories import make_campaign, make_region, make_unit, make_user

WEEK = Week.parse("2026-W46")
TODAY = date(2026, 11, 17)
DOCUMENT: dict[str, Any] = {
    "clauses": [
        {
            "no": "1", "title": "组织", "kind": "basic", "points": "10", "children": [
                {"no": "1.1", "title": "机构", "kind": "key", "points": "4", "method": "judgement", "lead_unit": "市教育局"},
                {"no": "1.2", "title": "经费", "points": "6", "method": "per_occurrence", "params": {"each": "0.25"}},
            ],
        },
        {"no": "2", "title": "宣传", "kind": "basic", "points": "5", "method": "proportional", "params": {"target": "3"}},
        {"no": "3", "title": "创新", "kind": "bonus", "method": "bonus", "params": {"each": "1", "cap": "2"}},
    ],
    "pass": {"no_veto": True, "min_total": "14", "key_min_rate": "0.60"},
}  # fmt: skip


# --- the engine's forecast, without a database ----------------------------------------------------------


def test_points_that_come_back_are_added_exactly_and_never_above_the_clause() -> None:
    tree = parse_rulebook(DOCUMENT)
    readings = {
        "1.1": {"deducted": "2", "reason": "x"},
        "1.2": {"occurrences": 3},
        "2": {"value": "1"},
        "3": {"occurrences": 0},
    }
    now = score(tree, readings)
    then = with_regained(now, {"1.1": Fraction(1, 2), "1.2": Fraction(99), "2": Fraction(1, 3)})
    assert now.total_low == Fraction(2) + Fraction(21, 4) + Fraction(5, 3)
    assert then.total_low == Fraction(5, 2) + 6 + 2
    assert (now.result, then.result) == ("fail", "fail")
    assert [printed(one.lost) for one in then.clauses] == ["1.50", "0.00", "3.00", "0.00"]
    passed = with_regained(now, {"1.1": Fraction(2), "1.2": Fraction(2), "2": Fraction(4)})
    assert (passed.result, printed(passed.total_low)) == ("pass", "15.00")


def test_what_is_not_assessed_or_not_applicable_brings_nothing_back() -> None:
    tree = parse_rulebook(DOCUMENT)
    now = score(tree, {"1.1": {"not_applicable": True}})
    assert with_regained(now, {"1.1": Fraction(1), "1.2": Fraction(1)}) == now


# --- with a city ------------------------------------------------------------------------------------------


@pytest.fixture
def campaign(db: None) -> Campaign:
    DeadlinePolicy.objects.get_or_create(
        severity="minor", effective_from=date(2020, 1, 1), defaults={"days": 15, "source": "测试"}
    )
    make_region("990102", "南湖区"), make_region("990103", "河东区")
    make_unit("市教育局", region="9901", is_member=True)
    return make_campaign()


@pytest.fixture
def office(campaign: Campaign) -> User:
    return make_user("office", role="campaign_office", region="9901")


def fill(one: Assessment, by: User, cells: dict[str, Typed]) -> Assessment:
    for no, typed in cells.items():
        save_entry(assessment=one, clause=one.rulebook.clauses.get(no=no), typed=typed, seen="0.0", by=by)
    return hand_in(assessment=one, by=by, incomplete=True)


@pytest.fixture
def city(campaign: Campaign, office: User) -> dict[str, Any]:
    """Our own week, a mock and a provincial assessment of it."""
    draft = draft_rulebook(code="t", title="细则", edition="1", document=DOCUMENT, source="测试", by=office)
    book: Rulebook = publish_rulebook(rulebook=draft, by=office)
    pin_rulebook(campaign=campaign, rulebook=book, by=office)
    own = {"1.1": {"deducted": "0.5", "reason": "少"}, "1.2": {"occurrences": 2}, "2": {"value": "3"}}
    for no, value in own.items():
        record_reading(
            campaign=campaign,
            clause=book.clauses.get(no=no),
            value=value,
            on=WEEK.sunday,
            source="reported",
            by=office,
        )
    campaign.refresh_from_db()
    publish_week(report=close_week(campaign=campaign, week=WEEK), by=office)
    opened = {"campaign": campaign, "held_on": date(2026, 11, 9), "by": office}
    mock = open_assessment(kind="mock", title="模拟测评", **opened)
    fill(
        mock, office, {"1.1": Typed("1", "班子未调整"), "1.2": Typed("2", "两处"), "2": Typed("2", "少一场")}
    )
    opened["held_on"] = date(2026, 11, 12)
    province = open_assessment(kind="provincial", title="省级初评", **opened)
    fill(province, office, {"1.1": Typed("1.5", "部门不到会"), "1.2": Typed("1", "一处")})
    return {"book": book, "mock": mock, "province": province}


def matrix(user: User, query: str = "") -> Matrix:
    found = matrix_asked(user, QueryDict(query), TODAY)
    assert found is not None
    return found


def test_the_comparison_says_where_we_are_optimistic_and_counts_only_what_both_assessed(
    city: dict, office: User
) -> None:
    found = matrix(office)
    assert [one.label for one in found.columns] == ["自评", "模拟测评", "省级初评"]
    assert [printed(one.result.total_low) for one in found.columns] == ["14.00", "11.83", "8.25"]
    gaps = {row.clause.no: [gap.points for gap in row.gaps] for row in found.rows}
    assert gaps == {
        "1": [Decimal("0.50"), Decimal("0.75")],
        "1.1": [Decimal("0.50"), Decimal("1.00")],
        "1.2": [Decimal("0.00"), Decimal("-0.25")],
        "2": [Decimal("1.67"), None],
        "3": [None, None],
    }
    assert [gap.points for gap in found.total.gaps] == [Decimal("2.17"), Decimal("0.75")]
    assert [row.clause.no for row in found.red] == ["1.1", "2"]
    assert [(one.unit, one.clauses, one.exact) for one in found.units] == [
        ("未指定牵头单位", 1, Fraction(5, 3)),
        ("市教育局", 1, Fraction(1)),
    ]
    assert [(one.clause.no, one.difference, one.note) for one in found.changes] == [
        ("1.1", Decimal("-0.50"), "部门不到会"),
        ("1.2", Decimal("0.25"), "一处"),
    ]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["1", "1.1", "1.2", "2", "3"]),
        ("show=high", ["1", "1.1", "2"]),
        ("show=low", ["1", "1.2"]),
        ("show=open", ["2", "3"]),
        ("show=key", ["1", "1.1"]),
        ("chapter=1&q=经费", ["1", "1.2"]),
        ("unit=市教育局", ["1", "1.1"]),
        ("sort=gap", ["2", "1.1", "1.2", "3"]),
        ("sort=points&show=none", ["1.2", "2", "1.1"]),
    ],
)
def test_the_rows_that_an_address_asks_for(city: dict, office: User, query: str, numbers: list[str]) -> None:
    assert [row.clause.no for row in shown_rows(matrix(office), QueryDict(query))] == numbers


def test_a_lost_point_becomes_a_task_a_problem_and_a_fan_out_and_the_forecast_is_exact(
    city: dict, campaign: Campaign, office: User, login: Any
) -> None:
    client, address = login(office), reverse("lost-remedy")
    number = {clause.no: clause.pk for clause in city["book"].clauses.all()}
    assert client.get(address, {"clause": number["1.1"], "assessment": city["mock"].pk}).status_code == 200
    task = {"kind": "task", "words": "调整班子", "regained": "1", "severity": "minor", "due_on": "2026-12-10"}
    where = {"clause": number["1.1"], "assessment": city["mock"].pk}
    refused = client.post(address, where | task | {"due_on": ""})
    assert (
        refused.status_code == 422
        and "完成期限" in refused.content.decode()
        and "调整班子" in refused.content.decode()
    )
    assert client.post(address, where | task).status_code == 302
    one = TaskItem.objects.get()
    assert (one.lead_unit.name, one.due_on, one.remedies.get().lost.assessment) == (
        "市教育局",
        date(2026, 12, 10),
        city["mock"],
    )
    fan = {
        "kind": "counties",
        "words": "经费未单列",
        "regained": "0.25",
        "severity": "minor",
        "counties": ["990102", "990103"],
    }
    assert (
        client.post(address, fan | {"clause": number["1.2"], "assessment": city["province"].pk}).status_code
        == 302
    )
    problems = list(Problem.objects.order_by("region_id"))
    assert [(p.region_id, p.kind, p.source, bool(p.group)) for p in problems] == [
        ("990102", "common", "province", True),
        ("990103", "common", "province", True),
    ]
    assert Remedy.objects.filter(problem__isnull=False).count() == 2
    found = matrix(office)
    rows = {row.clause.no: row for row in found.rows}
    assert [work.label for work in rows["1.1"].in_hand] == ["任务 1"]
    assert len(rows["1.2"].in_hand) == 2 and [row.clause.no for row in found.nobody] == ["2"]
    # Our own: 1.1 lost 0.5 of which 0.5 can come back (1 was noted), 1.2 lost 0.5 of which 0.25 comes back.
    assert [
        (printed(c.forecast.now.total_low), printed(c.forecast.then.total_low))
        for c in found.columns
        if c.forecast
    ] == [
        ("14.00", "14.75"),
        ("11.83", "13.08"),
        ("8.25", "9.50"),
    ]
    TaskItem.objects.filter(pk=one.pk).update(state="done", done_on=TODAY)
    after = matrix(office)
    assert {row.clause.no: [work.label for work in row.done] for row in after.rows if row.done} == {
        "1.1": ["任务 1"]
    }
    own = after.columns[0].forecast
    assert own is not None and printed(own.then.total_low) == "14.25", (
        "what is done is in our own score or is not"
    )
    page = client.get(reverse("clause-list"), {"no": "1.2"}).content.decode()
    assert problems[0].code in page and "14.00 → 14.25" in page


def test_what_cannot_become_a_remedy_is_refused_in_words(
    city: dict, campaign: Campaign, office: User
) -> None:
    clause = city["book"].clauses.get(no="1.2")
    with pytest.raises(RemedyRefused, match="没有失分"):
        note_lost(campaign=campaign, clause=clause, assessment=None, points=Decimal(0), why="", by=office)
    with pytest.raises(RemedyRefused, match="可追回 2 分不对"):
        note_lost(
            campaign=campaign,
            clause=clause,
            assessment=None,
            points=Decimal(1),
            regained=Decimal(2),
            why="",
            by=office,
        )
    lost = note_lost(campaign=campaign, clause=clause, assessment=None, points=Decimal(1), why="", by=office)
    with pytest.raises(RemedyRefused, match="没有牵头单位"):
        remedy_by_task(lost=lost, title="x", starts_on=TODAY, due_on=TODAY, by=office)
    with pytest.raises(RemedyRefused, match="请写问题描述"):
        remedy_by_problems(lost=lost, description=" ", found_on=TODAY, by=office)


def test_all_optimistic_clauses_become_problems_at_once_and_only_once(
    city: dict, office: User, login: Any
) -> None:
    client = login(office)
    for _time in range(2):
        client.post(reverse("lost-remedies"))
    assert sorted(LostPoint.objects.values_list("clause__no", "points")) == [
        ("1.1", Decimal("1.500")),
        ("2", Decimal("1.667")),
    ]
    assert Problem.objects.count() == 2


def test_the_page_stays_within_fifteen_queries_and_the_file_holds_its_rows(
    city: dict, office: User, login: Any
) -> None:
    client = login(office)
    client.get(reverse("assessment-matrix"))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("assessment-matrix"))
    asked = [one["sql"] for one in queries if "campaigns_" in one["sql"] or "inspections_" in one["sql"]]
    assert page.status_code == 200 and len(asked) <= 15, "\n".join(asked)
    file = client.get(reverse("matrix-export"), {"format": "csv", "show": "high"})
    lines = list(csv.reader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert [line[0] for line in lines[1:]] == ["1.1", "2"]


def test_each_lost_clause_has_one_way_to_a_remedy_and_it_opens(city: dict, office: User, login: Any) -> None:
    client = login(office)
    page = client.get(reverse("assessment-matrix")).content.decode()
    ways = [html.unescape(way) for way in re.findall(r'href="([^"]*/assessments/lost/[^"]*)"', page)]
    number = {clause.no: clause.pk for clause in city["book"].clauses.all()}
    asked = [
        (f"clause={number[no]}", f"assessment={of}")
        for no, of in (("1.1", city["province"].pk), ("1.2", city["province"].pk), ("2", city["mock"].pk))
    ]
    assert [tuple(way.partition("?")[2].split("&")) for way in ways] == asked
    assert [
        client.get(way).status_code for way in [*ways, ways[1].partition("&")[0] + "&assessment=own"]
    ] == [200] * 4


def test_an_assessor_has_no_door_to_the_comparison_and_a_county_sees_no_other_countys(
    city: dict, campaign: Campaign, office: User, login: Any
) -> None:
    outsider = make_user(role="assessor", region="9901")
    assert login(outsider).get(reverse("assessment-matrix")).status_code == 403
    assert login(outsider).get(reverse("assessment-detail", args=[city["mock"].pk])).status_code == 404
    county = make_user(role="county_liaison", region="990102")
    assert login(county).get(reverse("assessment-matrix")).status_code == 200
    assert login(county).get(reverse("lost-remedy")).status_code == 403
