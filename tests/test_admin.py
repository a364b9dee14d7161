"""The Django admin: every table has a door, doors answer by role, rows by scope, and saving goes through the services."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone

from accounts.models import Post, Region, RegionMerger, RegionTerm, SignInAttempt, Unit, User
from accounts.rules.rights import Role
from campaigns.models import (
    Assessment,
    Campaign,
    Clause,
    Directive,
    LeadingGroup,
    Membership,
    Phase,
    Reading,
    Rulebook,
    TaskItem,
    TaskReport,
    TaskSupport,
    WeeklyFigure,
    WeeklyReport,
    WorkTeam,
)
from campaigns.services.rulebooks import draft_rulebook
from entities.models import (
    Assignment,
    Business,
    BusinessMerger,
    DuplicatePair,
    FormerIdentity,
    GradeChange,
    Officer,
    Pledge,
    StatusChange,
)
from foodsafe_portal.lib.mergers import read_once
from inspections.models import (
    Checklist,
    ChecklistItem,
    DeadlinePolicy,
    Extension,
    FrequencyPolicy,
    ProblemEvent,
    RectificationDuty,
    Referral,
    Revisit,
    Visit,
)
from records.admin_base import ScopedAdmin
from records.ledgers import all_kinds, kind_of
from records.models import (
    ApprovalRule,
    AuditEvent,
    AuditLink,
    EvidenceFile,
    Job,
    LedgerBatch,
    LedgerHabit,
    LedgerRow,
    OwnedColumn,
    Pulse,
    WorkdayOverride,
    WorkYear,
)
from records.services import audit, seal
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

ROOMS = ("records", "accounts", "entities", "inspections", "campaigns")
TABLES: set[type[models.Model]] = {
    model for room in ROOMS for model in apps.get_app_config(room).get_models()
}
TRAIL = {AuditEvent, AuditLink, EvidenceFile, LedgerHabit, SignInAttempt}
PLACES = {Region, RegionMerger, RegionTerm, Unit}
SYSTEM = {Job, Pulse, LedgerBatch, LedgerRow, WorkYear, WorkdayOverride, *PLACES, User, Post}

# Who may look at which table, and who may enter rows; every other pair is refused.
LOOKS: dict[Role, set[type[models.Model]]] = {
    Role.CAMPAIGN_OFFICE: TABLES - TRAIL - {Post, Pulse},
    Role.AUDITOR: TABLES,
    Role.SYSTEM_ADMIN: SYSTEM,
    Role.SECURITY_ADMIN: {*PLACES, User, Post},
}
ORGANISATION = {Campaign, LeadingGroup, WorkTeam, Membership, Phase, TaskItem, Rulebook}
RULES = {FrequencyPolicy, DeadlinePolicy, Checklist, WorkYear, ApprovalRule, OwnedColumn}
ENTERS: dict[Role, set[type[models.Model]]] = {
    Role.CAMPAIGN_OFFICE: ORGANISATION | RULES | {Business, Officer, Assignment, Pledge},
    Role.SYSTEM_ADMIN: {WorkYear, Region, Unit, User},
    Role.SECURITY_ADMIN: {Post},
}
CITY = "9901"
TODAY = timezone.localdate
LATER = date(2027, 1, 1)
DOCUMENT = {
    "title": "测试细则",
    "clauses": [
        {
            "no": "1",
            "title": "组织领导",
            "kind": "key",
            "points": "4",
            "children": [
                {"no": "1.1", "title": "领导小组", "kind": "key", "points": "3", "method": "all_or_nothing"},
                {"no": "1.2", "title": "会议", "kind": "key", "points": "1", "method": "judgement"},
            ],
        }
    ],
    "pass": {"no_veto": True, "min_total": "1", "key_min_rate": "0.60"},
}


def address(model: type[models.Model], page: str, *args: Any) -> str:
    """The address of a page of a table."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def door(user: Any, url: str, **data: Any) -> int:
    """How an address answers a person, without drawing the page; with ``data`` it is sent."""
    request = RequestFactory().post(url, data) if data else RequestFactory().get(url)
    request.user = user
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    found = resolve(request.path)
    try:
        with read_once():  # as the middleware does for every request
            return found.func(request, *found.args, **found.kwargs).status_code
    except PermissionDenied:
        return 403
    except Http404:
        return 404


