"""Work notices: numbered once, signed, answered, returned and accepted; who has no account is said."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from campaigns.models import Guidance, Notice, NoticeReceipt
from campaigns.services.notices import (
    AlreadyIssued,
    NoticeRefused,
    answer_notice,
    decide_answer,
    draft_notice,
    issue_notice,
    sign_notice,
)
from foodsafe_portal.lib import waiting
from records.models import AuditEvent
from tests.factories import make_campaign, make_unit, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 16)


@pytest.fixture
def campaign():
    return make_campaign()


@pytest.fixture
def office(campaign):
    return make_user(role="campaign_office", region="9901")


@pytest.fixture
def bureaus(campaign):
    return [make_unit(name, region="9901", is_member=True) for name in ("市教育局", "市商务局")]


@pytest.fixture
def school(bureaus):
    return make_user(role="unit_liaison", region="9901", unit=bureaus[0])


@pytest.fixture
def notice(campaign, office, bureaus):
    drafted = draft_notice(
        campaign=campaign, title="校园周边", text="逐家核对", reply_by=date(2099, 11, 18), units=bureaus, today=TODAY, by=office
    )  # fmt: skip
    return issue_notice(notice=drafted, today=TODAY, by=office)


def receipt_of(notice, unit):
    return NoticeReceipt.objects.get(notice=notice, unit=unit)


def test_of_two_who_issue_at_once_one_is_told_and_numbers_follow_each_other(
    campaign, office, bureaus, notice
):
    again = Notice.objects.get(pk=notice.pk)
    with pytest.raises(AlreadyIssued):
        issue_notice(notice=again, today=TODAY, by=office)
    second = draft_notice(
        campaign=campaign, title="二", text="二", reply_by=date(2099, 1, 1), units=bureaus, today=TODAY, by=office
    )  # fmt: skip
    assert issue_notice(notice=second, today=TODAY, by=office).number == 2
    assert (notice.year, notice.number) == (2026, 1)
    assert AuditEvent.objects.filter(action="notice.issued").count() == 2


def test_a_notice_goes_from_signed_to_answered_returned_and_accepted(notice, bureaus, school, office):
    receipt = sign_notice(receipt=receipt_of(notice, bureaus[0]), by=school)
    with pytest.raises(NoticeRefused, match="已经签收"):
        sign_notice(receipt=receipt, by=school)
    with pytest.raises(NoticeRefused, match="不能为空"):
        answer_notice(receipt=receipt, answer=" ", uploads=[], by=school)
    answer_notice(receipt=receipt, answer="自查 43 家", uploads=[], by=school)
    with pytest.raises(NoticeRefused, match="写理由"):
        decide_answer(receipt=receipt, accept=False, by=office)
    decide_answer(receipt=receipt, accept=False, reason="没有家数", by=office)
    answer_notice(receipt=receipt, answer="自查 43 家，整改 5 处", uploads=[], by=school)
    done = decide_answer(receipt=receipt, accept=True, by=office)
    assert (done.state, done.answer, done.reason) == ("accepted", "自查 43 家，整改 5 处", "")
    with pytest.raises(NoticeRefused, match="已有人审阅"):
        decide_answer(receipt=receipt, accept=True, by=office)


def test_nobody_signs_for_another_unit(notice, bureaus, school):
    with pytest.raises(NoticeRefused, match="不是发给本单位"):
        sign_notice(receipt=receipt_of(notice, bureaus[1]), by=school)


def test_what_waits_is_on_the_page_of_those_concerned(notice, bureaus, school, office):
    def kinds(user):
        return {kind.code: kind.rows(user, TODAY).count() for kind in waiting.kinds_for(user)}

    assert kinds(school)["notice_to_sign"] == 1
    receipt = sign_notice(receipt=receipt_of(notice, bureaus[0]), by=school)
    assert kinds(school)["notice_to_answer"] == 1
    answer_notice(receipt=receipt, answer="已办", uploads=[], by=school)
    assert kinds(office)["notice_answer"] == 1
    decide_answer(receipt=receipt, accept=False, reason="补数字", by=office)
    assert (kinds(school)["notice_returned"], kinds(office)["notice_answer"]) == (1, 0)


def test_the_pages_take_a_notice_through_and_say_who_has_no_account(campaign, office, bureaus, school, login):
    client = login(office)
    sent = {"title": "节前检查", "text": "自查", "reply_by": "2099-01-01"}
    assert client.post(reverse("notice-new"), sent).status_code == 422
    client.post(reverse("notice-new"), sent | {"units": [unit.pk for unit in bureaus]})
    notice = Notice.objects.get()
    client.post(reverse("notice-issue", args=[notice.pk]))
    page = client.get(reverse("notice-detail", args=[notice.pk]))
    assert page.context["report"].without_account == ("市商务局",)
    assert "无账号，请电话通知" in page.content.decode()
    assert notice.title in client.get(reverse("notice-list")).content.decode()
    unit = login(school)
    receipt = receipt_of(notice, bureaus[0])
    assert unit.post(reverse("notice-sign", args=[receipt.pk])).status_code == 302
    assert unit.post(reverse("notice-answer", args=[receipt.pk]), {"answer": ""}).status_code == 422
    assert unit.post(reverse("notice-answer", args=[receipt.pk]), {"answer": "已办"}).status_code == 302
    page = unit.get(reverse("notice-detail", args=[notice.pk])).context["report"]
    assert [one.receipt.unit.name for place in page.territories for one in place.receipts] == ["市教育局"]
    unit.post(reverse("guidance-ask"), {"question": "托管机构算不算学校食堂？", "notice": notice.pk})
    question = Guidance.objects.get()
    client.post(reverse("guidance-answer", args=[question.pk]), {"answer": "不算，另列"})
    found = client.get(reverse("guidance-list"), {"q": "不算"}).content.decode()
    assert "托管机构" in found
    assert "托管机构" not in client.get(reverse("guidance-list"), {"q": "没有这句"}).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_notice_list_costs_the_same_queries_however_long_it_is(
    campaign, office, bureaus, login, count, django_assert_max_num_queries
):
    for _number in range(count):
        draft_notice(
            campaign=campaign,
            title="提示",
            text="自查",
            reply_by=TODAY,
            units=bureaus,
            today=TODAY,
            by=office,
        )
    client = login(office)
    with django_assert_max_num_queries(30):
        assert client.get(reverse("notice-list")).status_code == 200
