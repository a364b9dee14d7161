"""Every address × method × role × own, foreign and absent object gives its declared answer; an undeclared one fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.rules.rights import LENSES, PERMISSIONS, Lens, Role
from campaigns.models import Assessment, Campaign, Clause, Rulebook, TaskItem, TaskReport
from campaigns.services.weeks import close_week, publish_week
from entities.models import DuplicatePair, GradeChange, StatusChange
from foodsafe_portal.lib.weeks import Week
from inspections.models import Visit
from records.models import AuditEvent, EvidenceFile, LedgerBatch
from records.services import audit, jobs
from records.services.pulses import leave_pulse
from tests.doors import (
    ADMIN_FRAME,
    ADMIN_PAGES,
    ADMIN_TABLES,
    ADMIN_TRANSFERS,
    DOORS,
    SAME_FOR_ALL,
    SEEING,
    Door,
)
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

TERRITORY = {
    Role.COUNTY_LIAISON: "990102", Role.TOWNSHIP_LIAISON: "990102001", Role.REGULATOR: "990102",
    Role.OFFICER: "990102001", Role.AUDITOR: None, Role.SYSTEM_ADMIN: None, Role.SECURITY_ADMIN: None,
}  # fmt: skip
WEEK = Week.parse("2026-W46")


def everything() -> Iterator[tuple[str, str]]:
    """(name, route) of every address the portal answers at."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                yield pattern.name or route, route

    yield from walk(get_resolver().url_patterns, "")


def addresses() -> Iterator[tuple[str, str]]:
    """(name, route) of every page; the admin's and the API's addresses have tables of their own."""
    return ((name, route) for name, route in everything() if not route.startswith(("admin/", "api/")))


def world(city: str, people: dict[Role, Any] | None = None) -> SimpleNamespace:
    """One of everything, in one city; ``people`` make it theirs."""
    people = people or {}
    county, township = f"{city}02", f"{city}02001"
    make_region(township)
    now, day = timezone.now(), date(2026, 11, 10)
    unit = make_unit(f"局{city}", region=city, is_member=True)
    officer = make_officer(region=township, user=people.get(Role.OFFICER))
    business = make_business(region=township)
    assignment = make_assignment(officer, business)
    make_duty(business, officer=officer)
    visit = Visit.objects.create(
        business=business, region_id=township, officer=officer, officer_name=officer.name, visited_on=day,
        recorded_at=now, recorded_by=people.get(Role.OFFICER),
    )  # fmt: skip
    problem = make_problem(region=township, unit=unit, business=business)
    office = people.get(Role.CAMPAIGN_OFFICE) or make_user()
    evidence = EvidenceFile.objects.create(
        file=ContentFile(b"%PDF-1.4", name="a.pdf"), suffix=".pdf", original_name="a.pdf", content_type="application/pdf",
        size=8, digest="0" * 64, target_type="inspections.problem", target_id=str(problem.pk), uploaded_by=office,
        uploaded_at=now,
    )  # fmt: skip
    change = {
        "business": business,
        "effective_on": day,
        "proposed_at": now,
        "proposed_by": None,
        "reason": "歇业",
    }
    status = StatusChange.objects.create(from_status="normal", to_status="suspended", **change)
    grade = GradeChange.objects.create(from_grade="C", to_grade="B", **change)
    duplicate = DuplicatePair.objects.create(
        first=business, second=make_business(region=township), region_id=township, likeness=80, found_at=now
    )
    campaign = make_campaign(f"c{city}", region=city)
    book = Rulebook.objects.create(
        code=f"r{city}", title="细则", edition="1", document={"clauses": []}, state="published"
    )
    clause = Clause.objects.create(
        rulebook=book,
        no="1",
        title="条款",
        kind="basic",
        points="1",
        method="all_or_nothing",
        order=1,
        lead_unit=unit,
    )
    assessment = Assessment.objects.create(
        campaign=campaign,
        rulebook=book,
        kind="mock",
        title="模拟",
        held_on=day,
        assessor=people.get(Role.ASSESSOR),
    )
    task = TaskItem.objects.create(
        campaign=campaign, number=1, title="任务", lead_unit=unit, starts_on=day, due_on=day, state="claimed"
    )
    reporter = make_user()
    report = TaskReport.objects.create(
        task=task, unit=unit, week=str(WEEK), progress="在做", submitted_by=reporter, submitted_at=now
    )
    frozen = close_week(campaign=Campaign.objects.get(pk=campaign.pk), week=WEEK)
    week = publish_week(report=frozen, by=None)
    batch = LedgerBatch.objects.create(
        kind="businesses", state="checked", file=ContentFile(b"x", name="a.xlsx"), suffix=".xlsx", file_name="a.xlsx",
        size=1, digest="1" * 64, uploaded_by=reporter, uploaded_at=now, territory=township,
    )  # fmt: skip
    member = make_user(role="township_liaison", region=township)
    job = jobs.enqueue(kind="x", params={}, by=reporter)
    event = audit.record(by=None, action="x", territory=township)
    figure = {
        "report": week.pk,
        "measure": "visits",
        "level": "township",
        "code": township,
        "part": "expected",
    }
    return SimpleNamespace(
        unit=unit, city=city, county=county, batch={"pk": batch.pk}, event={"pk": event.pk}, job={"pk": job.pk},
        user={"pk": member.pk}, post={"pk": member.posts.get().pk}, business={"pk": business.pk},
        assignment={"pk": assignment.pk}, officer={"pk": officer.pk}, status_change={"pk": status.pk},
        grade_change={"pk": grade.pk}, duplicate={"pk": duplicate.pk}, visit={"pk": visit.pk}, problem={"pk": problem.pk},
        evidence={"pk": evidence.pk},
        figure=figure, report={"pk": week.pk}, task={"pk": task.pk}, task_report={"pk": report.pk},
        clause={"pk": clause.pk}, assessment={"pk": assessment.pk},
    )  # fmt: skip


