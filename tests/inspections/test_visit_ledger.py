"""The ledger of visits: the same visit twice is one, each fulfils its duty, and a person's own words stand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from entities.choices import Source
from entities.models import Business
from inspections.fulfilment import follow
from inspections.models import Visit, VisitDuty
from records.choices import BatchState
from records.ledgers import batches, kind_of
from records.models import LedgerBatch
from tests.factories import make_assignment, make_business, make_officer, make_policy, make_problem, make_user
from tests.factories.ledgers import (
    counts,
    found,
    licence,
    make_county,
    make_liaison,
    send,
    take_in,
    uscc,
    workbook,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def liaison():
    make_county()
    make_policy("C")
    return make_liaison()


@pytest.fixture
def shop():
    return make_business("张记面馆", region="990102001001", licence_no=licence(1), credit_code=uscc(1))


@pytest.fixture
def officer(shop):
    person = make_officer("吴成丽", region="990102001")
    make_assignment(person, shop)
    return person


@pytest.fixture
def today():
    return timezone.localdate()


def row(business, on, **fields):
    return {
        "business_name": business.name,
        "business_credit_code": business.credit_code,
        "business_licence_no": business.licence_no,
        "township": "人民街道",
        "officer_name": "吴成丽",
        "officer_level": "乡镇级",
        "visited_on": on,
        "mode": "现场",
        "problem_desc": None,
        "rectify_status": None,
        "national_record_no": None,
    } | fields


def test_a_visit_comes_in_with_its_officer_and_fulfils_the_duty_of_its_period(liaison, shop, officer, today):
    follow([shop.pk], timezone.now())
    batch = take_in(
        send(liaison, "visits", [row(shop, today, problem_desc="留样记录不全", rectify_status="已当场整改")])
    )
    assert (counts(batch), found(batch, "error", "warning")) == ({"read": 1, "accepted": 1, "created": 1}, [])
    visit = Visit.objects.get()
    assert (visit.officer, visit.region_id, visit.grade, visit.source) == (
        officer,
        shop.region_id,
        "C",
        "ledger",
    )
    assert (visit.problem_count, visit.finding, visit.remedy) == (1, "留样记录不全", "已当场整改")
    duty = VisitDuty.objects.live().get()
    assert (duty.fulfilled_on, duty.visit) == (today, visit)


def test_the_same_visit_twice_is_one(liaison, shop, officer, today):
    rows = [row(shop, today), row(shop, today - timedelta(days=1), national_record_no="GJ001")]
    take_in(send(liaison, "visits", rows))
    batch = take_in(send(liaison, "visits", rows, below=[["合计", 2]]))
    assert counts(batch) == {"read": 3, "accepted": 2, "skipped": 1, "unchanged": 2}
    assert Visit.objects.count() == 2


def test_a_visit_gains_its_national_number_when_the_platforms_export_arrives(liaison, shop, officer, today):
    take_in(send(liaison, "visits", [row(shop, today)]))
    batch = take_in(send(liaison, "visits", [row(shop, today, national_record_no="GJ001")]))
    assert (counts(batch)["updated"], Visit.objects.get().national_record_no) == (1, "GJ001")


def test_a_national_record_of_another_county_is_neither_voided_nor_told(liaison, shop, officer, today):
    far = make_business("远方饭店", region="990103001")
    told = row(far, today, township="东风乡", officer_name="外县干部", national_record_no="GJ001")
    take_in(send(make_user(role="county_liaison", region="990103"), "visits", [told]))
    theirs = Visit.objects.get()
    batch = send(liaison, "visits", [row(shop, today, national_record_no="GJ001")])
    assert found(batch, "error") == [(3, "国家平台记录号", "owned_elsewhere")]
    assert "外县干部" not in str(list(batch.rows.values()))
    theirs.refresh_from_db()
    assert (theirs.voided_at, Visit.objects.count()) == (None, 1)


@pytest.mark.parametrize("number", [None, "GJ001"])
def test_visits_of_a_business_merged_since_are_known_again(liaison, shop, officer, today, number):
    rows = [row(shop, today, national_record_no=number)]
    take_in(send(liaison, "visits", rows))
    survivor = make_business("张记总店", region="990102001001")
    Business.objects.filter(pk=shop.pk).update(merged_into=survivor, match_key=f"M:{shop.pk}")
    named = {
        "business_name": survivor.name,
        "business_licence_no": survivor.licence_no,
        "business_credit_code": None,
    }
    again = send(liaison, "visits", [rows[0] | named])
    assert (found(again, "error"), counts(again)["unchanged"], Visit.objects.get().business) == ([], 1, shop)


def test_a_national_record_corrected_in_day_voids_the_old_visit(liaison, shop, officer, today):
    take_in(send(liaison, "visits", [row(shop, today, national_record_no="GJ001")]))
    batch = take_in(
        send(liaison, "visits", [row(shop, today - timedelta(days=2), national_record_no="GJ001")])
    )
    assert counts(batch)["updated"] == 1
    standing = [
        (v.visited_on, v.national_record_no, v.voided_at is None) for v in Visit.objects.order_by("pk")
    ]
    assert standing == [(today, None, False), (today - timedelta(days=2), "GJ001", True)]


def test_an_undo_does_not_bring_a_visit_back_beside_the_one_that_stays(liaison, shop, officer, today):
    take_in(send(liaison, "visits", [row(shop, today, national_record_no="GJ001")]))
    moved = row(shop, today - timedelta(days=2), national_record_no="GJ001")
    batch = take_in(send(liaison, "visits", [moved]))
    make_problem(business=shop, visit=Visit.objects.get(voided_at=None))
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (result.restored, result.removed, [c["row"] for c in result.conflicts]) == (0, 0, [3])
    assert Visit.objects.get(voided_at=None).visited_on == today - timedelta(days=2)


def test_an_undo_names_the_very_row_whose_visit_stays(liaison, shop, officer, today):
    others = [
        make_business(name, region="990102001001", licence_no=licence(number), credit_code=uscc(number))
        for number, name in ((2, "王记面馆"), (3, "李记面馆"))
    ]
    batch = take_in(send(liaison, "visits", [row(one, today) for one in (shop, *others)]))
    make_problem(business=others[0], visit=Visit.objects.get(business=others[0]))
    result = batches.undo_batch(batch=batch, by=liaison)
    assert [(one["row"], one["name"]) for one in result.conflicts] == [(4, f"王记面馆 {today}")]
    assert Visit.objects.valid().get().business == others[0]


def test_a_visit_voided_by_a_ledger_that_is_undone_stands_again_as_a_later_row(liaison, shop, officer, today):
    follow([shop.pk], timezone.now())
    take_in(send(liaison, "visits", [row(shop, today, national_record_no="GJ001", problem_desc="积水")]))
    first = Visit.objects.get()
    problem = make_problem(business=shop, visit=first)
    moved = row(shop, today - timedelta(days=2), national_record_no="GJ001")
    batch = take_in(send(liaison, "visits", [moved]))
    voided_at = Visit.objects.get(pk=first.pk).voided_at
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (result.restored, result.removed, result.conflicts) == (1, 1, [])
    first.refresh_from_db()
    again = Visit.objects.valid().get()
    assert (first.voided_at, first.national_record_no) == (voided_at, None)
    said = [(v.visited_on, v.officer, v.finding, v.batch_id, v.grade) for v in (first, again)]
    assert said[0] == said[1]
    assert (again.national_record_no, again.recorded_at > voided_at) == ("GJ001", True)
    problem.refresh_from_db()
    assert (problem.visit, VisitDuty.objects.live().get().visit) == (again, again)


def test_undoing_two_ledgers_of_one_record_in_any_order_leaves_nothing_of_them(liaison, shop, officer, today):
    follow([shop.pk], timezone.now())
    day = today - timedelta(days=2)
    for first in (0, 1):
        sent = [
            take_in(send(liaison, "visits", [row(shop, on, national_record_no=f"GJ00{first}")]))
            for on in (today, day)
        ]
        undone = batches.undo_batch(batch=sent[first], by=liaison)
        told = [(one["row"], one["name"]) for one in undone.conflicts]
        standing = list(Visit.objects.valid().values_list("visited_on", "national_record_no"))
        if first == 0:  # the older one: its record is the younger one's by now, and is named
            assert (undone.removed, told, standing) == (0, [(3, f"张记面馆 {day}")], [(day, "GJ000")])
        else:
            assert (undone.restored, told, standing) == (1, [], [(today, "GJ001")])
        last = batches.undo_batch(batch=sent[1 - first], by=liaison)
        # The older one stayed imported, so its visit stands again, until its undo is tried again.
        assert (last.removed, last.restored, last.conflicts) == (1, 1 - first, [])
        if first == 0:
            assert LedgerBatch.objects.get(pk=sent[0].pk).state == BatchState.COMMITTED
            again = batches.undo_batch(batch=sent[0], by=liaison)
            assert (again.removed, again.conflicts) == (1, [])
        assert Visit.objects.valid().count() == 0
        assert VisitDuty.objects.live().get().fulfilled_on is None


def test_a_visit_recorded_anew_since_keeps_the_voided_one_from_coming_back(liaison, shop, officer, today):
    take_in(send(liaison, "visits", [row(shop, today, national_record_no="GJ001")]))
    batch = take_in(
        send(liaison, "visits", [row(shop, today - timedelta(days=2), national_record_no="GJ001")])
    )
    Visit.objects.create(
        business=shop, region=shop.region, officer=officer, officer_name="吴成丽", visited_on=today,
        recorded_at=timezone.now(),
    )  # fmt: skip
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (result.restored, result.removed, [one["row"] for one in result.conflicts]) == (0, 1, [3])
    assert Visit.objects.valid().get().source == Source.PAGE


def test_what_the_officer_wrote_is_not_overwritten_by_a_file(liaison, shop, officer, today):
    Visit.objects.create(
        business=shop, region=shop.region, officer=officer, officer_name="吴成丽", visited_on=today, finding="地面有积水",
        problem_count=1, source=Source.PAGE, recorded_at=timezone.now(),
    )  # fmt: skip
    batch = take_in(
        send(liaison, "visits", [row(shop, today, problem_desc="没有问题的说法", rectify_status="已整改")])
    )
    assert found(batch, "note") == [(3, "", "kept")]
    assert list(Visit.objects.values_list("finding", "remedy")) == [("地面有积水", "已整改")]


@pytest.mark.parametrize(
    ("fault", "column", "code"),
    [
        ({"visited_on": None}, "督导时间", "required"),
        ({"visited_on": "10月"}, "督导时间", "incomplete_date"),
        ({"visited_on": "2026-13-01"}, "督导时间", "no_such_day"),
        ({"visited_on": "2062-10-15"}, "督导时间", "future_date"),
        ({"officer_name": None}, "包保干部姓名", "required"),
        (
            {"business_licence_no": licence(99), "business_credit_code": uscc(99)},
            "许可证号",
            "business_unknown",
        ),
        (
            {"business_licence_no": None, "business_credit_code": None, "business_name": None},
            "",
            "id_missing",
        ),
        ({"township": "东风乡"}, "乡镇(街道)", "unknown_region"),
        ({"mode": "电话"}, "督导方式", "unknown_choice"),
    ],
)
def test_each_fault_refuses_its_row_with_its_code(liaison, shop, officer, today, fault, column, code):
    rows = [row(shop, today), row(shop, today - timedelta(days=3)) | fault]
    assert found(send(liaison, "visits", rows), "error") == [(4, column, code)]


def test_an_unknown_officer_is_kept_by_name_with_a_warning(liaison, shop, officer, today):
    make_officer("王强", region="990102001")
    make_officer("王强", region="990102002")
    day = today - timedelta(days=1)
    rows = [row(shop, today, officer_name="无此人"), row(shop, today, officer_name="王强"), row(shop, day)]
    batch = take_in(send(liaison, "visits", rows))
    assert found(batch, "warning") == [
        (3, "包保干部姓名", "officer_unknown"),
        (4, "包保干部姓名", "officer_ambiguous"),
    ]
    assert dict(Visit.objects.values_list("officer_name", "officer")) == {
        "无此人": None,
        "王强": None,
        "吴成丽": officer.pk,
    }


def test_an_officer_of_the_territory_who_is_not_bound_to_the_business_is_found_by_name(liaison, shop, today):
    person = make_officer("吴成丽", region="990102002")
    take_in(send(liaison, "visits", [row(shop, today)]))
    assert Visit.objects.get().officer == person


def test_an_undo_voids_the_visits_and_opens_the_duty_again(liaison, shop, officer, today):
    follow([shop.pk], timezone.now())
    batch = take_in(send(liaison, "visits", [row(shop, today, national_record_no="GJ001")]))
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (result.removed, result.conflicts, Visit.objects.valid().count()) == (1, [], 0)
    assert VisitDuty.objects.live().get().fulfilled_on is None
    assert (
        counts(take_in(send(liaison, "visits", [row(shop, today, national_record_no="GJ001")])))["created"]
        == 1
    )
    assert VisitDuty.objects.live().get().fulfilled_on == today


def test_an_undo_gives_a_corrected_visit_its_words_back(liaison, shop, officer, today):
    take_in(send(liaison, "visits", [row(shop, today, problem_desc="甲")]))
    batch = take_in(send(liaison, "visits", [row(shop, today, problem_desc="乙", rectify_status="已改")]))
    assert Visit.objects.get().finding == "乙"
    assert batches.undo_batch(batch=batch, by=liaison).restored == 1
    assert list(Visit.objects.values_list("finding", "remedy")) == [("甲", "")]


def test_what_is_exported_comes_back_unchanged(liaison, shop, officer, today):
    rows = [
        row(shop, today, problem_desc="留样不全", rectify_status="已改", handed_to_office="是"),
        row(shop, date(2026, 10, 13), national_record_no="GJ001"),
    ]
    take_in(send(liaison, "visits", rows))
    kind = kind_of("visits")
    keys = [column.key for column in kind.columns]
    exported = [
        dict(zip(keys, line, strict=True)) for line in kind.export_rows(kind.export_queryset(liaison))
    ]
    batch = send(liaison, "visits", workbook("visits", exported, keys=keys))
    assert counts(batch) == {"read": 2, "accepted": 2, "unchanged": 2}


@pytest.mark.parametrize(
    ("days", "since", "code"), [(-800, -900, "visit_too_old"), (-6, -5, "before_assignment"), (-5, -5, None)]
)
def test_a_ledger_refuses_what_the_page_refuses(liaison, shop, today, days, since, code):
    make_assignment(make_officer("吴成丽"), shop, valid_from=today + timedelta(days=since))
    batch = send(liaison, "visits", [row(shop, today + timedelta(days=days))])
    assert [told for _row, _column, told in found(batch, "error")] == ([code] if code else [])
