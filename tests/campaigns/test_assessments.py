"""Assessments: given, filled clause by clause by two people, handed in with a digest, returned, closed; nothing typed is lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from campaigns.models import Assessment, Campaign, Clause, Reading, Rulebook, SheetEntry
from campaigns.rules.entry import EntryRefused
from campaigns.rules.typed import Typed, cut, reading_of
from campaigns.services.assessments import (
    AssessmentRefused,
    Incomplete,
    SheetConflict,
    close_assessment,
    give_assessment,
    hand_in,
    open_assessment,
    open_county_assessments,
    return_assessment,
    save_entry,
)
from campaigns.services.rulebooks import draft_rulebook, pin_rulebook, publish_rulebook
from records.models import AuditEvent
from tests.factories import make_campaign, make_region, make_user

HELD = date(2026, 11, 16)
DOCUMENT: dict[str, Any] = {
    "clauses": [
        {
            "no": "1", "title": "组织", "kind": "key", "points": "10", "children": [
                {"no": "1.1", "title": "机构", "points": "2", "method": "all_or_nothing"},
                {"no": "1.2", "title": "经费", "points": "3", "method": "judgement"},
                {"no": "1.3", "title": "点位", "points": "5", "method": "sites",
                 "params": {"combine": "sum_deductions", "each": "0.5"}},
            ],
        },
        {"no": "2", "title": "宣传", "kind": "basic", "points": "4", "method": "per_occurrence", "params": {"each": "0.5"}},
        {"no": "3", "title": "事故", "kind": "veto"},
    ],
    "pass": {"no_veto": True, "min_total": "12", "key_min_rate": "0.60"},
}  # fmt: skip


# --- the cells, without a database ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "method", "params", "reading"),
    [
        pytest.param(Typed(), "judgement", {}, None, id="nothing typed is not assessed"),
        pytest.param(Typed("0.25", "记录不全"), "judgement", {}, {"deducted": "0.25", "reason": "记录不全"}, id="deduction"),
        pytest.param(Typed("是"), "all_or_nothing", {}, {"met": True}, id="met"),
        pytest.param(Typed(na=True, words="无此业态"), "threshold", {}, {"not_applicable": True, "reason": "无此业态"}, id="not applicable"),
        pytest.param(
            Typed(sites=(("甲市场", "3", "无公示"), ("乙食堂", "", ""))), "sites", {"combine": "sum_deductions"}, {"sites": [3]},
            id="a site nobody visited yet counts nothing",
        ),
    ],
)  # fmt: skip
def test_cells_make_the_reading_of_their_method(
    typed: Typed, method: str, params: dict, reading: Any
) -> None:
    assert reading_of(typed, method, params) == reading


def test_a_percent_sign_where_points_are_asked_is_quoted_and_told_what_to_write() -> None:
    with pytest.raises(EntryRefused, match=r"只写数字，如 0\.25；您填的是“80%”"):
        reading_of(Typed("80%", "x"), "judgement", {})
    with pytest.raises(EntryRefused, match="要写理由"):
        reading_of(Typed("0.5"), "judgement", {})


def test_empty_site_lines_are_left_out_and_long_texts_cut() -> None:
    cells = cut(" 3 ", "词" * 2000, [(" 甲 ", "1", ""), ("", " ", "")], na=False)
    assert (cells.value, len(cells.words), cells.sites) == ("3", 1000, (("甲", "1", ""),))


# --- with one -----------------------------------------------------------------------------------------


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign()


@pytest.fixture
def office(campaign: Campaign) -> User:
    return make_user("office", role="campaign_office", region="9901")


@pytest.fixture
def assessor(campaign: Campaign) -> User:
    return make_user("assessor", role="assessor", region="9901", name="沈颖")


@pytest.fixture
def book(campaign: Campaign, office: User) -> Rulebook:
    draft = draft_rulebook(code="t", title="细则", edition="1", document=DOCUMENT, source="测试", by=office)
    published = publish_rulebook(rulebook=draft, by=office)
    pin_rulebook(campaign=campaign, rulebook=published, by=office)
    campaign.refresh_from_db()
    return published


@pytest.fixture
def mock(campaign: Campaign, book: Rulebook, office: User, assessor: User) -> Assessment:
    return open_assessment(
        campaign=campaign, kind="mock", title="第二次模拟测评", held_on=HELD, people=[assessor], by=office
    )


def clause(book: Rulebook, no: str) -> Clause:
    return book.clauses.get(no=no)


def fill(one: Assessment, by: User, cells: dict[str, Typed]) -> None:
    for no, typed in cells.items():
        save_entry(assessment=one, clause=clause(one.rulebook, no), typed=typed, seen="0.0", by=by)


WHOLE = {
    "1.1": Typed("是"),
    "1.2": Typed("0.5", "两县未单列"),
    "1.3": Typed(sites=(("甲", "2", "留样不足"), ("乙", "1", "无记录"))),
    "2": Typed("2", "两处未公示"),
    "3": Typed("否"),
}


def test_two_writers_see_both_values_and_none_is_lost(mock: Assessment, office: User, assessor: User) -> None:
    other = make_user("second", role="assessor", region="9901", name="陆远")
    give_assessment(assessment=mock, people=[assessor, other], by=office)
    spending = clause(mock.rulebook, "1.2")
    save_entry(assessment=mock, clause=spending, typed=Typed("0.5", "甲"), seen="0.0", by=assessor)
    with pytest.raises(SheetConflict) as conflict:
        save_entry(assessment=mock, clause=spending, typed=Typed("1", "乙"), seen="0.0", by=other)
    assert (conflict.value.stands.value, conflict.value.typed.value) == ("0.5", "1")
    assert "沈颖" in str(conflict.value)
    entry = SheetEntry.objects.get()
    seen = f"{entry.version}.{entry.reading_id}"
    save_entry(assessment=mock, clause=spending, typed=Typed("1", "乙"), seen=seen, by=other)
    rows = [(one.value["deducted"], one.voided_at is None) for one in Reading.objects.order_by("pk")]
    assert rows == [("0.5", False), ("1", True)]


def test_what_cannot_be_read_is_kept_and_the_reading_before_it_no_longer_counts(
    mock: Assessment, assessor: User
) -> None:
    spending = clause(mock.rulebook, "1.2")
    saved = save_entry(assessment=mock, clause=spending, typed=Typed("0.5", "甲"), seen="0.0", by=assessor)
    assert saved.entry is not None
    seen = f"1.{saved.entry.reading_id}"
    wrong = save_entry(assessment=mock, clause=spending, typed=Typed("80%", "甲"), seen=seen, by=assessor)
    assert wrong.entry is not None and wrong.reading is None
    assert wrong.entry.typed["value"] == "80%" and "80%" in wrong.entry.trouble
    assert not Reading.objects.valid().exists()
    assert AuditEvent.objects.filter(action="assessment.drafted").count() == 1
    with pytest.raises(Incomplete, match=r"填写有误：1\.2"):
        hand_in(assessment=mock, by=assessor, incomplete=True)


def test_handing_in_says_what_is_missing_then_freezes_with_a_digest(
    mock: Assessment, assessor: User, office: User
) -> None:
    fill(mock, assessor, {no: typed for no, typed in WHOLE.items() if no != "2"})
    with pytest.raises(Incomplete, match="1 条未评（2）"):
        hand_in(assessment=mock, by=assessor)
    fill(mock, assessor, {"2": WHOLE["2"]})
    done = hand_in(assessment=mock, by=assessor)
    assert done.score is not None
    assert (done.score["total_low"], done.score["total_high"], done.score["result"]) == (
        "11.00",
        "11.00",
        "fail",
    )
    assert len(done.digest) == 64
    with pytest.raises(AssessmentRefused, match="已经交卷"):
        fill(mock, assessor, {"2": Typed("0")})
    first = done.digest
    returned = return_assessment(assessment=done, reason="点位太少", by=office)
    assert (returned.digest, returned.score, returned.handed_in_at) == ("", None, None)
    again = hand_in(assessment=returned, by=assessor)
    assert again.digest == first, "the same facts have the same digest"
    closed = close_assessment(assessment=again, by=office)
    with pytest.raises(AssessmentRefused, match="已经结束"):
        hand_in(assessment=closed, by=assessor)
    with pytest.raises(AssessmentRefused):
        return_assessment(assessment=closed, reason="再改", by=office)


def test_losing_points_without_a_word_needs_a_second_yes(mock: Assessment, assessor: User) -> None:
    fill(mock, assessor, WHOLE | {"2": Typed("2")})
    with pytest.raises(Incomplete, match="失分没写理由（2）"):
        hand_in(assessment=mock, by=assessor)
    assert hand_in(assessment=mock, by=assessor, incomplete=True).digest


def test_each_county_gets_its_own_and_sees_no_other(campaign: Campaign, book: Rulebook, office: User) -> None:
    places = [make_region("990102", "南湖区"), make_region("990103", "河东区")]
    liaisons = [make_user(role="county_liaison", region=place.pk) for place in places]
    opened = open_county_assessments(
        campaign=campaign, title="自评", held_on=HELD, counties=places, by=office
    )
    assert [one.title for one in opened] == ["南湖区自评", "河东区自评"]
    assert [list(one.seats.values_list("user", flat=True)) for one in opened] == [
        [one.pk] for one in liaisons
    ]
    assert [list(Assessment.objects.visible_to(one)) for one in liaisons] == [[one] for one in opened]
    assert set(Assessment.objects.visible_to(office)) == set(opened)
    with pytest.raises(AssessmentRefused, match="只有自评"):
        open_assessment(campaign=campaign, kind="mock", title="x", held_on=HELD, region=places[0], by=office)


# --- pages ---------------------------------------------------------------------------------------------


def test_a_sheet_is_saved_as_one_types_survives_logging_out_and_answers_the_new_total(
    mock: Assessment, assessor: User, login: Any
) -> None:
    client, spending = login(assessor), clause(mock.rulebook, "1.2")
    address = reverse("assessment-save", args=[mock.pk])
    cells = {
        f"value-{spending.pk}": "0.5",
        f"words-{spending.pk}": "两县未单列",
        f"seen-{spending.pk}": "0.0",
    }
    answer = client.post(address, cells, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "<b>2.50</b>" in answer.content.decode()
    assert "hx-swap-oob" in answer.content.decode()
    client.logout()
    assert client.post(address, cells).status_code == 302
    page = login(assessor).get(reverse("assessment-detail", args=[mock.pk])).content.decode()
    assert 'value="0.5"' in page and "两县未单列" in page
    conflict = client.post(address, cells | {f"value-{spending.pk}": "1"}, headers={"HX-Request": "true"})
    assert conflict.status_code == 302, "logged out: nothing is written"
    conflict = login(assessor).post(
        address, cells | {f"value-{spending.pk}": "1"}, headers={"HX-Request": "true"}
    )
    words = conflict.content.decode()
    assert conflict.status_code == 409 and "<b>0.5</b>" in words and "<b>1</b>" in words


def test_the_whole_sheet_is_saved_at_once_without_scripts(
    mock: Assessment, assessor: User, login: Any
) -> None:
    keys = {one.no: one.pk for one in mock.rulebook.clauses.all()}
    form = {f"seen-{keys[no]}": "0.0" for no in WHOLE}
    form |= {
        f"value-{keys['1.1']}": "是",
        f"value-{keys['2']}": "2",
        f"words-{keys['2']}": "未公示",
        f"value-{keys['3']}": "否",
    }
    form |= {
        f"site-{keys['1.3']}": ["甲", ""],
        f"site_value-{keys['1.3']}": ["2", ""],
        f"site_found-{keys['1.3']}": ["", ""],
    }
    assert login(assessor).post(reverse("assessment-save", args=[mock.pk]), form).status_code == 302
    found = dict(Reading.objects.valid().values_list("clause__no", "value"))
    assert found == {
        "1.1": {"met": True},
        "1.3": {"sites": [2]},
        "2": {"occurrences": 2},
        "3": {"happened": False},
    }


def test_the_office_opens_gives_returns_and_closes_on_pages(
    campaign: Campaign, book: Rulebook, office: User, assessor: User, login: Any
) -> None:
    client = login(office)
    given = {"kind": "provincial", "title": "省级初评", "held_on": "2026-11-20", "people": [assessor.pk]}
    answer = client.post(reverse("assessment-new"), given)
    one = Assessment.objects.get()
    assert answer.url == reverse("assessment-detail", args=[one.pk])
    assert client.post(reverse("assessment-new"), given).status_code == 422, "twice the same"
    wrong = client.post(reverse("assessment-new"), given | {"title": "再一份", "each_county": "on"})
    assert "只有自评" in wrong.content.decode()
    fill(one, assessor, WHOLE)
    hand_in(assessment=one, by=assessor)
    listed = client.get(reverse("assessment-list"), {"state": "handed_in"}).content.decode()
    assert "省级初评" in listed and "11.00" in listed
    refused = client.post(reverse("assessment-return", args=[one.pk]), {"reason": " "})
    assert refused.status_code == 422 and "退回要写理由" in refused.content.decode()
    assert client.post(reverse("assessment-close", args=[one.pk])).status_code == 302
    one.refresh_from_db()
    assert one.closed_at is not None
    file = client.get(reverse("assessment-export"), {"format": "csv"})
    assert one.digest in b"".join(file.streaming_content).decode()


def test_the_sheet_costs_the_same_queries_however_much_is_filled(
    mock: Assessment, assessor: User, login: Any
) -> None:
    client, counted = login(assessor), []
    for cells in ({}, WHOLE):
        fill(mock, assessor, cells)
        client.get(reverse("assessment-detail", args=[mock.pk]))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("assessment-detail", args=[mock.pk]))
        counted.append(len(queries))
    assert counted[0] == counted[1]
