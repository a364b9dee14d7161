"""From upload to undo: acknowledged once, shown before saved, all rows or none, taken back whole."""

from __future__ import annotations

import io
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from entities.ledgers.businesses import BusinessesKind
from entities.models import Business, StatusChange
from records.choices import BatchState, JobState, Verdict
from records.ledgers import batches, kind_of
from records.ledgers.batches import LedgerRefused
from records.models import AuditEvent, Job, LedgerBatch, LedgerRow
from records.services import jobs
from tests.factories import make_user
from tests.factories.ledgers import (
    business_row,
    checked,
    counts,
    found,
    make_county,
    make_liaison,
    send,
    take_in,
    workbook,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def committed_events():
    return AuditEvent.objects.filter(action="ledger.committed").count()


def state_of_register():
    """What an undo has to bring back: the facts, without keys, versions and clocks."""
    facts = (
        "match_key",
        "name",
        "credit_code",
        "licence_no",
        "licence_valid_to",
        "region_id",
        "responsibility_grade",
        "status",
    )
    changes = StatusChange.objects.order_by("business__match_key").values_list(
        "business__match_key", "to_status", "state"
    )
    return list(Business.objects.order_by("match_key").values_list(*facts)), list(changes)


# --- receiving -----------------------------------------------------------------------------------------


def test_a_double_click_is_one_batch(liaison):
    file = workbook("businesses", [business_row()])
    first = batches.receive_upload(kind="businesses", file=file, by=liaison).batch
    second = batches.receive_upload(kind="businesses", file=file, by=liaison).batch
    assert (first.pk, LedgerBatch.objects.count(), Job.objects.count()) == (second.pk, 1, 1)


def test_two_people_with_the_same_file_have_a_batch_each(liaison):
    file = workbook("businesses", [business_row()])
    other = make_liaison()
    sent = {
        batches.receive_upload(kind="businesses", file=file, by=user).batch.pk for user in (liaison, other)
    }
    assert len(sent) == 2


def test_a_file_imported_before_is_answered_at_once_while_nothing_was_written_since(liaison):
    file = workbook("businesses", [business_row(), business_row(status="停业")])
    batch = take_in(send(liaison, "businesses", file))
    again = batches.receive_upload(kind="businesses", file=file, by=liaison)
    told = batches.document(again.batch, repeated=True)
    assert (again.repeated, again.batch.pk, told["created"], told["unchanged"]) == (True, batch.pk, 0, 2)
    assert "完全相同" in told["reason"]
    Business.objects.update(updated_at=timezone.now() + timedelta(seconds=1))
    assert not batches.receive_upload(kind="businesses", file=file, by=liaison).repeated


@pytest.mark.parametrize(
    ("role", "kind", "code"),
    [
        ("officer", "businesses", "not_permitted"),
        ("regulator", "officers", "not_permitted"),
        ("county_liaison", "accounts", "not_permitted"),
        ("county_liaison", "nonsense", "unknown_kind"),
    ],
)
def test_only_those_who_may_import_a_kind_can_upload_it(role, kind, code):
    make_county()
    with pytest.raises(LedgerRefused) as refusal:
        batches.receive_upload(
            kind=kind, file=ContentFile(b"x", name="x.xlsx"), by=make_user(role=role, region="990102")
        )
    assert (refusal.value.code, LedgerBatch.objects.count()) == (code, 0)


def test_empty_and_oversized_files_are_not_received(liaison, settings):
    settings.LEDGER_MAX_MEGABYTES = 1
    for content, code in ((b"", "empty_file"), (b"x" * (1024 * 1024 + 1), "file_too_large")):
        with pytest.raises(LedgerRefused) as refusal:
            batches.receive_upload(kind="businesses", file=ContentFile(content, name="a.xlsx"), by=liaison)
        assert refusal.value.code == code


def test_the_stored_name_is_generated_and_the_senders_name_is_only_shown(liaison):
    file = ContentFile(workbook("businesses", [business_row()]).read(), name="../../etc/南湖 台账.xlsx")
    batch = batches.receive_upload(kind="businesses", file=file, by=liaison).batch
    assert batch.file_name == "南湖 台账.xlsx"
    assert batch.file.name == f"ledgers/{batch.token.hex[:2]}/{batch.token.hex}.xlsx"


# --- checking ------------------------------------------------------------------------------------------


def test_everything_is_counted_shown_and_nothing_is_saved(liaison):
    same = business_row()
    rows = [
        business_row(),
        same,
        same,
        business_row(name=None),
        business_row(county="富源市", township="东风乡", village=None),
    ]
    batch = send(
        liaison,
        "businesses",
        rows,
        above=[["南湖区食品生产经营主体台账"], ["填报单位:南湖区食安办", None, "填报日期:2026年9月16日"]],
        below=[["合计", 5], ["说明:本表数据截至填报日期。"]],
        keys=["seq", *rows[0]],
    )
    assert (batch.verdict, batch.state, batch.header_row) == (Verdict.PARTIAL, BatchState.CHECKED, 3)
    assert (str(batch.ledger_date), Business.objects.count()) == ("2026-09-16", 0)
    assert counts(batch) == {"read": 7, "accepted": 2, "rejected": 2, "skipped": 3, "created": 2}
    assert found(batch, "error") == [(7, "企业名称", "required"), (8, "县(市、区)", "other_territory")]
    assert found(batch, "note") == [
        (6, "", "duplicate_merged"),
        (9, "", "row_skipped"),
        (10, "", "row_skipped"),
    ]
    assert {group["code"]: group["count"] for group in batch.groups} == {
        "required": 1,
        "other_territory": 1,
        "row_skipped": 2,
        "duplicate_merged": 1,
    }


def test_every_row_is_accepted_rejected_or_skipped_with_the_message_saying_what_to_do(liaison):
    batch = send(liaison, "businesses", [business_row(licence_valid_to="明年"), business_row()])
    issue = batches.document(batch)["issues"][0]
    assert issue | {"message": ""} == {
        "sheet": "台账", "row": 3, "column": "有效期至", "value": "明年", "code": "not_a_date", "severity": "error", "message": "",
    }  # fmt: skip
    assert "请" in issue["message"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7 not a ledger", "pdf"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "html"),
        (b"PK\x03\x04 broken", "damaged"),
    ],
)
def test_what_is_no_workbook_is_refused_with_a_sentence(liaison, content, code):
    batch = send(liaison, "businesses", ContentFile(content, name="台账.xlsx"))
    assert (batch.verdict, batch.state, batch.choices["code"]) == (Verdict.REFUSE, BatchState.REFUSED, code)
    assert batch.reason and not Business.objects.exists()


