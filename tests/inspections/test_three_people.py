"""Submitter, first and second check are three people; a fix without photo or plan is closed with proof or a reason, and marked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Unit
from inspections.errors import ProofOrReason
from inspections.models import CheckWaiver, Problem, ProblemEvent
from inspections.rules.closing import lacks
from inspections.rules.states import ThirdPersonNeeded
from inspections.services.policies import PolicyRefused, save_check_waiver
from inspections.services.rectifying import close_problem, pass_first_check
from inspections.turns import is_turn_of
from records.services.evidence import store_evidence
from tests.factories import make_problem, make_region, make_unit, make_user
from tests.factories.files import photo

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DAY = date(2026, 11, 10)


@pytest.fixture
def office() -> Any:
    return make_user(role="campaign_office", region="9901", name="李敏")


def checked(by: Any, *, plan: str = "补录", proven: bool = True, **fields: Any) -> Problem:
    """A problem of a county's bureau that ``by`` has checked first."""
    make_region("990102001")
    bureau = Unit.objects.filter(name="南湖区教育局").first() or make_unit("南湖区教育局", region="990102")
    submitter = make_user(role="unit_liaison", unit=bureau)
    problem = make_problem(
        unit=bureau, state="submitted", rectified_on=DAY, submitted_by=submitter, plan=plan, **fields
    )
    if proven:
        step = ProblemEvent.objects.create(
            problem=problem, action="submit", to_state="submitted", on=DAY, by=submitter, at=timezone.now()
        )
        store_evidence(upload=photo(), target=step, by=submitter)
    return pass_first_check(problem=problem, by=by)


def waived(**fields: Any) -> CheckWaiver:
    return CheckWaiver.objects.create(
        **{"effective_from": date(2026, 1, 1), "source": "创建办〔2026〕3 号"} | fields
    )


def test_who_checked_first_does_not_check_a_second_time(office):
    problem = checked(office)
    assert not is_turn_of(office, problem)
    with pytest.raises(ThirdPersonNeeded, match="你是审核这条整改的人"):
        close_problem(problem=problem, by=office)
    another = make_user(role="campaign_office", region="9901")
    assert is_turn_of(another, problem)
    closed = close_problem(problem=problem, by=another)
    assert (closed.state, closed.closed_by, closed.one_checker, closed.lacking) == ("closed", another, "", "")


TODAY = timezone.localdate
WAIVERS = [
    ("the unit's own", lambda problem: {"unit": problem.unit}, True),
    ("the township's county", lambda problem: {"region_id": "990102"}, True),
    ("another county's", lambda problem: {"region": make_region("990103")}, False),
    ("ended yesterday", lambda problem: {"unit": problem.unit, "effective_to": date(2026, 1, 2)}, False),
    ("begins next year", lambda problem: {"unit": problem.unit, "effective_from": date(2099, 1, 1)}, False),
]


@pytest.mark.parametrize(("told", "waiver", "holds"), WAIVERS, ids=[row[0] for row in WAIVERS])
def test_the_office_waives_it_for_a_unit_or_a_territory_for_some_time(told, waiver, holds, office):
    problem = checked(office)
    rule = waived(**waiver(problem))
    assert is_turn_of(office, problem) is holds
    if not holds:
        with pytest.raises(ThirdPersonNeeded):
            close_problem(problem=problem, by=office)
        return
    closed = close_problem(problem=problem, by=office)
    assert (closed.one_checker, closed.check_waiver) == ("waived", rule)


def test_the_problems_file_names_the_waiver_that_applied(login):
    client = login(role="campaign_office", region="9901")
    problem = checked(client.user)
    waived(unit=problem.unit)
    close_problem(problem=problem, by=client.user)
    page = client.get(reverse("problem-detail", args=[problem.pk])).content.decode()
    assert "南湖区教育局" in page
    assert "按“创建办〔2026〕3 号”（2026-01-01 起）由同一人审核、复核" in page


