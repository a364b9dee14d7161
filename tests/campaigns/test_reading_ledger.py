"""The ledger of readings: each method by its own column, the rules of a typed reading, and whose reading it becomes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Unit, User
from campaigns.choices import ReadingSource
from campaigns.models import Assessment, Campaign, Clause, Reading
from campaigns.rules.entry import ANSWERS, cells_of_reading, reading_of_cells
from campaigns.services.rulebooks import draft_rulebook, pin_rulebook, publish_rulebook, record_reading
from campaigns.services.weeks import close_week, publish_week
from foodsafe_portal.lib.weeks import Week
from records.ledgers import batches, kind_of
from records.models import LedgerBatch
from tests.factories import make_campaign, make_region, make_unit, make_user
from tests.factories.ledgers import counts, found, send, take_in, workbook

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LEAVES = [
    {"no": "1.1", "title": "领导小组", "method": "all_or_nothing", "points": "4", "lead_unit": "市教育局"},
    {"no": "1.2", "title": "经费", "method": "judgement", "points": "4"},
    {"no": "1.3", "title": "摊贩", "method": "per_occurrence", "points": "4", "params": {"each": "0.5"}},
    {"no": "1.4", "title": "会议", "method": "per_shortfall", "points": "4", "params": {"required": "4", "each": "1"}},
    {"no": "1.5", "title": "满意度", "method": "threshold", "points": "4", "params": {"op": ">=", "target": "80"}},
    {"no": "1.6", "title": "点位", "method": "sites", "points": "5", "params": {"combine": "mean"}},
    {"no": "1.7", "title": "点位问题", "method": "sites", "points": "5", "params": {"combine": "sum_deductions", "each": "0.5"}},
    {"no": "1.8", "title": "督导", "method": "proportional", "points": "5", "params": {"target": "100"},
     "measure": {"measure": "visits", "value": "done_rate"}},
]  # fmt: skip
DOCUMENT: dict[str, Any] = {
    "title": "细则",
    "clauses": [
        {"no": "1", "title": "基础", "kind": "basic", "points": "35", "children": LEAVES},
        {
            "no": "（二）",
            "title": "加分",
            "kind": "bonus",
            "method": "bonus",
            "params": {"each": "2", "cap": "4"},
        },
        {"no": "3", "title": "重大事故", "kind": "veto"},
        {"no": "4", "title": "抽检", "kind": "veto", "params": {"op": ">=", "target": "4"}},
    ],
}
# One row for every question, and the reading it gives.
ROWS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"no": "1.1", "met": "是"}, {"met": True}),
    ({"no": "1.2", "deducted": "0.50", "reason": "经费未单列"}, {"deducted": "0.5", "reason": "经费未单列"}),
    ({"no": "1.3", "occurrences": 3}, {"occurrences": 3}),
    ({"no": "1.4", "value": 2}, {"value": "2"}),
    ({"no": "1.5", "value": "79.90"}, {"value": "79.9"}),
    ({"no": "1.6", "sites": "4、4.25，5"}, {"sites": ["4", "4.25", "5"]}),
    ({"no": "1.7", "sites": "2,0,1"}, {"sites": [2, 0, 1]}),
    ({"no": "(二)", "occurrences": 1}, {"occurrences": 1}),
    ({"no": "3", "happened": "否"}, {"happened": False}),
    ({"no": "4", "value": 3.4}, {"value": "3.4"}),
]


@pytest.fixture
def today() -> date:
    return timezone.localdate()


@pytest.fixture
def campaign() -> Campaign:
    make_region("9901", "示例市")
    make_region("990102", "南湖区")
    for name in ("市教育局", "市商务局"):
        make_unit(name)
    return make_campaign()


@pytest.fixture
def office(campaign: Campaign) -> User:
    office = make_user(role="campaign_office", region="9901")
    rulebook = draft_rulebook(code="x-1", title="细则", edition="一", document=DOCUMENT, source="", by=office)
    pin_rulebook(campaign=campaign, rulebook=publish_rulebook(rulebook=rulebook, by=office), by=office)
    return office


@pytest.fixture
def school(office: User) -> User:
    return make_user(role="unit_liaison", region="9901", unit=Unit.objects.get(name="市教育局"))


@pytest.fixture
def liaison(office: User) -> User:
    return make_user(role="county_liaison", region="990102")


def tables() -> list[Any]:
    """What stands, without keys and times."""
    fields = ("clause__no", "on", "value", "source", "note", "assessment__title", "recorded_by")
    return list(Reading.objects.valid().order_by("clause__no", "on").values_list(*fields))


def said(batch: LedgerBatch, severity: str = "note") -> set[str]:
    return {code for _row, _column, code in found(batch, severity)}


def test_every_method_is_answered_in_its_own_column(office: User, today: date) -> None:
    batch = take_in(send(office, "readings", [cells | {"on": today, "note": "纪要"} for cells, _ in ROWS]))
    assert found(batch, "error", "warning") == []
    assert counts(batch) == {"read": 10, "accepted": 10, "created": 10}
    stored = {reading.clause.no: reading for reading in Reading.objects.select_related("clause")}
    assert {no: one.value for no, one in stored.items()} == {
        ("（二）" if cells["no"] == "(二)" else cells["no"]): value for cells, value in ROWS
    }
    assert {(one.on, one.source, one.note, one.recorded_by, one.assessment) for one in stored.values()} == {
        (today, "reported", "纪要", office, None)
    }


def test_the_same_rows_again_and_the_export_change_nothing(office: User, today: date) -> None:
    rows = [cells | {"on": today} for cells, _ in ROWS]
    take_in(send(office, "readings", rows))
    before = tables()
    again = take_in(send(office, "readings", rows, below=[["合计", 10]]))
    assert counts(again) == {"read": 11, "accepted": 10, "skipped": 1, "unchanged": 10}
    kind = kind_of("readings")
    keys = [column.key for column in kind.columns]
    exported = [
        dict(zip(keys, cells, strict=True)) for cells in kind.export_rows(kind.export_queryset(office))
    ]
    back = take_in(send(office, "readings", workbook("readings", exported, keys=keys)))
    assert found(back, "error", "warning", "note") == []
    assert counts(back) == {"read": 10, "accepted": 10, "unchanged": 10}
    assert tables() == before


def test_a_later_ledger_replaces_the_day_and_undo_lets_the_old_one_stand_again(
    office: User, today: date
) -> None:
    take_in(
        send(
            office,
            "readings",
            [{"no": "1.4", "on": today, "value": 2}, {"no": "1.1", "on": today, "met": "是"}],
        )
    )
    before = tables()
    rows = [
        {"no": "1.4", "on": today, "value": 4, "note": "补开两次"},
        {"no": "1.1", "on": today, "met": "是"},
        {"no": "1.4", "on": today - timedelta(days=9), "value": 1},
    ]
    batch = take_in(send(office, "readings", rows))
    assert counts(batch) == {"read": 3, "accepted": 3, "created": 1, "updated": 1, "unchanged": 1}
    row = batch.rows.get(verb="updated")
    assert row.before is not None and (row.before["value"], row.before["note"]) == ("2", "")
    assert Reading.objects.filter(voided_at__isnull=False).count() == 1
    undone = batches.undo_batch(batch=batch, by=office)
    assert (undone.restored, undone.removed, undone.conflicts) == (1, 1, [])
    assert tables() == before


def test_an_imported_reading_moves_the_next_frozen_score_as_a_typed_one_does(
    campaign: Campaign, office: User, today: date
) -> None:
    week = Week.of(today - timedelta(days=7))

    def frozen() -> Any:
        report = close_week(campaign=campaign, week=week)
        assert report.score is not None
        return {clause["no"]: clause for clause in report.score["clauses"]}, report.score["total_high"]

    nothing = frozen()
    batch = take_in(
        send(office, "readings", [{"no": "1.3", "on": week.sunday, "occurrences": 3, "note": "抽查"}])
    )
    imported = frozen()
    assert imported != nothing
    assert imported[0]["1.3"]["why"] == "扣1.5分:发现3次,每次扣0.5分"
    batches.undo_batch(batch=batch, by=office)
    assert frozen() == nothing
    clause = Clause.objects.get(no="1.3")
    record_reading(
        campaign=campaign, clause=clause, value={"occurrences": 3}, on=week.sunday, by=office,
        source=ReadingSource.REPORTED, note="抽查",
    )  # fmt: skip
    assert frozen() == imported
    fields = ("campaign", "clause", "assessment", "on", "value", "source", "note", "recorded_by")
    first, second = Reading.objects.order_by("pk").values(*fields)
    assert first == second


def test_a_number_cell_stands_for_its_clause_and_says_so(office: User, today: date) -> None:
    batch = take_in(
        send(
            office,
            "readings",
            [{"no": 1.1, "on": today, "met": "√"}, {"no": 3, "on": today, "happened": "无"}],
        )
    )
    assert found(batch, "changed") == [(3, "条款编号", "normalised")]
    assert Reading.objects.count() == 2


def test_not_applicable_takes_a_clause_out(office: User, today: date) -> None:
    take_in(
        send(office, "readings", [{"no": "1.5", "on": today, "not_applicable": "是", "reason": "无此业态"}])
    )
    assert Reading.objects.get().value == {"not_applicable": True, "reason": "无此业态"}


@pytest.mark.parametrize(
    ("fields", "column", "code"),
    [
        ({"no": None}, "条款编号", "required"),
        ({"no": "9.9"}, "条款编号", "clause_unknown"),
        ({"no": "1"}, "条款编号", "clause_has_children"),
        ({"no": "1.8", "met": None, "value": 90}, "条款编号", "clause_counted"),
        ({"on": None}, "日期", "required"),
        ({"on": "2199-01-02"}, "日期", "implausible_year"),
        ({"on": date(2062, 10, 15)}, "日期", "future_date"),
        ({"met": None}, "达到", "answer_missing"),
        ({"met": "大概"}, "达到", "not_yes_or_no"),
        ({"value": 3}, "数值", "answer_wrong"),
        ({"not_applicable": "是"}, "达到", "answer_wrong"),
        ({"reason": "不知道填哪里"}, "扣分理由", "answer_wrong"),
        ({"no": "1.2", "met": None, "deducted": 1}, "扣分理由", "required"),
        ({"no": "1.2", "met": None, "deducted": -1, "reason": "多扣"}, "扣分", "out_of_range"),
        ({"no": "1.3", "met": None, "occurrences": "1.5"}, "次数", "not_an_integer"),
        ({"no": "1.4", "met": None, "value": "88%"}, "数值", "not_a_number"),
        ({"no": "1.7", "met": None, "sites": "2,半"}, "点位结果", "reading_refused"),
        ({"no": "1.6", "met": None, "sites": "4,好"}, "条款编号", "reading_refused"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_reason(
    fields: dict[str, Any], column: str, code: str, office: User, today: date
) -> None:
    good = {"no": "1.4", "on": today - timedelta(days=1), "value": 2, "deducted": None, "reason": None}
    good |= dict.fromkeys(("occurrences", "sites", "not_applicable"))
    batch = send(office, "readings", [good, {"no": "1.1", "on": today, "met": "是"} | fields])
    assert (4, column, code) in found(batch, "error")
    assert counts(batch)["accepted"] == 1 and counts(batch)["rejected"] == 1


def test_a_title_of_another_clause_is_a_warning(office: User, today: date) -> None:
    rows = [
        {"no": "1.1", "title": "领导 小组", "on": today, "met": "是"},
        {"no": "1.4", "title": "满意度", "on": today, "value": 1},
    ]
    assert found(send(office, "readings", rows), "warning") == [(4, "条款名称", "clause_title_differs")]


def test_two_answers_for_one_clause_and_day_are_refused(office: User, today: date) -> None:
    rows = [{"no": no, "on": today, "value": value} for no, value in (("1.4", 1), ("1.4", 2), ("1.5", 80))]
    batch = send(office, "readings", rows)
    assert [code for _row, _column, code in found(batch, "error")] == ["duplicate_conflict"] * 2
    assert counts(batch)["accepted"] == 1


def test_a_unit_gives_the_readings_of_its_own_clauses_and_no_others(school: User, today: date) -> None:
    batch = send(
        school,
        "readings",
        [{"no": "1.1", "on": today, "met": "是"}, {"no": "1.4", "on": today, "met": None, "value": 2}],
    )
    assert found(batch, "error") == [(4, "条款编号", "other_unit")]
    take_in(batch, partial=True)
    reading = Reading.objects.get()
    assert (reading.clause.no, reading.assessment, reading.source) == ("1.1", None, "reported")
    kind = kind_of("readings")
    assert [cells[1] for cells in kind.export_rows(kind.export_queryset(school))] == ["1.1"]


def test_a_unit_does_not_overturn_what_an_assessment_found(
    campaign: Campaign, office: User, school: User, today: date
) -> None:
    clause = Clause.objects.get(no="1.1")
    record_reading(
        campaign=campaign, clause=clause, value={"met": False}, on=today, by=office, source=ReadingSource.ASSESSED
    )  # fmt: skip
    batch = take_in(send(school, "readings", [{"no": "1.1", "on": today, "met": "是"}]))
    assert (counts(batch)["unchanged"], said(batch)) == (1, {"assessed_kept"})
    assert Reading.objects.get().value == {"met": False}
    assert counts(send(office, "readings", [{"no": "1.1", "on": today, "met": "是"}]))["updated"] == 1


def test_a_county_assesses_itself_beside_the_citys_score(
    campaign: Campaign, office: User, liaison: User, today: date
) -> None:
    take_in(send(office, "readings", [{"no": "1.4", "on": today, "value": 4}]))
    week = Week.of(today - timedelta(days=7))
    before = close_week(campaign=campaign, week=week)
    earlier = today - timedelta(days=30)
    rows = [
        {"no": "1.4", "on": today, "value": 1},
        {"no": "1.4", "on": earlier, "value": 3},
        {"no": "1.1", "on": earlier, "met": "否"},
    ]
    batch = take_in(send(liaison, "readings", rows))
    assert (counts(batch)["created"], said(batch)) == (2, {"older_reading"})
    assessment = Assessment.objects.get()
    assert (assessment.title, assessment.kind, assessment.region_id) == ("南湖区自评", "self", "990102")
    own = Reading.objects.filter(assessment=assessment).order_by("clause__no")
    assert [(one.clause.no, one.value) for one in own] == [("1.1", {"met": False}), ("1.4", {"value": "1"})]
    assert close_week(campaign=campaign, week=week).pk == before.pk
    assert counts(take_in(send(liaison, "readings", list(reversed(rows)))))["unchanged"] == 3
    other = make_user(role="county_liaison", region="990103")
    seen = [set(Reading.objects.visible_to(user)) for user in (liaison, other, office)]
    assert [len(rows) for rows in seen] == [2, 0, 3]
    kind = kind_of("readings")
    keys = [column.key for column in kind.columns]
    exported = [
        dict(zip(keys, cells, strict=True)) for cells in kind.export_rows(kind.export_queryset(liaison))
    ]
    assert counts(send(liaison, "readings", workbook("readings", exported, keys=keys))) == {
        "read": 2,
        "accepted": 2,
        "unchanged": 2,
    }
    batches.undo_batch(batch=batch, by=liaison)
    assert not Reading.objects.valid().filter(assessment=assessment).exists()
    assert Reading.objects.valid().get().value == {"value": "4"}


def test_a_county_with_a_campaign_of_its_own_reads_for_it(
    campaign: Campaign, office: User, liaison: User, today: date
) -> None:
    campaign.refresh_from_db()
    own = make_campaign("nanhu", region="990102", rulebook=campaign.rulebook)
    take_in(send(liaison, "readings", [{"no": "1.1", "on": today, "met": "是"}]))
    assert (Reading.objects.get().campaign, Reading.objects.get().assessment) == (own, None)


def test_what_was_read_again_since_is_not_taken_back(campaign: Campaign, office: User, today: date) -> None:
    batch = take_in(
        send(
            office,
            "readings",
            [{"no": "1.4", "on": today, "value": 2}, {"no": "1.1", "on": today, "met": "是", "value": None}],
        )
    )
    clause = Clause.objects.get(no="1.4")
    record_reading(
        campaign=campaign, clause=clause, value={"value": "3"}, on=today, by=office, source=ReadingSource.REPORTED
    )  # fmt: skip
    undone = batches.undo_batch(batch=batch, by=office)
    assert (undone.removed, len(undone.conflicts)) == (1, 1)
    assert Reading.objects.valid().get().value == {"value": "3"}


def test_an_assessment_that_has_ended_keeps_its_readings_and_says_so(liaison: User, today: date) -> None:
    batch = take_in(send(liaison, "readings", [{"no": "1.1", "on": today, "met": "是"}]))
    Assessment.objects.update(closed_at=timezone.now())
    undone = batches.undo_batch(batch=batch, by=liaison)
    assert (undone.restored, undone.removed) == (0, 0)
    assert [(one["row"], one["why"]) for one in undone.conflicts] == [(3, "这次测评已经结束，没有还原")]
    assert Reading.objects.valid().get().value == {"met": True}


@pytest.mark.parametrize("also_read", [False, True])
def test_an_assessment_goes_with_the_ledger_that_opened_it_unless_somebody_went_on_with_it(
    liaison: User, today: date, also_read: bool
) -> None:
    batch = take_in(send(liaison, "readings", [{"no": "1.1", "on": today, "met": "是"}]))
    if also_read:
        take_in(send(liaison, "readings", [{"no": "1.4", "on": today, "value": 2}]))
    assert batches.undo_batch(batch=batch, by=liaison).removed == 1
    assert (Assessment.objects.exists(), Reading.objects.valid().exists()) == (also_read, also_read)


def test_the_very_same_file_is_answered_from_the_first_until_somebody_reads_a_clause(
    campaign: Campaign, office: User, today: date
) -> None:
    file = workbook("readings", [{"no": "1.4", "on": today, "value": 2}])
    first = take_in(send(office, "readings", file))
    again = batches.receive_upload(kind="readings", file=file, by=office)
    assert (again.batch.pk, again.repeated) == (first.pk, True)
    record_reading(
        campaign=campaign, clause=Clause.objects.get(no="1.4"), value={"value": "3"}, on=today, by=office,
        source=ReadingSource.REPORTED,
    )  # fmt: skip
    again = batches.receive_upload(kind="readings", file=file, by=office)
    assert (again.batch.pk == first.pk, again.repeated) == (False, False)


def test_without_a_pinned_rulebook_nothing_is_imported(campaign: Campaign, today: date) -> None:
    alone = make_user(role="campaign_office", region="9901")
    assert said(send(alone, "readings", [{"no": "1.1", "on": today, "met": "是"}]), "error") == {
        "no_rulebook"
    }


def test_cells_and_readings_say_the_same() -> None:
    methods = {leaf["no"]: leaf for leaf in [*LEAVES, *DOCUMENT["clauses"]]}
    for cells, reading in ROWS:
        clause = methods["（二）" if cells["no"] == "(二)" else cells["no"]]
        answers = cells_of_reading(reading)
        assert set(answers) <= {*ANSWERS, "reason"}
        assert reading_of_cells(clause.get("method", ""), clause.get("params", {}), answers) == reading


def test_the_clause_page_shows_the_countys_assessment_to_city_and_county_alone(
    campaign: Campaign, office: User, liaison: User, today: date, login: Any
) -> None:
    take_in(send(liaison, "readings", [{"no": "1.4", "on": today, "value": 1}]))
    frozen = close_week(campaign=campaign, week=Week.of(today - timedelta(days=7)))
    publish_week(report=frozen, by=None)
    other = make_user(role="county_liaison", region="990103")
    shown = [
        "南湖区自评" in login(user).get(reverse("clause-list"), {"no": "1.4"}).content.decode()
        for user in (office, liaison, other)
    ]
    assert shown == [True, True, False]


def test_pages_and_admin_take_in_and_give_away_readings(
    office: User, school: User, today: date, login: Any
) -> None:
    take_in(
        send(
            office,
            "readings",
            [{"no": "1.1", "on": today, "met": "是"}, {"no": "1.4", "on": today, "met": None, "value": 2}],
        )
    )
    for user, numbers in ((office, ["1.1", "1.4"]), (school, ["1.1"])):
        answer = login(user).get(reverse("reading-export"), {"format": "csv"})
        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
        assert lines[0].startswith("序号,条款编号,条款名称,日期,达到,")
        assert [line.split(",")[1] for line in lines[1:]] == numbers
    narrowed = login(office).get(reverse("reading-export"), {"format": "csv", "q": "会议"})
    assert len(b"".join(narrowed.streaming_content).decode().splitlines()) == 2
    template = login(school).get(reverse("ledger-template", args=["readings"]))
    assert template.status_code == 200 and len(b"".join(template.streaming_content)) > 5_000
    offered = login(school).get(reverse("ledger-home")).context["kinds"]
    assert {kind.key for kind in offered} == {"readings", "tasks"}
