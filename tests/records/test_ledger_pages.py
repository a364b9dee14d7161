"""The ledger pages: everything at once before anything is saved, and nobody else's hands on it."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from entities.models import Business
from records.ledgers import batches
from records.models import AuditEvent, LedgerBatch
from records.services import jobs
from tests.factories import make_region

pytestmark = pytest.mark.django_db

HEADERS = [
    "主体名称",
    "社会信用代码",
    "食品经营许可证编号",
    "主体业态",
    "经营地址",
    "所属区县",
    "镇街",
    "分级",
]
GOOD = ["南湖好味饭店", "", "JY29901020400007", "餐饮服务", "长路 1 号", "南湖区", "人民街道", "C"]


@pytest.fixture
def liaison(login):
    make_region("990102", "南湖区")
    make_region("990102001", "人民街道")
    make_region("990103", "富源市")
    return login(role="county_liaison", region="990102")


def workbook(*rows, name="台账.xlsx"):
    book = openpyxl.Workbook()
    book.active.append(["南湖区食品生产经营主体台账"])
    book.active.append(HEADERS)
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile(name, out.getvalue())


def upload(client, file, kind="businesses"):
    answer = client.post(reverse("ledger-upload"), {"kind": kind, "file": file})
    assert answer.status_code == 302, answer.content.decode()
    batch = LedgerBatch.objects.order_by("-pk").first()
    jobs.run_inline(batch.check_job)
    batch.refresh_from_db()
    return batch


def page(client, batch, **params):
    return client.get(reverse("ledger-batch", args=[batch.pk]), params).content.decode()


def confirm(client, batch, **fields):
    answer = client.post(
        reverse("ledger-confirm", args=[batch.pk]),
        {"digest": batch.digest, "seen": batches.seen_of(batch), **fields},
        follow=True,
    )
    batch.refresh_from_db()
    if batch.commit_job:
        jobs.run_inline(batch.commit_job)
        batch.refresh_from_db()
    return answer.content.decode()


def test_a_good_ledger_is_shown_before_it_is_saved_and_then_imported(liaison):
    batch = upload(liaison, workbook(GOOD))
    text = page(liaison, batch)
    assert ("整份可导入" in text, "南湖好味饭店" in text, Business.objects.count()) == (True, True, 0)
    confirm(liaison, batch)
    assert (Business.objects.get().name, "导入完成" in page(liaison, batch)) == ("南湖好味饭店", True)


def test_every_fault_is_listed_with_row_column_value_and_advice(liaison):
    bad = [*GOOD[:2], "JY29901020400016", *GOOD[3:7], "甲"]
    other = [*GOOD[:2], "JY29901020400023", *GOOD[3:5], "富源市", *GOOD[6:]]
    batch = upload(liaison, workbook(GOOD, bad, other))
    text = page(liaison, batch)
    assert all(word in text for word in ('data-issue-row="4"', 'data-issue-row="5"', "甲", "分级", "富源市"))
    assert "只导入合格行" in text
    assert Business.objects.count() == 0


def test_a_second_confirm_gets_a_sentence_and_imports_nothing_twice(liaison):
    batch = upload(liaison, workbook(GOOD))
    confirm(liaison, batch)
    text = confirm(liaison, batch)
    assert "alert" in text
    assert (Business.objects.count(), AuditEvent.objects.filter(action="ledger.committed").count()) == (1, 1)


def test_only_the_uploader_confirms_and_another_county_sees_nothing(liaison, login):
    batch = upload(liaison, workbook(GOOD))
    colleague = login(role="county_liaison", region="990102")
    assert "确认导入" not in page(colleague, batch)
    confirm(colleague, batch)
    assert Business.objects.count() == 0
    foreign = login(role="county_liaison", region="990103")
    for name in ("ledger-batch", "ledger-marked", "ledger-original", "ledger-missing"):
        assert foreign.get(reverse(name, args=[batch.pk])).status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "文件是空的"), (None, "还没有选择文件")],
    ids=["an empty file", "no file"],
)
def test_an_upload_that_is_none_is_answered_with_a_sentence(liaison, content, sentence):
    fields = {"kind": "businesses"} | (
        {"file": SimpleUploadedFile("a.xlsx", content)} if content is not None else {}
    )
    answer = liaison.post(reverse("ledger-upload"), fields)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


def test_a_kind_this_person_may_not_import_is_refused(liaison):
    answer = liaison.post(reverse("ledger-upload"), {"kind": "accounts", "file": workbook(GOOD)})
    assert answer.status_code == 422
    assert LedgerBatch.objects.count() == 0


def test_a_file_that_is_no_workbook_ends_in_a_sentence(liaison):
    batch = upload(liaison, SimpleUploadedFile("台账.xlsx", b"%PDF-1.7 not a workbook"))
    assert (batch.state, bool(batch.reason)) == ("refused", True)
    assert batch.reason in page(liaison, batch)


def test_the_marked_workbook_and_the_original_come_back(liaison):
    batch = upload(liaison, workbook(GOOD, [*GOOD[:2], "JY29901020400016", *GOOD[3:7], "甲"]))
    marked = b"".join(liaison.get(reverse("ledger-marked", args=[batch.pk])).streaming_content)
    values = [
        cell.value for row in openpyxl.load_workbook(io.BytesIO(marked)).active.iter_rows() for cell in row
    ]
    assert "甲" in values
    answer = liaison.get(reverse("ledger-original", args=[batch.pk]))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content)[:2] == b"PK"


def test_where_there_is_no_table_to_mark_the_batch_says_so(liaison):
    batch = upload(liaison, SimpleUploadedFile("台账.xlsx", b"%PDF-1.7 not a workbook"))
    answer = liaison.get(reverse("ledger-marked", args=[batch.pk]), follow=True)
    assert [str(message) for message in answer.context["messages"]] == [batch.reason]
    assert not AuditEvent.objects.filter(action="ledger.marked_downloaded").exists()


def test_undo_takes_out_what_the_batch_put_in(liaison):
    batch = upload(liaison, workbook(GOOD))
    confirm(liaison, batch)
    text = liaison.post(reverse("ledger-undo", args=[batch.pk]), follow=True).content.decode()
    assert ("移除 1 项" in text, Business.objects.count()) == (True, 0)


def test_every_kind_offers_a_template_for_the_territory(liaison):
    for kind in ("businesses", "officers", "visits"):
        answer = liaison.get(reverse("ledger-template", args=[kind]))
        assert (kind, answer.status_code) == (kind, 200)
        openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert liaison.get(reverse("ledger-template", args=["accounts"])).status_code == 404


def test_a_changed_cell_is_shown_old_and_new(liaison):
    confirm(liaison, upload(liaison, workbook(GOOD)))
    batch = upload(liaison, workbook(["南湖新味饭店", *GOOD[1:]]))
    text = page(liaison, batch, verb="updated")
    assert ("南湖好味饭店" in text, "南湖新味饭店" in text) == (True, True)


def test_the_history_finds_a_batch_by_file_and_number(liaison):
    batch = upload(liaison, workbook(GOOD, name="十一月.xlsx"))
    home = reverse("ledger-home")
    assert "十一月" in liaison.get(home, {"q": "十一月"}).content.decode()
    assert "十一月" in liaison.get(home, {"q": batch.number}).content.decode()
    assert "十一月" not in liaison.get(home, {"q": "十二月"}).content.decode()


def fault(at="甲"):
    return [*GOOD[:2], "JY29901020400016", *GOOD[3:7], at]


def test_a_phone_opens_the_rows_of_a_kind_of_fault_only_when_asked(liaison):
    batch = upload(liaison, workbook(GOOD, fault()))
    listed = 'class="card span-7 desk-only" id="listed"'
    assert listed in page(liaison, batch)
    for asked in ({"code": "unknown_choice", "severity": "error"}, {"list": "1"}):
        assert (listed in page(liaison, batch, **asked), "甲" in page(liaison, batch, **asked)) == (
            False,
            True,
        )


def test_a_batch_given_up_says_who_and_opens_no_rows(liaison):
    batch = upload(liaison, workbook(GOOD))
    assert "verb=created#rows" in page(liaison, batch)
    liaison.post(reverse("ledger-abandon", args=[batch.pk]))
    text = page(liaison, batch)
    assert ("verb=created#rows" in text, batch.reason in text, "这一类没有行" in text) == (
        False,
        False,
        False,
    )
    assert "放弃；没有保存任何内容" in text and 'aria-current="step"' in text


def test_an_undone_batch_says_who_undid_it_and_links_no_counts(liaison):
    batch = upload(liaison, workbook(GOOD))
    confirm(liaison, batch)
    assert f"{reverse('business-list')}?q={GOOD[2]}" in page(liaison, batch)
    liaison.post(reverse("ledger-undo", args=[batch.pk]))
    text = page(liaison, batch)
    event = AuditEvent.objects.get(action="ledger.undone")
    assert (f"{event.actor_name} 于" in text, "verb=created#rows" in text) == (True, False)


def test_pressing_on_with_a_required_column_open_names_it_and_keeps_the_marks(liaison):
    book = openpyxl.Workbook()
    book.active.append(["店名称呼", *HEADERS[1:4], "门牌", *HEADERS[5:]])
    book.active.append(GOOD)
    out = io.BytesIO()
    book.save(out)
    batch = upload(liaison, SimpleUploadedFile("台账.xlsx", out.getvalue()))
    assert (batch.choices["ask"], "请回答" in page(liaison, batch)) == ("columns", True)
    headers = batch.choices["guess"]
    known = {**batch.columns, "店名称呼": "", "门牌": "premises_address"}
    answer = {f"column_{place}": known.get(header, "") for place, header in enumerate(headers)}
    sent = liaison.post(reverse("ledger-choose", args=[batch.pk]), {"header": headers, **answer})
    text = sent.content.decode()
    assert (sent.status_code, "还有 1 个必填的列没有对应：企业名称" in text) == (422, True)
    asked = text[text.index('name="header" value="门牌"') :]
    assert '<option value="premises_address" selected>' in asked[: asked.index("</select>")]


def test_the_register_without_the_file_names_licence_place_and_file_of_each(liaison):
    confirm(liaison, upload(liaison, workbook(GOOD)))
    other = ["南湖新店", "", "JY29901020400023", *GOOD[3:]]
    batch = upload(liaison, workbook(other))
    make_region("990102001001", "大井社区")
    Business.objects.update(region_id="990102001001")
    text = liaison.get(reverse("ledger-missing", args=[batch.pk])).content.decode()
    known = Business.objects.get()
    assert reverse("business-detail", args=[known.pk]) in text
    assert (GOOD[2] in text, "人民街道" in text, "大井社区" in text) == (True, True, False)


def test_the_question_which_sheet_tells_how_many_rows_each_has(liaison):
    book = openpyxl.Workbook()
    for name, rows in (("城区", [GOOD]), ("乡镇", [GOOD, GOOD, GOOD])):
        sheet = book.create_sheet(name)
        for row in (HEADERS, *rows):
            sheet.append(row)
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    text = page(liaison, upload(liaison, SimpleUploadedFile("台账.xlsx", out.getvalue())))
    assert "要导入哪张工作表" in text and "请回答" in text
    assert ("1 行</span>" in text, "3 行</span>" in text) == (True, True)
