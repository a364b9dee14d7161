"""The whole interface is English for whoever chose English."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.factories import (
    make_assignment,
    make_business,
    make_campaign,
    make_duty,
    make_officer,
    make_problem,
    make_region,
    make_unit,
    make_user,
)

CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
NOT_THE_FRAME = re.compile(r'(?s)<button[^>]*lang="zh-Hans">.*?</button>|<!--.*?-->')

OFFICE_PAGES = [
    "dashboard",
    "report-list",
    "clause-list",
    "business-list",
    "business-new",
    "officer-list",
    "change-list",
    "duty-list",
    "visit-list",
    "problem-list",
    "problem-new",
    "ledger-home",
    "account_change_password",
]
CAMPAIGN_PAGES = ["task-list", "campaign-home"]
ADMIN_PAGES = ["account-list", "account-new", "job-list", "ledger-home", "admin:index"]


@pytest.fixture
def city(db):
    """A city whose names are all in Latin letters, so that Chinese on a page comes from the page."""
    for code, name in (
        ("99", "Province"),
        ("9901", "Harbour City"),
        ("990102", "East County"),
        ("990102001", "Old Town"),
    ):
        make_region(code, name)


@pytest.fixture
def rows(city):
    """One row of each main kind."""
    unit = make_unit("Market Bureau", region="9901")
    business = make_business(
        "Blue Kettle", licence_no="", premises_address="1 Quay Street", legal_person="Ann Lee"
    )
    officer = make_officer("Bo Chen", region="990102001", title="Deputy")
    make_assignment(officer, business)
    make_duty(business)
    make_campaign(name="Harbour Campaign")
    problem = make_problem(unit=unit, description="Rice without a label")
    return {"business-detail": business.pk, "officer-detail": officer.pk, "problem-detail": problem.pk}


def sign_in(role: str, region: str | None = "9901") -> Client:
    """A client of a person who chose English."""
    person = make_user(f"reader-{role}", role=role, region=region, name="Reader", language="en")
    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def chinese_lines(html: str) -> list[str]:
    """Lines of a page with Chinese characters in them, apart from the button that switches back to Chinese."""
    return [line.strip()[:200] for line in NOT_THE_FRAME.sub("", html).split("\n") if CHINESE.search(line)]


def pages(client: Client, addresses: list[str]) -> list[str]:
    """Every Chinese line these pages show; the pages have to open."""
    found = []
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        found += [f"{address}: {line}" for line in chinese_lines(response.content.decode())]
    return found


def test_the_office_reads_english_on_every_main_page_of_an_empty_city(city):
    assert pages(sign_in("campaign_office"), [reverse(name) for name in OFFICE_PAGES]) == []


def test_the_office_reads_english_around_the_rows(rows):
    addresses = [reverse(name) for name in OFFICE_PAGES + CAMPAIGN_PAGES] + [
        reverse(name, args=[number]) for name, number in rows.items()
    ]
    assert pages(sign_in("campaign_office"), addresses) == []


def test_an_administrator_reads_english(city):
    assert pages(sign_in("system_admin"), [reverse(name) for name in ADMIN_PAGES]) == []


def test_an_auditor_reads_english(city):
    assert pages(sign_in("auditor"), [reverse("trail"), reverse("trail") + "?q=login"]) == []


def test_a_stranger_whose_browser_asks_for_english_signs_in_in_english(db):
    login = Client(headers={"accept-language": "en"}).get(reverse("account_login"))
    assert chinese_lines(login.content.decode()) == []
    assert "Sign in" in login.content.decode()


def test_a_refusal_is_english_too(city):
    client = sign_in("campaign_office")
    refused = client.post(
        reverse("problem-new"), {"found_on": date(2026, 11, 2), "description": "", "severity": "minor"}
    )
    assert refused.status_code == 422
    assert chinese_lines(refused.content.decode()) == []
    missing = client.get("/businesses/999999/")
    assert missing.status_code == 404
    assert chinese_lines(missing.content.decode()) == []