@pytest.fixture
def house(settings):
    """Two cities and one person per role in the first; the unit liaison belongs to its bureau. The installation is sound."""
    for duty in settings.CELERY_BEAT_SCHEDULE:
        leave_pulse(name=duty, at=timezone.now())
    make_region("9901")
    people = {
        role: make_user(role=role, region=TERRITORY.get(role, "9901"))
        for role in Role
        if role not in {Role.UNIT_LIAISON}
    }
    own = world("9901", people)
    people[Role.UNIT_LIAISON] = make_user(role=Role.UNIT_LIAISON, region="9901", unit=own.unit)
    return SimpleNamespace(people=people, own=own, foreign=world("9801"))


def arguments(name: str, door: Door, route: str, side: SimpleNamespace | None) -> dict[str, Any]:
    """What goes into the address: the object's key, or one that does not exist."""
    if name == "ledger-template":
        return {"kind": "visits"}
    if name == "account-slips":
        return {"batch": 1}
    if not door.what:
        return {}
    if side is not None:
        found = dict(getattr(side, door.what))
    elif door.what == "figure":
        found = {"report": 10**9, "measure": "visits", "level": "city", "code": "9901", "part": "expected"}
    else:
        found = {"pk": uuid.uuid4() if "<uuid:" in route else 10**9}
    if "business_id" in route:
        found = {"business_id": found["pk"]}
    return found


def expected(door: Door, role: Role, side: str) -> int | None:
    """The declared answer: 403, 404, or None for "let in" (anything but a refusal or a fault)."""
    if door.needs is None or (door.needs and not set(door.needs) & PERMISSIONS[role]):
        return None if door.needs is None else 403
    if role in door.answers and side != "absent":
        lens = LENSES[role].get(door.resource)
        if door.what and side == "foreign" and lens != Lens.EVERY and door.resource not in SAME_FOR_ALL:
            return 404
        return door.answers[role]
    if not door.what:
        return None
    if side == "absent":
        return 404
    lens = LENSES[role].get(door.resource)
    if lens == Lens.EVERY or (lens is not None and door.resource in SAME_FOR_ALL):
        return None
    if side == "foreign" or lens is None:
        return 404
    return None if lens in SEEING or role in door.owners else 404


