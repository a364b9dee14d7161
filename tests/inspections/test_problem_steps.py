"""The way of a problem: every step, what it refuses, and what it leaves behind."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from inspections.choices import ProblemState
from inspections.errors import (
    DayRefused,
    ExtensionRefused,
    NotVoidableProblem,
    OutsideScope,
    ProblemIncomplete,
    ProblemRefused,
    ProblemVoided,
    ReferralRefused,
    SomebodyWasFirst,
    UnitRefused,
)
from inspections.models import Extension, Problem, ProblemEvent, RectificationDuty
from inspections.rules.states import (
    Act,
    NotPermitted,
    ProofMissing,
    ReasonMissing,
    SecondPersonNeeded,
    WrongState,
)
from inspections.services import extensions, problems, rectifying, referrals
from records.models import AuditEvent, EvidenceFile
from records.services.evidence import EvidenceRefused
from tests.factories import make_problem, make_region, make_unit, make_user
from tests.factories.files import photo

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DAY = date(2026, 11, 10)


def at(day: date, hour: int = 2) -> datetime:
    """An instant of a day in the portal's time zone."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.fixture
def people() -> dict[str, Any]:
    make_region("990102001")
    bureau = make_unit("南湖区教育局", region="990102")
    return {
        "unit": make_user(role="unit_liaison", unit=bureau, name="徐萍"),
        "county": make_user(role="county_liaison", region="990102", name="陈立"),
        "office": make_user(role="campaign_office", region="9901", name="李敏"),
        "team": make_user(role="supervision_team", region="9901", name="周督"),
        "regulator": make_user(role="regulator", region="990102", name="吴监"),
        "leader": make_user(role="leader", region="9901", name="赵文"),
        "bureau": bureau,
    }


def stood(state: str, people: dict[str, Any], **fields: Any) -> Problem:
    """A problem of the bureau that stands in ``state``, submitted by the unit where it has been."""
    if state in ("submitted", "second_check", "closed"):
        fields = {"submitted_by": people["unit"], "rectified_on": DAY} | fields
    if state in ("closed", "case_closed"):
        fields = {"closed_on": DAY, "rectified_on": DAY, "fulfilled_on": DAY, "delivered_on": DAY} | fields
    if state == "closed":
        fields = {"closed_by": people["office"]} | fields
    problem = make_problem(unit=people["bureau"], state=state, **fields)
    if state in ("referred", "case_filed", "case_declined"):
        problem.referrals.create(office="城关所", referred_on=DAY)
    return problem


WHEN = at(date(2026, 11, 12))
SIGNED = {"by": "unit"}
STEPS = [
    ("the unit signs", "to_sign", rectifying.sign_problem, {"by": "unit"}, "rectifying"),
    (
        "the unit plans",
        "rectifying",
        rectifying.plan_rectification,
        {"by": "unit", "measures": "补录\n加装报警", "leader_name": "赵文", "owner_name": "徐萍"},
        "rectifying",
    ),
    (
        "the unit submits with proof",
        "rectifying",
        rectifying.submit_rectification,
        {"by": "unit", "on": DAY, "note": "已整改", "proof": "photo"},
        "submitted",
    ),
    (
        "what was returned is submitted again",
        "returned",
        rectifying.submit_rectification,
        {"by": "unit", "on": DAY, "note": "已补", "proof": "photo"},
        "submitted",
    ),
    (
        "the county passes the first check",
        "submitted",
        rectifying.pass_first_check,
        {"by": "county"},
        "second_check",
    ),
    (
        "the county returns",
        "submitted",
        rectifying.return_problem,
        {"by": "county", "reason": "缺 3 天"},
        "returned",
    ),
    (
        "the team returns",
        "second_check",
        rectifying.return_problem,
        {"by": "team", "reason": "现场不符"},
        "returned",
    ),
    ("the office closes", "second_check", rectifying.close_problem, {"by": "office"}, "closed"),
    ("the team closes", "second_check", rectifying.close_problem, {"by": "team"}, "closed"),
    (
        "the county refers",
        "rectifying",
        referrals.refer_problem,
        {"by": "county", "office": "城关市场监管所", "reason": "涉嫌违法"},
        "referred",
    ),
    (
        "the regulator files a case",
        "referred",
        referrals.record_referral_result,
        {"by": "regulator", "outcome": Act.FILE_CASE, "case_no": "2026-18"},
        "case_filed",
    ),
    (
        "the regulator declines a case",
        "referred",
        referrals.record_referral_result,
        {"by": "regulator", "outcome": Act.DECLINE_CASE, "reason": "情节轻微"},
        "case_declined",
    ),
    (
        "the regulator concludes the case",
        "case_filed",
        referrals.record_referral_result,
        {"by": "regulator", "outcome": Act.CLOSE_CASE, "reason": "罚款 5,000 元"},
        "case_closed",
    ),
    (
        "a look back finds it again",
        "closed",
        referrals.revisit_problem,
        {"by": "team", "on": DAY, "passed": False, "note": "又缺记录"},
        "reopened",
    ),
    (
        "a look back finds it good",
        "closed",
        referrals.revisit_problem,
        {"by": "team", "on": DAY, "passed": True},
        "closed",
    ),
    (
        "a concluded case is opened again",
        "case_closed",
        referrals.revisit_problem,
        {"by": "team", "on": DAY, "passed": False, "note": "仍在售"},
        "reopened",
    ),
    (
        "an extension is asked for",
        "rectifying",
        extensions.request_extension,
        {"by": "unit", "to_due_on": date(2026, 11, 30), "reason": "设备采购"},
        "rectifying",
    ),
]


