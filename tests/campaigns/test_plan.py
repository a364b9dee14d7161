"""Tasks, instructions and readings: who may do what, once, and never judge their own work."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from campaigns.errors import CampaignRefused
from campaigns.models import Assessment, Campaign, Reading, Rulebook, TaskItem, TaskReport
from campaigns.services.campaign import move_review_date
from campaigns.services.rulebooks import (
    RulebookRefused,
    draft_rulebook,
    pin_rulebook,
    publish_rulebook,
    record_reading,
)
from campaigns.services.tasks import claim_task, decide_report, report_task
from campaigns.services.weeks import close_week, publish_week
from foodsafe_portal.lib.weeks import Week
from records.models import AuditEvent, EvidenceFile
from tests.factories import make_campaign, make_unit, make_user

pytestmark = pytest.mark.django_db

WEEK = Week.parse("2026-W46")
DOCUMENT = {
    "title": "测试细则",
    "clauses": [
        {
            "no": "1",
            "title": "组织",
            "kind": "key",
            "points": "6",
            "children": [
                {"no": "1.1", "title": "机构", "kind": "key", "points": "2", "method": "all_or_nothing"},
                {
                    "no": "1.2",
                    "title": "督导",
                    "kind": "key",
                    "points": "4",
                    "method": "proportional",
                    "params": {"target": "100"},
                    "measure": {"measure": "visits", "value": "done_rate"},
                    "lead_unit": "市教育局",
                },
            ],
        }
    ],
    "pass": {"no_veto": True, "min_total": "5", "key_min_rate": "0.60"},
}


def photo():
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    return SimpleUploadedFile("证明.png", out.getvalue())


@pytest.fixture
def campaign():
    return make_campaign()


@pytest.fixture
def bureau(campaign):
    return make_unit("市教育局", region="9901", is_member=True)


@pytest.fixture
def task(campaign, bureau):
    return TaskItem.objects.create(
        campaign=campaign,
        number=1,
        title="学校食堂",
        lead_unit=bureau,
        starts_on=date(2026, 9, 1),
        due_on=date(2026, 12, 1),
    )


@pytest.fixture
def liaison(bureau):
    return make_user(role="unit_liaison", region="9901", unit=bureau)


@pytest.fixture
def office(campaign):
    return make_user(role="campaign_office", region="9901")


def publish(office, code="r1"):
    book = draft_rulebook(
        code=code, title="测试细则", edition="1", document=DOCUMENT, source="测试", by=office
    )
    return publish_rulebook(rulebook=book, by=office)


def test_a_task_goes_from_claim_to_done_with_one_event_each(task, liaison, office):
    claim_task(task=task, by=liaison)
    report = report_task(
        task=task, week=WEEK, progress="已整改", claims_done=True, uploads=[photo()], by=liaison
    )
    decide_report(report=report, approve=True, by=office)
    task.refresh_from_db()
    assert (task.state, task.done_on is not None) == ("done", True)
    events = (
        AuditEvent.objects.filter(action__startswith="task.").order_by("id").values_list("action", flat=True)
    )
    assert list(events) == ["task.claimed", "task.reported", "task.approved"]


def test_the_proof_of_a_report_is_shown_with_the_task_and_to_nobody_else(login, task, liaison, office):
    claim_task(task=task, by=liaison)
    report = report_task(
        task=task, week=WEEK, progress="完成", claims_done=True, uploads=[photo()], by=liaison
    )
    file = EvidenceFile.objects.get(target_id=str(report.pk))
    address = reverse("evidence-file", args=[file.pk])
    page = login(office).get(reverse("task-detail", args=[task.pk]))
    assert f'href="{address}"' in page.content.decode()
    shown = login(office).get(address)
    assert shown["Content-Type"] == "image/png"
    assert b"".join(shown.streaming_content).startswith(b"\x89PNG")
    stranger = make_user("stranger", role="unit_liaison", unit=make_unit("市交通局", region="9901"))
    assert login(stranger).get(address).status_code == 404


def test_a_returned_report_needs_a_reason_and_can_be_sent_again(task, liaison, office):
    claim_task(task=task, by=liaison)
    report = report_task(task=task, week=WEEK, progress="在做", claims_done=False, uploads=[], by=liaison)
    with pytest.raises(CampaignRefused, match="退回要写理由"):
        decide_report(report=report, approve=False, by=office)
    decide_report(report=report, approve=False, reason="缺数据", by=office)
    report_task(task=task, week=WEEK, progress="补了数据", claims_done=False, uploads=[], by=liaison)
    assert sorted(TaskReport.objects.values_list("state", flat=True)) == ["returned", "submitted"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"progress": " ", "claims_done": False, "uploads": []}, "进展不能为空"),
        ({"progress": "完了", "claims_done": True, "uploads": []}, "要附佐证"),
    ],
    ids=["an empty report", "completion without proof"],
)
def test_a_report_that_is_none_is_refused(task, liaison, fields, sentence):
    claim_task(task=task, by=liaison)
    with pytest.raises(CampaignRefused, match=sentence):
        report_task(task=task, week=WEEK, by=liaison, **fields)
    assert TaskReport.objects.count() == 0


def test_one_report_per_unit_and_week_and_one_claim_per_task(task, liaison):
    claim_task(task=task, by=liaison)
    with pytest.raises(CampaignRefused, match="已经认领"):
        claim_task(task=task, by=liaison)
    report_task(task=task, week=WEEK, progress="一", claims_done=False, uploads=[], by=liaison)
    with pytest.raises(CampaignRefused, match="已经报过"):
        report_task(task=task, week=WEEK, progress="二", claims_done=False, uploads=[], by=liaison)


def test_nobody_decides_on_their_own_report(task, liaison):
    claim_task(task=task, by=liaison)
    report = report_task(task=task, week=WEEK, progress="一", claims_done=False, uploads=[], by=liaison)
    with pytest.raises(CampaignRefused, match="不能审核自己"):
        decide_report(report=report, approve=True, by=liaison)


def test_another_units_liaison_neither_sees_nor_reports_the_task(login, task):
    other = make_unit("市商务局", region="9901", is_member=True)
    client = login(role="unit_liaison", region="9901", unit=other)
    assert client.get(reverse("task-detail", args=[task.pk])).status_code == 404
    assert "学校食堂" not in client.get(reverse("task-list")).content.decode()


def test_a_cooperating_unit_sees_the_task_and_reports_but_does_not_claim(login, task):
    helper = make_unit("市商务局", region="9901", is_member=True)
    task.supports.create(unit=helper)
    client = login(role="unit_liaison", region="9901", unit=helper)
    page = client.get(reverse("task-detail", args=[task.pk])).content.decode()
    assert "认领任务" not in page
    client.post(reverse("task-claim", args=[task.pk]))
    task.refresh_from_db()
    assert task.state == "open"


def test_the_pages_take_a_task_through(login, task, liaison, office):
    client = login(liaison)
    client.post(reverse("task-claim", args=[task.pk]))
    address = reverse("task-report", args=[task.pk])
    assert client.post(address, {"progress": ""}).status_code == 422
    client.post(address, {"progress": "完成三所学校", "claims_done": "on", "uploads": photo()})
    report = TaskReport.objects.get()
    login(office).post(reverse("task-report-decide", args=[report.pk]), {"decision": "approve"})
    task.refresh_from_db()
    assert task.state == "done"


@pytest.mark.parametrize("count", [1, 3])
def test_the_task_list_costs_the_same_queries_however_long_it_is(
    login, campaign, bureau, django_assert_max_num_queries, count
):
    for number in range(count):
        TaskItem.objects.create(
            campaign=campaign,
            number=number,
            title=f"任务{number}",
            lead_unit=bureau,
            starts_on=date(2026, 9, 1),
            due_on=date(2026, 12, 1),
        )
    client = login(role="leader", region="9901")
    client.get(reverse("task-list"))
    with django_assert_max_num_queries(9):
        assert client.get(reverse("task-list")).status_code == 200


def test_moving_the_review_date_needs_a_reason_and_is_kept_in_the_trail(campaign):
    leader = make_user(role="leader", region="9901")
    with pytest.raises(CampaignRefused, match="写明依据"):
        move_review_date(campaign=campaign, to=date(2027, 1, 10), reason=" ", by=leader)
    move_review_date(campaign=campaign, to=date(2027, 1, 10), reason="省食安办来函", by=leader)
    event = AuditEvent.objects.get(action="campaign.review_moved")
    assert (event.before, event.after, event.reason) == (
        {"review_on": "2027-03-16"},
        {"review_on": "2027-01-10"},
        "省食安办来函",
    )


def test_the_leader_gives_an_instruction_and_the_liaison_may_not(login, campaign, bureau, liaison):
    data = {"text": "三天内整改到位", "unit": bureau.pk, "due_on": "2099-01-01"}
    login(role="leader", region="9901").post(reverse("directive-new"), data)
    assert campaign.directives.get().unit == bureau
    assert login(liaison).post(reverse("directive-new"), data).status_code == 403
    assert login(role="leader", region="9901").post(reverse("directive-new"), {"text": ""}).status_code == 422


def test_a_published_rulebook_never_changes(office):
    publish(office)
    with pytest.raises(RulebookRefused, match="已发布"):
        draft_rulebook(code="r1", title="改", edition="1", document=DOCUMENT, source="", by=office)
    with pytest.raises(RulebookRefused, match="已经发布"):
        publish_rulebook(rulebook=Rulebook.objects.get(), by=office)


def test_a_rulebook_whose_points_do_not_add_up_names_the_clause(office):
    bad = {**DOCUMENT, "clauses": [{**DOCUMENT["clauses"][0], "points": "7"}]}
    with pytest.raises(RulebookRefused, match="1"):
        draft_rulebook(code="bad", title="错", edition="1", document=bad, source="", by=office)
    assert Rulebook.objects.count() == 0


def test_a_draft_cannot_be_pinned(campaign, office):
    book = draft_rulebook(code="r1", title="草", edition="1", document=DOCUMENT, source="", by=office)
    with pytest.raises(RulebookRefused, match="还是草稿"):
        pin_rulebook(campaign=campaign, rulebook=book, by=office)


def test_a_reading_moves_the_next_frozen_score_by_exactly_its_points(campaign, office, bureau):
    pin_rulebook(campaign=campaign, rulebook=publish(office), by=office)
    campaign = Campaign.objects.get()
    first = close_week(campaign=campaign, week=WEEK)
    clause = campaign.rulebook.clauses.get(no="1.1")
    record_reading(
        campaign=campaign,
        clause=clause,
        value={"met": True},
        on=date(2026, 11, 12),
        source="reported",
        by=office,
    )
    second = close_week(campaign=campaign, week=WEEK)
    assert (first.score["total_low"], first.score["total_high"]) == ("0.00", "6.00")
    assert (second.revision, second.score["total_low"], second.score["total_high"]) == (2, "2.00", "6.00")


def test_a_counted_clause_takes_no_typed_reading_and_a_wrong_shape_is_named(campaign, office):
    book = publish(office)
    with pytest.raises(RulebookRefused, match="由系统按台账计算"):
        record_reading(
            campaign=campaign,
            clause=book.clauses.get(no="1.2"),
            value={"value": "1"},
            on=WEEK.sunday,
            source="reported",
            by=office,
        )
    with pytest.raises(RulebookRefused, match=r"1\.1"):
        record_reading(
            campaign=campaign,
            clause=book.clauses.get(no="1.1"),
            value={"value": "1"},
            on=WEEK.sunday,
            source="reported",
            by=office,
        )


def test_an_assessor_fills_their_own_assessment_only(login, campaign, office):
    book = publish(office)
    assessor = make_user(role="assessor", region="9901")
    mine = Assessment.objects.create(
        campaign=campaign, rulebook=book, kind="mock", title="模拟", held_on=WEEK.sunday, assessor=assessor
    )
    other = Assessment.objects.create(
        campaign=campaign, rulebook=book, kind="mock", title="另一份", held_on=WEEK.sunday
    )
    client = login(assessor)
    address = reverse("reading-new", args=[book.clauses.get(no="1.1").pk])
    client.post(address, {"assessment": mine.pk, "value": "是", "on": "2026-11-12"})
    assert (
        client.post(address, {"assessment": other.pk, "value": "是", "on": "2026-11-12"}).status_code == 404
    )
    assert client.post(address, {"value": "是", "on": "2026-11-12"}).status_code == 403
    assert list(Reading.objects.values_list("assessment_id", "value")) == [(mine.pk, {"met": True})]
    given = client.get(reverse("clause-list")).content.decode()
    assert reverse("assessment-detail", args=[mine.pk]) in given
    assert reverse("assessment-detail", args=[other.pk]) not in given
    assert "达到 是" in client.get(reverse("assessment-detail", args=[mine.pk])).content.decode()


def test_the_clause_page_shows_points_reason_and_parallel_scores(login, campaign, office):
    pin_rulebook(campaign=campaign, rulebook=publish(office), by=office)
    clause = (
        campaign.rulebook.clauses.get(no="1.1")
        if campaign.rulebook
        else Rulebook.objects.get().clauses.get(no="1.1")
    )
    record_reading(
        campaign=Campaign.objects.get(),
        clause=clause,
        value={"met": False},
        on=WEEK.monday,
        source="reported",
        by=office,
    )
    publish_week(report=close_week(campaign=Campaign.objects.get(), week=WEEK), by=None)
    client = login(role="leader", region="9901")
    page = client.get(reverse("clause-list"), {"no": "1.1"}).content.decode()
    assert all(word in page for word in ("1.1 机构", "四种测评并列", "模拟测评", "未评"))


def test_the_clause_page_without_a_frozen_week_says_what_happens_next(login, campaign):
    assert "每周一 00:30" in login(role="leader", region="9901").get(reverse("clause-list")).content.decode()


def test_an_approved_report_supersedes_what_the_unit_said_before_and_nobody_decided(
    login, task, liaison, office
):
    claim_task(task=task, by=liaison)
    told = {"task": task, "progress": "推进中", "claims_done": False, "uploads": []}
    older = [report_task(week=Week.parse(f"2026-W{week}"), by=liaison, **told) for week in (43, 44)]
    newest = report_task(week=WEEK, by=liaison, **told)
    later = report_task(week=Week.parse("2026-W47"), by=liaison, **told)
    decide_report(report=newest, approve=True, by=office)
    states = dict(TaskReport.objects.values_list("pk", "state"))
    assert [states[report.pk] for report in (*older, newest, later)] == [
        "superseded",
        "superseded",
        "approved",
        "submitted",
    ]
    event = AuditEvent.objects.get(action="task.superseded")
    assert (event.before, event.after["week"]) == ({"weeks": ["2026-W43", "2026-W44"]}, "2026-W46")
    assert "已由新报代替" in login(office).get(reverse("task-detail", args=[task.pk])).content.decode()
    with pytest.raises(CampaignRefused, match="已有人审核"):
        decide_report(report=older[0], approve=True, by=office)


def test_a_returned_report_supersedes_nothing(task, liaison, office):
    claim_task(task=task, by=liaison)
    told = {"task": task, "progress": "推进中", "claims_done": False, "uploads": []}
    older = report_task(week=Week.parse("2026-W45"), by=liaison, **told)
    decide_report(
        report=report_task(week=WEEK, by=liaison, **told), approve=False, reason="太简略", by=office
    )
    older.refresh_from_db()
    assert older.state == "submitted"


def test_an_approved_weekly_report_leaves_an_older_request_for_completion_waiting(task, liaison, office):
    claim_task(task=task, by=liaison)
    told = {"task": task, "progress": "推进中", "uploads": [], "claims_done": False}
    plain = report_task(week=Week.parse("2026-W44"), by=liaison, **told)
    asked = told | {"claims_done": True, "uploads": [photo()]}
    request = report_task(week=Week.parse("2026-W45"), by=liaison, **asked)
    decide_report(report=report_task(week=WEEK, by=liaison, **told), approve=True, by=office)
    task.refresh_from_db()
    states = dict(TaskReport.objects.values_list("pk", "state"))
    assert (states[plain.pk], states[request.pk], task.state) == ("superseded", "submitted", "reported")
    decide_report(report=request, approve=True, by=office)
    task.refresh_from_db()
    assert task.state == "done"


def test_an_approved_completion_supersedes_an_older_request_for_completion(task, liaison, office):
    claim_task(task=task, by=liaison)
    told = {"task": task, "progress": "完成", "claims_done": True}
    older = report_task(week=Week.parse("2026-W45"), uploads=[photo()], by=liaison, **told)
    newer = report_task(week=WEEK, uploads=[photo()], by=liaison, **told)
    decide_report(report=newer, approve=True, by=office)
    older.refresh_from_db()
    assert older.state == "superseded"


def test_a_decision_takes_the_task_before_its_reports_as_every_other_writer_does(task, liaison, office):
    claim_task(task=task, by=liaison)
    told = {"task": task, "progress": "推进中", "claims_done": False, "uploads": []}
    report_task(week=Week.parse("2026-W45"), by=liaison, **told)
    newest = report_task(week=WEEK, by=liaison, **told)
    with CaptureQueriesContext(connection) as asked:
        decide_report(report=newest, approve=True, by=office)
    told_of = [query["sql"] for query in asked if "campaigns_task" in query["sql"]]
    assert 'FROM "campaigns_taskitem"' in told_of[0]
    assert 'FROM "campaigns_taskreport"' in told_of[1]
    assert " ORDER BY " in told_of[1]
    if connection.vendor == "postgresql":
        assert all(" FOR UPDATE" in sql for sql in told_of[:2])