def test_the_database_refuses_one_person_for_both_checks(office):
    problem = checked(office)
    with pytest.raises(IntegrityError, match="problem_checked_by_two_people"), transaction.atomic():
        Problem.objects.filter(pk=problem.pk).update(closed_by=office)
    Problem.objects.filter(pk=problem.pk).update(closed_by=office, one_checker="earlier")
    with pytest.raises(IntegrityError, match="problem_waived_names_its_waiver"), transaction.atomic():
        Problem.objects.filter(pk=problem.pk).update(one_checker="waived")


def test_a_waiver_is_entered_ahead_and_ended_but_never_changed(office):
    make_region("990102")
    rule = save_check_waiver(
        policy=CheckWaiver(), region=make_region("990104"), effective_from=TODAY(), source="通知", by=office
    )
    with pytest.raises(PolicyRefused, match="只能改截止日期"):
        save_check_waiver(
            policy=rule, region=rule.region, effective_from=TODAY(), source="另一通知", by=office
        )
    ended = save_check_waiver(
        policy=rule,
        region=rule.region,
        effective_from=TODAY(),
        effective_to=TODAY(),
        source="通知",
        by=office,
    )
    assert ended.effective_to == TODAY()
    with pytest.raises(PolicyRefused, match="二者选一"):
        save_check_waiver(policy=CheckWaiver(), effective_from=TODAY(), source="通知", by=office)
    with pytest.raises(PolicyRefused, match="规则不溯及既往"):
        save_check_waiver(
            policy=CheckWaiver(), region=rule.region, effective_from=DAY, source="通知", by=office
        )


LACKS = [
    ("photo and plan", {"proven": True, "planned": True, "on_spot": False}, ""),
    ("no photo", {"proven": False, "planned": True, "on_spot": False}, "photo"),
    ("no plan", {"proven": True, "planned": False, "on_spot": False}, "plan"),
    ("neither", {"proven": False, "planned": False, "on_spot": False}, "both"),
    ("on the spot, a photo", {"proven": True, "planned": False, "on_spot": True}, ""),
    ("on the spot, no photo", {"proven": False, "planned": False, "on_spot": True}, "photo"),
]


@pytest.mark.parametrize(("told", "facts", "lacking"), LACKS, ids=[row[0] for row in LACKS])
def test_what_a_fix_lacks(told, facts, lacking):
    assert lacks(**facts) == lacking


def test_a_bare_fix_is_closed_with_a_reason_or_with_proof_and_keeps_its_mark(office):
    county = make_user(role="county_liaison", region="990102")
    problem = checked(county, plan="", proven=False)
    with pytest.raises(ProofOrReason, match="无整改后照片、无整改方案"):
        close_problem(problem=problem, by=office)
    problem.refresh_from_db()
    assert problem.state == "second_check"
    close_problem(problem=problem, by=office, note="现场看过，设备已更换")
    assert problem.lacking == "both"
    with_plan = checked(county, proven=False)
    close_problem(problem=with_plan, by=office, proof=[photo("复核.jpg")])
    assert with_plan.lacking == ""


def test_the_page_asks_and_the_list_counts(login):
    client = login(role="campaign_office", region="9901")
    problem = checked(make_user(role="county_liaison", region="990102"), proven=False)
    at = reverse("problem-verify", args=[problem.pk])
    answer = client.post(at, {"do": "close", "note": ""})
    assert answer.status_code == 422
    assert "不能直接销号；请附复核照片或在意见中写明理由" in answer.content.decode()
    client.post(at, {"do": "close", "note": "现场看过"})
    other = checked(make_user(role="county_liaison", region="990102"))
    close_problem(problem=other, by=client.user)
    page = client.get(reverse("problem-list")).content.decode()
    assert "已销号中 1 个缺整改后照片或方案" in page
    listed = client.get(reverse("problem-list"), {"lacking": "yes", "tab": "closed"}).content.decode()
    assert problem.code in listed and other.code not in listed
    assert "无整改后照片" in client.get(reverse("problem-detail", args=[problem.pk])).content.decode()