def needs_region(role: Role) -> str | None:
    return None if role in {Role.AUDITOR, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN} else CITY


@pytest.fixture
def office(login: Any) -> Client:
    """The office of the city 9901."""
    return login(role=Role.CAMPAIGN_OFFICE, region=CITY)


@pytest.fixture
def system(login: Any) -> Client:
    """The system administrator."""
    return login(role=Role.SYSTEM_ADMIN)


def twins(business: Business, now: datetime) -> list[models.Model]:
    """What a business was before, a pair it stands in, and a merger that was taken back."""
    other = make_business(region=business.region_id)
    merger = {"merged_on": date(2026, 11, 2), "merged_at": now, "undone_at": now}
    return [
        FormerIdentity.objects.create(
            business=business,
            match_key="old",
            name="旧名",
            premises_address="旧址",
            valid_to=date(2026, 11, 2),
            recorded_at=now,
        ),
        DuplicatePair.objects.create(
            first=business, second=other, region_id=business.region_id, likeness=80, found_at=now
        ),
        BusinessMerger.objects.create(business=other, survivor=business, **merger),
    ]


def make_everything(region: str, owner: User) -> dict[type[models.Model], models.Model]:
    """One row of every table in one township."""
    city, now = region[:4], timezone.now()
    place = make_region(region)
    make_region(region[:6])
    unit = make_unit(region=region)
    user = make_user(role=Role.TOWNSHIP_LIAISON, region=region)
    business, officer = make_business(region=region), make_officer(region=region)
    bond = make_assignment(officer, business)
    change: dict[str, Any] = {
        "business": business,
        "effective_on": date(2026, 1, 2),
        "proposed_by": user,
        "proposed_at": now,
    }
    visit = Visit.objects.create(
        business=business,
        region=place,
        officer=officer,
        officer_name=officer.name,
        visited_on=date(2026, 11, 2),
        recorded_by=user,
        recorded_at=now,
    )
    problem = make_problem(region=region, unit=unit, business=business, recorded_by=user)
    campaign = make_campaign(f"c{region}{TaskItem.objects.count()}", region=city)
    group = LeadingGroup.objects.create(campaign=campaign, region_id=city, name="领导小组")
    phase = Phase.objects.create(
        campaign=campaign, order=1, name="启动", starts_on=date(2026, 1, 1), ends_on=date(2026, 6, 1)
    )
    task = TaskItem.objects.create(
        campaign=campaign,
        number=1,
        title="任务",
        phase=phase,
        lead_unit=unit,
        starts_on=date(2026, 1, 1),
        due_on=LATER,
    )
    book = draft_rulebook(
        code=f"b{campaign.code}", title="细则", edition="1", document=DOCUMENT, source="测试", by=owner
    )
    clause = book.clauses.get(no="1.1")
    assessment = Assessment.objects.create(
        campaign=campaign, rulebook=book, kind="mock", title="模拟", held_on=TODAY(), assessor=user
    )
    report = WeeklyReport.objects.create(
        campaign=campaign,
        week="2026-W46",
        sunday=date(2026, 11, 15),
        as_of=now,
        known_at=now,
        digest="0" * 64,
        score={},
    )
    batch = LedgerBatch.objects.create(
        kind="businesses",
        suffix=".xlsx",
        file_name="台账.xlsx",
        size=1,
        digest=f"{region}{report.pk}",
        uploaded_by=owner,
        uploaded_at=now,
        territory=region,
    )
    event = audit.record(by=owner, action="test.done", target=business)
    checklist = Checklist.objects.create(
        level="township", edition=campaign.code, title="清单", effective_from=date(2020, 1, 1), source="测试"
    )
    year = WorkYear.objects.create(year=2040 + WorkYear.objects.count(), source="测试")
    rows: list[models.Model] = [
        place,
        unit,
        user,
        user.posts.get(),
        business,
        officer,
        bond,
        Pledge.objects.create(
            officer=officer, business=business, signed_on=date(2026, 1, 1), recorded_at=now
        ),
        StatusChange.objects.create(**change, from_status="normal", to_status="suspended"),
        GradeChange.objects.create(**change, from_grade="C", to_grade="B"),
        *twins(business, now),
        visit,
        make_duty(business, officer=officer, visit=visit),
        problem,
        RectificationDuty.objects.get(problem=problem),
        ProblemEvent.objects.create(
            problem=problem, action="sign", to_state=problem.state, on=date(2026, 11, 3), by=user, at=now
        ),
        Extension.objects.create(
            problem=problem,
            from_due_on=problem.due_on,
            to_due_on=LATER,
            reason="材料",
            requested_by=user,
            requested_at=now,
        ),
        Referral.objects.create(
            problem=problem, office="监管所", referred_on=date(2026, 11, 4), referred_by=user
        ),
        Revisit.objects.create(problem=problem, on=date(2026, 11, 20), passed=True, by=user, at=now),
        checklist,
        ChecklistItem.objects.create(checklist=checklist, number=1, text="证照"),
        FrequencyPolicy.objects.create(
            grade="C", effective_from=date(2019, 1, 1) + timedelta(days=campaign.pk), source="测试"
        ),
        DeadlinePolicy.objects.create(
            severity="minor",
            effective_from=date(2019, 1, 1) + timedelta(days=campaign.pk),
            days=3,
            source="测试",
        ),
        campaign,
        group,
        WorkTeam.objects.create(campaign=campaign, name="专班"),
        Membership.objects.create(
            group=group, person_name="张三", title="市长", role="head", unit=unit, valid_from=date(2026, 1, 1)
        ),
        phase,
        Directive.objects.create(
            campaign=campaign, text="抓紧", given_on=TODAY(), given_by=user, unit=unit, recorded_at=now
        ),
        task,
        TaskSupport.objects.create(task=task, unit=make_unit(region=region)),
        TaskReport.objects.create(
            task=task, unit=unit, week="2026-W46", progress="推进", submitted_by=user, submitted_at=now
        ),
        book,
        clause,
        assessment,
        Reading.objects.create(
            campaign=campaign,
            clause=clause,
            assessment=assessment,
            on=TODAY(),
            value={"met": True},
            source="assessed",
            recorded_by=user,
            recorded_at=now,
        ),
        report,
        WeeklyFigure.objects.create(
            report=report,
            measure="visits",
            level="township",
            region=place,
            expected=3,
            done=2,
            on_time=1,
            overdue=1,
            excluded=0,
        ),
        event,
        EvidenceFile.objects.create(
            suffix=".pdf",
            original_name="证明.pdf",
            content_type="application/pdf",
            size=1,
            digest="0" * 64,
            target_type="inspections.problem",
            target_id=str(problem.pk),
            uploaded_by=user,
            uploaded_at=now,
        ),
        Job.objects.create(kind="ledger.check", created_by=owner, created_at=now),
        Pulse.objects.create(name=f"duty-{Pulse.objects.count() + 1}", at=now),
        batch,
        LedgerRow.objects.create(batch=batch, row_no=3, verdict="accepted", verb="created"),
        LedgerHabit.objects.create(
            kind="businesses",
            territory=region,
            unit_path=f"/{LedgerHabit.objects.count() + 1}/",
            updated_by=user,
            updated_at=now,
        ),
        ApprovalRule.objects.create(kind=all_kinds()[ApprovalRule.objects.count()].key, rows=1000),
        OwnedColumn.objects.create(
            kind="businesses", column=kind_of("businesses").ownable[OwnedColumn.objects.count()]
        ),
        year,
        WorkdayOverride.objects.create(day=date(year.year, 5, 1), year=year, kind="holiday"),
        RegionMerger.objects.create(
            region_id=region,
            successor_id=region[:6],
            effective_on=date(2026, 1, 1),
            recorded_at=now,
            withdrawn_at=now,
        ),
        RegionTerm.objects.create(region_id=region, recorded_at=now, withdrawn_at=now),
        SignInAttempt.objects.create(at=now, name_key="0" * 64, place="203.0.113.7", address="203.0.113.7"),
    ]
    seal.seal_trail() if hasattr(seal, "seal_trail") else None
    link = AuditLink.objects.filter(event=event).first() or AuditLink.objects.create(
        position=AuditLink.objects.count() + 1, event=event, digest="0" * 64, sealed_at=now
    )
    return {type(row): row for row in [*rows, link]}


