"""The ledger of businesses: every fault has its code, what is right comes in, human decisions stand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from entities.choices import ReviewState
from entities.models import Business, GradeChange, StatusChange
from records.choices import BatchState, RowVerb
from records.ledgers import kind_of
from tests.factories import make_business, make_policy, make_user
from tests.factories.ledgers import (
    business_row,
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


@pytest.mark.parametrize(
    ("fault", "column", "code"),
    [
        ({"name": None}, "企业名称", "required"),
        ({"name": "\u3000"}, "企业名称", "required"),
        ({"premises_address": None}, "经营场所", "required"),
        ({"business_type": None}, "主体业态", "required"),
        ({"business_type": "洗车"}, "主体业态", "unknown_choice"),
        ({"credit_code": 929901021234567890}, "统一社会信用代码", "digits_lost"),
        ({"credit_code": "9.29901E+17"}, "统一社会信用代码", "digits_lost"),
        ({"licence_valid_to": "明年"}, "有效期至", "not_a_date"),
        ({"licence_valid_to": "2027-02-30"}, "有效期至", "no_such_day"),
        ({"licence_valid_to": "3/4/2027"}, "有效期至", "ambiguous_date"),
        ({"licence_valid_to": "27年"}, "有效期至", "incomplete_date"),
        ({"responsibility_grade": "E"}, "包保等级", "unknown_choice"),
        ({"responsibility_grade": "B级(风险)"}, "包保等级", "unknown_choice"),
        ({"high_risk": "也许"}, "高风险(须现场督导)", "not_yes_or_no"),
        ({"status": "半开"}, "经营状态", "unknown_choice"),
        ({"contact_phone": "待补"}, "联系电话", "not_a_phone"),
        ({"name": "长" * 151}, "企业名称", "too_long"),
        ({"county": "富源市"}, "县(市、区)", "other_territory"),
        ({"county": "火星区"}, "县(市、区)", "unknown_region"),
        ({"township": "东风乡", "village": None}, "乡镇(街道)", "unknown_region"),
        ({"township": None}, "乡镇(街道)", "required"),
    ],
)
def test_each_fault_refuses_its_row_with_its_code(liaison, fault, column, code):
    batch = send(liaison, "businesses", [business_row(), business_row(**fault), business_row()])
    assert found(batch, "error") == [(4, column, code)]
    assert (batch.counts["accepted"], batch.counts["rejected"]) == (2, 1)


@pytest.mark.parametrize(
    ("typed", "column", "code"),
    [
        (
            {"credit_code": uscc(1)[:-1] + ("1" if uscc(1)[-1] != "1" else "2")},
            "统一社会信用代码",
            "credit_code_check_digit",
        ),
        ({"credit_code": "990102600012345"}, "统一社会信用代码", "credit_code_form"),
        ({"credit_code": "9901**********1234"}, "统一社会信用代码", "credit_code_form"),
        (
            {"licence_no": licence(1)[:-1] + str((int(licence(1)[-1]) + 1) % 10)},
            "许可证号",
            "licence_check_digit",
        ),
        ({"licence_no": "JY123"}, "许可证号", "licence_form"),
        ({"village": "无此社区"}, "村(社区)", "unknown_village"),
        ({"credit_code": None, "licence_no": None}, "", "id_missing"),
    ],
)
def test_doubtful_numbers_and_villages_are_warnings_because_real_registers_are_dirty(
    liaison, typed, column, code
):
    batch = send(liaison, "businesses", [business_row(**typed)])
    assert (found(batch, "error", "warning"), batch.verdict) == ([(3, column, code)], "accept")


def test_a_workshops_own_number_and_endless_licences_are_not_doubted(liaison):
    rows = [business_row(licence_no="苏小作坊201900001", licence_valid_to="长期", business_type="小作坊")]
    batch = take_in(send(liaison, "businesses", rows))
    assert found(batch, "error", "warning") == []
    assert Business.objects.get().licence_valid_to is None


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ({"responsibility_grade": " c "}, "responsibility_grade", "C"),
        ({"responsibility_grade": "Ｄ级"}, "responsibility_grade", "D"),
        ({"responsibility_grade": None}, "responsibility_grade", ""),
        ({"contact_phone": "１３８００００１１１１"}, "contact_phone", "13800001111"),
        ({"licence_valid_to": "2029年2月5日"}, "licence_valid_to", date(2029, 2, 5)),
        ({"licence_valid_to": "20290205"}, "licence_valid_to", date(2029, 2, 5)),
        ({"licence_valid_to": date(2029, 2, 5)}, "licence_valid_to", date(2029, 2, 5)),
        ({"name": " 南湖𠀀记饭店 "}, "name", "南湖𠀀记饭店"),
        ({"township": "南湖区人民街道"}, "region_id", "990102001001"),
        ({"village": None}, "region_id", "990102001"),
    ],
)
def test_spellings_are_normalised_and_are_no_faults(liaison, typed, field, value):
    batch = take_in(send(liaison, "businesses", [business_row(**typed)]))
    assert (found(batch, "error", "warning"), getattr(Business.objects.get(), field)) == ([], value)


def test_rows_that_contradict_each_other_are_all_refused(liaison):
    one = business_row()
    batch = send(
        liaison, "businesses", [one, business_row(), one | {"scale": "大"}, one | {"name": "第三种说法"}]
    )
    assert found(batch, "error") == [
        (3, "企业名称", "duplicate_conflict"),
        (5, "企业名称", "duplicate_conflict"),
        (6, "企业名称", "duplicate_conflict"),
    ]
    (issue,) = batch.rows.get(row_no=3).issues
    assert issue["message"] == (
        "与第 5、6 行是同一个对象，但内容不一致；请核对后只保留正确的一行"
        f"（“企业名称”这一行是“{one['name']}”，第 6 行是“第三种说法”；“规模”这一行是“小”，第 5 行是“大”）"
    )


def test_a_second_import_changes_nothing(liaison):
    rows = [
        business_row(),
        business_row(status="停业", responsibility_grade=None),
        business_row(credit_code=None, licence_no=None),
    ]
    take_in(send(liaison, "businesses", rows))
    before = list(Business.objects.order_by("pk").values())
    batch = take_in(send(liaison, "businesses", rows, below=[["合计", 3]]))
    assert counts(batch) == {"read": 4, "accepted": 3, "skipped": 1, "unchanged": 3, "warnings": 1}
    assert (list(Business.objects.order_by("pk").values()), StatusChange.objects.count()) == (before, 1)


def test_what_changed_is_shown_field_by_field_before_it_is_saved(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    batch = send(
        liaison, "businesses", [row | {"legal_person": "李四", "village": "和平社区", "contact_phone": None}]
    )
    staged = batch.rows.get()
    assert (staged.verb, staged.before) == (
        RowVerb.UPDATED,
        {"legal_person": "张三", "region_id": "990102001001"},
    )
    take_in(batch)
    saved = Business.objects.get()
    assert (saved.legal_person, saved.region_id, saved.contact_phone, saved.version) == (
        "李四",
        "990102001002",
        row["contact_phone"],
        2,
    )


def test_a_status_is_proposed_and_the_register_keeps_its_own_until_a_review(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    batch = send(liaison, "businesses", [row | {"status": "停业"}, business_row(status="查无")])
    assert counts(batch)["closed"] == counts(batch)["created"] == 1
    assert found(batch, "note") == [(3, "经营状态", "status_proposed"), (4, "经营状态", "status_proposed")]
    batch = take_in(batch)
    proposed = StatusChange.objects.order_by("pk").values_list(
        "from_status", "to_status", "state", "proposed_by", "batch_id"
    )
    assert sorted(proposed) == [
        ("normal", "not_found", "proposed", liaison.pk, batch.pk),
        ("normal", "suspended", "proposed", liaison.pk, batch.pk),
    ]
    assert set(Business.objects.values_list("status", flat=True)) == {"normal"}


def test_a_status_a_reviewer_sent_back_is_not_asked_for_again(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row | {"status": "停业"}]))
    StatusChange.objects.update(
        state=ReviewState.REJECTED, reviewed_by=make_user(), reviewed_at=timezone.now()
    )
    batch = take_in(send(liaison, "businesses", [row | {"status": "停业", "seq": 1}]))
    assert (counts(batch)["conflicts"], found(batch, "note")) == (1, [(3, "经营状态", "status_rejected")])
    assert StatusChange.objects.count() == 1


def test_a_reviewed_closure_is_reopened_only_by_another_review(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    Business.objects.update(status="suspended", updated_at=timezone.now() + timedelta(seconds=1))
    blank = send(liaison, "businesses", [row | {"status": None}])
    assert counts(blank)["unchanged"] == 1
    batch = take_in(send(liaison, "businesses", [row]))
    assert (counts(batch)["reactivated"], Business.objects.get().status) == (1, "suspended")
    assert StatusChange.objects.get().to_status == "normal"


def test_a_grade_follows_the_ledger_with_a_dated_change(liaison):
    row = business_row(responsibility_grade="C")
    take_in(send(liaison, "businesses", [row]))
    batch = take_in(
        send(
            liaison,
            "businesses",
            [row | {"responsibility_grade": "B"}],
            above=[["台账"], ["填报日期:2026-09-01"]],
        )
    )
    assert Business.objects.get().responsibility_grade == "B"
    change = GradeChange.objects.get()
    assert (change.from_grade, change.to_grade, change.effective_on, change.manual, change.batch_id) == (
        "C",
        "B",
        date(2026, 9, 1),
        False,
        batch.pk,
    )


def test_a_grade_a_person_has_reviewed_is_not_overturned_by_a_file(liaison):
    row = business_row(responsibility_grade="C")
    take_in(send(liaison, "businesses", [row]))
    GradeChange.objects.create(
        business=Business.objects.get(), from_grade="", to_grade="C", effective_on=date(2026, 1, 1), manual=True,
        state=ReviewState.APPROVED, proposed_by=make_user(), proposed_at=timezone.now(),
    )  # fmt: skip
    batch = take_in(send(liaison, "businesses", [row | {"responsibility_grade": "B"}]))
    assert (counts(batch)["conflicts"], found(batch, "note")) == (1, [(3, "包保等级", "grade_kept")])
    assert Business.objects.get().responsibility_grade == "C"


def test_a_business_gains_its_licence_instead_of_being_registered_twice(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row | {"licence_no": None}]))
    batch = take_in(send(liaison, "businesses", [row]))
    assert counts(batch)["updated"] == 1
    saved = Business.objects.get()
    assert (saved.licence_no, saved.match_key) == (row["licence_no"], f"L:{row['licence_no']}")


def test_a_row_without_a_licence_finds_the_one_at_its_premises(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    batch = take_in(send(liaison, "businesses", [row | {"licence_no": None, "scale": "大"}]))
    assert (counts(batch)["updated"], Business.objects.get().licence_no) == (1, row["licence_no"])
    take_in(send(liaison, "businesses", [row | {"licence_no": licence(777), "name": "楼上"}]))
    batch = send(liaison, "businesses", [row | {"licence_no": None, "scale": "中"}])
    assert found(batch, "error") == [(3, "许可证号", "business_ambiguous")]


def test_one_credit_code_owns_many_premises(liaison):
    code = uscc(4711)
    rows = [business_row(credit_code=code, licence_no=None, premises_address=f"第{n}号") for n in (1, 2)]
    assert counts(take_in(send(liaison, "businesses", rows)))["created"] == 2


def test_a_licence_that_another_county_has_registered_is_refused_without_naming_it(liaison):
    row = business_row()
    secret = make_business(
        "邻县的店", region="990103001", licence_no=row["licence_no"], match_key=f"L:{row['licence_no']}"
    )
    batch = send(liaison, "businesses", [row])
    assert found(batch, "error") == [(3, "许可证号", "owned_elsewhere")]
    assert secret.name not in str(batch.rows.get().issues)


def test_two_rows_that_mean_one_registered_business_are_both_refused(liaison):
    row = business_row()
    take_in(send(liaison, "businesses", [row | {"licence_no": None}]))
    batch = send(liaison, "businesses", [row, row | {"licence_no": licence(888)}])
    assert found(batch, "error") == [(3, "许可证号", "same_target"), (4, "许可证号", "same_target")]


def test_a_township_liaison_brings_in_only_their_township(liaison):
    make_county()
    person = make_user(role="township_liaison", region="990102001")
    rows = [business_row(), business_row(township="石门乡", village=None)]
    assert found(send(person, "businesses", rows), "error") == [(4, "乡镇(街道)", "other_territory")]


def test_what_is_exported_comes_back_unchanged(liaison):
    rows = [
        business_row(),
        business_row(village=None, high_risk="是", responsibility_grade=None, licence_valid_to=None),
    ]
    take_in(send(liaison, "businesses", rows))
    kind = kind_of("businesses")
    keys = [column.key for column in kind.columns]
    exported = [dict(zip(keys, row, strict=True)) for row in kind.export_rows(kind.export_queryset(liaison))]
    batch = take_in(send(liaison, "businesses", workbook("businesses", exported, keys=keys)))
    assert (batch.state, counts(batch)) == (BatchState.COMMITTED, {"read": 2, "accepted": 2, "unchanged": 2})


@pytest.mark.parametrize("word", ["同上", "同前", "〃"])
def test_a_cell_that_points_to_the_one_above_is_no_address(liaison, word):
    batch = send(
        liaison, "businesses", [business_row(), business_row(premises_address=word, legal_person=word)]
    )
    assert found(batch, "error") == [
        (4, "法定代表人(负责人)", "not_written_out"),
        (4, "经营场所", "not_written_out"),
    ]


def test_a_village_in_the_place_of_a_township_is_told_where_it_lies(liaison):
    batch = send(liaison, "businesses", [business_row(township="石门村", village=None)])
    (issue,) = batch.rows.get().issues
    assert issue["message"] == "南湖区没有“石门村”这个乡镇(街道)；这是石门乡的村(社区)，请填“石门乡”"


def test_visit_duties_follow_an_import_at_once(liaison):
    make_policy("C")
    take_in(send(liaison, "businesses", [business_row(), business_row(responsibility_grade=None)]))
    owing = Business.objects.filter(duties__isnull=False)
    assert [business.responsibility_grade for business in owing] == ["C"]