def test_a_missing_column_is_named_and_can_be_pointed_out(liaison):
    row = business_row()
    batch = send(liaison, "businesses", [row], headers={"premises_address": "门牌", "township": "乡里"})
    assert (batch.state, batch.choices["ask"]) == (BatchState.REFUSED, "columns")
    assert "“经营场所”" in batch.reason and "“乡镇(街道)”" in batch.reason
    assert batch.unrecognised == ["门牌", "乡里"]
    batches.choose_columns(batch=batch, by=liaison, mapping={"门牌": "premises_address", "乡里": "township"})
    batch = checked(batch)
    assert (batch.state, batch.counts["created"], batch.columns["门牌"]) == (
        BatchState.CHECKED,
        1,
        "premises_address",
    )


def test_two_sheets_that_would_do_are_asked_about(liaison):
    rows = [business_row()]
    book = openpyxl.load_workbook(io.BytesIO(workbook("businesses", rows, sheet="一季度").read()))
    book.copy_worksheet(book.active).title = "二季度"
    out = io.BytesIO()
    book.save(out)
    batch = send(liaison, "businesses", ContentFile(out.getvalue(), name="两张表.xlsx"))
    assert (batch.choices["ask"], batch.choices["candidates"]) == ("sheet", ["一季度", "二季度"])
    batch = checked(batches.choose_columns(batch=batch, by=liaison, sheet="二季度"))
    assert (batch.sheet, batch.counts["created"]) == ("二季度", 1)


def _with_sheets(file, **more):
    """The workbook with further sheets: copies of its first one, or of other rows."""
    book = openpyxl.load_workbook(io.BytesIO(file.read()))
    for name, lines in more.items():
        if lines is None:
            book.copy_worksheet(book.worksheets[0]).title = name
        else:
            page = book.create_sheet(name)
            for line in lines:
                page.append(line)
    out = io.BytesIO()
    book.save(out)
    return ContentFile(out.getvalue(), name="几张表.xlsx")


