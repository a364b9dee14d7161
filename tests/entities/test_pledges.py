"""A pledge belongs to a bond: it lapses when the officer's post or the business changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from entities.models import Assignment, Officer, Pledge
from tests.factories import make_assignment, make_business, make_officer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SIGNED = date(2024, 6, 1)


def sign(officer: Officer, **fields: object) -> Pledge:
    fields = {
        "business": None,
        "title": officer.title,
        "signed_on": SIGNED,
        "recorded_at": "2024-06-01T09:00+08:00",
    } | fields
    return Pledge.objects.create(officer=officer, **fields)


def unsigned() -> set[tuple[str, str]]:
    bonds = Assignment.objects.active().unpledged()
    return set(bonds.values_list("officer__name", "business__name"))


def test_a_pledge_for_one_business_is_none_for_another() -> None:
    officer = make_officer("何静")
    mine, other = make_business("甲店"), make_business("乙店")
    make_assignment(officer, mine)
    make_assignment(officer, other)
    make_assignment(make_officer("刘涛"), make_business("丙店"))
    sign(officer, business=mine)
    assert unsigned() == {("何静", "乙店"), ("刘涛", "丙店")}


def test_a_pledge_lapses_when_the_post_changes() -> None:
    officer, business = make_officer("何静", title="副镇长"), make_business("甲店")
    make_assignment(officer, business)
    sign(officer, business=business)
    assert unsigned() == set()
    Officer.objects.update(title="镇长")
    assert unsigned() == {("何静", "甲店")}


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        pytest.param(date(2024, 6, 1), set(), id="in charge on the day of signing"),
        pytest.param(date(2024, 6, 2), {("何静", "甲店")}, id="in charge since the day after"),
    ],
)
def test_a_pledge_for_all_covers_what_was_in_charge_that_day(
    begun: date, expected: set[tuple[str, str]]
) -> None:
    officer = make_officer("何静")
    make_assignment(officer, make_business("甲店"), valid_from=begun)
    sign(officer)
    assert unsigned() == expected


def test_the_tab_of_missing_pledges_lists_whoever_owes_one(login: Callable[..., Client]) -> None:
    client = login(role="county_liaison", region="990102")
    owing, signed, free = make_officer("欠签"), make_officer("已签"), make_officer("无主体")
    for officer in (owing, signed):
        make_assignment(officer, make_business(f"{officer.name}的店"), valid_from=date(2024, 5, 1))
    other = make_business("签过的店")
    make_assignment(owing, other)
    sign(owing, business=other)
    sign(signed)
    page = client.get(reverse("officer-list"), {"pledge": "none"}).context["list"]
    assert [(row.officer.name, row.unpledged) for row in page.rows] == [("欠签", 1)]
    assert next(view.count for view in page.views if str(view.label) == "未签承诺书") == 1
    yes = client.get(reverse("officer-list"), {"pledge": "yes"}).context["list"]
    assert [row.officer.name for row in yes.rows] == ["已签"]
    assert free.name not in str(page.rows)


def test_what_is_out_of_business_waits_neither_for_a_grade_nor_for_an_officer(
    login: Callable[..., Client],
) -> None:
    client = login(role="county_liaison", region="990102")
    make_business("在营", responsibility_grade="")
    make_business("停业", responsibility_grade="", status="suspended")
    counts = {
        str(view.label): view.count for view in client.get(reverse("business-list")).context["list"].views
    }
    assert (counts["全部"], counts["未定级"], counts["未包保"]) == (2, 1, 1)