def call(
    service: Any, problem: Problem, people: dict[str, Any], arguments: dict[str, Any], when: datetime = WHEN
) -> None:
    given = dict(arguments) | {"by": people[arguments["by"]]}
    if given.get("proof") == "photo":
        given["proof"] = [photo()]
    service(problem=problem, at=when, **given)


@pytest.mark.parametrize(
    ("title", "state", "service", "arguments", "to"), STEPS, ids=[row[0] for row in STEPS]
)
def test_a_step_moves_the_problem_and_leaves_one_event_of_each_kind(
    title, state, service, arguments, to, people
):
    problem, other = stood(state, people), stood(state, people)
    call(service, problem, people, arguments)
    problem.refresh_from_db()
    other.refresh_from_db()
    assert problem.state == to and problem.version == (
        1 if service is referrals.revisit_problem and arguments["passed"] else 2
    )
    assert (other.state, other.version) == (state, 1)
    event = problem.events.get()
    assert (event.from_state, event.to_state, event.by_name) == (state, to, people[arguments["by"]].name)
    trail = AuditEvent.objects.filter(target_type="inspections.problem", target_id=str(problem.pk))
    assert trail.count() == 1
    assert RectificationDuty.objects.live().filter(problem=problem, ceases_on__isnull=True).count() == 1


