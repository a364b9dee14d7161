"""The Django admin: lists stay cheap, and saving goes through the services with one event each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Post, Region, Unit, User
from accounts.rules.rights import Role
from campaigns.models import (
    Campaign,
    Clause,
    LeadingGroup,
    Membership,
    Phase,
    Rulebook,
    TaskItem,
    TaskSupport,
    WorkTeam,
)
from entities.models import Assignment, Business, Officer, Pledge
from inspections.models import (
    Checklist,
    DeadlinePolicy,
    FrequencyPolicy,
    Visit,
)
from records.ledgers import kind_of
from records.models import (
    ApprovalRule,
    AuditEvent,
    OwnedColumn,
    WorkYear,
)
from tests.factories import (
    make_business,
    make_region,
)
from tests.test_admin import (
    CITY,
    DOCUMENT,
    ENTERS,
    LATER,
    LOOKS,
    SYSTEM,
    TABLES,
    address,
    door,
    make_everything,
    needs_region,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(login: Any) -> Client:
    """The office of the city 9901."""
    return login(role=Role.CAMPAIGN_OFFICE, region=CITY)


@pytest.fixture
def system(login: Any) -> Client:
    """The system administrator."""
    return login(role=Role.SYSTEM_ADMIN)


def test_foreign_rows_are_neither_offered_nor_accepted(office: Client) -> None:
    make_region("980102", "外市县")
    ours = make_business(region="990102001")
    params = {"app_label": "entities", "model_name": "business", "field_name": "region", "term": "98"}
    offered = office.get(reverse("admin:autocomplete"), params).json()["results"]
    assert not [row for row in offered if row["id"].startswith("98")]
    answer = save(office, Business, ours, region="980102")
    assert answer.context["errors"]
    ours.refresh_from_db()
    assert ours.region_id == "990102001"


def test_lists_cost_the_same_queries_however_long_they_are(login: Any, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)  # once a minute a session notes that it was used
    auditor = login(role=Role.AUDITOR)
    sets = [make_everything(f"99010200{n}", auditor.user) for n in (1, 2, 3)]
    auditor.get(reverse("admin:index"))
    for model in TABLES:
        keys = [str(rows[model].pk) for rows in sets]
        counts = []
        for asked in (keys[:1], keys):
            with CaptureQueriesContext(connection) as queries:
                page = auditor.get(address(model, "changelist"), {"pk__in": ",".join(asked)})
            assert page.status_code == 200 and len(page.context["cl"].result_list) == len(asked), model
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 15, (model, counts)


def test_pages_of_rows_need_few_queries_and_no_inline_style(login: Any) -> None:
    auditor = login(role=Role.AUDITOR)
    for model, row in make_everything("990102001", auditor.user).items():
        with CaptureQueriesContext(connection) as queries:
            page = auditor.get(address(model, "change", row.pk))
        assert len(queries) <= 15, (model, len(queries))
        text = page.content.decode()
        assert not any(mark in text for mark in (" style=", "<style", "onclick=", "<script>")), model


def test_a_long_list_counts_no_further_than_a_thousand(office: Client) -> None:
    first = make_business()
    now = timezone.now()
    Business.objects.bulk_create(
        Business(
            match_key=f"L:{n}",
            name=f"饭店{n}",
            business_type="catering",
            premises_address="路",
            region_id=first.region_id,
            registered_on=date(2024, 1, 1),
            recorded_at=now,
            updated_at=now,
        )
        for n in range(1001)
    )
    page = office.get(address(Business, "changelist"))
    assert "1,000+" in page.content.decode()
    assert page.context["cl"].full_result_count is None


def test_businesses_are_found_by_number_and_by_name(office: Client) -> None:
    wanted, other = make_business("南湖大酒楼"), make_business("北街小吃店")
    for term in ("湖大酒", wanted.licence_no):
        listed = office.get(address(Business, "changelist"), {"q": term}).context["cl"].result_list
        assert [row.pk for row in listed] == [wanted.pk]
    visits = [
        Visit.objects.create(
            business=row,
            region_id=row.region_id,
            officer_name="李四",
            visited_on=date(2026, 11, 2),
            recorded_at=timezone.now(),
        )
        for row in (wanted, other)
    ]
    listed = office.get(address(Visit, "changelist"), {"q": "南湖"}).context["cl"].result_list
    assert [row.pk for row in listed] == [visits[0].pk]


def test_the_county_filter_keeps_the_rows_of_one_county(office: Client) -> None:
    here, _there = make_business(region="990102001"), make_business(region="990103001")
    listed = office.get(address(Business, "changelist"), {"county": "990102"}).context["cl"].result_list
    assert [row.pk for row in listed] == [here.pk]


# --- saving ----------------------------------------------------------------------------------------


def typed(client: Client, url: str) -> dict[str, Any]:
    """What a browser would send back for the form at ``url`` as it is."""
    page = client.get(url)
    assert page.status_code == 200, url
    data: dict[str, Any] = {}
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        formset = inline.formset
        if not (inline.has_change_permission or inline.has_add_permission):
            continue
        forms += [formset.management_form, *formset.initial_forms]
    shown = {name for fieldset in page.context["adminform"].fieldsets for name in flat(fieldset[1]["fields"])}
    readonly = set(page.context["adminform"].readonly_fields)
    for number, form in enumerate(forms):
        for bound in form:
            if number == 0 and (bound.name not in shown or bound.name in readonly):
                continue
            value = bound.value()
            if value is None or value is False:
                continue
            data[bound.html_name] = value if not isinstance(value, date) else value.isoformat()
    return data


def flat(fields: Any) -> Iterator[str]:
    for field in fields:
        if isinstance(field, list | tuple):
            yield from flat(field)
        else:
            yield field


def save(client: Client, model: type[models.Model], row: Any = None, **changes: Any) -> Any:
    """Send the form of a row (of a new one) with some values changed."""
    url = address(model, "add") if row is None else address(model, "change", row.pk)
    return client.post(url, {**typed(client, url), **changes})


def events() -> list[AuditEvent]:
    return list(AuditEvent.objects.order_by("id"))


def new_rows(
    base: dict[type[models.Model], Any],
) -> list[tuple[Role, type[models.Model], dict[str, Any], str]]:
    """What is typed for a new row of each table that can be entered, and the event it leaves."""
    business, officer, campaign = base[Business], base[Officer], base[Campaign]
    day = {"starts_on": "2026-01-01", "ends_on": "2026-02-01"}
    return [
        (Role.SYSTEM_ADMIN, Region, {"code": "990109", "name": "新县"}, "region.created"),
        (Role.SYSTEM_ADMIN, Unit, {"name": "新局", "kind": "bureau", "region": CITY}, "unit.created"),
        (Role.SYSTEM_ADMIN, User, {"username": "newcomer", "name": "新人"}, "account.created"),
        (
            Role.SYSTEM_ADMIN,
            WorkYear,
            {
                "year": "2031",
                "source": "通知",
                "overrides-TOTAL_FORMS": "1",
                "overrides-0-day": "2031-05-01",
                "overrides-0-kind": "holiday",
            },
            "work_year.created",
        ),
        (
            Role.SECURITY_ADMIN,
            Post,
            {"user": base[User].pk, "role": "officer", "valid_from": "2026-01-01"},
            "post.given",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Business,
            {
                "name": "新饭店",
                "business_type": "catering",
                "premises_address": "幸福路 1 号",
                "region": "990102001",
                "registered_on": "2026-01-01",
                "licence_no": "JY29901020000999",
            },
            "business.registered",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Officer,
            {
                "name": "新干部",
                "level": "township",
                "phone": "13900000000",
                "region": "990102001",
                "is_active": "on",
            },
            "officer.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Assignment,
            {
                "officer": officer.pk,
                "business": make_business().pk,
                "level": "township",
                "valid_from": "2026-01-01",
            },
            "assignment.made",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Pledge,
            {"officer": officer.pk, "business": business.pk, "signed_on": "2026-02-01"},
            "pledge.signed",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            FrequencyPolicy,
            {
                "grade": "A",
                "effective_from": LATER.isoformat(),
                "times": "2",
                "per": "quarter",
                "due_mode": "period_end",
                "source": "本市",
            },
            "frequency_policy.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            DeadlinePolicy,
            {
                "severity": "minor",
                "effective_from": LATER.isoformat(),
                "days": "5",
                "unit": "working",
                "source": "本市",
            },
            "deadline_policy.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Checklist,
            {
                "level": "township",
                "edition": "2027",
                "title": "清单",
                "effective_from": LATER.isoformat(),
                "source": "本市",
                "items-TOTAL_FORMS": "1",
                "items-0-number": "1",
                "items-0-text": "证照齐全",
                "items-0-findings": "[]",
                "items-0-severity": "minor",
            },
            "checklist.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Campaign,
            {
                "code": "new",
                "name": "新创建",
                "region": CITY,
                "started_on": "2026-01-01",
                "review_on": "2027-01-01",
            },
            "campaign.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            LeadingGroup,
            {"campaign": campaign.pk, "region": "990102", "name": "县领导小组"},
            "leading_group.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            WorkTeam,
            {"campaign": campaign.pk, "kind": "work", "name": "新专班", "counties": ["990102"]},
            "work_team.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Membership,
            {
                "group": base[LeadingGroup].pk,
                "person_name": "王五",
                "title": "局长",
                "role": "member",
                "valid_from": "2026-01-01",
            },
            "membership.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Phase,
            {"campaign": campaign.pk, "order": "2", "name": "推进", **day},
            "phase.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            TaskItem,
            {
                "campaign": campaign.pk,
                "number": "2",
                "title": "新任务",
                "lead_unit": base[Unit].pk,
                "starts_on": "2026-01-01",
                "due_on": "2026-12-01",
                "targets": "[]",
                "supports-TOTAL_FORMS": "1",
                "supports-0-unit": base[TaskSupport].unit_id,
            },
            "task.created",
        ),
        (
            Role.CAMPAIGN_OFFICE,
            Rulebook,
            {"code": "new-book", "title": "新细则", "edition": "2", "document": json.dumps(DOCUMENT)},
            "rulebook.drafted",
        ),
        (Role.CAMPAIGN_OFFICE, ApprovalRule, {"kind": "", "rows": "500"}, "approval_rule.created"),
        (
            Role.CAMPAIGN_OFFICE,
            OwnedColumn,
            {"kind": "businesses", "column": kind_of("businesses").ownable[-1]},
            "owned_column.created",
        ),
    ]


def test_entering_a_row_of_each_table_leaves_exactly_one_event(login: Any) -> None:
    clients = {role: login(role=role, region=needs_region(role)) for role in ENTERS}
    base = make_everything("990102001", clients[Role.CAMPAIGN_OFFICE].user)
    cases = new_rows(base)
    assert {(role, model) for role, model, *_ in cases} | {(Role.CAMPAIGN_OFFICE, WorkYear)} == {
        (role, model) for role, tables in ENTERS.items() for model in tables
    }
    for role, model, values, action in cases:
        before, count = len(events()), model._default_manager.count()
        answer = save(clients[role], model, **values)
        if "adminform" in (answer.context or {}):
            pytest.fail(f"{model}: {answer.context['errors']} {answer.context['adminform'].form.errors}")
        assert model._default_manager.count() == count + 1, model
        left = events()[before:]
        assert [event.action for event in left] == [action], model
        assert left[0].after and left[0].actor_id == clients[role].user.pk


CHANGES: list[tuple[Role, type[models.Model], dict[str, Any], str]] = [
    (Role.SYSTEM_ADMIN, Region, {"name": "改名乡"}, "region.updated"),
    (Role.SYSTEM_ADMIN, Unit, {"short_name": "某局"}, "unit.updated"),
    (Role.SYSTEM_ADMIN, User, {"name": "改名"}, "account.updated"),
    (Role.SYSTEM_ADMIN, WorkYear, {"source": "新通知"}, "work_year.updated"),
    (Role.SECURITY_ADMIN, Post, {"valid_to": "2026-12-31"}, "post.ended"),
    (Role.CAMPAIGN_OFFICE, Business, {"legal_person": "李四"}, "business.updated"),
    (Role.CAMPAIGN_OFFICE, Officer, {"title": "镇长"}, "officer.updated"),
    (Role.CAMPAIGN_OFFICE, Assignment, {"valid_to": "2026-10-01"}, "assignment.ended"),
    (Role.CAMPAIGN_OFFICE, Campaign, {"name": "改名创建"}, "campaign.updated"),
    (Role.CAMPAIGN_OFFICE, LeadingGroup, {"name": "改名"}, "leading_group.updated"),
    (Role.CAMPAIGN_OFFICE, WorkTeam, {"counties": ["990102"]}, "work_team.updated"),
    (Role.CAMPAIGN_OFFICE, Membership, {"title": "副市长"}, "membership.updated"),
    (Role.CAMPAIGN_OFFICE, Phase, {"name": "改名"}, "phase.updated"),
    (Role.CAMPAIGN_OFFICE, TaskItem, {"title": "改名"}, "task.updated"),
    (Role.CAMPAIGN_OFFICE, Rulebook, {"title": "改名"}, "rulebook.drafted"),
    (Role.CAMPAIGN_OFFICE, Clause, {"title": "改名"}, "clause.updated"),
]


@pytest.mark.parametrize(
    ("role", "model", "change", "action"), CHANGES, ids=lambda value: getattr(value, "__name__", None)
)
def test_changing_a_row_leaves_exactly_one_event_with_before_and_after(
    login: Any, role: Role, model: type[models.Model], change: dict[str, Any], action: str
) -> None:
    client = login(role=role, region=needs_region(role))
    row = make_everything("990102001", client.user)[model]
    before = len(events())
    answer = save(client, model, row, **change)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    (event,) = events()[before:]
    assert (event.action, event.actor_id) == (action, client.user.pk)
    assert event.after


@pytest.mark.parametrize("model", [Region, Business, Officer, Campaign, Phase, TaskItem, Unit])
def test_saving_what_is_already_there_leaves_no_event(login: Any, model: type[models.Model]) -> None:
    role = Role.SYSTEM_ADMIN if model in SYSTEM else Role.CAMPAIGN_OFFICE
    client = login(role=role, region=needs_region(role))
    row = make_everything("990102001", client.user)[model]
    before = len(events())
    assert save(client, model, row).status_code == 302
    assert len(events()) == before


def test_the_auditor_can_save_nothing(login: Any) -> None:
    auditor = login(role=Role.AUDITOR)
    rows = make_everything("990102001", auditor.user)
    before = len(events())
    for model, row in rows.items():
        for page in (
            address(model, "add"),
            address(model, "change", row.pk),
            address(model, "delete", row.pk),
        ):
            assert door(auditor.user, page, name="x", post="yes") == 403, page
    assert len(events()) == before


def test_nothing_can_be_deleted_in_bulk(office: Client) -> None:
    make_everything("990102001", office.user)
    for model in LOOKS[Role.CAMPAIGN_OFFICE]:
        page = office.get(address(model, "changelist"))
        form = page.context["action_form"]
        offered = {name for name, _ in form.fields["action"].choices} if form else set()
        assert "delete_selected" not in offered, model


def test_engine_owned_rows_cannot_be_written_by_anybody(login: Any) -> None:
    editable = set().union(*ENTERS.values()) | {Clause}
    for role in LOOKS:
        client = login(role=role, region=needs_region(role))
        rows = make_everything("990102001", client.user)
        for model in (TABLES - editable) & LOOKS[role]:
            assert door(client.user, address(model, "change", rows[model].pk), x="y") == 403, (role, model)
