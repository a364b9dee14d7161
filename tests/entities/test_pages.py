"""Pages of the register: who sees which rows, what filters keep, and what a second session is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from entities import services
from entities.choices import ReviewState
from entities.fields import EDITABLE
from entities.models import Business, StatusChange
from foodsafe_portal.lib.pinyin import initials
from tests.factories import (
    make_assignment,
    make_business,
    make_duty,
    make_officer,
    make_problem,
    make_region,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MOST_QUERIES = 15
Login = Callable[..., Client]


@pytest.fixture
def liaison(login: Login) -> Client:
    return login(role="county_liaison", region="990102", name="周倩")


def quarter_of(day: date) -> str:
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


def full_business(name: str, **fields: Any) -> Business:
    """A business with an officer, a duty and an open problem."""
    business = make_business(name, name_initials=initials(name), **fields)
    make_assignment(make_officer(region=business.region_id), business)
    make_duty(business, period=quarter_of(timezone.localdate()))
    make_problem(region=business.region_id, business=business)
    return business


def names(response: Any) -> set[str]:
    return {row.name for row in response.context["list"].rows}


# --- the list ---------------------------------------------------------------------------------------


def queries_of(client: Client, url: str) -> int:
    client.get(url)  # the first request of a session also writes when it was last seen
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("url_name", ["business-list", "officer-list", "change-list"])
def test_a_list_costs_the_same_queries_however_long_it_is(login: Login, url_name: str) -> None:
    office = login(role="campaign_office", region="9901")
    proposer = make_user(role="county_liaison", region="990102")
    costs = []
    for count in (1, 2):
        for number in range(count):
            business = full_business(f"店{count}{number}")
            services.propose_status_change(
                business=business,
                to_status="suspended",
                effective_on=date(2024, 10, 1),
                reason="停业",
                by=proposer,
            )
        costs.append(queries_of(office, reverse(url_name)))
    assert costs[0] == costs[1] <= MOST_QUERIES


def test_a_file_costs_the_same_queries_however_much_happened(liaison: Client) -> None:
    business = full_business("一家")
    url = reverse("business-detail", args=[business.pk])
    first = queries_of(liaison, url)
    for _ in range(2):
        make_problem(region=business.region_id, business=business)
    make_assignment(make_officer(level="county", region="990102"), business)
    assert first == queries_of(liaison, url) <= MOST_QUERIES


def test_a_liaison_sees_the_own_county_only(liaison: Client) -> None:
    full_business("本县的店")
    full_business("邻县的店", region="990103001")
    page = liaison.get(reverse("business-list"))
    assert names(page) == {"本县的店"}
    assert "邻县" not in page.content.decode()
    assert page.context["list"].views[0].count == 1
    assert names(liaison.get(reverse("business-list"), {"region": "990103"})) == set()
    assert names(liaison.get(reverse("business-list"), {"q": "邻县的店"})) == set()


def test_an_officer_sees_the_businesses_in_their_charge(login: Login) -> None:
    client = login(role="officer", region="990102001")
    mine = make_business("我的")
    make_business("别人的")
    make_assignment(make_officer(user=client.user), mine)  # type: ignore[attr-defined]
    assert names(client.get(reverse("business-list"))) == {"我的"}


FILTERS = [
    pytest.param("grade=B", {"乙级"}, id="grade"),
    pytest.param("grade=none", {"未定级"}, id="not graded"),
    pytest.param("risk=D", {"高险"}, id="risk"),
    pytest.param("risk=D&grade=C", {"高险"}, id="two conditions"),
    pytest.param("high=1", {"高险"}, id="must be visited on site"),
    pytest.param("type=canteen", {"食堂"}, id="type"),
    pytest.param("status=suspended", {"停业"}, id="status"),
    pytest.param("region=990102002", {"食堂"}, id="township"),
    pytest.param("bound=none", {"乙级", "未定级", "高险", "停业"}, id="without an officer"),
    pytest.param("bound=yes", {"食堂"}, id="with an officer"),
    pytest.param("duty=overdue", {"食堂"}, id="overdue"),
    pytest.param("duty=unvisited", {"食堂", "乙级"}, id="not visited yet"),
    pytest.param("duty=done", {"高险"}, id="visited"),
    pytest.param("duty=excluded", {"停业"}, id="excluded"),
    pytest.param("waiting=1", {"乙级"}, id="a change waits for review"),
    pytest.param("q=yj", {"乙级"}, id="initials"),
    pytest.param("q=st&duty=overdue", {"食堂"}, id="search within a filter"),
    pytest.param(
        "grade=Z&type=x",
        {"食堂", "乙级", "未定级", "高险", "停业"},
        id="a filter that means nothing is no filter",
    ),
]


@pytest.fixture
def varied(liaison: Client) -> Client:
    """Five businesses, each of them special in one way."""
    today = timezone.localdate()
    period = quarter_of(today)
    canteen = make_business("食堂", business_type="canteen", region="990102002", name_initials="st")
    make_assignment(make_officer(), canteen)
    make_duty(canteen, period=period, due_on=today - timedelta(days=1), arises_on=today - timedelta(days=5))
    second = make_business("乙级", responsibility_grade="B", name_initials="yj")
    make_duty(second, period=period, due_on=today, arises_on=today - timedelta(days=5))
    make_business("未定级", responsibility_grade="")
    risky = make_business("高险", risk_grade="D", high_risk=True)
    make_duty(
        risky, period=period, arises_on=today - timedelta(days=5), fulfilled_on=today, delivered_on=today
    )
    shut = make_business("停业", status="suspended")
    make_duty(
        shut, period=period, arises_on=today - timedelta(days=5), excluded_on=today, exclusion="suspended"
    )
    services.propose_status_change(
        business=second,
        to_status="not_found",
        effective_on=date(2024, 10, 1),
        reason="查无",
        by=liaison.user,  # type: ignore[attr-defined]
    )
    full_business("邻县的店", region="990103001")
    return liaison


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_a_filter_keeps_what_it_says_and_the_count_is_the_list(
    varied: Client, query: str, expected: set[str]
) -> None:
    page = varied.get(f"{reverse('business-list')}?{query}")
    assert names(page) == expected
    assert page.context["list"].page.total == len(expected)
    assert next(view.count for view in page.context["list"].views if view.active) == len(expected)


def test_every_saved_view_counts_the_rows_it_opens(varied: Client) -> None:
    for view in varied.get(reverse("business-list")).context["list"].views:
        assert len(names(varied.get(reverse("business-list") + view.url))) == view.count


def test_a_filter_goes_away_by_its_own_cross(varied: Client) -> None:
    chips = varied.get(f"{reverse('business-list')}?grade=C&risk=D&q=x").context["list"].chips
    cross = {str(chip.label): chip.remove_url for chip in chips if chip.remove_url}
    assert cross == {"包保等级": "?q=x&risk=D", "风险等级": "?q=x&grade=C"}


def test_the_fragment_is_the_table_without_the_frame(varied: Client) -> None:
    part = varied.get(
        reverse("business-list"), {"grade": "B"}, headers={"HX-Request": "true", "HX-Target": "results"}
    ).content.decode()
    assert "乙级" in part and "<html" not in part
    assert 'hx-swap-oob="true"' in part and "导出当前 1 家" in part


def test_letters_never_stand_without_their_scale(varied: Client) -> None:
    page = varied.get(reverse("business-list")).content.decode()
    assert '<span class="scale"><i>包保</i><b>B</b></span>' in page
    assert '<span class="scale"><i>风险</i><b>D</b></span>' in page
    assert "未评" in page


def test_names_are_escaped_in_hand_written_rows(liaison: Client) -> None:
    make_business('<script>"店"&', credit_code="<b>", licence_no="<i>")
    page = liaison.get(reverse("business-list")).content.decode()
    assert "&lt;script&gt;&#34;店&#34;&amp;" in page and "<b>·" not in page and "&lt;i&gt;" in page


def test_an_empty_list_says_what_to_do_next(liaison: Client) -> None:
    assert "辖区内还没有经营主体" in liaison.get(reverse("business-list")).content.decode()
    make_business()
    assert "没有符合条件的主体" in liaison.get(reverse("business-list"), {"q": "查不到"}).content.decode()


# --- doors --------------------------------------------------------------------------------------------

OBJECT_PAGES = ["business-detail", "business-edit", "business-status", "business-grade", "business-assign"]


@pytest.mark.parametrize("url_name", OBJECT_PAGES)
def test_another_county_s_business_is_as_absent_as_none(liaison: Client, url_name: str) -> None:
    foreign = make_business(region="990103001")
    assert liaison.get(reverse(url_name, args=[foreign.pk])).status_code == 404
    assert liaison.get(reverse(url_name, args=[foreign.pk + 999])).status_code == 404
    assert liaison.post(reverse(url_name, args=[foreign.pk])).status_code in (404, 405)


def test_another_county_s_officers_bonds_and_changes_are_absent(login: Login, liaison: Client) -> None:
    foreign = make_business(region="990103001")
    officer = make_officer(region="990103001")
    bond = make_assignment(officer, foreign)
    proposer = make_user(role="county_liaison", region="990103")
    change = services.propose_status_change(
        business=foreign, to_status="suspended", effective_on=date(2024, 10, 1), reason="停业", by=proposer
    )
    regulator = login(role="regulator", region="990102")
    assert liaison.get(reverse("officer-detail", args=[officer.pk])).status_code == 404
    assert liaison.post(reverse("pledge-sign", args=[officer.pk])).status_code == 404
    assert liaison.post(reverse("assignment-end", args=[bond.pk])).status_code == 404
    review = reverse("status-change-review", args=[change.pk])
    assert regulator.post(review, {"decision": "approve"}).status_code == 404
    assert change.business.name not in regulator.get(reverse("change-list")).content.decode()


@pytest.mark.parametrize(
    ("role", "url_name"),
    [
        ("unit_liaison", "business-list"),
        ("leader", "business-new"),
        ("officer", "officer-list"),
        ("officer", "business-export"),
        ("system_admin", "business-export"),
        ("county_liaison", "change-list"),
        ("auditor", "change-list"),
    ],
)
def test_a_role_without_the_right_is_turned_away(login: Login, role: str, url_name: str) -> None:
    assert login(role=role, region="9901").get(reverse(url_name)).status_code == 403


# --- one business -------------------------------------------------------------------------------------


def test_telephone_numbers_are_masked_for_those_who_only_read(login: Login, liaison: Client) -> None:
    business = make_business(contact_phone="13812345678")
    url = reverse("business-detail", args=[business.pk])
    assert "13812345678" in liaison.get(url).content.decode()
    read = login(role="leader", region="9901").get(url).content.decode()
    assert "138****5678" in read and "13812345678" not in read


def test_the_file_tells_one_history_newest_first(liaison: Client) -> None:
    business = full_business("一家")
    user = make_user(role="regulator", region="990102", name="马超")
    change = services.propose_status_change(
        business=business,
        to_status="suspended",
        effective_on=date(2024, 2, 16),
        reason="寒假停业",
        by=liaison.user,  # type: ignore[attr-defined]
    )
    services.review_status_change(change=change, approve=True, by=user, note="已核实")
    page = liaison.get(reverse("business-detail", args=[business.pk]))
    told = [(event.group, str(event.verb)) for event in page.context["file"].history]
    assert ("changes", "状态：正常 → 停业") in told and ("problems", "发现问题") in told
    assert told[-1] == ("changes", "开始包保") or told[-1] == ("changes", "入册")
    only = liaison.get(reverse("business-detail", args=[business.pk]), {"history": "problems"})
    assert {event.group for event in only.context["file"].history} == {"problems"}


def form_of(business: Business, **typed: Any) -> dict[str, Any]:
    """What the edit page would send."""
    values = {
        name: getattr(business, name) or ""
        for name in EDITABLE
        if name not in ("region", "licence_valid_to", "high_risk")
    }
    return values | {"region": business.region_id, "version": business.version} | typed


def test_the_second_of_two_sessions_sees_both_values_and_may_decide(liaison: Client) -> None:
    business = make_business("开始的名称")
    url = reverse("business-edit", args=[business.pk])
    assert liaison.get(url).status_code == 200
    assert liaison.post(url, form_of(business, name="甲改的名称")).status_code == 302
    clash = liaison.post(url, form_of(business, name="乙改的名称"))
    page = clash.content.decode()
    assert clash.status_code == 409 and "甲改的名称" in page and "乙改的名称" in page
    business.refresh_from_db()
    assert (business.name, business.version) == ("甲改的名称", 2)
    version = clash.context["form"]["version"].value()
    assert liaison.post(url, form_of(business, name="乙改的名称", version=version)).status_code == 302
    business.refresh_from_db()
    assert (business.name, business.version) == ("乙改的名称", 3)


def test_a_form_that_cannot_be_read_keeps_what_was_typed(liaison: Client) -> None:
    business = make_business()
    answer = liaison.post(
        reverse("business-edit", args=[business.pk]), form_of(business, name="", licence_valid_to="三月")
    )
    assert answer.status_code == 422 and "三月" in answer.content.decode()


def test_a_business_is_entered_by_hand(liaison: Client) -> None:
    make_region("990102", "南湖区")
    make_region("990102001", "湖滨街道")
    given = {
        "name": "新店",
        "business_type": "catering",
        "premises_address": "湖滨路 18 号",
        "region": "990102001",
        "registered_on": "2024-10-01",
    }
    assert liaison.post(reverse("business-new"), given).status_code == 302
    again = liaison.post(reverse("business-new"), given)
    assert again.status_code == 422 and "已在册" in again.content.decode()
    assert Business.objects.get().region_id == "990102001"


def test_a_region_outside_the_county_is_no_choice(liaison: Client) -> None:
    make_region("990103001")
    given = {"name": "店", "business_type": "catering", "premises_address": "路", "region": "990103001"}
    assert liaison.post(reverse("business-new"), given | {"registered_on": "2024-10-01"}).status_code == 422
    assert not Business.objects.exists()


# --- changes ------------------------------------------------------------------------------------------


def proposed(client: Client, business: Business) -> StatusChange:
    answer = client.post(
        reverse("business-status", args=[business.pk]),
        {"to_status": "suspended", "effective_on": "2024-10-08", "reason": "装修停业"},
    )
    assert answer.status_code == 302
    return StatusChange.objects.get(business=business)


def test_a_status_is_proposed_on_one_page_and_approved_on_another(login: Login, liaison: Client) -> None:
    business = make_business()
    change = proposed(liaison, business)
    regulator = login(role="regulator", region="990102")
    assert business.name in regulator.get(reverse("change-list")).content.decode()
    answer = regulator.post(
        reverse("status-change-review", args=[change.pk]),
        {"decision": "approve", "note": "已核实"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200 and "已审核" in answer.content.decode()
    business.refresh_from_db()
    assert business.status == "suspended"
    again = regulator.post(
        reverse("status-change-review", args=[change.pk]),
        {"decision": "approve", "note": "已核实"},
        headers={"HX-Request": "true"},
    )
    assert again.status_code == 409 and "已有人审核" in again.content.decode()


def test_the_proposer_is_told_why_they_cannot_review(login: Login) -> None:
    regulator = login(role="regulator", region="990102")
    change = proposed(regulator, make_business())
    assert "提出人不能审核自己提出的变更" in regulator.get(reverse("change-list")).content.decode()
    answer = regulator.post(
        reverse("status-change-review", args=[change.pk]),
        {"decision": "approve", "note": "已核实"},
        headers={"HX-Request": "true"},
    )
    change.refresh_from_db()
    assert (answer.status_code, change.state) == (409, ReviewState.PROPOSED)


def test_not_passing_without_a_note_is_refused_and_with_one_recorded(login: Login, liaison: Client) -> None:
    change = proposed(liaison, make_business())
    regulator = login(role="regulator", region="990102")
    url = reverse("status-change-review", args=[change.pk])
    refused = regulator.post(url, {"decision": "reject"}, headers={"HX-Request": "true"})
    assert refused.status_code == 409 and "不通过须写明原因" in refused.content.decode()
    plain = regulator.post(url, {"decision": "reject", "note": "照片不清", "next": "https://evil.example/"})
    assert plain.status_code == 302 and plain["Location"] == reverse("change-list")
    change.refresh_from_db()
    assert (change.state, change.review_note) == (ReviewState.REJECTED, "照片不清")


def test_a_second_proposal_is_refused_in_words(liaison: Client) -> None:
    business = make_business()
    proposed(liaison, business)
    answer = liaison.post(
        reverse("business-status", args=[business.pk]),
        {"to_status": "not_found", "effective_on": "2024-10-09", "reason": "查无"},
    )
    assert answer.status_code == 422 and "已有一条状态变更待审核" in answer.content.decode()


# --- officers -----------------------------------------------------------------------------------------


def test_an_officer_is_assigned_and_the_old_one_relieved(liaison: Client) -> None:
    business = make_business()
    old = make_assignment(make_officer("马超"), business)
    new = make_officer("何静")
    url = reverse("business-assign", args=[business.pk])
    assert "何静" in liaison.get(url).content.decode()
    assert liaison.post(url, {"officer": new.pk, "valid_from": "2024-10-08"}).status_code == 302
    old.refresh_from_db()
    assert old.valid_to == date(2024, 10, 7)
    assert business.assignments.active().get().officer == new


def test_the_officer_page_shows_businesses_pledges_and_what_is_owed(liaison: Client) -> None:
    business = full_business("何静的店")
    officer = business.assignments.get().officer
    make_business("别人的店")
    url = reverse("officer-detail", args=[officer.pk])
    page = liaison.get(url)
    assert "何静的店" in page.content.decode() and "别人的店" not in page.content.decode()
    assert page.context["file"].held == 1
    signed = liaison.post(reverse("pledge-sign", args=[officer.pk]), {"signed_on": "2024-10-10"})
    assert signed.status_code == 302
    twice = liaison.post(reverse("pledge-sign", args=[officer.pk]), {"signed_on": "2024-10-10"})
    assert twice.status_code == 422 and "当天已登记过" in twice.content.decode()


def test_officers_are_found_by_name_unit_and_level(liaison: Client) -> None:
    make_officer("何静", unit_name="教育局", level="county", region="990102")
    make_officer("刘涛", unit_name="湖滨街道办")
    make_officer("何刚", region="990103001")

    def found(**params: str) -> set[str]:
        return {row.officer.name for row in liaison.get(reverse("officer-list"), params).context["list"].rows}

    assert found() == {"何静", "刘涛"}
    assert found(q="何") == found(q="教育") == found(level="county") == {"何静"}
    assert found(region="990102001") == {"刘涛"}
