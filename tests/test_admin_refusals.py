"""The Django admin: refusals are errors of the form, what is in force stays, people and ledgers go through their engines."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import Post, Region, Unit, User
from accounts.rules.rights import Role
from campaigns.models import (
    Assessment,
    Campaign,
    Clause,
    Membership,
    Phase,
    Reading,
    Rulebook,
    WorkTeam,
)
from campaigns.services.rulebooks import draft_rulebook
from entities.models import Assignment, Business
from inspections.models import (
    Checklist,
    ChecklistItem,
    FrequencyPolicy,
)
from records.admin_ledgers import LedgerDoors, resource_for
from records.hooks import work_year_published
from records.ledgers import all_kinds, kind_of
from records.models import (
    LedgerBatch,
    WorkdayOverride,
    WorkYear,
)
from records.services import audit
from tests.factories import (
    make_business,
    make_campaign,
    make_unit,
    make_user,
)
from tests.test_admin import (
    CITY,
    DOCUMENT,
    TODAY,
    address,
    make_everything,
)
from tests.test_admin_saving import events, flat, save, typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(login: Any) -> Client:
    """The office of the city 9901."""
    return login(role=Role.CAMPAIGN_OFFICE, region=CITY)


@pytest.fixture
def system(login: Any) -> Client:
    """The system administrator."""
    return login(role=Role.SYSTEM_ADMIN)


# --- refusals --------------------------------------------------------------------------------------


def refused(answer: Any, words: str) -> None:
    assert answer.status_code == 200
    said = str(answer.context["errors"])
    assert words in said, said


def test_a_refusal_is_an_error_of_the_form_and_nothing_is_saved(
    login: Any, office: Client, system: Client
) -> None:
    base = make_everything("990102001", office.user)
    security = login(role=Role.SECURITY_ADMIN)
    before = len(events())
    refused(save(system, Region, code="99010", name="x"), "区划代码“99010”不对")
    refused(save(system, Region, code="970101", name="x"), "上一级地区 9701 还没有登记")
    refused(save(system, Unit, base[Unit], parent=base[Unit].pk), "上级单位不能是本单位")
    refused(save(security, Post, user=security.user.pk, role="officer"), "不能给自己授予岗位")
    refused(save(security, Post, user=base[User].pk, role="auditor"), "互斥")
    refused(save(office, Assignment, base[Assignment], valid_to=""), "请填终止日期")
    refused(save(office, Assignment, base[Assignment], valid_to="2020-01-01"), "终止日期不能早于起始日期")
    refused(
        save(
            office,
            FrequencyPolicy,
            grade="A",
            effective_from="2020-02-01",
            times="1",
            per="quarter",
            due_mode="period_end",
            source="x",
        ),
        "规则不溯及既往",
    )
    refused(save(office, Rulebook, base[Rulebook], document='{"clauses": [{"no": "1", "points": "x"}]}'), "1")
    refused(save(office, Clause, base[Clause], points="2"), "条款 1")
    membership = save(office, Membership, base[Membership], team=base[WorkTeam].pk)
    refused(membership, "请选且只选一个")
    assert len(events()) == before


def test_two_people_never_overwrite_each_other_silently(office: Client, login: Any) -> None:
    base = make_everything("990102001", office.user)
    colleague = login(role=Role.CAMPAIGN_OFFICE, region=CITY)
    for model, field in ((Business, "legal_person"), (Phase, "name"), (Rulebook, "title")):
        row: Any = base[model]
        opened = typed(office, address(model, "change", row.pk))
        assert save(colleague, model, row, **{field: "同事"}).status_code == 302
        answer = office.post(address(model, "change", row.pk), {**opened, field: "我"})
        refused(answer, "别人已保存过")
        row.refresh_from_db()
        assert getattr(row, field) == "同事"
        if model is not Rulebook:
            refused(answer, "现为“同事”，您填的是“我”")


@pytest.mark.parametrize("mark", ["nonsense", "nothing:0", "campaign,name:0", ":" + "0" * 32])
def test_a_mark_that_was_never_given_out_saves_nothing(office: Client, mark: str) -> None:
    phase: Any = make_everything("990102001", office.user)[Phase]
    refused(save(office, Phase, phase, name="改名", seen=mark), "别人已保存过")
    phase.refresh_from_db()
    assert phase.name == "启动"


def test_a_row_above_the_territory_can_be_read_but_not_written(login: Any) -> None:
    county = login(role=Role.CAMPAIGN_OFFICE, region="990102")
    campaign = make_campaign(region=CITY)
    assert county.get(address(Campaign, "change", campaign.pk)).status_code == 200
    assert county.post(address(Campaign, "change", campaign.pk), {"name": "x"}).status_code == 403


# --- what is in force does not change --------------------------------------------------------------


def test_a_policy_in_force_is_immutable_and_one_to_come_can_be_withdrawn(office: Client) -> None:
    running = FrequencyPolicy.objects.filter(effective_from__lte=TODAY()).first()
    assert running is not None
    assert office.post(address(FrequencyPolicy, "change", running.pk), {"times": "9"}).status_code == 403
    assert office.post(address(FrequencyPolicy, "delete", running.pk), {"post": "yes"}).status_code == 403
    coming = FrequencyPolicy.objects.create(
        grade="A", effective_from=TODAY() + timedelta(days=90), source="x"
    )
    before = len(events())
    assert office.post(address(FrequencyPolicy, "delete", coming.pk), {"post": "yes"}).status_code == 302
    assert not FrequencyPolicy.objects.filter(pk=coming.pk).exists()
    assert [event.action for event in events()[before:]] == ["frequency_policy.removed"]


def test_a_checklist_to_come_goes_with_its_items_and_one_event(office: Client) -> None:
    coming = Checklist.objects.create(
        level="county", edition="n", title="清单", effective_from=TODAY() + timedelta(days=9), source="x"
    )
    ChecklistItem.objects.create(checklist=coming, number=1, text="证照")
    before = len(events())
    assert save(office, Checklist, coming, **{"items-0-text": "新内容"}).status_code == 302
    assert [item.text for item in coming.items.all()] == ["新内容"]
    assert office.post(address(Checklist, "delete", coming.pk), {"post": "yes"}).status_code == 302
    assert [event.action for event in events()[before:]] == ["checklist.updated", "checklist.removed"]


def test_a_published_rulebook_is_immutable_with_its_clauses(office: Client) -> None:
    book = draft_rulebook(code="b", title="细则", edition="1", document=DOCUMENT, source="", by=office.user)
    clause = book.clauses.get(no="1.1")
    answer = office.post(
        address(Rulebook, "changelist"), {"action": "publish", "_selected_action": [str(book.pk)]}
    )
    assert answer.status_code == 302
    book.refresh_from_db()
    assert book.state == "published"
    assert office.post(address(Rulebook, "change", book.pk), {"title": "x"}).status_code == 403
    assert office.post(address(Rulebook, "delete", book.pk), {"post": "yes"}).status_code == 403
    assert office.post(address(Clause, "change", clause.pk), {"title": "x"}).status_code == 403


def test_a_draft_that_is_used_is_not_deleted(office: Client) -> None:
    book = draft_rulebook(code="b", title="细则", edition="1", document=DOCUMENT, source="", by=office.user)
    assessment = Assessment.objects.create(
        campaign=make_campaign(), rulebook=book, kind="self", title="自评", held_on=TODAY()
    )
    before = len(events())
    page = office.post(address(Rulebook, "delete", book.pk), {"post": "yes"}, follow=True)
    assert "已被使用，不能删除" in page.content.decode()
    assert Rulebook.objects.filter(pk=book.pk).exists() and len(events()) == before
    assessment.delete()
    office.post(address(Rulebook, "delete", book.pk), {"post": "yes"})
    assert not Rulebook.objects.filter(pk=book.pk).exists()


def test_correcting_a_drafts_clause_changes_the_document_with_it(office: Client) -> None:
    book = draft_rulebook(code="b", title="细则", edition="1", document=DOCUMENT, source="", by=office.user)
    digest = book.digest
    unit = make_unit("市教育局")
    clause = book.clauses.get(no="1.2")
    assert save(office, Clause, clause, title="联席会议", lead_unit=unit.pk).status_code == 302
    book.refresh_from_db()
    raw = book.document["clauses"][0]["children"][1]
    assert (raw["title"], raw["lead_unit"], raw["points"]) == ("联席会议", "市教育局", "1")
    assert book.digest != digest and book.clauses.get(no="1.2").pk == clause.pk


def test_a_draft_saved_again_keeps_the_clauses_that_were_read(office: Client) -> None:
    base: Any = make_everything("990102001", office.user)
    book, read = base[Rulebook], base[Reading].clause
    kept = {clause.no: clause.pk for clause in book.clauses.all()}
    assert save(office, Rulebook, book, title="改名").status_code == 302
    assert {clause.no: clause.pk for clause in book.clauses.all()} == kept
    book.refresh_from_db()
    document, before = book.document, len(events())
    chapter = document["clauses"][0]
    children = [{**raw, "no": "1.9"} if raw["no"] == read.no else raw for raw in chapter["children"]]
    renumbered = {**document, "clauses": [{**chapter, "children": children}]}
    refused(save(office, Rulebook, book, document=json.dumps(renumbered)), f"“{read}”已被使用，不能删除")
    book.refresh_from_db()
    assert book.document == document and len(events()) == before
    Reading.objects.all().delete()
    assert save(office, Rulebook, book, document=json.dumps(renumbered)).status_code == 302
    after = {clause.no: clause.pk for clause in book.clauses.all()}
    assert after == {**{no: pk for no, pk in kept.items() if no != read.no}, "1.9": after["1.9"]}


def test_publishing_a_work_year_tells_the_rooms_above_and_is_for_good(system: Client) -> None:
    year = WorkYear.objects.create(year=2030)
    WorkdayOverride.objects.create(day=date(2030, 5, 1), year=year, kind="holiday")
    told: list[int] = []

    def listener(sender: Any, year: int, **kwargs: Any) -> None:
        told.append(year)

    work_year_published.connect(listener)
    try:
        refused(save(system, WorkYear, year, published="on"), "公布要写明依据")
        assert told == []
        assert save(system, WorkYear, year, published="on", source="国办通知").status_code == 302
    finally:
        work_year_published.disconnect(listener)
    assert told == [2030]
    assert system.post(address(WorkYear, "change", 2030), {"source": "x"}).status_code == 403


def test_a_new_parent_moves_the_whole_branch(system: Client) -> None:
    top, new_top = make_unit("甲", region=CITY), make_unit("乙", region=CITY)
    middle = make_unit("丙", region=CITY, parent=top)
    leaf = make_unit("丁", region=CITY, parent=middle)
    assert save(system, Unit, middle, parent=new_top.pk).status_code == 302
    leaf.refresh_from_db()
    assert leaf.path == f"{new_top.pk}/{middle.pk}/{leaf.pk}/"


# --- people ----------------------------------------------------------------------------------------


def test_a_new_account_shows_its_one_time_password_once(system: Client) -> None:
    answer = save(system, User, username="newcomer", name="新人")
    made = User.objects.get(username="newcomer")
    assert made.must_change_password and made.check_password(answer.context["password"])
    assert answer.context["password"] not in str([event.after for event in events()])


def test_accounts_are_switched_off_one_event_each_but_never_the_own(system: Client) -> None:
    others = [make_user(), make_user()]
    keys = [str(user.pk) for user in [*others, system.user]]  # type: ignore[attr-defined]
    before = len(events())
    page = system.post(
        address(User, "changelist"), {"action": "switch_off", "_selected_action": keys}, follow=True
    )
    assert "不能停用自己的账号" in page.content.decode()
    assert [event.action for event in events()[before:]] == ["account.switched_off"] * 2
    assert User.objects.filter(is_active=True).count() == 1


def test_passwords_are_nowhere_to_be_seen(login: Any) -> None:
    auditor = login(role=Role.AUDITOR)
    person = make_user(role=Role.OFFICER)
    assert "password" not in typed_names(auditor.get(address(User, "change", person.pk)))


def typed_names(page: Any) -> set[str]:
    return {name for fieldset in page.context["adminform"].fieldsets for name in flat(fieldset[1]["fields"])}


def test_the_trail_of_a_row_opens_for_the_auditor_only(login: Any, office: Client) -> None:
    business = make_business()
    auditor = login(role=Role.AUDITOR)
    event = audit.record(by=auditor.user, action="test.done", target=business)
    audit.record(by=auditor.user, action="test.other", target=make_business())
    page = auditor.get(address(Business, "history", business.pk), follow=True)
    assert [row.pk for row in page.context["cl"].result_list] == [event.pk]
    assert office.get(address(Business, "history", business.pk)).status_code == 403
    assert b"historylink" not in office.get(address(Business, "change", business.pk)).content


# --- ledgers ---------------------------------------------------------------------------------------


def exported(
    client: Client, model: type[models.Model], query: str = "", suffix: str = "xlsx"
) -> list[list[Any]]:
    answer = client.post(f"{address(model, 'export')}{query}", {"format": suffix})
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def test_an_export_holds_exactly_the_visible_rows_under_the_ledgers_headers(office: Client) -> None:
    ours = {make_business(f"本市饭店{n}").name for n in range(3)}
    make_business("外市饭店", region="980102001")
    before = len(events())
    header, *rows = exported(office, Business)
    assert header == [column.header for column in kind_of("businesses").columns]
    place = header.index("企业名称") if "企业名称" in header else 1
    assert {row[place] for row in rows} == ours
    (event,) = events()[before:]
    assert (event.action, event.after["rows"]) == ("businesses.exported", 3)


def test_an_export_follows_the_lists_filters(office: Client) -> None:
    make_business("甲级饭店", responsibility_grade="A")
    make_business("丙级饭店", responsibility_grade="C")
    _header, *rows = exported(office, Business, "?responsibility_grade__exact=A")
    assert len(rows) == 1 and "甲级饭店" in rows[0]


def test_a_csv_export_is_inert(office: Client) -> None:
    make_business("=1+1")
    answer = office.post(address(Business, "export"), {"format": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=1+1" in text and ",=1+1" not in text


@pytest.mark.parametrize("kind", [kind.key for kind in all_kinds()])
def test_each_kind_has_a_resource_with_the_ledgers_headers(kind: str) -> None:
    resource = resource_for(kind_of(kind))()
    assert resource.get_export_headers() == [column.header for column in kind_of(kind).columns]
    with pytest.raises(NotImplementedError):
        resource.import_data(None)


def test_every_ledger_kind_has_its_button_in_the_admin() -> None:
    doors = {kind.ledger for kind in admin.site._registry.values() if isinstance(kind, LedgerDoors)}
    assert {kind.key for kind in all_kinds()} <= doors


def test_a_file_uploaded_in_the_admin_goes_to_the_ledger_engine(office: Client) -> None:
    page = office.get(address(Business, "import"))
    assert page.status_code == 200
    book = openpyxl.Workbook()
    book.active.append(["企业名称"])
    out = io.BytesIO()
    book.save(out)
    answer = office.post(
        address(Business, "import"), {"file": SimpleUploadedFile("台账.xlsx", out.getvalue())}
    )
    batch = LedgerBatch.objects.get()
    assert answer.headers["Location"] == reverse("ledger-batch", args=(batch.pk,))
    assert (batch.kind, batch.uploaded_by) == ("businesses", office.user)  # type: ignore[attr-defined]
    assert Business.objects.count() == 0


def test_a_refused_upload_is_an_error_of_the_form(office: Client, settings: Any) -> None:
    settings.LEDGER_MAX_MEGABYTES = 0
    answer = office.post(address(Business, "import"), {"file": SimpleUploadedFile("a.xlsx", b"PK")})
    assert answer.status_code == 422
    assert "MB 的上限" in str(answer.context["form"].errors["file"])
    assert not LedgerBatch.objects.exists()


def test_import_and_export_open_by_right(login: Any) -> None:
    auditor, system = login(role=Role.AUDITOR), login(role=Role.SYSTEM_ADMIN)
    assert auditor.get(address(Business, "import")).status_code == 403
    assert auditor.get(address(Business, "export")).status_code == 200
    assert system.get(address(Business, "export")).status_code == 403
    assert system.get(address(User, "import")).status_code == 200
    security = login(role=Role.SECURITY_ADMIN)
    assert security.post(address(Post, "export"), {"format": "xlsx"}).status_code == 403
