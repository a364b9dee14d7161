"""What the pages of a ledger tell a newcomer: which column is which, why rows stay out, whose word a header is."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from campaigns.reports.decisions import waiting_for
from foodsafe_portal.lib.weeks import Week
from records.ledgers import all_kinds, batches, kind_of, ledger_rules
from records.models import ApprovalRule
from records.services import jobs
from tests.factories import make_campaign, make_region, make_user
from tests.factories.ledgers import business_row, checked, make_county, make_liaison, send, workbook

pytestmark = pytest.mark.django_db


def page(client, batch, **params):
    return client.get(reverse("ledger-batch", args=[batch.pk]), params).content.decode()


def test_the_question_about_columns_shows_values_required_columns_and_those_taken(login, liaison):
    rows = [business_row(premises_address=f"幸福路 {number} 号") for number in (1, 1, 2, 3, 4)]
    batch = send(liaison, "businesses", workbook("businesses", rows, headers={"premises_address": "门牌"}))
    assert batch.choices["samples"]["门牌"] == ["幸福路 1 号", "幸福路 2 号", "幸福路 3 号"]
    html = page(login(liaison), batch)
    assert "幸福路 1 号 · 幸福路 2 号 · 幸福路 3 号" in html
    address = kind_of("businesses").column_of["premises_address"].header
    assert f"{address}（必填）</option>" in html
    asked = html[html.index('value="门牌"') :]
    asked = asked[: asked.index("</select>")]
    assert "企业名称（必填），已对应</option>" in asked
    assert "，已对应“门牌”" not in html
    own = html[html.index('name="header" value="企业名称"') :]
    assert "企业名称（必填）</option>" in own[: own.index("</select>")]


def test_a_column_may_be_asked_about_again_with_its_values_after_the_check(login, liaison):
    batch = send(liaison, "businesses", workbook("businesses", [business_row(name="好味饭店")]))
    assert "好味饭店" in page(login(liaison), batch, columns="1").partition('id="columns"')[2]


def test_a_fault_names_the_header_of_the_file_first(liaison):
    batch = send(
        liaison,
        "businesses",
        workbook("businesses", [business_row(name=None)], headers={"name": "经营者名称"}),
    )
    assert [issue["message"] for issue in batches.document(batch)["issues"]] == [
        "“经营者名称”（企业名称）不能空着；请填写"
    ]


def test_a_header_that_is_the_portals_own_is_named_once(liaison):
    batch = send(liaison, "businesses", workbook("businesses", [business_row(name=None)]))
    assert [issue["message"] for issue in batches.document(batch)["issues"]] == ["“企业名称”不能空着；请填写"]


def test_rows_that_stay_out_are_called_what_they_are(login, liaison):
    row = business_row()
    batch = send(liaison, "businesses", workbook("businesses", [row, row], below=[("合计", 2)]))
    html = page(login(liaison), batch)
    assert "读取 3 行 = 合格 1 + 错误 0 + 未导入 2" in html
    assert "表内完全相同的行已合并 1" in html and "合计、说明、示例等行已跳过 1" in html
    assert "跳过 2" not in html


def test_a_ledger_that_waits_for_a_second_person_is_among_their_decisions(login):
    make_region("9901", "示例市")
    make_county()
    office = make_user(role="campaign_office", region="9901")
    ledger_rules.save_approval_rule(rule=ApprovalRule(), kind="", rows=0, by=office)
    liaison = make_liaison()
    batch = send(liaison, "businesses", workbook("businesses", [business_row()]))
    batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
    campaign = make_campaign(region="9901")
    assert [(one.label, one.count, one.url) for one in decisions(office, campaign)] == [
        ("台账待批准", 1, f"{reverse('ledger-home')}#awaiting")
    ]
    assert decisions(liaison, campaign) == []
    assert 'id="awaiting"' in login(office).get(reverse("ledger-home")).content.decode()
    batches.decline_batch(batch=batch, by=office, reason="少一列")
    assert [(one.label, one.count, one.url) for one in decisions(liaison, campaign)] == [
        ("台账被退回", 1, f"{reverse('ledger-home')}#declined")
    ]


def decisions(user, campaign):
    week = Week.parse("2026-W46")
    waiting, _counts = waiting_for(user, campaign, newest=str(week), last_week=week)
    return [one for one in waiting if "台账" in one.label]


def test_an_english_reader_gets_verdict_faults_and_refusals_in_english(login):
    make_county()
    liaison = make_liaison(language="en")
    batch = send(liaison, "businesses", workbook("businesses", [business_row(), business_row(name=None)]))
    client = login(liaison)
    html = page(client, batch)
    assert "2 行中有" not in html and "必填项空着" not in html
    assert '<span lang="zh-Hans" class="soft">“企业名称”不能空着；请填写</span>' in html
    seen = {"digest": batch.digest, "seen": batches.seen_of(batch)}
    answer = client.post(reverse("ledger-confirm", args=[batch.pk]), seen, follow=True)
    assert "2 行中有" not in answer.content.decode()
    assert checked(batches.recheck_batch(batch=batch, by=liaison)).reason.startswith("2 行中有 1 行有错误")


def test_the_list_of_jobs_says_what_was_done_in_words(login, liaison):
    good = send(liaison, "businesses", workbook("businesses", [business_row()]))
    batches.confirm_batch(batch=good, by=liaison, digest=good.digest)
    good.refresh_from_db()
    jobs.run_inline(good.commit_job)
    send(liaison, "businesses", ContentFile(b"%PDF-1.4 no workbook", name="扫描.pdf"))
    client = login(role="system_admin", region="9901")
    html = client.get(reverse("job-list")).content.decode()
    assert all(
        words in html
        for words in (
            "检查台账",
            "导入台账",
            "1 行全部合格，可以导入",
            "已导入 1 行",
            "这是 PDF 文件，不是表格",
        )
    )
    assert "ledger.check" not in html and "正在读取文件" not in html
    found = client.get(reverse("job-list"), {"q": "导入台账"}).content.decode()
    assert ("已导入 1 行" in found, "1 行全部合格" in found) == (True, False)
    detail = client.get(reverse("job-detail", args=[good.commit_job_id])).content.decode()
    assert ("<h1" in detail, "导入台账" in detail, "取消任务" in detail) == (True, True, False)


def test_every_kind_of_job_has_a_title():
    assert [kind for kind in jobs.kinds_called("") if jobs.title_of(kind) == kind] == []
    assert len(jobs.kinds_called("")) >= 7


def test_what_rows_are_matched_by_is_told_with_full_width_punctuation():
    told = {kind.key: set(str(kind.match_note)) & set(",;:?!()") for kind in all_kinds()}
    assert {key: found for key, found in told.items() if found} == {}


def test_the_question_says_what_is_still_to_do(login, liaison):
    rows = [business_row(scale="大")]
    twice = send(
        liaison, "businesses", workbook("businesses", rows, headers={"name": "主体名称", "scale": "单位名称"})
    )
    html = page(login(liaison), twice)
    assert "像是同一项的几列只留一列" in html and "每个必填的列都有了对应" not in html
    lacking = send(liaison, "businesses", workbook("businesses", rows, headers={"premises_address": "门牌"}))
    assert "还有 1 个必填的列没有对应" in page(login(liaison), lacking)


def test_a_csv_file_says_in_which_row_its_header_stands(login, liaison):
    row = business_row()
    columns = kind_of("businesses").column_of
    lines = [",".join(columns[key].header for key in row), ",".join(str(value) for value in row.values())]
    batch = send(liaison, "businesses", ContentFile("\r\n".join(lines).encode("gb18030"), name="主体.csv"))
    assert f"表头在第 1 行，识别 {len(row)} 列" in page(login(liaison), batch)
