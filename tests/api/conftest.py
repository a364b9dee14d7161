"""Two cities with one of everything, and a client per role that speaks to the API with a token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import User
from accounts.rules.rights import Role
from campaigns.models import Campaign, Clause, Rulebook, TaskItem, TaskReport
from campaigns.services.weeks import close_week, publish_week
from entities.models import GradeChange, StatusChange
from foodsafe_portal.lib.weeks import Week
from inspections.models import Visit
from records.models import EvidenceFile, LedgerBatch
from records.services import jobs
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

WEEK = Week.parse("2026-W46")
CANARY = "外县金丝雀"
TERRITORY = {
    Role.COUNTY_LIAISON: "990102",
    Role.TOWNSHIP_LIAISON: "990102001",
    Role.OFFICER: "990102001",
    Role.REGULATOR: "990102001",
    Role.SUPERVISION_TEAM: "990102",
}


def client_of(user: User) -> APIClient:
    """A program with this person's token."""
    client = APIClient(raise_request_exception=True)
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get_or_create(user=user)[0].key}")
    client.user = user  # type: ignore[attr-defined]
    return client


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """No attempt of another test counts."""
    cache.clear()


@pytest.fixture
def api(db: None) -> Callable[..., APIClient]:
    """``api(role="county_liaison", region="990102")`` or ``api(user)``."""

    def sign_in(user: User | None = None, **fields: Any) -> APIClient:
        return client_of(user or make_user(**fields))

    return sign_in


def place(city: str, county: str, people: dict[Role, User], mark: str = "") -> SimpleNamespace:
    """One of everything in one county; ``people`` make it theirs, ``mark`` stands in every name."""
    township = f"{county}001"
    make_region(township, f"{mark}镇")
    today = timezone.localdate()
    unit = make_unit(f"{mark}局{county}", region=county, is_member=True)
    officer = make_officer(f"{mark}干部", region=township, user=people.get(Role.OFFICER))
    business = make_business(f"{mark}饭店", region=township, contact_phone="13812345678")
    assignment = make_assignment(officer, business)
    duty = make_duty(business, officer=officer)
    visit = Visit.objects.create(
        business=business, region_id=township, officer=officer, officer_name=officer.name,
        visited_on=today - timedelta(days=40), recorded_at=timezone.now(), recorded_by=people.get(Role.OFFICER),
    )  # fmt: skip
    problem = make_problem(region=township, unit=unit, business=business, description=f"{mark}台账不全")
    change = StatusChange.objects.create(
        business=business, from_status="normal", to_status="suspended", effective_on=date(2026, 11, 1),
        proposed_at=timezone.now(), reason=f"{mark}歇业",
    )  # fmt: skip
    grade = GradeChange.objects.create(
        business=business, from_grade="C", to_grade="B", effective_on=date(2026, 11, 1), proposed_at=timezone.now(),
        reason=f"{mark}扩大",
    )  # fmt: skip
    uploader = make_user(name=f"{mark}上传人")
    batch = LedgerBatch.objects.create(
        kind="businesses", state="checked", file=ContentFile(b"x", name="a.xlsx"), suffix=".xlsx",
        file_name=f"{mark}.xlsx", size=1, digest="1" * 64, uploaded_by=uploader, uploaded_at=timezone.now(),
        territory=township,
    )  # fmt: skip
    evidence = EvidenceFile.objects.create(
        file=ContentFile(b"%PDF-1.4", name="a.pdf"), suffix=".pdf", original_name=f"{mark}.pdf",
        content_type="application/pdf", size=8, digest="0" * 64, target_type="inspections.problem",
        target_id=str(problem.pk), uploaded_by=uploader, uploaded_at=timezone.now(),
    )  # fmt: skip
    job = jobs.enqueue(kind="x", params={}, by=uploader)
    return SimpleNamespace(
        region=county, township=township, unit=unit, officer=officer, business=business, duty=duty, visit=visit,
        problem=problem, change=change, batch=batch, job=job, assignment=assignment, grade=grade, evidence=evidence,
        uploader=uploader,
    )  # fmt: skip


@pytest.fixture
def house(db: None) -> SimpleNamespace:
    """A city with two counties, everybody at work in the first one, and another city."""
    make_region("9901")
    people = {
        role: make_user(role=role, region=TERRITORY.get(role, "9901"))
        for role in Role
        if role != Role.UNIT_LIAISON
    }
    own = place("9901", "990102", people)
    people[Role.UNIT_LIAISON] = make_user(role=Role.UNIT_LIAISON, region="9901", unit=own.unit)
    county = place("9901", "990103", {}, CANARY)
    city = place("9801", "980102", {}, "外市")
    for code, where in (("own", own), ("abroad", city)):
        book = Rulebook.objects.create(
            code=code, title="细则", edition="1", document={"clauses": []}, state="published"
        )
        where.clause = Clause.objects.create(
            rulebook=book, no="1", title="条款", kind="basic", points="1", method="all_or_nothing", order=1,
            lead_unit=where.unit,
        )  # fmt: skip
        campaign = make_campaign(code, region=where.region[:4])
        where.task = TaskItem.objects.create(
            campaign=campaign, number=1, title="任务", lead_unit=where.unit, starts_on=date(2026, 1, 1),
            due_on=date(2026, 12, 1), state="claimed",
        )  # fmt: skip
        where.task_report = TaskReport.objects.create(
            task=where.task, unit=where.unit, week=str(WEEK), progress="在做", submitted_by=where.uploader,
            submitted_at=timezone.now(),
        )  # fmt: skip
        frozen = close_week(campaign=Campaign.objects.get(pk=campaign.pk), week=WEEK)
        where.report = publish_week(report=frozen, by=None)
    return SimpleNamespace(people=people, own=own, county=county, city=city)
