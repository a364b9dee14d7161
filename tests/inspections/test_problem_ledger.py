"""The ledger of problems: new without a number, bettered with one, closed ones untouched, steps left to the pages."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from inspections.models import Problem, RectificationDuty
from inspections.services import rectifying
from records.ledgers import batches
from records.models import LedgerBatch
from tests.factories import make_assignment, make_business, make_officer, make_problem, make_unit, make_user
from tests.factories.ledgers import counts, found, licence, make_county, make_liaison, send, take_in, uscc

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def liaison():
    make_county()
    make_unit("南湖区教育局", region="990102")
    make_unit("市教育局", region="9901")
    return make_liaison()


@pytest.fixture
def today():
    return timezone.localdate()


def row(on: date, **fields: Any) -> dict[str, Any]:
    return {
        "source": "督查", "kind": "点位", "found_on": on, "site": "第三中学食堂", "description": "留样记录缺 3 天",
        "severity": "较重", "lead_unit": "南湖区教育局", "lead_leader": "赵文",
    } | fields  # fmt: skip


def said(batch: LedgerBatch, severity: str) -> set[str]:
    """The codes of a batch's issues of one severity."""
    return {
        issue["code"] for row in batch.rows.all() for issue in row.issues if issue["severity"] == severity
    }


def test_a_row_without_a_number_becomes_a_problem_with_number_deadline_event_and_duty(liaison, today):
    batch = take_in(
        send(liaison, "problems", [row(today), row(today, site="第一小学食堂", lead_unit="市教育局")])
    )
    assert (counts(batch), found(batch, "error", "warning")) == ({"read": 2, "accepted": 2, "created": 2}, [])
    first, second = Problem.objects.order_by("pk")
    assert [first.code, second.code] == [f"WT-{today:%y%m}-0001", f"WT-{today:%y%m}-0002"]
    assert (first.unit.name, first.region_id, first.leader_name, first.state) == (
        "南湖区教育局",
        "990102",
        "赵文",
        "to_sign",
    )
    assert (second.unit.name, second.region_id) == ("市教育局", "990102")
    assert first.due_on == first.original_due_on > today and "7 个工作日" in first.due_rule
    assert [event.action for event in first.events.all()] == ["open"]
    duty = RectificationDuty.objects.live().get(problem=first)
    assert (duty.due_on, duty.unit, duty.arises_on) == (first.due_on, first.unit, today)


def test_a_problem_at_a_business_takes_its_place_and_grade(liaison, today):
    shop = make_business(
        "张记面馆",
        region="990102001001",
        licence_no=licence(1),
        credit_code=uscc(1),
        responsibility_grade="B",
    )
    take_in(
        send(
            liaison,
            "problems",
            [row(today, site=None, business_licence_no=licence(1), business_credit_code=uscc(1))],
        )
    )
    problem = Problem.objects.get()
    assert (problem.business, problem.region_id, problem.grade, problem.place) == (
        shop,
        "990102001001",
        "B",
        "张记面馆",
    )


def test_the_same_rows_again_change_nothing(liaison, today):
    rows = [row(today), row(today, site="第一小学食堂")]
    take_in(send(liaison, "problems", rows))
    batch = take_in(send(liaison, "problems", rows, below=[["合计", 2]]))
    assert counts(batch) == {"read": 3, "accepted": 2, "skipped": 1, "unchanged": 2}
    assert Problem.objects.count() == 2


def test_a_number_betters_the_words_of_that_problem_and_no_other(liaison, today):
    problem = make_problem(
        region="990102001", state="rectifying", unit=make_unit("区商务局", region="990102")
    )
    other = make_problem(region="990102001")
    cells = row(
        problem.found_on,
        code=problem.code,
        measures="补录\n培训",
        lead_unit="区商务局",
        description=problem.description,
    )
    batch = take_in(send(liaison, "problems", [cells]))
    assert counts(batch)["updated"] == 1
    problem.refresh_from_db()
    other.refresh_from_db()
    assert (problem.plan, problem.leader_name, problem.version, problem.state) == (
        "补录\n培训",
        "赵文",
        2,
        "rectifying",
    )
    assert (other.plan, other.version) == ("", 1)
    assert problem.events.get().action == "update"


def test_a_closed_problem_is_never_overturned(liaison, today):
    problem = make_problem(
        region="990102001", state="closed", closed_on=date(2026, 11, 9), rectified_on=date(2026, 11, 9), plan="旧的",
        unit=make_unit("区商务局", region="990102"),
    )  # fmt: skip
    before = Problem.objects.filter(pk=problem.pk).values().get()
    batch = take_in(
        send(
            liaison,
            "problems",
            [row(problem.found_on, code=problem.code, measures="新的", lead_unit="区商务局")],
        )
    )
    assert counts(batch)["unchanged"] == 1 and "closed_kept" in said(batch, "note")
    assert Problem.objects.filter(pk=problem.pk).values().get() == before


def test_a_ledger_moves_neither_deadline_nor_unit_nor_state_of_a_problem_that_is_there(liaison, today):
    problem = make_problem(
        region="990102001", state="rectifying", unit=make_unit("区商务局", region="990102")
    )
    cells = row(
        problem.found_on, code=problem.code, description=problem.description, site=None, lead_leader=None,
        original_due=date(2026, 12, 30), closed_on=today, done_on=today,
    )  # fmt: skip
    batch = take_in(send(liaison, "problems", [cells]))
    codes = said(batch, "note")
    assert {"due_kept", "step_on_page"} <= codes
    problem.refresh_from_db()
    assert (problem.due_on, problem.unit.name, problem.state, problem.version) == (
        date(2026, 11, 13), "区商务局", "rectifying", 1,
    )  # fmt: skip