OWN_HEADERS = {
    "name": "店名", "premises_address": "门牌", "business_type": "行当", "county": "县份", "township": "乡里",
    "credit_code": "代号", "licence_no": "证号",
}  # fmt: skip


def test_columns_pointed_out_on_one_sheet_are_looked_for_on_the_others(liaison):
    one = workbook(
        "businesses", [business_row()], keys=tuple(OWN_HEADERS), headers=OWN_HEADERS, sheet="一季度"
    )
    batch = send(liaison, "businesses", _with_sheets(one, 二季度=None))
    assert (batch.choices["ask"], batch.sheet) == ("columns", "一季度")
    said = {header: key for key, header in OWN_HEADERS.items()}
    batch = checked(batches.choose_columns(batch=batch, by=liaison, sheet="一季度", mapping=said))
    assert (batch.choices["ask"], batch.choices["candidates"]) == ("sheet", ["一季度", "二季度"])
    batch = checked(batches.choose_columns(batch=batch, by=liaison, sheet="二季度"))
    assert (batch.state, batch.sheet, batch.columns["门牌"]) == (
        BatchState.CHECKED,
        "二季度",
        "premises_address",
    )
    assert [note for note in batch.choices["notes"] if "“一季度”没有导入：一次只导入一个工作表" in note]


def test_a_sheet_with_content_that_is_not_taken_is_named(liaison):
    file = workbook("businesses", [business_row()])
    batch = send(liaison, "businesses", _with_sheets(file, 说明=[["本表由各所填报"]], 空表=[]))
    assert (batch.state, batch.choices["notes"]) == (
        BatchState.CHECKED,
        ["工作表“说明”没有导入：没有找到台账的表头"],
    )


def test_a_template_of_another_kind_is_refused_by_its_name(liaison):
    out = io.BytesIO()
    batches.template("officers", user=liaison, out=out)
    batch = send(liaison, "businesses", ContentFile(out.getvalue(), name="台账.xlsx"))
    assert (batch.state, batch.choices["code"], batch.choices.get("ask")) == (
        BatchState.REFUSED,
        "other_template",
        None,
    )
    assert batch.reason == (
        "这是“包保干部及责任清单”的模板，不是“食品生产经营主体台账”；请重新上传，上传时选择“包保干部及责任清单”"
    )


def test_nothing_is_said_of_the_hidden_sheets_of_a_template(liaison):
    out = io.BytesIO()
    batches.template("businesses", user=liaison, out=out)
    book = openpyxl.load_workbook(io.BytesIO(out.getvalue()))
    page = book.worksheets[0]
    header = next(row for row in page.iter_rows() if any(cell.value == "企业名称" for cell in row))
    filled = business_row()
    keys = {column.header: column.key for column in kind_of("businesses").columns}
    for cell in header:
        page.cell(header[0].row + 2, cell.column, filled.get(keys[cell.value]))
    page.row_dimensions[header[0].row + 2].hidden = True
    again = io.BytesIO()
    book.save(again)
    batch = send(liaison, "businesses", ContentFile(again.getvalue(), name="台账.xlsx"))
    assert (batch.state, batch.choices["notes"]) == (
        BatchState.CHECKED,
        [f"有 1 个隐藏的行也一并检查和导入：第 {header[0].row + 2} 行"],
    )


def test_a_verdict_tells_of_every_row_it_counts(liaison):
    row = business_row()
    batch = send(liaison, "businesses", [row, row, business_row(), business_row(name=None)])
    assert batch.reason == (
        "4 行中有 1 行有错误，1 行与其他行完全相同、已合并；请改正后重新上传，或只导入其余 2 行"
    )
    batch = send(liaison, "businesses", [row, row])
    assert batch.reason == "1 行合格，可以导入；另有 1 行与其他行完全相同、已合并"


def test_a_check_that_breaks_refuses_the_file_and_says_so(liaison, monkeypatch):
    def break_down(self, rows, context):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(BusinessesKind, "check", break_down)
    batch = send(liaison, "businesses", [business_row()])
    assert (batch.state, batch.check_job.state) == (BatchState.REFUSED, JobState.FAILED)
    assert "没有保存任何内容" in batch.reason


def test_a_check_can_run_twice(liaison):
    batch = send(liaison, "businesses", [business_row(), business_row(name=None)])
    staged = list(LedgerRow.objects.order_by("row_no").values("row_no", "verdict", "verb", "key", "issues"))
    batches.recheck_batch(batch=batch, by=liaison)
    checked(LedgerBatch.objects.get())
    assert (
        list(LedgerRow.objects.order_by("row_no").values("row_no", "verdict", "verb", "key", "issues"))
        == staged
    )


