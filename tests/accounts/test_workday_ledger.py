"""The ledger of the working calendar: days come in, a published year settles what waited for it and stays as it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from accounts.models import User
from inspections.services.problems import open_problem
from records.ledgers import batches
from records.models import AuditEvent, WorkdayOverride, WorkYear
from records.services.calendar import current_calendar
from tests.accounts.test_region_ledger import exported
from tests.factories import make_unit, make_user
from tests.factories.ledgers import counts, found, make_county, make_liaison, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SOURCE = "国务院办公厅关于2027年部分节假日安排的通知"


@pytest.fixture
def admin() -> User:
    """Who keeps the calendar."""
    make_county()
    return make_user("xitong", role="system_admin", region="9901")


def row(day: str | None, kind: str | None = "放假", **fields: Any) -> dict[str, Any]:
    """A row without a fault."""
    return {"day": day, "kind": kind} | fields


def table() -> tuple[list[Any], list[Any]]:
    """Every year and every day with everything a ledger may write."""
    days = WorkdayOverride.objects.order_by("day").values_list("day", "kind", "note", "year_id")
    return list(WorkYear.objects.order_by("year").values_list("year", "published", "source")), list(days)


def test_days_of_a_year_to_come_are_kept_and_count_only_when_it_is_published(admin: User) -> None:
    rows = [row("2027/1/1", note="元旦"), row("2027年1月4日"), row("2027-01-09", "调休")]
    batch = take_in(send(admin, "workdays", rows))
    assert (counts(batch)["created"], found(batch, "error", "warning")) == (3, [])
    assert list(WorkdayOverride.objects.filter(year_id=2027).values_list("day", "kind", "note")) == [
        (date(2027, 1, 1), "holiday", "元旦"),
        (date(2027, 1, 4), "holiday", ""),
        (date(2027, 1, 9), "makeup", ""),
    ]
    assert current_calendar().is_workday(date(2027, 1, 4))
    published = [one | {"source": SOURCE, "published": "是"} for one in rows]
    batch = take_in(send(admin, "workdays", published))
    assert counts(batch)["updated"] == 3
    assert not current_calendar().is_workday(date(2027, 1, 4))


def test_publishing_a_year_settles_provisional_deadlines_once(admin: User) -> None:
    bureau = make_unit(region="990102")
    office = make_user(role="campaign_office", region="9901")
    problem = open_problem(
        source="inspection", severity="serious", found_on=date(2026, 12, 15), region=bureau.region, unit=bureau,
        description="未留样", by=office, at=datetime(2026, 12, 15, 2, tzinfo=UTC),
    )  # fmt: skip
    assert (problem.due_on, problem.due_provisional) == (date(2027, 1, 5), True)
    rows = [row(day, source=SOURCE, published="是") for day in ("2027-01-01", "2027-01-04")]
    take_in(send(admin, "workdays", rows))
    problem.refresh_from_db()
    assert (problem.due_on, problem.due_provisional) == (date(2027, 1, 7), False)
    assert counts(take_in(send(admin, "workdays", [*rows, row("2026-10-01")])))["unchanged"] == 3
    assert AuditEvent.objects.filter(action="problems.dates_settled").count() == 1
    assert AuditEvent.objects.filter(action="work_year.created").count() == 1


def test_the_same_ledger_twice_and_an_exported_one_change_nothing(admin: User) -> None:
    rows = [row("2027-01-01", note="元旦", source=SOURCE, published="否"), row("2027-10-09", "上班")]
    take_in(send(admin, "workdays", rows))
    before = table()
    again = send(admin, "workdays", rows, below=[["合计", 2]])
    assert (counts(again)["unchanged"], found(again, "error", "warning")) == (2, [])
    batch = send(admin, "workdays", exported("workdays", admin))
    size = WorkdayOverride.objects.count()
    assert found(batch, "error", "warning", "note") == []
    assert counts(batch) == {"read": size, "accepted": size, "unchanged": size}
    take_in(batch)
    assert table() == before


def test_an_undo_restores_the_calendar(admin: User) -> None:
    WorkYear.objects.create(year=2027, source="征求意见稿")
    WorkdayOverride.objects.create(day=date(2027, 1, 1), year_id=2027, kind="holiday", note="元旦")
    before = table()
    rows = [
        row("2027-01-01", "调休上班", note="改", source=SOURCE),
        row("2027-01-02"),
        row("2028-01-01", note="元旦"),
    ]
    batch = take_in(send(admin, "workdays", rows))
    assert found(batch, "warning") == [(3, "类别", "makeup_on_weekday")]
    result = batches.undo_batch(batch=batch, by=admin)
    assert (result.restored, result.removed, result.conflicts) == (1, 2, [])
    assert table() == before


def test_an_undo_leaves_what_has_changed_since_and_every_published_year(admin: User) -> None:
    rows = [row("2027-01-01"), row("2027-01-02"), row("2028-01-03", source="通知", published="是")]
    batch = take_in(send(admin, "workdays", rows))
    WorkdayOverride.objects.filter(day="2027-01-02").update(note="周六")
    result = batches.undo_batch(batch=batch, by=admin)
    assert [(c["row"], c["name"], c["why"]) for c in result.conflicts] == [
        (4, "2027-01-02", "导入之后又被修改过，没有还原"),
        (5, "2028-01-03", "这一年的放假安排已公布，期限已按它计算，没有还原"),
    ]
    assert (result.removed, WorkdayOverride.objects.filter(year_id__gte=2027).count()) == (1, 2)


@pytest.mark.parametrize(
    ("fault", "column", "code"),
    [
        ({"day": None}, "日期", "required"),
        ({"day": "国庆节"}, "日期", "not_a_date"),
        ({"day": "2027-02-30"}, "日期", "no_such_day"),
        ({"day": "1998-10-01"}, "日期", "implausible_year"),
        ({"kind": None}, "类别", "required"),
        ({"kind": "加班"}, "类别", "unknown_choice"),
        ({"published": "也许"}, "年份公布", "not_yes_or_no"),
        ({"day": "2026-03-02"}, "日期", "year_published"),
        ({"day": "2026-10-01", "kind": "调休上班"}, "日期", "year_published"),
    ],
)
def test_each_fault_refuses_its_row_with_its_code(
    admin: User, fault: dict[str, Any], column: str, code: str
) -> None:
    rows = [row("2027-01-01", published="否"), row("2027-01-02") | fault]
    assert found(send(admin, "workdays", rows), "error") == [(4, column, code)]


def test_a_year_that_contradicts_itself_is_refused_in_every_row(admin: User) -> None:
    rows = [row("2027-01-01", published="是"), row("2027-01-02", published="否"), row("2028-01-01")]
    assert found(send(admin, "workdays", rows), "error") == [
        (3, "", "published_differs"),
        (4, "", "published_differs"),
    ]
    rows = [row("2027-01-01", source="甲"), row("2027-01-02", source="乙")]
    assert found(send(admin, "workdays", rows), "error") == [
        (3, "", "source_differs"),
        (4, "", "source_differs"),
    ]
    rows = [row("2027-01-01"), row("2027-01-01", "调休")]
    assert found(send(admin, "workdays", rows), "error") == [
        (3, "类别", "duplicate_conflict"),
        (4, "类别", "duplicate_conflict"),
    ]


def test_a_year_is_published_whole_with_its_source_or_not_at_all(admin: User) -> None:
    full = {"source": SOURCE, "published": "是"}
    assert found(send(admin, "workdays", [row("2027-01-01", published="是", note="无依据")]), "error") == [
        (3, "年份公布", "required")
    ]
    rows = [row("2027-01-01", **full), row("2027-02-30", **full), row("2028-01-01")]
    assert found(send(admin, "workdays", rows), "error") == [
        (3, "年份公布", "year_has_errors"),
        (4, "日期", "no_such_day"),
    ]
    take_in(send(admin, "workdays", [row("2027-05-01")]))
    batch = send(admin, "workdays", [row("2027-01-01", **full)])
    assert found(batch, "error") == [(3, "年份公布", "year_incomplete")]
    left = batches.missing_from_file(batch)
    assert left is not None and [one.day for one in left] == [date(2027, 5, 1)]


def test_what_a_file_says_otherwise_of_a_published_year_is_noted_and_left(admin: User) -> None:
    batch = send(admin, "workdays", [row("2026-10-01", note="国庆节", published="否")])
    assert (counts(batch)["unchanged"], found(batch, "note")) == (1, [(3, "日期", "kept")])


def test_only_those_who_keep_the_calendar_import_it(admin: User) -> None:
    with pytest.raises(batches.LedgerRefused) as refused:
        send(make_liaison(), "workdays", [row("2027-01-01")])
    assert refused.value.code == "not_permitted"
