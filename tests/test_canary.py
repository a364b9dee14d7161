"""Each county's rows carry a token; people of another county crawl every page and export they can reach and never meet it."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from html import unescape
from types import SimpleNamespace
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.rules.rights import Role
from campaigns.models import Campaign
from campaigns.services.weeks import close_week, publish_week
from entities.models import StatusChange
from foodsafe_portal.lib.weeks import Week
from inspections.models import Visit
from records.models import LedgerBatch
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

pytestmark = pytest.mark.django_db

PAGES = 220
LINK = re.compile(r'(?:href|hx-get)="([^"]+)"')
LEAVE = ("/logout/", "/i18n/", "/static/", "/password/", "/admin/")


def county(code: str, token: str) -> SimpleNamespace:
    """One county with every kind of row, each free text carrying the token."""
    township, now, day = f"{code}001", timezone.now(), date(2026, 11, 10)
    make_region(code, f"县{code}")
    make_region(township, f"镇{township}")
    unit = make_unit(f"{token}监管局", region=code, is_member=True)
    officer_user = make_user(role=Role.OFFICER, region=township, name=f"{token}包保")
    officer = make_officer(
        f"{token}干部", region=township, user=officer_user, unit_name=f"{token}政府", title=f"{token}副镇长"
    )
    for number in range(2):
        business = make_business(
            f"{token}饭店{number}", region=township, legal_person=f"{token}经理", premises_address=f"{token}路 {number} 号",
            supervision_office=f"{token}所", safety_officer=f"{token}安全员",
        )  # fmt: skip
        make_assignment(officer, business)
        make_duty(business, officer=officer, due_on=date(2026, 11, 3 + number))
        Visit.objects.create(
            business=business, region_id=township, officer=officer, officer_name=officer.name, visited_on=day,
            finding=f"{token}发现", remedy=f"{token}整改", recorded_at=now,
        )  # fmt: skip
        make_problem(
            region=township, unit=unit, business=business, description=f"{token}问题", place=f"{token}点位",
            leader_name=f"{token}领导", owner_name=f"{token}责任人",
        )  # fmt: skip
        StatusChange.objects.create(
            business=business, from_status="normal", to_status="suspended", effective_on=day, proposed_at=now,
            reason=f"{token}歇业",
        )  # fmt: skip
    liaison = make_user(role=Role.COUNTY_LIAISON, region=code, name=f"{token}联络员")
    LedgerBatch.objects.create(
        kind="businesses", state="refused", file=ContentFile(b"x", name="a.xlsx"), suffix=".xlsx", digest="2" * 64,
        file_name=f"{token}台账.xlsx", size=1, uploaded_by=liaison, uploaded_at=now, territory=code, reason=f"{token}原因",
    )  # fmt: skip
    people = {
        Role.COUNTY_LIAISON: liaison,
        Role.TOWNSHIP_LIAISON: make_user(role=Role.TOWNSHIP_LIAISON, region=township),
        Role.REGULATOR: make_user(role=Role.REGULATOR, region=code),
        Role.OFFICER: officer_user,
        Role.UNIT_LIAISON: make_user(role=Role.UNIT_LIAISON, region=code, unit=unit),
    }
    return SimpleNamespace(token=token, people=people)


@pytest.fixture
def counties():
    campaign = make_campaign()
    ours, theirs = county("990102", "甲县独有"), county("990103", "乙县独有")
    frozen = close_week(campaign=Campaign.objects.get(pk=campaign.pk), week=Week.parse("2026-W46"))
    publish_week(report=frozen, by=None)
    return ours, theirs


def text_of(answer) -> str:
    """Everything readable in an answer: pages as they are, workbooks part by part."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return unescape(body.decode("utf-8", "replace"))


def crawl(client: Client, starts: list[str]) -> dict[str, str]:
    """Follow every link that stays inside, breadth first; address → text."""
    seen: dict[str, str] = {}
    waiting = list(starts)
    while waiting and len(seen) < PAGES:
        address = waiting.pop(0)
        if address in seen or address.startswith(LEAVE):
            continue
        answer = client.get(address, follow=True)
        assert answer.status_code < 500, address
        seen[address] = text_of(answer)
        if not answer.streaming:
            for link in LINK.findall(seen[address]):
                target = urldefrag(urljoin(address, link))[0]
                parts = urlsplit(target)
                if not parts.scheme and not parts.netloc and target not in seen:
                    waiting.append(target)
    return seen


@pytest.mark.parametrize(
    "role", [Role.COUNTY_LIAISON, Role.TOWNSHIP_LIAISON, Role.REGULATOR, Role.OFFICER, Role.UNIT_LIAISON]
)
def test_nothing_of_another_county_is_met_on_any_page_or_export(counties, role):
    ours, theirs = counties
    client = Client()
    client.force_login(ours.people[role], backend="accounts.backends.NameOrMobileBackend")
    exports = (
        "business-export",
        "officer-export",
        "visit-export",
        "duty-export",
        "problem-export",
        "task-export",
    )
    starts = ["/", *(reverse(name) for name in exports), *(f"{reverse(name)}?format=csv" for name in exports)]
    starts += [
        f"{reverse(name)}?q={theirs.token}" for name in ("business-list", "officer-list", "problem-list")
    ]
    pages = crawl(client, starts)
    # The word a person typed into a search box comes back in that box and its links; that is theirs, not a row.
    leaks = [address for address, text in pages.items() if theirs.token in text and "q=" not in address]
    rows = [
        address
        for address, text in pages.items()
        if re.search(theirs.token + "(饭店|问题|干部|经理|路|发现)", text)
    ]
    assert (leaks, rows) == ([], [])
    assert any(ours.token in text for text in pages.values())
    assert len(pages) > 10
