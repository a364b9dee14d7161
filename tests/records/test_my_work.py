"""我的事: what waits for each role, oldest due first, is done on its line and goes on to the person whose turn is next."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.rules.rights import Role
from campaigns.models import TaskItem, TaskReport
from campaigns.reports.decisions import waiting_for
from entities.models import StatusChange
from foodsafe_portal.lib import waiting
from inspections.models import Extension, Problem
from inspections.services import extensions, rectifying
from tests.factories import (
    make_assignment,
    make_business,
    make_campaign,
    make_duty,
    make_officer,
    make_policy,
    make_problem,
    make_region,
    make_unit,
    make_user,
)
from tests.factories.files import photo

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 16)
PAGE = "/my/"
MOST_QUERIES = 20


@pytest.fixture
def city(time_machine):
    """Thousands of miles from an empty house: one of everything that can wait, in one county."""
    time_machine.move_to(datetime(2026, 11, 16, 2, 0, tzinfo=UTC), tick=False)
    make_region("990102001", "人民街道")
    make_region("9802")
    make_policy()
    unit = make_unit("教育局", region="990102")
    business = make_business("和顺面馆", region="990102001", registered_on=date(2026, 1, 1))
    officer = make_user("officer1", role="officer", region="990102001")
    make_assignment(make_officer("邓洁", region="990102001", user=officer), business)
    make_duty(business, officer=officer.officers.first() if hasattr(officer, "officers") else None)
    campaign = make_campaign(region="9901", started_on=date(2026, 1, 1))
    return {"unit": unit, "business": business, "officer": officer, "campaign": campaign}


def person(role: str, city, **fields) -> object:
    where = {
        "county_liaison": "990102",
        "township_liaison": "990102001",
        "regulator": "990102",
        "officer": "990102001",
    }
    if role == "unit_liaison":
        return make_user(role=role, region="990102", unit=city["unit"])
    return make_user(role=role, region=where.get(role, "9901"), **fields)


def codes(user) -> dict[str, int]:
    counted = waiting.count(user, TODAY, waiting.kinds_for(user))
    return {one.kind.code: one.count for one in counted.kinds if one.count}


def change(city, by=None) -> StatusChange:
    return StatusChange.objects.create(
        business=city["business"], from_status="normal", to_status="suspended", effective_on=TODAY,
        proposed_at=datetime(2026, 11, 12, tzinfo=UTC), proposed_by=by, reason="歇业",
    )  # fmt: skip


def post(client, kind, key, step, **data):
    address = reverse("my-work-step", args=[kind, key, step])
    return client.post(address, data, headers={"HX-Request": "true"})


@pytest.mark.parametrize("role", Role)
def test_each_role_lands_on_a_page_of_its_own_whose_counts_are_the_lengths_of_its_lists(login, city, role):
    problem = make_problem(unit=city["unit"], business=city["business"])
    make_problem(unit=city["unit"], state="returned")
    make_problem(state="second_check", rectified_on=TODAY)
    make_problem(state="submitted", region="9802")
    change(city)
    user = city["officer"] if role == Role.OFFICER else person(role, city)
    client = login(user)
    assert client.get("/", follow=True).redirect_chain[-1][0] == PAGE
    kinds = waiting.kinds_for(user)
    counted = waiting.count(user, TODAY, kinds)
    assert [one.count for one in counted.kinds] == [len(kind.rows(user, TODAY)) for kind in kinds]
    html = client.get(PAGE).content.decode()
    assert ("现在没有等您办的事" in html) == (counted.total == 0)
    assert (f"({counted.total}) 我的事" in html) == (counted.total > 0)
    assert problem.code


def test_the_page_costs_the_same_queries_however_much_waits(login, city):
    client = login(person("unit_liaison", city))
    costs = []
    for count in (1, 2):
        for _number in range(count):
            make_problem(unit=city["unit"], business=city["business"])
            make_problem(unit=city["unit"], state="returned")
        client.get(PAGE)
        with CaptureQueriesContext(connection) as asked:
            client.get(PAGE)
        costs.append(len(asked))
    assert costs[0] == costs[1] <= MOST_QUERIES


def test_kinds_and_lines_stand_oldest_due_first_and_say_why_something_came_back(login, city):
    unit = person("unit_liaison", city)
    checker = person("county_liaison", city)
    late = make_problem(unit=city["unit"], due_on=date(2026, 11, 2), description="留样不足")
    soon = make_problem(unit=city["unit"], due_on=date(2026, 11, 20), description="没有消毒记录")
    back = make_problem(
        unit=city["unit"], due_on=date(2026, 11, 25), state="rectifying", description="冷藏温度"
    )
    rectifying.submit_rectification(problem=back, on=TODAY, note="已换", proof=[photo()], by=unit)
    rectifying.return_problem(problem=back, reason="温度表看不清，重拍一张", by=checker)
    html = login(unit).get(PAGE).content.decode()
    places = [html.index(words) for words in ("温度表看不清，重拍一张", late.description, soon.description)]
    assert places == sorted(places)
    assert html.index("整改被退回") < html.index("问题待签收") and "逾期 10 个工作日" in html


def test_an_act_on_the_line_makes_it_leave_and_appear_at_the_person_whose_turn_is_next(login, city):
    unit, county, office = (
        person(role, city) for role in ("unit_liaison", "county_liaison", "campaign_office")
    )
    problem = make_problem(unit=city["unit"])
    assert (codes(unit), "problem_first_check" in codes(county)) == ({"problem_to_sign": 1}, False)
    client = login(unit)
    answer = post(client, "problem_to_sign", problem.pk, "sign")
    assert answer.status_code == 200 and "已签收" in answer.content.decode()
    assert "<title>(1) 我的事" in answer.content.decode()
    assert codes(unit) == {"problem_to_fix": 1}
    opened = client.get(
        reverse("my-work-step", args=["problem_to_fix", problem.pk, "submit"]), headers={"HX-Request": "true"}
    ).content.decode()
    assert 'type="file"' in opened and f'id="line-problem_to_fix-{problem.pk}"' in opened
    bare = post(client, "problem_to_fix", problem.pk, "submit", on="2026-11-16", note="已整改")
    assert bare.status_code == 422 and "请附至少 1 张整改后的照片" in bare.content.decode()
    sent = {"on": "2026-11-16", "note": "已整改", "proof": photo()}
    assert post(client, "problem_to_fix", problem.pk, "submit", **sent).status_code == 200
    assert codes(unit) == {} and codes(county)["problem_first_check"] == 1
    assert "我报送的整改" in client.get(PAGE).content.decode()
    assert post(login(county), "problem_first_check", problem.pk, "check-pass").status_code == 200
    assert "problem_first_check" not in codes(county) and codes(office)["problem_second_check"] == 1
    refused = post(login(office), "problem_second_check", problem.pk, "verify-return")
    assert refused.status_code == 422 and "退回必须写明理由" in refused.content.decode()
    post(login(office), "problem_second_check", problem.pk, "verify-return", note="缺照片")
    assert codes(unit) == {"problem_returned": 1}
    did = login(office).get(PAGE).content.decode()
    assert "退回整改" in did[did.index("我做过的") :]


def test_the_dashboard_asks_the_same_registry(city):
    office = person("campaign_office", city)
    change(city)
    make_problem(state="second_check", rectified_on=TODAY)
    decisions, _beside = waiting_for(office, TODAY)
    decided = {kind.heading(TODAY) for kind in waiting.kinds_for(office) if kind.decides}
    counted = waiting.count(office, TODAY, [kind for kind in waiting.kinds_for(office) if kind.decides])
    assert {one.label: one.count for one in decisions} == {
        one.kind.heading(TODAY): one.count for one in counted.kinds if one.count
    }
    assert {"经营状态变更待审核", "整改待复核"} <= {one.label for one in decisions} <= decided


def test_nobody_is_asked_to_decide_what_they_proposed_themselves(login, city):
    office, regulator = person("campaign_office", city), person("regulator", city)
    own = change(city, by=office)
    assert "status_change" not in codes(office) and codes(regulator)["status_change"] == 1
    listed = login(office).get(f"{reverse('change-list')}?kind=status&mine=1").content.decode()
    assert "和顺面馆" not in listed
    assert post(login(office), "status_change", own.pk, "approve").status_code == 409


def test_a_foreign_thing_is_absent_one_that_somebody_did_first_says_so_and_a_stranger_is_refused(login, city):
    regulator, foreign = person("regulator", city), make_user(role="regulator", region="9802")
    one = change(city)
    assert post(login(foreign), "status_change", one.pk, "approve").status_code == 404
    assert post(login(person("leader", city)), "status_change", one.pk, "approve").status_code == 403
    first = post(login(regulator), "status_change", one.pk, "approve", note="两次上门核实")
    assert first.status_code == 200
    second = post(login(regulator), "status_change", one.pk, "approve", note="两次上门核实")
    assert (second.status_code, "已经有人办了" in second.content.decode()) == (409, True)
    assert post(login(regulator), "status_change", one.pk, "nothing").status_code == 404
    assert login(regulator).get(f"{PAGE}?kind=problem_first_check").status_code == 404


def test_a_refusal_of_the_service_stands_on_the_line_and_nothing_is_changed(login, city):
    one = change(city)
    answer = post(login(person("regulator", city)), "status_change", one.pk, "approve")
    one.refresh_from_db()
    assert (answer.status_code, "没有佐证" in answer.content.decode(), one.state) == (409, True, "proposed")


def test_an_officers_visit_is_recorded_in_one_click_and_twice_is_one_visit(login, city):
    client = login(city["officer"])
    duty = city["business"].duties.get() if hasattr(city["business"], "duties") else None
    kind = waiting.kind_called("visit_own")
    duty = kind.rows(city["officer"], TODAY).get()
    assert post(client, "visit_own", duty.pk, "no_problem").status_code == 200
    assert codes(city["officer"]) == {}
    assert post(client, "visit_own", duty.pk, "no_problem").status_code == 409
    assert city["business"].visits.count() == 1


def test_extensions_and_task_reports_are_decided_on_their_lines(login, city):
    unit, office = person("unit_liaison", city), person("campaign_office", city)
    problem = make_problem(unit=city["unit"], state="rectifying", due_on=date(2026, 11, 20))
    extensions.request_extension(problem=problem, to_due_on=date(2026, 11, 27), reason="设备未到", by=unit)
    task = TaskItem.objects.create(
        campaign=city["campaign"], number=1, title="快检室", lead_unit=city["unit"], starts_on=TODAY, due_on=TODAY,
        state="claimed",
    )  # fmt: skip
    report = TaskReport.objects.create(
        task=task, unit=city["unit"], week="2026-W46", progress="在做", submitted_by=unit,
        submitted_at=datetime(2026, 11, 12, tzinfo=UTC),
    )  # fmt: skip
    client = login(office)
    html = client.get(PAGE).content.decode()
    assert "设备未到" in html and "任务 1：快检室" in html
    assert post(client, "extension", problem.pk, "extension-approve").status_code == 200
    assert Extension.objects.get().state == "approved"
    assert Problem.objects.get(pk=problem.pk).due_on == date(2026, 11, 27)
    assert "task_to_report" in codes(unit)
    assert post(client, "task_report", report.pk, "return", reason="没有签章").status_code == 200
    assert codes(unit)["task_returned"] == 1
    assert "没有签章" in login(unit).get(PAGE).content.decode()