# --- confirming and committing -----------------------------------------------------------------------------


def test_a_confirmed_ledger_is_imported_with_one_event(liaison):
    batch = take_in(send(liaison, "businesses", [business_row(), business_row()]))
    assert (batch.state, Business.objects.count(), committed_events()) == (BatchState.COMMITTED, 2, 1)
    event = AuditEvent.objects.get(action="ledger.committed")
    assert (event.actor, event.after["counts"]["created"], len(event.after["digest"])) == (liaison, 2, 64)


def test_a_second_confirm_is_answered_clearly(liaison):
    batch = send(liaison, "businesses", [business_row()])
    batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    with pytest.raises(LedgerRefused, match="不用再次确认"):
        batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    jobs.run_inline(batch.commit_job)
    with pytest.raises(LedgerRefused, match="已经导入"):
        batches.confirm_batch(batch=LedgerBatch.objects.get(), by=liaison, digest=batch.digest)
    assert (Business.objects.count(), committed_events()) == (1, 1)


@pytest.mark.parametrize("case", ["another person", "another file", "half accepted", "moved away"])
def test_only_the_same_person_may_confirm_only_what_was_shown(liaison, case):
    batch = send(liaison, "businesses", [business_row(), business_row(name=None)])
    by, digest, partial = liaison, batch.digest, True
    if case == "another person":
        by = make_liaison()
    elif case == "another file":
        digest = "0" * 64
    elif case == "half accepted":
        partial = False
    else:
        liaison.posts.update(region_id="990103")
        by = type(liaison).objects.get(pk=liaison.pk)
    with pytest.raises(LedgerRefused):
        batches.confirm_batch(batch=batch, by=by, digest=digest, accept_partial=partial)
    assert (LedgerBatch.objects.get().state, Business.objects.count()) == (BatchState.CHECKED, 0)


def test_partial_acceptance_imports_only_the_rows_in_order(liaison):
    batch = take_in(
        send(liaison, "businesses", [business_row(name="好"), business_row(name=None)]), partial=True
    )
    assert (batch.accept_partial, [b.name for b in Business.objects.all()]) == (True, ["好"])


def test_a_commit_that_breaks_halfway_leaves_no_row_and_can_be_confirmed_again(liaison, monkeypatch):
    batch = send(liaison, "businesses", [business_row(), business_row(status="停业")])
    whole = BusinessesKind.apply

    def killed(self, plan, rows, context):
        whole(self, plan, rows, context)
        raise RuntimeError("killed")

    monkeypatch.setattr(BusinessesKind, "apply", killed)
    batch = take_in(batch)
    assert (batch.state, Business.objects.count(), StatusChange.objects.count()) == (BatchState.CHECKED, 0, 0)
    assert committed_events() == 0 and "没有保存任何内容" in batch.reason
    told = AuditEvent.objects.exclude(action__in=("ledger.uploaded", "ledger.checked", "ledger.confirmed"))
    assert list(told.values_list("action", "target_id", "actor", "reason")) == [
        ("ledger.broken", str(batch.pk), liaison.pk, batch.reason)
    ]
    monkeypatch.setattr(BusinessesKind, "apply", whole)
    assert (take_in(batch).state, Business.objects.count()) == (BatchState.COMMITTED, 2)


def test_an_import_that_breaks_without_its_event_is_not_given_back(liaison, monkeypatch):
    batch = send(liaison, "businesses", [business_row()])

    def fails(*args, **how):
        raise RuntimeError("no trail")

    batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    monkeypatch.setattr(BusinessesKind, "apply", fails)
    monkeypatch.setattr("records.services.audit.record", fails)
    claimed = jobs.claim(batch.commit_job.pk)
    assert claimed is not None
    with pytest.raises(RuntimeError, match="no trail"):
        batches.commit_batch(batch_id=batch.pk, job=claimed[0], progress=jobs.Progress(*claimed))
    assert LedgerBatch.objects.get().state == BatchState.COMMITTING


