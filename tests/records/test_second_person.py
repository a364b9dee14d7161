"""Above the size that the campaign office has set, a second person says yes or no before anything is imported."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import Post
from entities.models import Business
from records.choices import BatchState, JobState
from records.ledgers import batches, ledger_rules
from records.ledgers.batches import LedgerRefused
from records.models import ApprovalRule, AuditEvent, Job, LedgerBatch
from records.services import jobs
from records.services.rows import RowRefused
from tests.factories import make_campaign, make_region, make_unit, make_user
from tests.factories.ledgers import business_row, checked, make_liaison, send, workbook

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def limit(office, rows, kind=""):
    return ledger_rules.save_approval_rule(rule=ApprovalRule(), kind=kind, rows=rows, by=office)


def confirmed(liaison, size=3):
    batch = send(liaison, "businesses", [business_row() for _ in range(size)])
    return batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)


def approve(batch, by):
    """A yes to what the batch shows now."""
    return batches.approve_batch(batch=batch, by=by, digest=batch.digest, seen=batches.seen_of(batch))


def events(action):
    return AuditEvent.objects.filter(action=action).count()


@pytest.mark.parametrize(
    ("rules", "waits"),
    [
        ({}, False),
        ({"": 3}, False),
        ({"": 2}, True),
        ({"": 2, "businesses": 3}, False),
        ({"": 9, "businesses": 0}, True),
        ({"visits": 0}, False),
    ],
    ids=[
        "no rule: never",
        "as many rows as set",
        "one row more",
        "the kind's own rule goes before the one for all",
        "zero: always",
        "the rule of another kind",
    ],
)
def test_only_more_rows_than_set_wait_for_a_second_person(office, liaison, rules, waits):
    for kind, rows in rules.items():
        limit(office, rows, kind)
    batch = confirmed(liaison)
    assert batch.state == (BatchState.AWAITING if waits else BatchState.COMMITTING)
    assert Job.objects.filter(kind="ledger.commit").count() == (0 if waits else 1)


def test_another_person_approves_and_the_import_begins(office, liaison):
    limit(office, 2)
    batch = confirmed(liaison)
    colleague = make_liaison()
    approve(batch, colleague)
    jobs.run_inline(batch.commit_job)
    batch = LedgerBatch.objects.get()
    assert (batch.state, batch.confirmed_by, batch.decided_by) == (BatchState.COMMITTED, liaison, colleague)
    assert (Business.objects.count(), events("ledger.approved"), events("ledger.committed")) == (3, 1, 1)
    with pytest.raises(LedgerRefused, match="不在等待批准"):
        approve(batch, office)


@pytest.mark.parametrize("who", ["uploader", "another county", "a kind they do not import"])
def test_nobody_else_can_decide(office, liaison, who):
    limit(office, 2)
    batch = confirmed(liaison)
    people = {
        "uploader": lambda: liaison,
        "another county": lambda: make_user(role="county_liaison", region="990103"),
        "a kind they do not import": lambda: make_user(role="supervision_team", region="990102"),
    }
    by = people[who]()
    with pytest.raises(LedgerRefused):
        approve(batch, by)
    with pytest.raises(LedgerRefused):
        batches.decline_batch(batch=batch, by=by, reason="不行")
    assert not batches.awaiting_approval(by).exists()
    assert (LedgerBatch.objects.get().state, Business.objects.count()) == (BatchState.AWAITING, 0)


def test_only_the_file_that_was_seen_is_approved(office, liaison):
    limit(office, 2)
    batch = confirmed(liaison)
    with pytest.raises(LedgerRefused, match="不是同一个"):
        batches.approve_batch(batch=batch, by=office, digest="0" * 64, seen=batches.seen_of(batch))
    assert LedgerBatch.objects.get().state == BatchState.AWAITING


def test_a_township_cannot_approve_what_its_county_sends(office, liaison):
    limit(office, 2)
    batch = confirmed(liaison)
    with pytest.raises(LedgerRefused, match="不在您的辖区"):
        approve(batch, make_user(role="township_liaison", region="990102001"))


def test_the_office_decides_on_what_an_administrator_without_a_territory_sends(office, liaison):
    limit(office, 0)
    admin = make_user(role="system_admin")
    batch = send(admin, "workdays", [{"day": "2027-01-01", "kind": "放假"}])
    batch = batches.confirm_batch(batch=batch, by=admin, digest=batch.digest)
    assert (batch.territory, batch.state) == ("", BatchState.AWAITING)
    assert list(batches.awaiting_approval(office)) == [batch]
    assert not LedgerBatch.objects.visible_to(liaison).filter(pk=batch.pk).exists()
    with pytest.raises(LedgerRefused):
        approve(batch, liaison)
    assert approve(batch, office).state == BatchState.COMMITTING


def test_colleagues_of_a_unit_see_and_approve_each_others_ledgers_and_no_other_units(office, login):
    make_campaign()
    limit(office, 0)
    school, trade = make_unit("市教育局"), make_unit("市商务局")
    sender, colleague = (make_user(role="unit_liaison", region="9901", unit=school) for _ in range(2))
    stranger = make_user(role="unit_liaison", region="9901", unit=trade)
    batch = send(sender, "tasks", [{"title": "未知的任务"}])
    LedgerBatch.objects.update(state=BatchState.CHECKED, verdict="accept", counts={"accepted": 1})
    batch = batches.confirm_batch(batch=LedgerBatch.objects.get(), by=sender, digest=batch.digest)
    assert batch.unit_path == school.path
    at = reverse("ledger-batch", args=[batch.pk])
    assert [login(one).get(at).status_code for one in (colleague, stranger)] == [200, 404]
    assert [list(batches.awaiting_approval(one)) for one in (sender, colleague, stranger)] == [
        [],
        [batch],
        [],
    ]
    with pytest.raises(LedgerRefused, match="别的单位"):
        approve(batch, stranger)
    approved = approve(batch, colleague)
    assert approved.state == BatchState.COMMITTING


READINGS = [{"no": "1", "on": "2026-11-10", "met": "是"}]


def of_unit(unit, region="9901"):
    """A liaison of a unit, or one whose post names none."""
    return make_user(role="unit_liaison", region=region, unit=unit)


def test_a_unit_sees_of_its_people_only_what_they_sent_in_the_same_role(office):
    school = make_unit("市教育局")
    county = make_user(role="county_liaison", region="990102", unit=school)
    both = of_unit(school)
    Post.objects.create(user=both, role="county_liaison", region_id="990102")
    for person in (county, both):
        send(person, "readings", READINGS)
    send(county, "businesses", [business_row()])
    seen = send(of_unit(school), "readings", READINGS)
    liaison, nowhere = of_unit(school), of_unit(None)
    assert list(LedgerBatch.objects.visible_to(liaison)) == [seen]
    assert not LedgerBatch.objects.visible_to(nowhere).exists()


def test_no_unit_reaches_the_readings_of_a_county_below_it(office, login):
    city = make_unit("示例市教育局")
    below = make_unit("南湖区教育局", region="990102", parent=city)
    county = make_user(role="county_liaison", region="990102", unit=below)
    batch = send(county, "readings", READINGS)
    LedgerBatch.objects.update(state=BatchState.COMMITTED, committed_at=timezone.now())
    for unit in (city, below):
        liaison = of_unit(unit)
        assert login(liaison).get(reverse("ledger-batch", args=[batch.pk])).status_code == 404
        assert login(liaison).post(reverse("ledger-undo", args=[batch.pk])).status_code == 404
        with pytest.raises(LedgerRefused, match="别的单位"):
            batches.undo_batch(batch=LedgerBatch.objects.get(), by=liaison)
    assert LedgerBatch.objects.get().state == BatchState.COMMITTED


@pytest.mark.parametrize("who", ["a colleague of the unit", "the unit above"])
def test_colleagues_look_and_decide_and_begin_no_undo_of_their_own(office, login, who):
    city = make_unit("示例市教育局")
    below = make_unit("南湖区教育局", region="990102", parent=city)
    sender = of_unit(below)
    colleague = of_unit(below if who == "a colleague of the unit" else city)
    batch = send(sender, "readings", READINGS)
    fields = {"state": BatchState.COMMITTED, "committed_at": timezone.now(), "counts": {"accepted": 1}}
    LedgerBatch.objects.update(**fields)
    at = f"/api/v1/ledgers/{batch.pk}/"
    client = login(colleague)
    assert client.get(at).json()["state"] == "committed"
    for rows in (1, 0):  # alone, and by two
        limit(office, rows, "readings") if rows else ApprovalRule.objects.update(rows=0)
        answer = client.post(f"{at}undo/")
        assert (answer.status_code, answer.json()["code"]) == (409, "colleagues_batch")
    assert (LedgerBatch.objects.get().state, LedgerBatch.objects.get().undo_asked_at) == ("committed", None)
    assert batches.undo_batch(batch=LedgerBatch.objects.get(), by=sender).awaits_approval
    assert [list(batches.awaiting_approval(one)) for one in (sender, colleague)] == [[], [batch]]
    seen = {"seen": client.get(at).json()["seen"]}
    assert client.post(f"{at}approve-undo/", seen).status_code == 200
    assert LedgerBatch.objects.get().undo_decided_by == colleague


def test_administrators_of_a_territory_see_each_others_ledgers_and_assessors_do_not(office):
    admins = [make_user(role="system_admin", region=region) for region in ("9901", "9901", "9902")]
    assessors = [make_user(role="assessor", region="9901") for _ in range(2)]
    batch = send(admins[0], "workdays", [{"day": "2027-01-01", "kind": "放假"}])
    own = send(assessors[0], "problems", [{"description": "地面有积水"}])
    seen = [list(LedgerBatch.objects.visible_to(one).order_by("pk")) for one in (*admins, *assessors)]
    assert seen == [[batch], [batch], [], [own], []]


def test_a_batch_is_declined_with_a_reason_and_may_be_checked_again(office, liaison):
    limit(office, 2)
    batch = confirmed(liaison)
    with pytest.raises(LedgerRefused, match="原因"):
        batches.decline_batch(batch=batch, by=office, reason="  ")
    batches.decline_batch(batch=batch, by=office, reason="三个主体已经注销")
    batch = LedgerBatch.objects.get()
    assert (batch.state, batch.decision_reason, Business.objects.count()) == (
        BatchState.REFUSED,
        "三个主体已经注销",
        0,
    )
    assert "三个主体已经注销" in batches.head(batch)["reason"]
    assert AuditEvent.objects.get(action="ledger.declined").reason == "三个主体已经注销"
    batches.recheck_batch(batch=batch, by=liaison)
    assert checked(batch).state == BatchState.CHECKED


def test_the_uploader_may_take_the_batch_back(office, liaison):
    limit(office, 2)
    batch = confirmed(liaison)
    batches.abandon_batch(batch=batch, by=liaison)
    with pytest.raises(LedgerRefused):
        approve(batch, office)


def test_an_uploader_who_has_moved_on_cannot_be_approved(office, liaison):
    limit(office, 2)
    confirmed(liaison)
    liaison.posts.update(valid_to=timezone.localdate() - timedelta(days=1))
    with pytest.raises(LedgerRefused, match="上传人的岗位"):
        approve(LedgerBatch.objects.get(), office)


def test_a_register_that_changed_while_waiting_asks_both_people_again(office, liaison):
    row = business_row()
    batch = send(liaison, "businesses", [row])
    batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    jobs.run_inline(batch.commit_job)
    limit(office, 0)
    batch = send(liaison, "businesses", [row | {"legal_person": "李四"}])
    batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    Business.objects.update(legal_person="王五", version=2)
    approve(batch, office)
    jobs.run_inline(batch.commit_job)
    batch = checked(LedgerBatch.objects.get(pk=batch.pk))
    assert (batch.state, Business.objects.get().legal_person) == (BatchState.CHECKED, "王五")
    batch = batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    assert batch.state == BatchState.AWAITING


def test_the_command_leaves_with_two_and_the_batch_waiting(office, liaison, tmp_path):
    limit(office, 1)
    path = tmp_path / "台账.xlsx"
    path.write_bytes(workbook("businesses", [business_row(), business_row()]).read())
    for _again in range(2):
        out = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command(
                "import_ledger",
                str(path),
                "--kind",
                "businesses",
                "--user",
                liaison.username,
                "--json",
                stdout=out,
            )
        told = json.loads(out.getvalue())
        assert (ended.value.code, told["verdict"], told["read"]) == (2, "accept", 2)
        assert "等待另一人批准" in told["reason"]
    assert (LedgerBatch.objects.get().state, Business.objects.count()) == (BatchState.AWAITING, 0)


def test_the_same_file_again_is_the_same_waiting_batch(office, liaison):
    limit(office, 0)
    file = workbook("businesses", [business_row()])
    batch = send(liaison, "businesses", file)
    batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    again = batches.receive_upload(kind="businesses", file=file, by=liaison).batch
    assert (again.pk, again.state, LedgerBatch.objects.count()) == (batch.pk, BatchState.AWAITING, 1)


# --- pages ---------------------------------------------------------------------------------------------


def shown_in(html):
    """The hidden fields that a form of this page posts about what it shows."""
    found = {
        name: set(re.findall(f'name="{name}" value="([0-9a-f]{{64}})"', html)) for name in ("digest", "seen")
    }
    return {name: value for name, values in found.items() for value in values}


def test_whoever_may_approve_finds_the_batch_and_its_preview(office, liaison, login):
    limit(office, 2)
    batch = confirmed(liaison)
    second, own = login(make_liaison()), login(liaison)
    home = second.get(reverse("ledger-home")).content.decode()
    assert ("等您批准" in home, "待批准 1" in home, batch.number in home) == (True, True, True)
    assert "等您批准" not in own.get(reverse("ledger-home")).content.decode()
    page = second.get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert all(word in page for word in ("批准导入", "退回上传人", "逐行对照", "南湖第"))
    mine = own.get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert ("退回上传人" in mine, "撤回" in mine) == (False, True)
    second.post(reverse("ledger-approve", args=[batch.pk]), shown_in(page))
    assert LedgerBatch.objects.get().state == BatchState.COMMITTING
    assert "待批准 1" not in second.get(reverse("ledger-home")).content.decode()


def test_a_decline_on_the_page_tells_the_uploader_why(office, liaison, login):
    limit(office, 2)
    batch = confirmed(liaison)
    second = login(office)
    seen = shown_in(second.get(reverse("ledger-batch", args=[batch.pk])).content.decode())
    second.post(reverse("ledger-decline", args=[batch.pk]), {"reason": "请补许可证号", **seen})
    page = login(liaison).get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert ("请补许可证号" in page, "重新检查" in page) == (True, True)


# --- the rules -----------------------------------------------------------------------------------------


def test_the_rules_name_known_kinds_once_and_can_be_lifted(office):
    rule = limit(office, 500)
    with pytest.raises(RowRefused, match="重复"):
        limit(office, 700)
    with pytest.raises(RowRefused, match="没有“nonsense”"):
        limit(office, 1, "nonsense")
    ledger_rules.save_approval_rule(rule=rule, kind="", rows=800, by=office)
    assert ledger_rules.approval_limit("visits") == 800
    ledger_rules.remove_approval_rule(rule=rule, by=office)
    assert ledger_rules.approval_limit("visits") is None
    assert [events(f"approval_rule.{what}") for what in ("created", "updated", "removed")] == [1, 1, 1]


def test_the_office_sets_the_size_in_the_admin(office, login):
    client = login(office)
    answer = client.post(reverse("admin:records_approvalrule_add"), {"kind": "businesses", "rows": "1000"})
    assert answer.status_code == 302, answer.content.decode()
    assert ledger_rules.approval_limit("businesses") == 1000
    assert events("approval_rule.created") == 1


# --- stopping ------------------------------------------------------------------------------------------


def test_a_stopped_check_leaves_nothing_and_can_be_done_again(liaison):
    batch = batches.receive_upload(
        kind="businesses", file=workbook("businesses", [business_row()]), by=liaison
    ).batch
    claimed = jobs.claim(batch.check_job.pk)
    assert claimed is not None
    job, token = claimed
    batches.stop_batch(batch=batch, by=liaison)
    with pytest.raises(jobs.JobStopped):
        LedgerBatch.objects.update(state=BatchState.CHECKING)
        batches.check_batch(batch_id=batch.pk, job=job, progress=jobs.Progress(job, token))
    LedgerBatch.objects.update(state=BatchState.REFUSED)
    batch = LedgerBatch.objects.get()
    assert ("没有保存任何内容" in batch.reason, batch.rows.count()) == (True, 0)
    batches.recheck_batch(batch=batch, by=liaison)
    assert checked(batch).state == BatchState.CHECKED


def test_a_stopped_import_leaves_nothing_and_can_be_confirmed_again(liaison):
    batch = confirmed(liaison)
    claimed = jobs.claim(batch.commit_job.pk)
    assert claimed is not None
    job, token = claimed
    batches.stop_batch(batch=batch, by=liaison)
    batch = LedgerBatch.objects.get()
    assert (batch.state, "已取消" in batch.reason) == (BatchState.CHECKED, True)
    assert AuditEvent.objects.get(action="ledger.stopped").reason == batch.reason
    with pytest.raises(jobs.JobStopped):
        LedgerBatch.objects.update(state=BatchState.COMMITTING)
        batches.commit_batch(batch_id=batch.pk, job=job, progress=jobs.Progress(job, token))
    assert Business.objects.count() == 0
    LedgerBatch.objects.update(state=BatchState.CHECKED)
    batch = batches.confirm_batch(batch=LedgerBatch.objects.get(), by=liaison, digest=batch.digest)
    jobs.run_inline(batch.commit_job)
    assert Business.objects.count() == 3


def test_an_import_that_is_saved_cannot_be_cancelled_any_more(liaison):
    batch = confirmed(liaison)
    jobs.run_inline(batch.commit_job)
    Job.objects.filter(pk=batch.commit_job.pk).update(
        state=JobState.RUNNING
    )  # the moment before it is marked done
    assert jobs.cancel_job(job=batch.commit_job, by=liaison) is False
    assert events("ledger.stopped") == 0
    assert Job.objects.get(pk=batch.commit_job.pk).state == JobState.RUNNING
    with pytest.raises(LedgerRefused):
        batches.stop_batch(batch=LedgerBatch.objects.get(), by=liaison)


@pytest.mark.parametrize("part", ["check", "commit"])
def test_work_that_died_too_often_gives_the_batch_back(liaison, part):
    if part == "check":
        batch = batches.receive_upload(
            kind="businesses", file=workbook("businesses", [business_row()]), by=liaison
        ).batch
        job, state = batch.check_job, BatchState.REFUSED
    else:
        batch = confirmed(liaison)
        job, state = batch.commit_job, BatchState.CHECKED
    Job.objects.filter(pk=job.pk).update(attempts=jobs.MAX_ATTEMPTS)
    jobs.run_inline(job)
    batch = LedgerBatch.objects.get()
    assert (batch.state, "多次中断" in batch.reason, Business.objects.count()) == (state, True, 0)
    stopped = AuditEvent.objects.filter(action="ledger.stopped").values_list("target_id", "actor", "reason")
    assert list(stopped) == [(str(batch.pk), None, batch.reason)]


def test_the_page_says_before_and_after_that_a_second_person_decides_and_who(office, liaison, login):
    office.name = "李敏"
    office.save()
    limit(office, 2)
    batch = send(liaison, "businesses", [business_row() for _ in range(3)])
    client = login(liaison)
    text = client.get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert "超过 2 行，确认后还要另一人批准" in text and "可以批准：李敏（" in text
    batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    text = client.get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert "超过一个人可以导入的 2 行" in text and "可以批准：李敏（" in text


def test_nobody_is_named_who_holds_no_post_that_imports_here(office, liaison):
    make_region("990103", "富源市")
    make_user(role="county_liaison", region="990103")
    make_user(role="leader", region="9901")
    ended = make_user(role="campaign_office", region="9901")
    Post.objects.filter(user=ended).update(valid_to=timezone.localdate() - timedelta(days=1))
    batch = send(liaison, "businesses", [business_row()])
    assert batches.approvers_of(batch, but=liaison) == [office]


def test_a_declined_ledger_is_called_so_and_waits_for_its_sender(office, liaison, login):
    limit(office, 2)
    batch = confirmed(liaison)
    batches.decline_batch(batch=batch, by=office, reason="第 3 行没有地址")
    client = login(liaison)
    home = client.get(reverse("ledger-home")).content.decode()
    text = client.get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert 'id="declined"' in home and "第 3 行没有地址" in home
    assert "没有批准" in text and "<b>第 3 行没有地址</b>" in text
    assert list(batches.sent_back(liaison)) == [batch] and not batches.sent_back(office).exists()
    checked(batches.recheck_batch(batch=batch, by=liaison))
    assert 'id="declined"' not in client.get(reverse("ledger-home")).content.decode()
