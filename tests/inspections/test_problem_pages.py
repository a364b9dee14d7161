"""The pages of problems: figures, views, filters, board, the file with its acts, and proof."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inspections.lists import PROBLEMS
from inspections.models import Extension, Problem, ProblemEvent, RectificationDuty
from inspections.querysets import part_condition
from inspections.reports.overdue import Overdue, overdue_by_unit_and_grade
from inspections.services import problems as opening
from inspections.services import rectifying
from records.services.evidence import evidence_by_object, store_evidence
from tests.factories import (
    make_assignment,
    make_business,
    make_officer,
    make_problem,
    make_region,
    make_unit,
    make_user,
)
from tests.factories.files import photo

pytestmark = pytest.mark.django_db

FIVE = ("expected", "done", "on_time", "overdue", "excluded")


@pytest.fixture
def today() -> date:
    return timezone.localdate()


@pytest.fixture
def city(today: date) -> dict[str, Any]:
    """Nine problems in two counties: every part of the figures, due today included."""
    for code in ("990102001", "990103001"):
        make_region(code)
    bureau = make_unit("南湖区教育局", region="990102", is_member=True)
    day = timedelta(days=1)
    common: dict[str, Any] = {"found_on": today - 20 * day, "unit": bureau}
    fixed = {"rectified_on": today - 9 * day, "delivered_on": today - 9 * day}
    ended = fixed | {"state": "closed", "closed_on": today - 8 * day, "fulfilled_on": today - 8 * day}
    made = {
        "overdue": make_problem(due_on=today - day, **common),
        "overdue_elsewhere": make_problem(
            due_on=today - 3 * day, region="990103001", found_on=today - 20 * day
        ),
        "today": make_problem(due_on=today, **common),
        "open": make_problem(due_on=today + 5 * day, state="rectifying", **common),
        "submitted": make_problem(due_on=today + day, state="submitted", **common),
        "second": make_problem(due_on=today + day, state="second_check", severity="serious", **common),
        "closed": make_problem(due_on=today - 2 * day, **common, **ended),
        "late": make_problem(due_on=today - 10 * day, **common, **ended),
    }
    office = make_user(role="campaign_office", region="9901")
    voided = make_problem(due_on=today + day, **common)
    opening.void_problem(problem=voided, reason="重复", by=office)
    return made | {"voided": voided, "bureau": bureau, "office": office}


def codes(html: str) -> set[str]:
    return set(re.findall(r"WT-\d{4}-\d{4,}", html))


def test_the_five_figures_open_exactly_the_problems_they_count(login, city, today):
    client = login(city["office"])
    found = client.get(reverse("problem-list")).context["list"]
    counted = {part: getattr(found.figures, part) for part in (*FIVE, "open", "late")}
    assert counted == {
        "expected": 8, "done": 2, "on_time": 1, "overdue": 2, "excluded": 1, "open": 4, "late": 1,
    }  # fmt: skip
    for part, count in counted.items():
        opened = client.get(reverse("problem-list"), {"part": part}).context["list"]
        assert (opened.page.total, len(opened.rows)) == (count, count), part
        duties = RectificationDuty.objects.live().filter(part_condition(part, today, running=True))
        assert {row.problem.pk for row in opened.rows} == set(duties.values_list("problem_id", flat=True))


@pytest.mark.parametrize(
    ("tab", "expected"),
    [
        ("mine", {"second"}),
        ("overdue", {"overdue", "overdue_elsewhere"}),
        ("today", {"today"}),
        ("to_check", {"submitted"}),
        ("to_verify", {"second"}),
        ("closed", {"closed", "late"}),
        ("all", {"overdue", "overdue_elsewhere", "today", "open", "submitted", "second", "closed", "late"}),
    ],
)
def test_a_saved_view_holds_what_its_tab_counts(tab, expected, login, city):
    found = login(city["office"]).get(reverse("problem-list"), {"tab": tab}).context["list"]
    assert {row.problem for row in found.rows} == {city[name] for name in expected}
    active = next(one for one in found.tabs if one.active)
    assert (active.count, found.page.total) == (len(expected), len(expected))


@pytest.mark.parametrize(
    ("role", "place", "mine"),
    [
        ("unit_liaison", "bureau", {"overdue", "today", "open"}),
        ("county_liaison", "990102", {"submitted"}),
        ("supervision_team", "9901", {"second"}),
        ("township_liaison", "990103001", {"overdue_elsewhere"}),
        ("regulator", "990102", set()),
    ],
)
def test_what_waits_for_a_person_follows_the_role(role, place, mine, login, city):
    where = {"unit": city["bureau"]} if place == "bureau" else {"region": place}
    found = login(role=role, **where).get(reverse("problem-list"), {"tab": "mine"}).context["list"]
    assert {row.problem for row in found.rows} == {city[name] for name in mine}


def test_who_never_acts_on_problems_has_no_tab_for_them(login, city):
    found = login(role="leader", region="9901").get(reverse("problem-list")).context["list"]
    assert found.tabs[0].label == "逾期"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("region=990103", {"overdue_elsewhere"}),
        ("severity=serious", {"second"}),
        ("state=rectifying", {"open"}),
        ("stage=3", {"submitted"}),
        ("grade=A", set()),
        ("source=complaint", set()),
        ("provisional=1", set()),
        ("q=台账记录&state=submitted", {"submitted"}),
        ("q=没有这种词", set()),
        ("unit=999999", set()),
        ("severity=nonsense&state=submitted", {"submitted"}),
    ],
)
def test_filters_narrow_the_list_and_the_figures_alike(query, expected, login, city):
    found = login(city["office"]).get(f"{reverse('problem-list')}?{query}").context["list"]
    assert {row.problem for row in found.rows} == {city[name] for name in expected}
    assert found.figures.expected == len(expected)


def test_a_problem_is_found_by_number_words_and_business(login, today):
    shop = make_business("城南老张面馆")
    problem = make_problem(business=shop, description="未留样", place="后厨")
    make_problem(description="别的")
    client = login(role="county_liaison", region="990102")
    for words in (problem.code, problem.code.lower()[:7], "留样", "老张面", "后厨"):
        found = client.get(reverse("problem-list"), {"q": words}).context["list"]
        assert problem in {row.problem for row in found.rows}, words
    assert len(client.get(reverse("problem-list"), {"q": "老张面"}).context["list"].rows) == 1


def test_the_board_shows_twenty_cards_a_column_and_counts_them_all(login, city, today):
    for _ in range(22):
        make_problem(due_on=today + timedelta(days=9), state="rectifying", found_on=today)
    response = login(city["office"]).get(reverse("problem-list"), {"view": "board"})
    columns = response.context["list"].columns
    assert [(int(one.count), len(one.rows)) for one in columns] == [
        (3, 3),
        (23, 20),
        (0, 0),
        (1, 1),
        (1, 1),
        (0, 0),
        (2, 2),
    ]
    opened = login(city["office"]).get(reverse("problem-list") + columns[1].url).context["list"]
    assert opened.page.total == 23


@pytest.mark.parametrize(
    ("role", "where", "sees"),
    [
        ("campaign_office", {"region": "9901"}, True),
        ("county_liaison", {"region": "990102"}, True),
        ("county_liaison", {"region": "990103"}, False),
        ("township_liaison", {"region": "990102001"}, True),
        ("township_liaison", {"region": "990103001"}, False),
        ("unit_liaison", {"unit": "bureau"}, True),
        ("unit_liaison", {"unit": "other"}, False),
        ("officer", {}, False),
        ("supervision_team", {"region": "990103"}, False),
        ("regulator", {"region": "990102"}, True),
        ("auditor", {}, True),
        ("assessor", {}, False),
    ],
)
def test_a_problem_is_shown_inside_its_scope_and_absent_outside(role, where, sees, login, city):
    units = {"bureau": city["bureau"], "other": make_unit("别的局", region="990102")}
    given = {name: units[value] if name == "unit" else value for name, value in where.items()}
    client, problem = login(role=role, **given), city["overdue"]
    assert client.get(reverse("problem-detail", args=[problem.pk])).status_code == (200 if sees else 404)
    shown = codes(client.get(reverse("problem-list")).content.decode())
    assert (problem.code in shown) is sees
    response = client.post(reverse("problem-sign", args=[problem.pk]))
    may_sign = role in {"campaign_office", "county_liaison", "township_liaison", "unit_liaison", "officer"}
    assert response.status_code == (302 if sees and may_sign else 404 if may_sign else 403)


def test_an_officer_sees_the_problems_of_the_businesses_in_care_and_no_other(login):
    officer_user = make_user(role="officer")
    officer, mine, other = make_officer(user=officer_user), make_business(), make_business()
    make_assignment(officer, mine)
    problem, foreign = make_problem(business=mine), make_problem(business=other)
    client = login(officer_user)
    assert codes(client.get(reverse("problem-list")).content.decode()) == {problem.code}
    assert client.get(reverse("problem-detail", args=[foreign.pk])).status_code == 404


@pytest.mark.parametrize("view", ["", "board"])
def test_the_list_costs_the_same_queries_however_long_it_is(view, login, django_assert_num_queries):
    client = login(role="campaign_office", region="9901")
    url = reverse("problem-list")
    make_problem(unit=make_unit(), business=make_business())
    client.get(url, {"view": view})
    with CaptureQueriesContext(connection) as one:
        client.get(url, {"view": view})
    for _ in range(2):
        make_problem(unit=make_unit(), business=make_business())
    with django_assert_num_queries(len(one)):
        client.get(url, {"view": view})
    assert len(one) <= 20


def test_overdue_by_unit_and_grade_is_one_statement(city, today, django_assert_num_queries):
    make_problem(
        due_on=today - timedelta(days=1), found_on=today - timedelta(days=9), unit=city["bureau"], grade="B"
    )
    with django_assert_num_queries(1):
        found = overdue_by_unit_and_grade(Problem.objects.all(), today)
    assert {(row.unit_id, row.grade): row.problems for row in found} == {
        (city["bureau"].pk, "B"): 1, (city["bureau"].pk, "C"): 1, (None, "C"): 1,
    }  # fmt: skip
    assert all(isinstance(row, Overdue) for row in found)


# --- one problem -----------------------------------------------------------------------------------


def panels(response: Any) -> list[str]:
    return [panel.name for panel in response.context["panels"]]


@pytest.mark.parametrize(
    ("role", "where", "state", "offered", "refused"),
    [
        ("unit_liaison", "bureau", "to_sign", ["sign", "extend"], {"报送整改", "审核通过", "销号"}),
        ("unit_liaison", "bureau", "rectifying", ["submit", "plan", "extend"], {"审核通过", "销号"}),
        ("unit_liaison", "bureau", "submitted", [], {"审核通过", "销号"}),
        ("county_liaison", "990102", "submitted", ["check", "refer"], {"销号"}),
        ("campaign_office", "9901", "second_check", ["verify", "refer"], set()),
        ("supervision_team", "9901", "second_check", ["verify"], set()),
        ("regulator", "990102", "referred", ["referral"], set()),
        ("supervision_team", "9901", "closed", ["revisit"], set()),
        ("leader", "9901", "submitted", [], set()),
        ("auditor", "9901", "to_sign", [], set()),
    ],
)
def test_the_file_offers_this_roles_acts_and_explains_the_refused_ones(
    role, where, state, offered, refused, login, city, today
):
    problem = (
        city["closed"]
        if state == "closed"
        else make_problem(unit=city["bureau"], state=state, due_on=today, found_on=today)
    )
    given = {"unit": city["bureau"]} if where == "bureau" else {"region": where}
    response = login(role=role, **given).get(reverse("problem-detail", args=[problem.pk]))
    assert panels(response) == offered
    told = {one.label for one in response.context["file"].acts.refused}
    assert told & {"报送整改", "审核通过", "销号"} == refused


def test_who_submitted_sees_why_another_person_must_check(login, today):
    office = make_user(role="campaign_office", region="9901")
    problem = make_problem(
        state="submitted", submitted_by=office, rectified_on=today, found_on=today, due_on=today
    )
    response = login(office).get(reverse("problem-detail", args=[problem.pk]))
    assert "check" not in panels(response)
    assert "须由另一人办理" in response.content.decode()


def act(client: Any, problem: Problem, name: str, *, htmx: bool = True, **data: Any) -> Any:
    headers = {"HX-Request": "true", "HX-Target": "problem"} if htmx else {}
    return client.post(reverse(f"problem-{name}", args=[problem.pk]), data, headers=headers)


def test_a_problem_goes_from_the_unit_to_closure_by_three_people_on_their_pages(login, city, today):
    problem = city["overdue"]
    unit, county, team = (
        login(role="unit_liaison", unit=city["bureau"]), login(role="county_liaison", region="990102"),
        login(role="supervision_team", region="9901"),
    )  # fmt: skip
    assert act(unit, problem, "sign").status_code == 200
    assert act(unit, problem, "plan", measures="补录\n加装报警", leader_name="赵文").status_code == 200
    empty = act(unit, problem, "submit", on=today.isoformat(), note="已整改")
    assert empty.status_code == 422 and "请附至少 1 张" in empty.content.decode()
    sent = act(
        unit, problem, "submit", on=today.isoformat(), note="已整改", proof=[photo("前.jpg"), photo("后.jpg")]
    )
    assert sent.status_code == 200 and sent.content.decode().count("/evidence/") == 4
    nothing = act(county, problem, "check", do="return", note=" ")
    assert nothing.status_code == 422 and "退回必须写明理由" in nothing.content.decode()
    assert act(county, problem, "check", do="return", note="看不清").status_code == 200
    assert act(unit, problem, "submit", on=today.isoformat(), note="已补", proof=[photo()]).status_code == 200
    assert act(county, problem, "check", do="pass").status_code == 200
    assert act(county, problem, "verify", do="close").status_code == 403
    assert act(team, problem, "verify", do="close", htmx=False).status_code == 302
    problem.refresh_from_db()
    assert (problem.state, problem.closed_on, problem.return_count, problem.closed_by) == (
        "closed",
        today,
        1,
        team.user,
    )


def test_an_extension_is_asked_for_on_one_page_and_granted_on_another(login, city, today):
    problem = city["open"]
    unit = login(role="unit_liaison", unit=city["bureau"])
    later = (problem.due_on + timedelta(days=7)).isoformat()
    too_soon = act(unit, problem, "extend", to_due_on=today.isoformat(), reason="忙")
    assert too_soon.status_code == 422 and "晚于现行期限" in too_soon.content.decode()
    assert act(unit, problem, "extend", to_due_on=later, reason="设备采购").status_code == 200
    office = login(city["office"])
    assert "extension" in panels(office.get(reverse("problem-detail", args=[problem.pk])))
    assert problem in {
        row.problem for row in office.get(reverse("problem-list"), {"tab": "mine"}).context["list"].rows
    }
    assert act(office, problem, "extension", do="approve").status_code == 200
    problem.refresh_from_db()
    assert (problem.due_on.isoformat(), problem.extension_count, Extension.objects.get().state) == (
        later,
        1,
        "approved",
    )


def test_a_step_on_a_page_that_has_grown_old_is_answered_with_what_stands_now(login, city):
    problem = city["submitted"]
    county = login(role="county_liaison", region="990102")
    rectifying.pass_first_check(problem=problem, by=city["office"])
    answer = act(county, problem, "check", do="pass", version=1)
    assert answer.status_code == 409 and "刚被别人办理过" in answer.content.decode()
    assert problem.events.count() == 1


def test_a_button_the_form_does_not_have_does_nothing(login, city):
    assert act(login(city["office"]), city["second"], "verify", do="delete").status_code == 422
    assert Problem.objects.get(pk=city["second"].pk).state == "second_check"


def test_a_form_gives_back_what_was_typed(login, city, today):
    unit = login(role="unit_liaison", unit=city["bureau"])
    answer = act(unit, city["open"], "submit", on="2026年13月", note="已清洗消毒")
    assert answer.status_code == 422 and "已清洗消毒" in answer.content.decode()


@pytest.mark.parametrize(
    "name",
    [
        "sign",
        "plan",
        "submit",
        "check",
        "verify",
        "extend",
        "extension",
        "transfer",
        "refer",
        "referral",
        "revisit",
        "void",
    ],
)
def test_steps_are_taken_by_post_alone(name, login, city):
    assert login(city["office"]).get(reverse(f"problem-{name}", args=[city["open"].pk])).status_code == 405


# --- opening ---------------------------------------------------------------------------------------


def test_a_county_opens_a_problem_at_a_business_by_its_licence_number(login, today):
    shop, other = make_business("老张面馆"), make_business("老张面馆")
    client = login(role="county_liaison", region="990102")
    data = {
        "kind": "single", "description": "未留样", "source": "inspection", "severity": "minor",
        "found_on": today.isoformat(), "business": "老张面馆",
    }  # fmt: skip
    several = client.post(reverse("problem-new"), data)
    assert several.status_code == 422 and "请改填许可证号" in several.content.decode()
    assert client.post(reverse("problem-new"), data | {"business": "没有这家"}).status_code == 422
    done = client.post(reverse("problem-new"), data | {"business": shop.licence_no, "photos": [photo()]})
    problem = Problem.objects.get()
    assert done.status_code == 302 and done["Location"] == reverse("problem-detail", args=[problem.pk])
    assert (problem.business, problem.region_id, problem.grade, problem.recorded_by) == (
        shop,
        shop.region_id,
        "C",
        client.user,
    )
    assert other.problems.count() == 0


def test_the_form_names_what_is_missing(login, today):
    client = login(role="campaign_office", region="9901")
    data = {"kind": "single", "source": "inspection", "severity": "minor", "found_on": today.isoformat()}
    answer = client.post(reverse("problem-new"), data)
    html = answer.content.decode()
    assert answer.status_code == 422 and "请写发现了什么问题。" in html and "请选地区，或填经营主体。" in html
    common = client.post(reverse("problem-new"), data | {"kind": "common", "description": "留样不足"})
    assert common.status_code == 422 and "至少 1 个" in common.content.decode()
    assert not Problem.objects.exists()


def test_the_office_sends_a_common_problem_to_several_units_at_once(login, today):
    client = login(role="campaign_office", region="9901")
    units = [make_unit(region="990102"), make_unit(region="990103")]
    answer = client.post(
        reverse("problem-new"),
        {
            "kind": "common", "description": "留样不足", "source": "third_party", "severity": "major",
            "found_on": today.isoformat(), "units": [unit.pk for unit in units],
        },
    )  # fmt: skip
    first = Problem.objects.order_by("pk").first()
    assert answer["Location"] == f"{reverse('problem-list')}?group={first.group}"
    opened = client.get(answer["Location"]).context["list"]
    assert {row.problem.unit for row in opened.rows} == set(units)


def test_a_county_cannot_choose_a_region_or_unit_outside_itself(login, today):
    client = login(role="county_liaison", region="990102")
    elsewhere, unit = make_region("990103001"), make_unit(region="990103")
    data = {
        "kind": "single",
        "description": "未留样",
        "source": "inspection",
        "severity": "minor",
        "found_on": today.isoformat(),
    }
    assert client.post(reverse("problem-new"), data | {"region": elsewhere.pk}).status_code == 422
    assert (
        client.post(reverse("problem-new"), data | {"kind": "common", "units": [unit.pk]}).status_code == 422
    )
    assert not Problem.objects.exists()


# --- proof -----------------------------------------------------------------------------------------


def body(response: Any) -> bytes:
    """Read to the end, which closes the file."""
    return b"".join(response.streaming_content)


def test_proof_is_shown_to_those_who_see_the_problem_and_absent_for_others(login, city, today):
    problem = city["open"]
    unit = make_user(role="unit_liaison", unit=city["bureau"])
    rectifying.submit_rectification(
        problem=problem, on=today, note="已整改", proof=[photo("徐萍 家.jpg")], by=unit
    )
    event = problem.events.get()
    url = reverse("evidence-file", args=[evidence_by_object(ProblemEvent, [event.pk])[event.pk][0].pk])
    for role, where, sees in (
        ("campaign_office", {"region": "9901"}, True),
        ("county_liaison", {"region": "990102"}, True),
        ("county_liaison", {"region": "990103"}, False),
        ("unit_liaison", {"unit": city["bureau"]}, True),
        ("unit_liaison", {"unit": make_unit("别的局", region="990102")}, False),
        ("officer", {}, False),
        ("assessor", {}, False),
    ):
        response = login(role=role, **where).get(url)
        assert response.status_code == (200 if sees else 404), role
        if sees:
            assert body(response)[:2] == b"\xff\xd8"
    assert login(role="system_admin").get(url).status_code == 403
    seen = login(role="campaign_office", region="9901").get(url)
    assert seen["Content-Type"] == "image/jpeg" and seen["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in seen["Content-Security-Policy"] and "徐萍" not in seen["Content-Disposition"]
    assert seen["Content-Disposition"].startswith("inline")
    body(seen)
    taken = login(role="campaign_office", region="9901").get(f"{url}?download=1")
    assert taken["Content-Disposition"].startswith("attachment")
    body(taken)


def test_files_of_things_nobody_declared_are_shown_to_nobody(login):
    office = make_user(role="campaign_office", region="9901")
    file = store_evidence(upload=photo(), target=make_region("990102001"), by=office)
    assert login(office).get(reverse("evidence-file", args=[file.pk])).status_code == 404


def test_a_list_as_data_asks_the_scope_of_its_reader(city, today):
    stranger = make_user(role="county_liaison", region="990103")
    found = PROBLEMS.page(stranger, QueryDict(""), today)
    assert {row.problem for row in found.rows} == {city["overdue_elsewhere"]} and found.figures.expected == 1