REFUSALS = [
    ("signing twice", "rectifying", rectifying.sign_problem, {"by": "unit"}, WrongState),
    ("the regulator does not sign", "to_sign", rectifying.sign_problem, {"by": "regulator"}, NotPermitted),
    ("submitting before signing", "to_sign", rectifying.submit_rectification,
     {"by": "unit", "on": DAY, "note": "", "proof": "photo"}, WrongState),
    ("submitting without proof", "rectifying", rectifying.submit_rectification,
     {"by": "unit", "on": DAY, "note": "", "proof": ()}, ProofMissing),
    ("a fix before the problem was found", "rectifying", rectifying.submit_rectification,
     {"by": "unit", "on": date(2026, 11, 1), "note": "", "proof": "photo"}, DayRefused),
    ("a fix tomorrow", "rectifying", rectifying.submit_rectification,
     {"by": "unit", "on": date(2026, 11, 13), "note": "", "proof": "photo"}, DayRefused),
    ("a plan without measures", "rectifying", rectifying.plan_rectification,
     {"by": "unit", "measures": " \n ", "leader_name": "赵文"}, ProblemRefused),
    ("a plan without a leader", "rectifying", rectifying.plan_rectification,
     {"by": "unit", "measures": "补录", "leader_name": " "}, ProblemRefused),
    ("the unit does not check itself", "submitted", rectifying.pass_first_check, {"by": "unit"}, NotPermitted),
    ("returning without a reason", "submitted", rectifying.return_problem, {"by": "county", "reason": " "}, ReasonMissing),
    ("closing before the first check", "submitted", rectifying.close_problem, {"by": "office"}, WrongState),
    ("the county does not close", "second_check", rectifying.close_problem, {"by": "county"}, NotPermitted),
    ("closing before the fix", "second_check", rectifying.close_problem,
     {"by": "office", "on": date(2026, 11, 9)}, DayRefused),
    ("closing twice", "closed", rectifying.close_problem, {"by": "office"}, WrongState),
    ("referring without a reason", "rectifying", referrals.refer_problem,
     {"by": "county", "office": "城关所", "reason": ""}, ReasonMissing),
    ("referring to nobody", "rectifying", referrals.refer_problem,
     {"by": "county", "office": " ", "reason": "违法"}, ReferralRefused),
    ("a result without a referral", "rectifying", referrals.record_referral_result,
     {"by": "regulator", "outcome": Act.FILE_CASE, "case_no": "1"}, ReferralRefused),
    ("a case without a number", "referred", referrals.record_referral_result,
     {"by": "regulator", "outcome": Act.FILE_CASE}, ReferralRefused),
    ("a look back without a word", "closed", referrals.revisit_problem,
     {"by": "team", "on": DAY, "passed": False}, ReasonMissing),
    ("a look back before the closing", "closed", referrals.revisit_problem,
     {"by": "team", "on": date(2026, 11, 9), "passed": False, "note": "又犯"}, DayRefused),
    ("a good look back before the closing", "closed", referrals.revisit_problem,
     {"by": "team", "on": date(2026, 11, 9), "passed": True}, DayRefused),
    ("a look back at an open problem", "rectifying", referrals.revisit_problem,
     {"by": "team", "on": DAY, "passed": True}, WrongState),
    ("the county does not look back", "closed", referrals.revisit_problem,
     {"by": "county", "on": DAY, "passed": True}, NotPermitted),
    ("an extension to an earlier day", "rectifying", extensions.request_extension,
     {"by": "unit", "to_due_on": date(2026, 11, 13), "reason": "忙"}, ExtensionRefused),
    ("an extension without a reason", "rectifying", extensions.request_extension,
     {"by": "unit", "to_due_on": date(2026, 11, 30), "reason": ""}, ReasonMissing),
    ("an extension of a closed problem", "closed", extensions.request_extension,
     {"by": "unit", "to_due_on": date(2026, 11, 30), "reason": "忙"}, WrongState),
]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "state", "service", "arguments", "refusal"), REFUSALS, ids=[row[0] for row in REFUSALS]
)
def test_a_refused_step_changes_nothing_and_says_why(title, state, service, arguments, refusal, people):
    problem = stood(state, people)
    before = Problem.objects.filter(pk=problem.pk).values().get()
    with pytest.raises(refusal) as refused:
        call(service, problem, people, arguments)
    assert str(refused.value)
    assert Problem.objects.filter(pk=problem.pk).values().get() == before
    assert not ProblemEvent.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="problem").exists()
    assert not EvidenceFile.objects.exists()
    assert not Extension.objects.exists()


def test_who_submitted_a_fix_neither_checks_nor_closes_it(people):
    """The office may do everything, but not both sides of one problem."""
    office = people["office"]
    problem = stood("rectifying", people)
    rectifying.submit_rectification(problem=problem, on=DAY, note="", proof=[photo()], by=office, at=WHEN)
    with pytest.raises(SecondPersonNeeded):
        rectifying.pass_first_check(problem=problem, by=office, at=WHEN)
    with pytest.raises(SecondPersonNeeded):
        rectifying.return_problem(problem=problem, reason="不符", by=office, at=WHEN)
    rectifying.pass_first_check(problem=problem, by=people["county"], at=WHEN)
    with pytest.raises(SecondPersonNeeded):
        rectifying.close_problem(problem=problem, by=office, at=WHEN)
    rectifying.close_problem(problem=problem, by=people["team"], at=WHEN)
    assert problem.state == ProblemState.CLOSED