def test_a_worker_that_died_is_followed_by_another_and_the_dead_one_saves_nothing(liaison, monkeypatch):
    batch = send(liaison, "businesses", [business_row(), business_row()])
    batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    first = jobs.claim(batch.commit_job.pk)
    assert first is not None
    job, token = first
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)  # another worker takes the job up and finishes it
    assert (Business.objects.count(), committed_events()) == (2, 1)
    with pytest.raises(jobs.JobStopped):
        LedgerBatch.objects.update(state=BatchState.COMMITTING)
        batches.commit_batch(batch_id=batch.pk, job=job, progress=jobs.Progress(job, token))
    assert (Business.objects.count(), committed_events()) == (2, 1)


def test_a_finished_job_delivered_again_changes_nothing(liaison):
    batch = take_in(send(liaison, "businesses", [business_row()]))
    for _ in range(10):
        jobs.run(batch.commit_job.pk)
        Job.objects.filter(pk=batch.commit_job.pk).update(state=JobState.QUEUED, attempts=0, lease_until=None)
    assert (Business.objects.count(), committed_events()) == (1, 1)


def test_a_register_that_changed_since_the_check_sends_the_batch_back_to_the_check(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    batch = send(liaison, "businesses", [row | {"legal_person": "李四"}])
    Business.objects.update(legal_person="王五", version=2)
    batch = take_in(batch)
    assert (batch.state, Business.objects.get().legal_person) == (BatchState.UPLOADED, "王五")
    batch = checked(batch)
    staged = batch.rows.get()
    assert (batch.state, staged.before) == (BatchState.CHECKED, {"legal_person": "王五"})
    take_in(batch)
    assert Business.objects.get().legal_person == "李四"


def test_a_business_created_by_somebody_else_since_the_check_is_not_created_twice(liaison):
    row = business_row()
    batch = send(liaison, "businesses", [row])
    take_in(send(make_liaison(), "businesses", [row | {"scale": "大"}]))
    batch = take_in(batch)
    assert (batch.state, Business.objects.get().scale) == (BatchState.UPLOADED, "large")


def test_a_guard_that_fails_between_reading_and_writing_saves_nothing(liaison, monkeypatch):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    batch = send(liaison, "businesses", [row | {"legal_person": "李四"}, business_row()])
    whole = BusinessesKind.plan

    def overtaken(self, rows, context):
        plan = whole(self, rows, context)
        Business.objects.update(version=99)
        return plan

    monkeypatch.setattr(BusinessesKind, "plan", overtaken)
    assert take_in(batch).state == BatchState.UPLOADED
    assert (Business.objects.count(), Business.objects.get().legal_person) == (1, "张三")


def test_an_abandoned_batch_saves_nothing_and_leaves_the_file_in_the_history(liaison):
    batch = send(liaison, "businesses", [business_row()])
    batches.abandon_batch(batch=batch, by=liaison)
    with pytest.raises(LedgerRefused):
        batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    assert (batch.state, LedgerRow.objects.count(), batch.file.size > 0) == (BatchState.ABANDONED, 0, True)


def test_abandoning_a_batch_during_its_check_is_one_event_beside_the_jobs(liaison):
    batch = batches.receive_upload(
        kind="businesses", file=workbook("businesses", [business_row()]), by=liaison
    ).batch
    before = AuditEvent.objects.count()
    with CaptureQueriesContext(connection) as asked:
        batches.abandon_batch(batch=batch, by=liaison)
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)[before:]
    assert sorted(actions) == ["job.cancelled", "ledger.abandoned"]
    batch.refresh_from_db()
    assert (batch.state, batch.check_job.state, batch.verdict) == (BatchState.ABANDONED, "cancelled", "")
    if connection.vendor == "postgresql":  # as a worker does, so that neither waits for the other
        locking = [
            query["sql"] for query in asked if " FOR UPDATE" in query["sql"] or "UPDATE " in query["sql"][:7]
        ]
        assert 'FROM "records_job"' in locking[0] and 'UPDATE "records_ledgerbatch"' in locking[1]


@pytest.mark.parametrize("change", ["first import", "nothing new", "all changed"])
def test_an_import_costs_the_same_statements_however_long_the_ledger_is(liaison, change):
    spent = []
    assert liaison.import_kinds  # a person's posts are read once
    for size in (3, 60):
        rows = [business_row() for _ in range(size)]
        if change != "first import":
            take_in(send(liaison, "businesses", rows))
            rows = [
                row | ({"legal_person": "李四"} if change == "all changed" else {"seq": 1}) for row in rows
            ]
        with CaptureQueriesContext(connection) as queries:
            batch = take_in(send(liaison, "businesses", rows))
        assert batch.state == BatchState.COMMITTED
        told = ("SAVEPOINT", 'UPDATE "records_job"')  # progress is reported by the clock
        spent.append(len([q for q in queries if not any(word in q["sql"] for word in told)]))
    assert spent[0] == spent[1]