# --- doors -----------------------------------------------------------------------------------------


def test_every_table_of_the_five_rooms_is_registered_and_answers_from_the_rights_table() -> None:
    registered = {model for model, kind in admin.site._registry.items() if isinstance(kind, ScopedAdmin)}
    assert registered == TABLES
    assert set(admin.site._registry) == TABLES, "tables of libraries have no door"


@pytest.mark.parametrize("role", list(Role))
def test_every_list_and_every_empty_form_answers_by_role(role: Role) -> None:
    user = make_user(role=role, region=needs_region(role))
    answers = {
        (model.__name__, page): door(user, address(model, page))
        for model in TABLES
        for page in ("changelist", "add")
    }
    declared = {
        (model.__name__, page): 200 if model in table.get(role, set()) else 403
        for model in TABLES
        for page, table in (("changelist", LOOKS), ("add", ENTERS))
    }
    assert answers == declared


@pytest.mark.parametrize("role", list(Role))
def test_every_row_answers_by_role(role: Role) -> None:
    user = make_user(role=role, region=needs_region(role))
    rows = make_everything("990102001", user)
    assert set(rows) == TABLES
    answers = {model.__name__: door(user, address(model, "change", row.pk)) for model, row in rows.items()}
    assert answers == {model.__name__: 200 if model in LOOKS.get(role, set()) else 403 for model in TABLES}