def test_a_countys_closed_row_waits_for_the_second_person_and_the_offices_does_not(liaison, today):
    done = {"done_on": today - timedelta(days=2), "closed_on": today - timedelta(days=1), "closed": "是"}
    on = today - timedelta(days=9)
    take_in(send(liaison, "problems", [row(on, **done)]))
    first = Problem.objects.get()
    assert (first.state, first.submitted_by, first.closed_on) == ("submitted", liaison, None)
    office = make_user(role="campaign_office", region="9901")
    take_in(send(office, "problems", [row(on, site="第二中学食堂", county="南湖区", **done)]))
    second = Problem.objects.order_by("pk").last()
    assert (second.state, second.closed_by, second.closed_on, second.region_id) == (
        "closed", office, today - timedelta(days=1), "990102",
    )  # fmt: skip
    duty = RectificationDuty.objects.live().get(problem=second)
    assert (duty.fulfilled_on, duty.delivered_on) == (second.closed_on, today - timedelta(days=2))


def test_an_extended_deadline_of_an_old_problem_keeps_its_original(liaison, today):
    due, later = today + timedelta(days=3), today + timedelta(days=20)
    take_in(send(liaison, "problems", [row(today, original_due=due, current_due=later)]))
    problem = Problem.objects.get()
    assert (problem.original_due_on, problem.due_on, problem.extension_count) == (due, later, 1)
    assert problem.extensions.get().state == "approved"


def test_common_problems_of_one_file_are_one_group(liaison, today):
    make_unit("区商务局", region="990102")
    rows = [row(today, kind="共性", lead_unit=unit, site=None) for unit in ("南湖区教育局", "区商务局")]
    take_in(send(liaison, "problems", [*rows, row(today, kind="共性", description="另一件", site=None)]))
    first, second, third = Problem.objects.order_by("pk")
    assert first.group == second.group == first.code and third.group == third.code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lead_unit": "没有的局"}, "unit_unknown"),
        ({"lead_unit": "双名局"}, "unit_ambiguous"),
        ({"code": "WT-2601-9999"}, "problem_unknown"),
        ({"found_on": date(2099, 1, 1)}, "future_date"),
        ({"original_due": date(2020, 1, 1)}, "wrong_order"),
        ({"closed": "是"}, "required"),
        ({"source": "听说"}, "unknown_choice"),
        ({"business_licence_no": licence(77)}, "business_unknown"),
        ({"county": "富源市"}, "other_territory"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_reason(fields, code, liaison, today):
    for county in ("990102001", "990102002"):
        make_unit("双名局", region=county)
    batch = send(liaison, "problems", [row(today), row(today, site="别处", **fields)])
    assert code in said(batch, "error")
    assert counts(batch)["accepted"] == 1


def test_another_countys_problem_is_unknown(liaison, today):
    foreign = make_problem(region="990103001")
    batch = send(liaison, "problems", [row(foreign.found_on, code=foreign.code)])
    assert said(batch, "error") == {"problem_unknown"}


def test_undoing_takes_out_what_nobody_touched_and_puts_words_back(liaison, today):
    old = make_problem(
        region="990102001", state="rectifying", plan="旧措施", unit=make_unit("区商务局", region="990102")
    )
    cells = row(
        old.found_on, code=old.code, measures="新措施", description=old.description, lead_unit="区商务局", site=None,
        lead_leader=None,
    )  # fmt: skip
    batch = take_in(send(liaison, "problems", [row(today), row(today, site="第一小学食堂"), cells]))
    signed = Problem.objects.get(place="第一小学食堂")
    rectifying.sign_problem(problem=signed, by=liaison)
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (result.removed, result.restored, len(result.conflicts)) == (1, 1, 1)
    old.refresh_from_db()
    gone = Problem.objects.get(place="第三中学食堂")
    assert (old.plan, gone.voided_at is None) == ("旧措施", False)
    assert not RectificationDuty.objects.live().filter(problem=gone).exists()
    assert RectificationDuty.objects.live().filter(problem=signed).exists()


def test_the_export_of_the_list_goes_back_in_and_changes_nothing(liaison, login, today):
    shop = make_business("张记面馆", region="990102001001", licence_no=licence(1), credit_code=uscc(1))
    take_in(
        send(
            liaison, "problems",
            [
                row(today, measures="补录", progress="进行中"),
                row(today, site=None, business_licence_no=licence(1), business_credit_code=uscc(1)),
                row(today - timedelta(days=9), site="第二中学", done_on=today),
            ],
        )
    )  # fmt: skip
    make_problem(region="990103001")
    answer = login(liaison).get(reverse("problem-export"), {"tab": "all"})
    content = b"".join(answer.streaming_content)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[1]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 4 and shop.name in {line[7] for line in rows}
    batch = send(liaison, "problems", ContentFile(content, name="导出.xlsx"))
    assert (
        counts(batch) == {"read": 3, "accepted": 3, "unchanged": 3} and found(batch, "error", "warning") == []
    )


def test_what_is_exported_is_what_the_list_shows(login, liaison, today):
    make_problem(region="990102001", state="submitted", description="=HYPERLINK(1)")
    make_problem(region="990102001")
    answer = login(liaison).get(reverse("problem-export"), {"tab": "to_check", "format": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and "'=HYPERLINK(1)" in lines[1]


def test_leader_and_owner_follow_from_the_business_as_on_the_page(liaison, today):
    shop = make_business("张记面馆", region="990102001001", licence_no=licence(1), legal_person="张三")
    make_assignment(make_officer("吴成丽"), shop)
    take_in(
        send(liaison, "problems", [row(today, site=None, lead_leader=None, business_licence_no=licence(1))])
    )
    problem = Problem.objects.get()
    assert (problem.leader_name, problem.owner_name) == ("吴成丽", "张三")