@pytest.mark.parametrize(
    ("column", "constraint"),
    [
        ("closed_by", "problem_closed_by_another_person"),
        ("first_checked_by", "problem_first_checked_by_another_person"),
    ],
)
def test_the_database_keeps_submitter_and_verifier_apart(column, constraint, people):
    problem = stood("submitted", people)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Problem.objects.filter(pk=problem.pk).update(**{column: people["unit"]})
    assert constraint in str(refused.value)


def test_the_database_knows_no_closed_problem_without_its_days(people):
    problem = stood("second_check", people)
    with pytest.raises(IntegrityError, match="problem_closed_with_its_dates"), transaction.atomic():
        Problem.objects.filter(pk=problem.pk).update(state="closed")


def test_the_database_keeps_the_deadline_behind_the_original_one(people):
    problem = stood("rectifying", people)
    with pytest.raises(IntegrityError, match="problem_due_not_before_original"), transaction.atomic():
        Problem.objects.filter(pk=problem.pk).update(due_on=date(2026, 11, 1))


def test_the_first_checker_of_a_returned_fix_may_submit_the_next_one(people):
    problem = stood("second_check", people, first_checked_by=people["county"])
    rectifying.return_problem(problem=problem, reason="补照片", by=people["office"], at=WHEN)
    rectifying.submit_rectification(
        problem=problem, on=DAY, note="", proof=[photo()], by=people["county"], at=WHEN
    )
    assert (problem.submitted_by, problem.first_checked_by, problem.return_count) == (
        people["county"],
        None,
        1,
    )


def test_proof_that_is_no_picture_undoes_the_whole_step(people):
    problem = stood("rectifying", people)
    bad = photo("整改.jpg")
    bad.file.seek(0)
    bad.file.truncate()
    bad.file.write(b"MZ not a picture")
    bad.file.seek(0)
    bad.size = 16
    with pytest.raises(EvidenceRefused):
        rectifying.submit_rectification(
            problem=problem, on=DAY, note="", proof=[bad], by=people["unit"], at=WHEN
        )
    problem.refresh_from_db()
    assert (problem.state, EvidenceFile.objects.count(), ProblemEvent.objects.count()) == ("rectifying", 0, 0)


def test_a_step_on_a_problem_read_before_somebody_else_acted_is_judged_by_what_stands(people):
    problem = stood("second_check", people)
    stale = Problem.objects.get(pk=problem.pk)
    rectifying.close_problem(problem=problem, by=people["office"], at=WHEN)
    with pytest.raises(WrongState):
        rectifying.return_problem(problem=stale, reason="不符", by=people["team"], at=WHEN)


def test_whoever_comes_second_at_the_same_moment_is_told_so(people, monkeypatch):
    problem = stood("second_check", people)
    check = "inspections.services.steps.allowed_step"
    original = rectifying.take_step.__globals__["allowed_step"]

    def meanwhile(current, act, **kwargs):
        step = original(current, act, **kwargs)
        Problem.objects.filter(pk=current.pk).update(version=current.version + 1)
        return step

    monkeypatch.setattr(check, meanwhile)
    with pytest.raises(SomebodyWasFirst):
        rectifying.close_problem(problem=problem, by=people["office"], at=WHEN)
    problem.refresh_from_db()
    assert problem.closed_on is None


# --- transfer, voiding, common problems ----------------------------------------------------------


def test_a_transfer_starts_the_way_anew_with_another_unit_and_the_same_deadline(people):
    market = make_unit("区市场监管局", region="990102")
    problem = stood("rectifying", people, plan="补录", leader_name="赵文", owner_name="徐萍")
    with pytest.raises(UnitRefused):
        rectifying.transfer_problem(
            problem=problem, unit=people["bureau"], reason="错派", by=people["county"], at=WHEN
        )
    rectifying.transfer_problem(
        problem=problem, unit=market, reason="不属本单位", by=people["county"], at=WHEN
    )
    assert (problem.state, problem.unit, problem.leader_name, problem.plan) == ("to_sign", market, "", "")
    assert problem.due_on == problem.original_due_on == date(2026, 11, 13)
    before, now = RectificationDuty.objects.live().filter(problem=problem).order_by("arises_on")
    assert (before.unit, before.ceases_on, now.unit, now.arises_on) == (
        people["bureau"], date(2026, 11, 12), market, date(2026, 11, 12),
    )  # fmt: skip
    assert "南湖区教育局 → 区市场监管局" in problem.events.get().note