def test_the_index_opens_for_four_roles_and_shows_what_can_be_opened(login: Any) -> None:
    for role in Role:
        answer = login(role=role, region=needs_region(role)).get(reverse("admin:index"))
        assert answer.status_code == (200 if role in LOOKS else 403), role
        if answer.status_code == 200:
            shown = {table["model"] for app in answer.context["app_list"] for table in app["models"]}
            assert shown == LOOKS[role], role


def test_strangers_log_in_through_the_portal_and_come_back() -> None:
    answer = Client().get(address(Business, "changelist"), follow=True)
    assert answer.redirect_chain[-1][0] == "/login/?next=%2Fadmin%2Fentities%2Fbusiness%2F"


def test_the_admins_own_log_in_page_sends_people_on(office: Client, login: Any) -> None:
    assert office.get("/admin/login/?next=/admin/entities/").headers["Location"] == "/admin/entities/"
    assert office.get("/admin/login/?next=https://example.org/").headers["Location"] == "/admin/"
    assert login(role=Role.LEADER, region=CITY).get("/admin/login/?next=/admin/").status_code == 403


def test_a_role_taken_away_closes_the_admin_at_the_next_request(office: Client) -> None:
    Post.objects.filter(user=office.user).update(valid_to=TODAY() - timedelta(days=1))
    assert office.get(reverse("admin:index")).status_code == 403


# --- rows ------------------------------------------------------------------------------------------


def test_an_office_sees_nothing_of_another_city(office: Client) -> None:
    # Policies, the calendar and rulebooks have no territory: everybody may read the rules they are measured by.
    without_place = RULES | {ChecklistItem, WorkdayOverride, Rulebook, Clause}
    stranger = make_user(role=Role.CAMPAIGN_OFFICE, region="9801")
    foreign = make_everything("980102001", stranger)
    for model in LOOKS[Role.CAMPAIGN_OFFICE] - without_place:
        row = foreign[model]
        request = RequestFactory().get(address(model, "changelist"))
        request.user = office.user  # type: ignore[attr-defined]
        listed = admin.site._registry[model].get_changelist_instance(request).queryset
        assert not listed.filter(pk=row.pk).exists(), model
        foreign_page = door(office.user, address(model, "change", row.pk))  # type: ignore[attr-defined]
        absent_page = door(office.user, address(model, "change", "999999999"))  # type: ignore[attr-defined]
        assert (foreign_page, absent_page) == (404, 404), model
