"""The ledger of officers: people, what they are bound to and what they signed, all dated, nothing overwritten."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from entities.models import Assignment, Business, Officer, Pledge
from records.choices import BatchState
from records.ledgers import batches, kind_of
from tests.factories import make_assignment, make_business, make_officer
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
    return make_liaison()


@pytest.fixture
def shop():
    return make_business("张记面馆", region="990102001001", licence_no=licence(1), credit_code=uscc(1))


@pytest.fixture
def other_shop():
    return make_business("李记面馆", region="990102002", licence_no=licence(2), credit_code=uscc(2))


def row(business=None, **fields):
    named = (
        {
            "business_name": business.name,
            "business_licence_no": business.licence_no,
            "business_credit_code": business.credit_code,
        }
        if business
        else {}
    )
    return {
        "officer_name": "吴成丽",
        "officer_title": "副镇长",
        "officer_level": "乡镇级",
        "officer_unit": "人民街道办事处",
        "officer_phone": "13900000001",
        "county": "南湖区",
        "township": "人民街道",
        "pledge_signed_on": "2026-02-05",
        **named,
    } | fields


def held():
    active = Assignment.objects.active().order_by("business__name", "level")
    return list(active.values_list("officer__name", "business__name", "level"))


def test_a_row_makes_an_officer_an_assignment_and_a_pledge(liaison, shop, other_shop):
    batch = take_in(
        send(liaison, "officers", [row(shop), row(other_shop)], above=[["清单"], ["填报日期:2026-09-16"]])
    )
    assert (counts(batch), found(batch, "error", "warning")) == ({"read": 2, "accepted": 2, "created": 2}, [])
    officer = Officer.objects.get()
    assert (officer.match_key, officer.region_id, officer.level) == (
        "P:吴成丽|13900000001",
        "990102001",
        "township",
    )
    assert held() == [("吴成丽", "张记面馆", "township"), ("吴成丽", "李记面馆", "township")]
    assert set(Assignment.objects.values_list("valid_from", "batch_id")) == {(date(2026, 9, 16), batch.pk)}
    assert Pledge.objects.filter(signed_on=date(2026, 2, 5), title="副镇长").count() == 2


def test_an_officer_without_business_is_registered_alone(liaison):
    batch = take_in(
        send(liaison, "officers", [row(pledge_signed_on=None)], keys=["seq", *row(make_business())])
    )
    assert (counts(batch)["created"], Officer.objects.count(), Assignment.objects.count()) == (1, 1, 0)


def test_officers_of_city_and_county_stand_at_the_county_whatever_township_their_businesses_lie_in(
    liaison, shop, other_shop
):
    rows = [row(shop, officer_level="县级"), row(other_shop, officer_level="县级", township="石门乡")]
    take_in(send(liaison, "officers", rows))
    assert list(Officer.objects.values_list("region_id", "level")) == [("990102", "county")]


def test_a_second_import_changes_nothing(liaison, shop, other_shop):
    rows = [
        row(shop),
        row(other_shop, officer_name="胡静", officer_phone=None),
        row(officer_name="闲人", officer_phone="13900000009"),
    ]
    take_in(send(liaison, "officers", rows))
    before = [list(model.objects.order_by("pk").values()) for model in (Officer, Assignment, Pledge)]
    batch = take_in(send(liaison, "officers", rows, below=[["合计", 3]]))
    assert counts(batch) == {"read": 4, "accepted": 3, "skipped": 1, "unchanged": 3}
    assert [list(model.objects.order_by("pk").values()) for model in (Officer, Assignment, Pledge)] == before


def test_a_new_officer_ends_the_old_assignment_and_history_keeps_who_it_was(liaison, shop):
    old = make_assignment(make_officer("老王", region="990102001"), shop, valid_from=date(2024, 1, 1))
    batch = send(liaison, "officers", [row(shop, valid_from="2026-10-01")])
    staged = batch.rows.get()
    assert (staged.verb, staged.before) == ("updated", {"_ended": old.pk, "officer_name": "老王"})
    take_in(batch)
    old.refresh_from_db()
    assert (old.valid_to, old.voided_at, old.ended_at is None) == (date(2026, 9, 30), None, False)
    assert held() == [("吴成丽", "张记面馆", "township")]


def test_officers_of_different_levels_hold_one_business_together(liaison, shop):
    rows = [row(shop), row(shop, officer_name="县长", officer_phone="13900000002", officer_level="县级")]
    take_in(send(liaison, "officers", rows))
    assert held() == [("县长", "张记面馆", "county"), ("吴成丽", "张记面馆", "township")]


def test_an_end_date_ends_the_assignment(liaison, shop):
    take_in(send(liaison, "officers", [row(shop, valid_from="2026-01-01")]))
    batch = take_in(send(liaison, "officers", [row(shop, valid_from="2026-01-01", valid_to="2026-06-30")]))
    assert (counts(batch)["closed"], held()) == (1, [])
    again = send(liaison, "officers", [row(shop, valid_from="2026-01-01", valid_to="2026-06-30", seq=1)])
    assert counts(again)["unchanged"] == 1


def test_a_corrected_first_day_voids_the_old_interval_and_writes_a_new_one(liaison, shop):
    take_in(send(liaison, "officers", [row(shop, valid_from="2026-01-01")]))
    take_in(send(liaison, "officers", [row(shop, valid_from="2026-03-01")]))
    kept = [(one.valid_from, one.voided_at is None) for one in Assignment.objects.order_by("pk")]
    assert kept == [(date(2026, 1, 1), False), (date(2026, 3, 1), True)]


def test_a_new_title_updates_the_officer_once(liaison, shop, other_shop):
    take_in(send(liaison, "officers", [row(shop), row(other_shop)]))
    batch = take_in(
        send(liaison, "officers", [row(shop, officer_title="镇长"), row(other_shop, officer_title="镇长")])
    )
    assert (counts(batch)["updated"], counts(batch)["unchanged"]) == (1, 1)
    assert list(Officer.objects.values_list("title", "version")) == [("镇长", 2)]


def test_an_officer_known_without_a_telephone_gains_it(liaison, shop):
    take_in(send(liaison, "officers", [row(shop, officer_phone=None)]))
    take_in(send(liaison, "officers", [row(shop)]))
    assert list(Officer.objects.values_list("match_key", "phone")) == [
        ("P:吴成丽|13900000001", "13900000001")
    ]


@pytest.mark.parametrize(
    ("fault", "column", "code"),
    [
        ({"officer_name": None}, "包保干部姓名", "required"),
        ({"officer_title": None}, "职务", "required"),
        ({"officer_level": "省级"}, "包保层级", "unknown_choice"),
        ({"county": "富源市"}, "县(市、区)", "other_territory"),
        ({"township": "东风乡"}, "乡镇(街道)", "unknown_region"),
        ({"pledge_signed_on": "2062-01-01"}, "承诺书签订日期", "future_date"),
        ({"pledge_signed_on": "某日"}, "承诺书签订日期", "not_a_date"),
        ({"valid_from": "2026-05-01", "valid_to": "2026-04-01"}, "包保终止", "wrong_order"),
        (
            {"business_licence_no": licence(99), "business_credit_code": uscc(99)},
            "主体许可证号",
            "business_unknown",
        ),
    ],
)
def test_each_fault_refuses_its_row_with_its_code(liaison, shop, other_shop, fault, column, code):
    good = row(other_shop, officer_name="胡静", officer_phone="13900000005", valid_from=None, valid_to=None)
    assert found(send(liaison, "officers", [good, row(shop) | fault]), "error") == [(4, column, code)]


def test_a_mistyped_licence_still_finds_the_business_by_code_and_name(liaison, shop):
    batch = take_in(send(liaison, "officers", [row(shop, business_licence_no=licence(55))]))
    assert (found(batch, "error", "warning"), found(batch, "note")) == (
        [],
        [(3, "主体许可证号", "licence_differs")],
    )
    assert held() == [("吴成丽", "张记面馆", "township")]


def test_a_business_of_another_county_is_unknown_here(liaison):
    foreign = make_business("邻县的店", region="990103001", licence_no=licence(8), credit_code=uscc(8))
    batch = send(liaison, "officers", [row(foreign)])
    assert found(batch, "error") == [(3, "主体许可证号", "business_unknown")]


@pytest.mark.parametrize("name", ["李小明、王小明", "李小明,王小明", "李小明/王小明", "李小明和王小明"])
def test_two_people_in_one_cell_are_refused(liaison, shop, name):
    batch = send(liaison, "officers", [row(shop, officer_name=name)])
    assert found(batch, "error") == [(3, "包保干部姓名", "several_people")]


@pytest.mark.parametrize("name", ["李和平", "欧阳和平", "阿依古丽·买买提"])
def test_a_name_with_a_character_that_also_joins_names_is_one_person(liaison, shop, name):
    assert found(send(liaison, "officers", [row(shop, officer_name=name)]), "error") == []


def test_a_mobile_number_of_a_wrong_length_is_pointed_out(liaison, shop, other_shop):
    rows = [
        row(shop, officer_phone="1391111"),
        row(other_shop, officer_name="胡静", officer_phone="0599-2222222"),
        row(officer_name="闲人", officer_phone="12345", business_name=None),
    ]
    batch = send(liaison, "officers", rows)
    assert found(batch, "error", "warning") == [(3, "联系电话", "mobile_length")]


def test_two_officers_for_one_business_and_level_are_both_refused(liaison, shop):
    batch = send(
        liaison, "officers", [row(shop), row(shop, officer_name="胡静", officer_phone="13900000005")]
    )
    assert found(batch, "error") == [
        (3, "包保干部姓名", "officer_already_assigned"),
        (4, "包保干部姓名", "officer_already_assigned"),
    ]


def test_rows_of_one_officer_that_contradict_each_other_are_all_refused(liaison, shop, other_shop):
    batch = send(liaison, "officers", [row(shop), row(other_shop, officer_title="镇长")])
    assert found(batch, "error") == [(3, "职务", "officer_differs"), (4, "职务", "officer_differs")]
    (issue,) = batch.rows.get(row_no=4).issues
    assert issue["message"].endswith("（“职务”这一行是“镇长”，第 3 行是“副镇长”）")


def test_an_undo_lets_the_old_assignment_go_on_and_takes_new_officers_out(liaison, shop, other_shop):
    old = make_assignment(make_officer("老王", region="990102001"), shop)
    batch = take_in(send(liaison, "officers", [row(shop), row(other_shop)]))
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (result.conflicts, held(), Pledge.objects.count()) == ([], [("老王", "张记面馆", "township")], 0)
    assert ([o.name for o in Officer.objects.all()], result.restored) == (["老王"], 1)
    old.refresh_from_db()
    assert (old.valid_to, old.ended_at) == (None, None)
    batch = take_in(send(liaison, "officers", [row(shop), row(other_shop)]))
    assert (batch.state, len(held())) == (BatchState.COMMITTED, 2)


def test_an_undo_leaves_the_people_that_another_ledger_brought_in_meanwhile(liaison, shop):
    batch = take_in(send(liaison, "officers", [row(shop)]))
    meanwhile = {"source": "ledger", "version": 1}
    mine = Officer.objects.get()
    make_officer("他人", region="990102001", **meanwhile)
    make_officer(mine.name, region="990103001", **meanwhile)
    Officer.objects.update(recorded_at=mine.recorded_at)
    batches.undo_batch(batch=batch, by=liaison)
    assert set(Officer.objects.values_list("name", "region_id")) == {
        ("他人", "990102001"),
        (mine.name, "990103001"),
    }


def test_an_undo_keeps_what_somebody_has_changed_since(liaison, shop):
    batch = take_in(send(liaison, "officers", [row(shop)]))
    Assignment.objects.update(valid_to=date(2026, 12, 1), ended_at=timezone.now() + timedelta(hours=1))
    result = batches.undo_batch(batch=batch, by=liaison)
    assert [(c["row"], c["why"]) for c in result.conflicts] == [(3, "包保关系在导入之后又被终止，没有还原")]
    assert (Assignment.objects.filter(voided_at=None).count(), Officer.objects.count()) == (1, 1)


def test_what_is_exported_comes_back_unchanged(liaison, shop, other_shop):
    take_in(send(liaison, "officers", [row(shop), row(other_shop, officer_name="胡静", officer_phone=None)]))
    kind = kind_of("officers")
    keys = [column.key for column in kind.columns]
    exported = [
        dict(zip(keys, line, strict=True)) for line in kind.export_rows(kind.export_queryset(liaison))
    ]
    batch = send(liaison, "officers", workbook("officers", exported, keys=keys))
    assert counts(batch) == {"read": 2, "accepted": 2, "unchanged": 2}


def test_assignments_the_file_does_not_name_are_listed_and_go_on(liaison, shop, other_shop):
    take_in(send(liaison, "officers", [row(shop), row(other_shop)]))
    batch = take_in(send(liaison, "officers", [row(shop, seq=1)], keys=["seq", *row(shop)]))
    assert [str(one) for one in batches.missing_from_file(batch)] == ["吴成丽 × 李记面馆"]
    assert len(held()) == Business.objects.count() == 2


@pytest.mark.parametrize(
    ("early", "refused"), [(1, True), (0, False)], ids=["the day before", "the same day"]
)
def test_a_successor_does_not_begin_before_the_predecessor(liaison, shop, early, refused):
    began = date(2026, 3, 2)
    make_assignment(make_officer("前任"), shop, level="township", valid_from=began)
    batch = send(liaison, "officers", [row(shop, valid_from=began - timedelta(days=early))])
    assert found(batch, "error") == ([(3, "包保起始", "before_predecessor")] if refused else [])
    if refused:
        return
    take_in(batch)
    assert held() == [("吴成丽", "张记面馆", "township")]