def ask(client: Client, method: str, address: str) -> int:
    """Ask in a savepoint that is rolled back: no answer changes the next one."""
    with transaction.atomic():
        answer = (
            client.generic(method, address) if method not in BOTH_WAYS else BOTH_WAYS[method](client, address)
        )
        code = answer.status_code
        if hasattr(answer, "streaming_content"):
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    return code


BOTH_WAYS: dict[str, Callable[[Client, str], Any]] = {
    "GET": lambda client, address: client.get(address),
    "POST": lambda client, address: client.post(address),
}


def test_every_address_is_declared_and_every_declared_one_exists():
    found = {name for name, _route in addresses()}
    assert (found - DOORS.keys(), DOORS.keys() - found) == (set(), set())


def test_every_address_of_the_admin_is_declared_and_every_declared_one_exists():
    """Its unnamed ones lead old addresses on and refuse the rest."""
    found = {name for name, route in everything() if route.startswith("admin/") and name != route}
    declared = set(ADMIN_FRAME)
    for tables, pages in ((ADMIN_TABLES, ADMIN_PAGES), (ADMIN_TRANSFERS, ("import", "export"))):
        declared |= {
            f"{room}_{table}_{page}" for room in tables for table in tables[room].split() for page in pages
        }
    assert (found - declared, declared - found) == (set(), set())


@pytest.mark.parametrize("role", Role)
def test_every_address_gives_this_role_its_declared_answer(house, role):
    wrong: list[str] = []
    asked = 0
    routes = dict(addresses())
    client = Client(raise_request_exception=False)
    client.force_login(house.people[role], backend="accounts.backends.NameOrMobileBackend")
    for name, door in DOORS.items():
        if name == "account_logout":
            continue  # leaving ends the walk; the log-in tests go through this door
        sides = (
            {"own": house.own, "foreign": house.foreign, "absent": None} if door.what else {"own": house.own}
        )
        for side, objects in sides.items():
            address = reverse(name, kwargs=arguments(name, door, routes[name], objects))
            for method in ("GET", "POST", "PUT", "DELETE") if side == "own" else door.methods:
                code = ask(client, method, address)
                asked += 1
                want = expected(door, role, side) if method in door.methods else 405
                if method not in door.methods:
                    good = code in {405, 403, 404}
                elif want is None:
                    good = code < 500 and code not in {401, 403, 404, 405}
                else:
                    good = code == want
                if not good:
                    wrong.append(f"{method} {name} {side}: {code}, declared {want or 'let in'}")
    assert asked > 400
    assert not wrong, "\n".join(wrong)


def test_strangers_are_sent_to_the_log_in_and_learn_nothing(house):
    wrong = []
    routes = dict(addresses())
    for name, door in DOORS.items():
        for side in [house.own, None] if door.what else [house.own]:
            address = reverse(name, kwargs=arguments(name, door, routes[name], side))
            for method in door.methods:
                code = ask(Client(raise_request_exception=False), method, address)
                want = {200, 302, 400, 405, 422} if door.needs is None else {302}
                if code not in want:
                    wrong.append(f"{method} {name}: {code}")
    assert not wrong, "\n".join(wrong)


def test_a_foreign_object_answers_exactly_like_an_absent_one(house):
    client = Client()
    client.force_login(house.people[Role.COUNTY_LIAISON], backend="accounts.backends.NameOrMobileBackend")
    foreign = client.get(reverse("business-detail", kwargs=house.foreign.business))
    absent = client.get(reverse("business-detail", kwargs={"pk": 10**9}))
    assert (foreign.status_code, foreign.content) == (absent.status_code, absent.content)


def test_the_walk_writes_nothing(house):
    """The savepoints of the walk hold: otherwise one answer could decide the next."""
    before = AuditEvent.objects.count()
    client = Client()
    client.force_login(house.people[Role.SYSTEM_ADMIN], backend="accounts.backends.NameOrMobileBackend")
    count = AuditEvent.objects.count()
    ask(client, "POST", reverse("account-reset", kwargs=house.own.user))
    assert (AuditEvent.objects.count(), count >= before, connection.in_atomic_block) == (count, True, True)
