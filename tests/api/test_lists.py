"""Lists: every row once, no query more for more rows, filters that mean what they say, numbers that equal their lists."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.rules.rights import Role
from campaigns.models import WeeklyFigure
from tests.api.conftest import client_of
from tests.factories import make_assignment, make_business, make_duty, make_officer, make_problem, make_unit


def fill(count: int) -> None:
    for _ in range(count):
        officer = make_officer()
        business = make_business()
        make_assignment(officer, business)
        make_duty(business, officer=officer)
        make_problem(business=business, unit=make_unit(region="990102"))


@pytest.mark.parametrize("path", ["regions", "units", "businesses", "officers", "duties", "problems"])
def test_a_list_of_three_costs_the_queries_of_a_list_of_one(api, path):
    client = api(role="campaign_office", region="9901")
    counts = []
    for more in (1, 2):
        fill(more)
        client.get(f"/api/v1/{path}/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/api/v1/{path}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_walking_the_pages_meets_each_row_once_in_both_directions(api):
    client = api(role="campaign_office", region="9901")
    wanted = [make_business().pk for _ in range(7)][::-1]
    met, last, url = [], "", "/api/v1/businesses/?page_size=3"
    while url:
        page = client.get(url).json()
        met += [one["id"] for one in page["results"]]
        last, url = url, page["next"]
        if len(met) == 6:
            make_business()  # written meanwhile: moves nothing that was shown
    assert met == wanted
    back = client.get(client.get(last).json()["previous"]).json()
    assert [one["id"] for one in back["results"]] == wanted[3:6]


@pytest.mark.parametrize(
    "query",
    ["cursor=nonsense", "cursor=cD14eXo=", "grade=Z", "region=abc", "officer=x", "high_risk=maybe&region=1"],
)
def test_a_filter_or_cursor_that_makes_no_sense_is_refused_with_its_name(api, query):
    answer = api(role="campaign_office", region="9901").get(f"/api/v1/businesses/?{query}")
    known = query.partition("=")[0] if not query.startswith("high_risk") else "region"
    assert answer.status_code == 400
    assert known in answer.json()["fields"]


def test_filters_keep_exactly_the_rows_they_name(api):
    client = api(role="campaign_office", region="9901")
    near = make_business("南湖面馆", region="990102001", responsibility_grade="B")
    make_business("南湖面包", region="990103001", responsibility_grade="B")
    ungraded = make_business("北山粮油", region="990102001", responsibility_grade="")

    def ids(query: str) -> list[int]:
        return [one["id"] for one in client.get(f"/api/v1/businesses/?{query}").json()["results"]]

    assert ids("region=990102&grade=B") == [near.pk]
    assert ids("grade=none") == [ungraded.pk]
    assert ids("q=面馆") == [near.pk]
    late = make_problem(due_on=date(2026, 11, 6))
    make_problem(due_on=date(2026, 12, 6))
    found = client.get("/api/v1/problems/?due_to=2026-11-30&part=open").json()["results"]
    assert [one["id"] for one in found] == [late.pk]


def test_lists_mask_telephone_numbers_and_only_editors_see_one_whole(api):
    business = make_business(contact_phone="13812345678", region="990102001")
    liaison, leader = api(role="county_liaison", region="990102"), api(role="leader", region="9901")
    listed = liaison.get("/api/v1/businesses/").json()["results"][0]["contact_phone"]
    opened = [
        one.get(f"/api/v1/businesses/{business.pk}/").json()["contact_phone"] for one in (liaison, leader)
    ]
    assert (listed, opened) == ("138****5678", ["13812345678", "138****5678"])


def walk(client, url: str) -> tuple[int, list[dict]]:
    rows, figure = [], None
    while url:
        page = client.get(url).json()
        rows, figure, url = rows + page["results"], page["figure"], page["next"]
    return figure, rows


def test_the_list_behind_a_figure_is_as_long_as_the_figure(house):
    client = client_of(house.people[Role.CAMPAIGN_OFFICE])
    report = house.own.report
    for figure in WeeklyFigure.objects.filter(report=report, grade="", measure__in=["visits", "problems"]):
        for part in ("expected", "done", "overdue", "excluded"):
            url = f"/api/v1/reports/{report.pk}/rows/?measure={figure.measure}&level={figure.level}&code={figure.region_id}&part={part}&page_size=1"
            number, rows = walk(client, url)
            assert (number, len(rows)) == (getattr(figure, part), getattr(figure, part))
    shown = client.get(f"/api/v1/reports/{report.pk}/figures/?measure=visits&level=city&grade=total").json()[
        "results"
    ]
    assert [(one["code"], one["expected"]) for one in shown] == [("9901", 2)]


def test_a_liaison_gets_only_the_figures_of_the_own_county(house):
    client = client_of(house.people[Role.COUNTY_LIAISON])
    page = client.get(f"/api/v1/reports/{house.own.report.pk}/figures/?page_size=500").json()
    assert {one["code"][:6] for one in page["results"]} == {"990102"}


def test_the_schema_is_valid_and_complete(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    assert (tmp_path / "schema.yml").stat().st_size > 50_000


def test_the_schema_describes_the_columns_of_every_kind_of_ledger(api):
    schema = api(role="leader", region="9901").get("/api/v1/schema/").json()
    upload = schema["paths"]["/api/v1/ledgers/"]["post"]
    assert "### businesses:" in upload["description"]
    assert "统一社会信用代码" in upload["description"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation.get("summary"), (method, path)
            assert {"403"} <= set(operation["responses"]), (method, path)