# --- undoing ---------------------------------------------------------------------------------------------


def test_an_undo_brings_the_register_back(liaison):
    old, closed = business_row(), business_row()
    take_in(send(liaison, "businesses", [old, closed]))
    before = state_of_register()
    changed = old | {
        "name": "新名字",
        "responsibility_grade": "B",
        "licence_valid_to": "2030-01-01",
        "village": "和平社区",
    }
    batch = take_in(
        send(liaison, "businesses", [changed, closed | {"status": "停业"}, business_row(), business_row()])
    )
    assert state_of_register() != before
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (result.restored, result.removed, result.conflicts) == (2, 2, [])
    assert (state_of_register(), LedgerBatch.objects.get(pk=batch.pk).state) == (before, BatchState.UNDONE)


def test_an_undo_leaves_alone_what_was_changed_since_and_says_so(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    batch = take_in(send(liaison, "businesses", [row | {"legal_person": "李四"}, business_row(name="新店")]))
    Business.objects.filter(legal_person="李四").update(legal_person="王五", version=3)
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (result.restored, result.removed) == (0, 1)
    assert [(c["row"], c["why"]) for c in result.conflicts] == [(3, "导入之后又被修改过，没有还原")]
    assert Business.objects.get().legal_person == "王五"


def test_a_batch_is_undone_once_and_only_in_ones_own_territory(liaison):
    batch = take_in(send(liaison, "businesses", [business_row()]))
    for by in (make_user(role="county_liaison", region="990103"), make_user(role="leader", region="9901")):
        with pytest.raises(LedgerRefused):
            batches.undo_batch(batch=batch, by=by)
    batches.undo_batch(batch=batch, by=liaison)
    with pytest.raises(LedgerRefused):
        batches.undo_batch(batch=batch, by=liaison)
    assert Business.objects.count() == 0


# --- workbooks given back ----------------------------------------------------------------------------------


def test_a_marked_workbook_is_mended_and_comes_in(liaison):
    rows = [business_row(), business_row(responsibility_grade="甲")]
    batch = send(liaison, "businesses", rows)
    out = io.BytesIO()
    assert batches.marked_workbook(batch, out) == 1
    book = openpyxl.load_workbook(io.BytesIO(out.getvalue()))
    page = book.active
    headers = [cell.value for cell in page[2]]
    assert "不在可选范围内" in page.cell(4, headers.index("检查结果") + 1).value
    page.cell(4, headers.index("包保等级") + 1).value = "B"
    mended = io.BytesIO()
    book.save(mended)
    batch = take_in(send(liaison, "businesses", ContentFile(mended.getvalue(), name="改好.xlsx")))
    assert (batch.verdict, Business.objects.count()) == (Verdict.ACCEPT, 2)


@pytest.mark.parametrize("kind", ["businesses", "officers", "visits"])
def test_an_untouched_template_imports_nothing_and_a_filled_one_is_understood(liaison, kind):
    out = io.BytesIO()
    batches.template(kind, user=liaison, out=out)
    batch = send(liaison, kind, ContentFile(out.getvalue(), name="模板.xlsx"))
    assert (batch.state, batch.choices["code"]) == (BatchState.REFUSED, "no_rows")
    book = openpyxl.load_workbook(io.BytesIO(out.getvalue()))
    book.active.append([1, "某某"])
    filled = io.BytesIO()
    book.save(filled)
    batch = send(liaison, kind, ContentFile(filled.getvalue(), name="模板.xlsx"))
    assert batch.unrecognised == [] and batch.counts["read"] == 2 and batch.counts["skipped"] == 1


def test_the_registers_missing_rows_are_listed_and_never_deleted(liaison):
    here, there = business_row(), business_row(township="石门乡", village=None)
    take_in(send(liaison, "businesses", [here, there]))
    batch = take_in(send(liaison, "businesses", [business_row()]))
    assert [b.name for b in batches.missing_from_file(batch)] == [here["name"]]
    assert (batch.counts["missing"], Business.objects.count()) == (1, 3)