def test_a_voided_problem_counts_as_excluded_from_its_day_on_and_moves_no_more(people):
    problem = stood("to_sign", people)
    with pytest.raises(NotVoidableProblem, match="理由"):
        problems.void_problem(problem=problem, reason=" ", by=people["office"], at=WHEN)
    with pytest.raises(NotVoidableProblem, match="创建办"):
        problems.void_problem(problem=problem, reason="重复", by=people["county"], at=WHEN)
    problems.void_problem(problem=problem, reason="重复登记", by=people["office"], at=WHEN)
    duty = RectificationDuty.objects.live().get(problem=problem)
    assert (duty.excluded_on, duty.exclusion) == (date(2026, 11, 12), "voided")
    with pytest.raises(ProblemVoided):
        rectifying.sign_problem(problem=problem, by=people["unit"], at=WHEN)
    with pytest.raises(NotVoidableProblem):
        problems.void_problem(problem=problem, reason="再来", by=people["office"], at=WHEN)


def test_who_entered_a_problem_may_void_it_the_same_day_until_it_is_signed_for(people):
    county = people["county"]
    problem = problems.open_problem(
        source="inspection", severity="minor", description="台账缺页", found_on=DAY, region=county.posts_today[0].region,
        by=county, at=WHEN,
    )  # fmt: skip
    assert problems.void_refusal(problem, county, date(2026, 11, 13))
    problems.void_problem(problem=problem, reason="记错企业", by=county, at=WHEN)
    assert problem.voided_at == WHEN


def test_what_was_submitted_cannot_be_voided_away(people):
    problem = stood("submitted", people)
    with pytest.raises(NotVoidableProblem, match="报送"):
        problems.void_problem(problem=problem, reason="重复", by=people["office"], at=WHEN)


def test_a_common_problem_becomes_one_problem_for_each_chosen_unit(people):
    other, third = make_unit("北山区教育局", region="990103"), make_unit("市教育局", region="9901")
    opened = problems.open_common_problem(
        units=[people["bureau"], other, third, other], source="third_party", severity="major", found_on=DAY,
        description="学校食堂留样不足", photos=[photo()], by=people["office"], at=WHEN,
    )  # fmt: skip
    assert [(one.unit, one.region_id, one.kind) for one in opened] == [
        (people["bureau"], "990102", "common"), (other, "990103", "common"), (third, "9901", "common"),
    ]  # fmt: skip
    assert len({one.code for one in opened}) == 3 and {one.group for one in opened} == {opened[0].code}
    assert RectificationDuty.objects.live().count() == 3 and EvidenceFile.objects.count() == 3


def test_a_county_cannot_open_a_problem_it_would_not_see(people):
    elsewhere = make_region("990103001")
    with pytest.raises(OutsideScope):
        problems.open_problem(
            source="inspection", severity="minor", description="台账缺页", found_on=DAY, region=elsewhere,
            by=people["county"], at=WHEN,
        )  # fmt: skip
    assert not Problem.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"found_on": date(2026, 11, 13)}, "还没到"),
        ({"due_on": date(2026, 11, 9)}, "早于发现日期"),
        ({"description": "  "}, "写明"),
        ({"region": None}, "地区或主体"),
    ],
    ids=["found tomorrow", "due before it was found", "no words", "no place"],
)
def test_a_problem_that_makes_no_sense_is_refused(fields, words, people):
    values = {"found_on": DAY, "description": "台账缺页", "region": people["bureau"].region} | fields
    with pytest.raises(ProblemIncomplete, match=words):
        problems.open_problem(source="inspection", severity="minor", by=people["office"], at=WHEN, **values)
