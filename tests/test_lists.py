"""Every list: page, API and file give the same rows for the same address, and every column sorts without loss or doubles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from entities import services
from entities.lists import BUSINESSES, DUPLICATES, GRADE_CHANGES, OFFICERS, STATUS_CHANGES
from entities.models import Business, DuplicatePair
from foodsafe_portal.lib.lists import Listing, all_listings
from foodsafe_portal.lib.periods import Period
from inspections.lists import DUTIES, PROBLEMS, VISITS
from inspections.models import Visit
from tests.factories import (
    make_assignment,
    make_business,
    make_duty,
    make_officer,
    make_problem,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db

API = {
    "businesses": "businesses", "officers": "officers", "duties": "duties", "visits": "visits", "problems": "problems",
    "status_changes": "status-changes", "grade_changes": "grade-changes",
}  # fmt: skip
CASES = [
    (BUSINESSES, ["", "grade=B", "grade=none", "region=990102002", "risk=D", "high=1", "high_risk=true", "type=canteen",
                  "bound=none", "bound=yes", "waiting=1", "q=店 1", "risk_grade=D&grade=B", "duty=overdue"]),
    (OFFICERS, ["", "region=990102", "level=county", "bound=none", "post=left", "is_active=false", "q=干部 1"]),
    (STATUS_CHANGES, ["", "state=proposed", "state=approved", "region=990102002", "q=停业"]),
    (GRADE_CHANGES, ["", "state=rejected", "effective_from=2024-01-01"]),
    (DUTIES, ["", "part=done", "part=overdue", "part=excluded", "part=undone", "grade=B", "region=990102002", "q=店 1",
              "period=2020Q1", "due_to=2026-01-01"]),
    (VISITS, ["", "voided=yes", "voided=true", "found=yes", "found=no", "grade=B", "mode=on_site", "q=店 1",
              "visited_from=2026-11-10"]),
    (PROBLEMS, ["", "severity=major", "state=rectifying", "tab=overdue", "tab=today", "tab=all", "voided=yes", "stage=1",
                "region=990102002", "found_to=2026-11-05", "q=问题"]),
]  # fmt: skip
QUERIES = [pytest.param(one, query, id=f"{one.key}?{query}") for one, queries in CASES for query in queries]


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="accounts.backends.NameOrMobileBackend")
    return client


@pytest.fixture
def office() -> Any:
    """The office of a city with seven of everything, alike enough that columns have ties."""
    office = make_user(role="campaign_office", region="9901")
    proposer, now, today = (
        make_user(role="county_liaison", region="990102"),
        timezone.now(),
        timezone.localdate(),
    )
    period = Period.containing(today, "quarter").code
    before: Business | None = None
    for number in range(7):
        town = f"99010200{1 + number % 2}"
        business = make_business(
            f"店 {number}",
            region=town,
            responsibility_grade=("B", "C", "")[number % 3],
            risk_grade=("D", "A")[number % 2],
            high_risk=number == 3,
            business_type="canteen" if number == 4 else "catering",
        )
        officer = make_officer(f"干部 {number}", region=town, level=("county", "township")[number % 2])
        if number == 6:
            type(officer).objects.filter(pk=officer.pk).update(is_active=False)
        elif number % 3:
            make_assignment(officer, business)
        due = today - timedelta(days=3) if number % 2 else today + timedelta(days=3)
        done = {"fulfilled_on": today, "delivered_on": today} if number == 2 else {}
        excluded = {"excluded_on": today, "exclusion": "suspended"} if number == 5 else {}
        make_duty(
            business, officer=officer if number % 2 else None, period=period, due_on=due,
            arises_on=today - timedelta(days=20), **done, **excluded,
        )  # fmt: skip
        Visit.objects.create(
            business=business, region_id=town, officer_name=officer.name, visited_on=date(2026, 11, 8 + number % 3),
            recorded_at=now, problem_count=number % 2, grade=business.responsibility_grade,
            voided_at=now if number == 1 else None,
        )  # fmt: skip
        unit = make_unit(region="990102") if number % 2 else None
        make_problem(
            region=town, unit=unit, business=business if number % 3 else None, severity=("minor", "major")[number % 2],
            state="rectifying" if number % 2 else "to_sign", due_on=due, found_on=date(2026, 11, 3 + number % 3),
            voided_at=now if number == 6 else None,
        )  # fmt: skip
        services.propose_status_change(
            business=business, to_status="suspended", effective_on=date(2024, 10, 1 + number % 3), reason="停业", by=proposer
        )  # fmt: skip
        services.regrade_business(
            business=business, to_grade="D", effective_on=date(2024, 10, 1), reason="重新定级", by=proposer
        )  # fmt: skip
        if before is not None:
            DuplicatePair.objects.create(
                first=before, second=business, region_id=town, likeness=80 + number % 2, found_at=now
            )
        before = business
    return office


def key_of(line: Any) -> Any:
    """The primary key of what a line of a page shows."""
    if hasattr(line, "waiting"):
        return line.waiting.change.pk
    rows = [getattr(line, name, None) for name in ("duty", "visit", "problem", "officer", "pair")]
    return next((row.pk for row in rows if isinstance(row, Model)), None) or line.id


def walk(listing: Listing, user: Any, query: str) -> Iterator[Any]:
    """Every row of every page, from the first page on."""
    address: str | None = f"?{query}"
    while address:
        page = listing.page(user, QueryDict(urlsplit(address).query), timezone.localdate())
        yield from (key_of(line) for line in page.rows)
        address = page.page.next_url


def by_api(client: Client, listing: Listing, query: str) -> set[Any]:
    found, url = set(), f"/api/v1/{API[listing.key]}/?{query}"
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.content.decode()
        found |= {one["id"] for one in answer.json()["results"]}
        url = answer.json()["next"]
    return found


@pytest.mark.parametrize(("listing", "query"), QUERIES)
def test_page_api_and_file_hold_the_same_rows_for_one_address(office, listing, query, monkeypatch):
    listed = list(walk(listing, office, query))
    assert set(listed) == by_api(client_of(office), listing, query)
    handed: list[Any] = []

    def keep(rows: QuerySet, asked: Any) -> list[Any]:
        handed.extend(rows.values_list("pk", flat=True))
        return []

    monkeypatch.setattr(listing, "file_rows", keep)
    list(listing.export_rows(office, QueryDict(query)))
    assert handed == listed


@pytest.mark.parametrize("listing", [one for one, _queries in CASES] + [DUPLICATES], ids=lambda one: one.key)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_column_sorts_both_ways_without_loss_or_doubles(office, listing, size, monkeypatch):
    monkeypatch.setattr(listing, "size", size, raising=False)
    whole = set(walk(listing, office, ""))
    assert len(whole) > 3
    for column in listing.columns:
        if not column.sort:
            continue
        up, down = (list(walk(listing, office, f"sort={sign}{column.key}")) for sign in ("", "-"))
        assert (set(up), len(up)) == (whole, len(whole)), column.key
        assert down == up[::-1], column.key


@pytest.mark.parametrize("listing", [one for one, _queries in CASES], ids=lambda one: one.key)
def test_a_page_leaves_out_what_makes_no_sense_and_the_api_names_it(office, listing):
    assert list(walk(listing, office, "region=x&sort=nothing&columns=nothing")) == list(
        walk(listing, office, "")
    )
    answer = client_of(office).get(f"/api/v1/{API[listing.key]}/?region=x")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["region"])


def test_columns_are_chosen_in_the_address_and_the_fixed_one_stays(office):
    page = DUTIES.page(office, QueryDict("columns=grade,due_on"), timezone.localdate())
    assert [head.key for head in page.asked.heads] == ["business", "grade", "due_on"]
    toggled = {
        choice.label: dict(parse_qsl(choice.url[1:]))["columns"] for choice in page.asked.column_choices
    }
    assert toggled["包保等级"] == "due_on" or toggled["包保等级"] == "business,due_on"


def test_a_tab_opens_the_rows_it_counts(office):
    for listing in (BUSINESSES, OFFICERS, DUTIES, PROBLEMS, DUPLICATES):
        for tab in listing.page(office, QueryDict(""), timezone.localdate()).tabs:
            assert len(list(walk(listing, office, tab.url[1:]))) == tab.count, (listing.key, str(tab.label))


def test_every_list_has_a_page(db):
    for listing in all_listings():
        assert reverse(listing.url_name)


def test_more_duties_than_a_city_has_are_not_counted_to_the_end_before_the_rows_are_shown(
    office, monkeypatch
):
    monkeypatch.setattr("inspections.lists.duties.WHOLE_CITY", 3)
    long = DUTIES.page(office, QueryDict(""), timezone.localdate())
    asked = DUTIES.page(office, QueryDict("figures=1"), timezone.localdate())
    assert (long.figures, asked.figures.expected) == (None, 6)
    assert [key_of(one) for one in long.rows] == [key_of(one) for one in asked.rows]
