"""The ledger of tasks: the office lays down, units tell their week, what people decided stays decided."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Unit, User
from campaigns.models import Campaign, Phase, TaskItem, TaskReport, TaskSupport
from campaigns.rules.targets import TargetUnclear, read_targets, written
from campaigns.services.tasks import claim_task, decide_report, report_task
from foodsafe_portal.lib.weeks import Week
from records.ledgers import batches, kind_of
from records.models import LedgerBatch
from tests.factories import make_campaign, make_region, make_unit, make_user
from tests.factories.ledgers import counts, found, send, take_in, workbook

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def campaign() -> Campaign:
    make_region("990102", "南湖区")
    make_region("990103", "富源市")
    campaign = make_campaign()
    Phase.objects.create(
        campaign=campaign, order=1, name="全面推进", starts_on=date(2026, 9, 1), ends_on=date(2026, 12, 31)
    )
    for name in ("市教育局", "市商务局", "市公安局"):
        make_unit(name)
    make_unit("南湖区人民政府", region="990102", short_name="南湖区政府")
    make_unit("富源市人民政府", region="990103", short_name="富源市政府")
    return campaign


@pytest.fixture
def office(campaign: Campaign) -> User:
    return make_user(role="campaign_office", region="9901")


def unit_of(name: str) -> Unit:
    return Unit.objects.get(name=name)


@pytest.fixture
def school(campaign: Campaign) -> User:
    """The liaison of the bureau of education."""
    return make_user(role="unit_liaison", region="9901", unit=unit_of("市教育局"))


def row(**fields: Any) -> dict[str, Any]:
    return {
        "number": 1, "system": "社会共治体系", "title": "食品安全进校园", "lead_unit": "市教育局", "supports": "市商务局",
        "phase": "全面推进", "starts_on": "2026-09-01", "due_on": "2026-12-31", "targets": "课程课时≥10小时",
    } | fields  # fmt: skip


def tables() -> list[Any]:
    """What the plan says, without keys and times."""
    tasks = TaskItem.objects.order_by("number").values(
        "number",
        "system",
        "title",
        "phase",
        "lead_unit",
        "starts_on",
        "due_on",
        "targets",
        "state",
        "done_on",
    )
    supports = TaskSupport.objects.order_by("task__number", "unit").values_list("task__number", "unit")
    reports = TaskReport.objects.order_by("task__number", "unit", "week").values_list(
        "task__number", "unit", "week", "progress", "state"
    )
    return [*tasks, *supports, *reports]


def said(batch: LedgerBatch, severity: str = "note") -> set[str]:
    return {code for _row, _column, code in found(batch, severity)}


def test_the_office_enters_tasks_with_bodies_phase_and_targets(office: User) -> None:
    rows = [
        row(),
        row(number=None, title="食用农产品放心工程", lead_unit="市商务局", supports="各县(市、区)政府、市公安局", targets=None, starts_on=None),
    ]  # fmt: skip
    batch = take_in(send(office, "tasks", rows))
    assert (counts(batch), found(batch, "error", "warning")) == ({"read": 2, "accepted": 2, "created": 2}, [])
    first, second = TaskItem.objects.order_by("number")
    assert (first.number, first.phase and first.phase.name, first.lead_unit.name, first.state) == (
        1,
        "全面推进",
        "市教育局",
        "open",
    )
    assert first.targets == [{"name": "课程课时", "comparator": ">=", "target": 10, "unit": "小时"}]
    assert (second.number, second.starts_on) == (2, date(2026, 1, 1))
    assert [one.unit.name for one in second.supports.all()] == [
        "南湖区人民政府",
        "富源市人民政府",
        "市公安局",
    ]


def test_the_same_rows_again_and_the_export_change_nothing(office: User) -> None:
    rows = [row(), row(number=7, title="另一项", supports=None)]
    take_in(send(office, "tasks", rows))
    before = tables()
    again = take_in(send(office, "tasks", rows, below=[["合计", 2]]))
    assert counts(again) == {"read": 3, "accepted": 2, "skipped": 1, "unchanged": 2}
    kind = kind_of("tasks")
    keys = [column.key for column in kind.columns]
    exported = [
        dict(zip(keys, cells, strict=True)) for cells in kind.export_rows(kind.export_queryset(office))
    ]
    back = take_in(send(office, "tasks", workbook("tasks", exported, keys=keys)))
    assert (counts(back), found(back, "error", "warning", "note")) == (
        {"read": 2, "accepted": 2, "unchanged": 2},
        [],
    )
    assert tables() == before


def test_words_bodies_and_days_are_bettered_and_undo_puts_them_back(office: User) -> None:
    take_in(send(office, "tasks", [row(), row(number=2, title="不动的一项")]))
    TaskItem.objects.filter(number=1).update(
        targets=[{"code": "lessons", "name": "课程课时", "comparator": ">=", "target": 10, "unit": "小时"}]
    )
    before = tables()
    better = row(
        title="食品安全进校园进课堂", lead_unit="市商务局", supports="市教育局、市公安局", due_on="2027-01-31", targets="课程课时≥12小时"
    )  # fmt: skip
    batch = take_in(
        send(office, "tasks", [better, row(number=2, title="不动的一项"), row(number=3, title="新")])
    )
    assert counts(batch) == {"read": 3, "accepted": 3, "created": 1, "updated": 1, "unchanged": 1}
    task = TaskItem.objects.get(number=1)
    assert (task.title, task.lead_unit.name, task.due_on) == (
        "食品安全进校园进课堂",
        "市商务局",
        date(2027, 1, 31),
    )
    assert task.targets == [
        {"code": "lessons", "name": "课程课时", "comparator": ">=", "target": 12, "unit": "小时"}
    ]
    assert {one.unit.name for one in task.supports.all()} == {"市教育局", "市公安局"}
    undone = batches.undo_batch(batch=batch, by=office)
    assert (undone.restored, undone.removed, undone.conflicts) == (1, 1, [])
    assert tables() == before


def test_a_blank_cell_and_a_missing_column_say_nothing(office: User) -> None:
    take_in(send(office, "tasks", [row()]))
    before = tables()
    take_in(send(office, "tasks", [{"number": 1, "title": "食品安全进校园", "due_on": None}]))
    assert tables() == before


def test_a_finished_task_is_never_overturned_and_a_claimed_one_keeps_its_lead(
    office: User, school: User
) -> None:
    take_in(send(office, "tasks", [row(), row(number=2, title="办完的"), row(number=3, title="没动的")]))
    claim_task(task=TaskItem.objects.get(number=1), by=school)
    TaskItem.objects.filter(number=2).update(state="done", done_on=date(2026, 11, 1))
    rows = [
        row(lead_unit="市商务局", supports="市公安局", state="已完成", done_on="2026-11-02"),
        row(number=2, title="改名", state="待认领"),
    ]
    batch = take_in(send(office, "tasks", rows))
    claimed, done = TaskItem.objects.get(number=1), TaskItem.objects.get(number=2)
    assert (claimed.lead_unit.name, claimed.state, claimed.done_on) == ("市教育局", "claimed", None)
    assert [one.unit.name for one in claimed.supports.all()] == ["市公安局"]
    assert (done.title, done.state, done.done_on) == ("办完的", "done", date(2026, 11, 1))
    assert said(batch) == {"claimed_kept", "done_kept", "step_on_page"}
    assert counts(batch)["updated"] == counts(batch)["unchanged"] == 1


def test_a_unit_tells_the_week_of_its_own_tasks_and_changes_nothing_else(office: User, school: User) -> None:
    others = row(number=2, title="别人的", lead_unit="市商务局", supports="市公安局")
    helped = row(number=3, title="帮别人的", lead_unit="市商务局", supports="市教育局")
    take_in(send(office, "tasks", [row(), others, helped]))
    for task in TaskItem.objects.all():
        TaskItem.objects.filter(pk=task.pk).update(state="claimed")
    before = tables()
    rows = [row(progress="开课 3 节", due_on="2027-05-01"), helped | {"progress": "配合检查 2 次"}]
    batch = take_in(send(school, "tasks", rows, above=[["任务进展"], ["填报日期：2026-11-12"]]))
    assert (counts(batch)["updated"], said(batch)) == (2, {"owned_by_office"})
    reports = TaskReport.objects.order_by("task__number")
    assert [(one.unit.name, one.week, one.progress, one.submitted_by) for one in reports] == [
        ("市教育局", "2026-W46", "开课 3 节", school),
        ("市教育局", "2026-W46", "配合检查 2 次", school),
    ]
    assert [task.state for task in TaskItem.objects.order_by("number")] == ["reported", "claimed", "reported"]
    assert TaskItem.objects.get(number=1).due_on == date(2026, 12, 31)
    undone = batches.undo_batch(batch=batch, by=school)
    assert (undone.removed, undone.conflicts) == (2, [])
    assert tables() == before


def test_a_week_is_told_once_and_an_approved_report_is_not_taken_back(office: User, school: User) -> None:
    take_in(send(office, "tasks", [row()]))
    claim_task(task=TaskItem.objects.get(), by=school)
    batch = take_in(send(school, "tasks", [row(progress="开课 3 节")]))
    again = take_in(
        send(school, "tasks", [row(progress="开课 3 节", seq=1)], keys=["seq", *row(), "progress"])
    )
    assert (counts(again)["unchanged"], said(again)) == (1, set())
    other = send(school, "tasks", [row(progress="开课 9 节")])
    assert (counts(other)["unchanged"], said(other)) == (1, {"reported_already"})
    decide_report(report=TaskReport.objects.get(), approve=True, by=office)
    undone = batches.undo_batch(batch=batch, by=school)
    assert (undone.removed, len(undone.conflicts)) == (0, 1)
    assert TaskReport.objects.get().progress == "开课 3 节"


def test_a_week_whose_report_a_newer_one_took_the_place_of_can_be_told_anew(
    office: User, school: User
) -> None:
    take_in(send(office, "tasks", [row()]))
    task = claim_task(task=TaskItem.objects.get(), by=school)
    now = Week.of(timezone.localdate())
    told: dict[str, Any] = {
        "task": task,
        "progress": "开课",
        "claims_done": False,
        "uploads": [],
        "by": school,
    }
    older = report_task(week=now, **told)
    decide_report(report=report_task(week=now.next(), **told), approve=True, by=office)
    older.refresh_from_db()
    assert older.state == "superseded"
    batch = take_in(send(school, "tasks", [row(progress="开课 3 节")]))
    assert (counts(batch)["updated"], said(batch)) == (1, set())
    reports = TaskReport.objects.filter(week=str(now)).order_by("pk").values_list("progress", "state")
    assert list(reports) == [("开课", "superseded"), ("开课 3 节", "submitted")]


def test_a_report_from_a_ledger_is_the_same_as_one_from_the_page(office: User, school: User) -> None:
    take_in(send(office, "tasks", [row(), row(number=2, title="第二项")]))
    first, second = TaskItem.objects.order_by("number")
    for task in (first, second):
        claim_task(task=task, by=school)
    week = Week.of(timezone.localdate())
    report_task(task=first, week=week, progress="开课", claims_done=False, uploads=[], by=school)
    take_in(send(school, "tasks", [row(number=2, title="第二项", progress="开课")]))
    fields = ("unit", "week", "progress", "claims_done", "state", "submitted_by", "reason")
    typed, sent = (TaskReport.objects.filter(task=task).values(*fields).get() for task in (first, second))
    assert typed == sent
    assert {task.state for task in TaskItem.objects.all()} == {"reported"}


def test_the_very_same_file_is_answered_from_the_first_until_a_task_is_claimed_or_a_week_has_passed(
    office: User, school: User
) -> None:
    file = workbook("tasks", [row()])
    first = take_in(send(office, "tasks", file))
    assert batches.receive_upload(kind="tasks", file=file, by=office).repeated
    LedgerBatch.objects.update(committed_at=timezone.now() - timedelta(days=7))
    assert not batches.receive_upload(kind="tasks", file=file, by=office).repeated
    LedgerBatch.objects.filter(pk=first.pk).update(committed_at=timezone.now())
    assert batches.receive_upload(kind="tasks", file=file, by=office).repeated
    claim_task(task=TaskItem.objects.get(), by=school)
    assert not batches.receive_upload(kind="tasks", file=file, by=office).repeated


@pytest.mark.parametrize(
    ("fields", "column", "code"),
    [
        ({"title": None}, "任务", "required"),
        ({"number": 9, "lead_unit": None}, "牵头单位", "required"),
        ({"number": 9, "due_on": None}, "完成期限", "required"),
        ({"number": 0}, "任务编号", "out_of_range"),
        ({"number": "一"}, "任务编号", "not_an_integer"),
        ({"due_on": "2026-08-31"}, "完成期限", "wrong_order"),
        ({"due_on": "年底"}, "完成期限", "not_a_date"),
        ({"lead_unit": "火星管理局"}, "牵头单位", "unit_unknown"),
        ({"supports": "市公安局、火星管理局"}, "配合单位", "unit_unknown"),
        ({"supports": "食安办"}, "配合单位", "unit_ambiguous"),
        ({"supports": "市公安局、市教育局"}, "配合单位", "lead_in_supports"),
        ({"phase": "冲刺"}, "阶段", "phase_unknown"),
        ({"targets": "建成快检室"}, "量化目标", "target_unclear"),
        ({"state": "快了"}, "状态", "unknown_choice"),
        ({"number": None, "title": "同名的"}, "任务", "task_ambiguous"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_reason(
    fields: dict[str, Any], column: str, code: str, office: User
) -> None:
    for county in ("990102", "990103"):
        make_unit("食安办", region=county)
    take_in(send(office, "tasks", [row(number=number, title="同名的") for number in (21, 22)]))
    batch = send(office, "tasks", [row(), row(number=2) | fields])
    assert found(batch, "error") == [(4 if len(fields) else 3, column, code)]
    assert counts(batch)["accepted"] == 1


def test_rows_that_name_one_task_twice_are_refused(office: User) -> None:
    take_in(send(office, "tasks", [row()]))
    batch = send(office, "tasks", [row(), row(number=None)])
    assert found(batch, "error") == [(4, "任务", "same_target")]
    assert {code for _row, _column, code in found(send(office, "tasks", [row(), row(due_on="2027-01-31")]), "error")} == {
        "duplicate_conflict"
    }  # fmt: skip


def test_a_unit_is_refused_other_units_tasks_new_ones_and_unclaimed_ones(office: User, school: User) -> None:
    others = row(number=2, title="别人的", lead_unit="市商务局", supports="市公安局")
    take_in(send(office, "tasks", [row(), others]))
    rows = [row(progress="开课"), others | {"progress": "抢着报"}, row(number=3, title="自己加的")]
    batch = send(school, "tasks", rows)
    assert found(batch, "error") == [
        (3, "本周进展", "task_unclaimed"),
        (4, "任务", "other_unit"),
        (5, "任务", "task_unknown"),
    ]
    assert batch.state == "refused" and not TaskReport.objects.exists()


def test_what_somebody_went_on_with_is_not_taken_back(office: User, school: User) -> None:
    batch = take_in(
        send(office, "tasks", [row(), row(number=2, title="第二项"), row(number=3, title="第三项")])
    )
    claim_task(task=TaskItem.objects.get(number=1), by=school)
    TaskItem.objects.filter(number=2).update(title="改过的")
    undone = batches.undo_batch(batch=batch, by=office)
    assert (undone.removed, [one["name"] for one in undone.conflicts]) == (
        1,
        ["1 食品安全进校园", "2 改过的"],
    )
    assert TaskItem.objects.count() == 2


def test_without_a_campaign_nothing_is_imported(db: None) -> None:
    make_unit("市教育局")
    office = make_user(role="campaign_office", region="9901")
    assert said(send(office, "tasks", [row()]), "error") == {"no_campaign"}


def test_the_page_gives_away_the_ledger_of_the_tasks_it_shows(office: User, school: User, login: Any) -> None:
    others = row(number=2, title="别人的", lead_unit="市商务局", supports="市公安局")
    take_in(send(office, "tasks", [row(), others]))
    address = reverse("task-export")
    for user, numbers in ((office, ["1", "2"]), (school, ["1"])):
        answer = login(user).get(address, {"format": "csv"})
        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
        assert lines[0].startswith("序号,任务编号,体系,任务,牵头单位,配合单位,阶段,")
        assert [line.split(",")[1] for line in lines[1:]] == numbers
    narrowed = login(office).get(address, {"format": "csv", "q": "别人"})
    assert len(b"".join(narrowed.streaming_content).decode().splitlines()) == 2


@pytest.mark.parametrize(
    "line", ["课程课时≥10小时", "水产“三品”面积占比≥90%", "抽检样本量≥4.5份/千人", "投诉数<3"]
)
def test_a_target_is_written_as_it_is_read(line: str) -> None:
    assert written(read_targets(line)) == line


@pytest.mark.parametrize("line", ["建成快检室", "≥90%", "满意度≥"])
def test_a_target_without_name_or_number_is_unclear(line: str) -> None:
    with pytest.raises(TargetUnclear, match="请一行写一个目标"):
        read_targets(line)
