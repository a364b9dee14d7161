"""The named rules of visits and problems: each on either side of its boundary."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from inspections.rules.breaches import breaches
from inspections.rules.entries import Told, entry
from inspections.rules.problems import RULES_OF_A_PROBLEM, ProblemFact, same_words
from inspections.rules.states import Act, State
from inspections.rules.visits import RULES_OF_A_VISIT, VisitFact

TODAY = date(2026, 11, 30)
VISIT = VisitFact(TODAY, TODAY, "邓洁", True, False, None, False, True)
PROBLEM = ProblemFact("留样不足", True, TODAY, TODAY)


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("facts", "broken"),
    [
        pytest.param({}, [], id="a visit of today"),
        pytest.param({"on": day(1)}, ["future_date"], id="tomorrow has not come"),
        pytest.param({"on": day(-366)}, [], id="366 days back is the last day"),
        pytest.param({"on": day(-367)}, ["visit_too_old"], id="367 days back is a typing error"),
        pytest.param({"bound_since": TODAY}, [], id="on the first day of the binding"),
        pytest.param({"bound_since": day(1)}, ["before_assignment"], id="the day before the binding"),
        pytest.param({"high_risk": True}, [], id="high risk on site"),
        pytest.param({"on_site": False}, [], id="others may be visited otherwise"),
        pytest.param({"high_risk": True, "on_site": False}, ["on_site_required"], id="high risk from afar"),
        pytest.param({"taken": True}, ["already_visited"], id="one visit a day"),
        pytest.param({"in_sight": False}, ["out_of_sight"], id="a business of another territory"),
    ],
)
def test_a_visit_is_measured_by_every_rule(facts, broken):
    found = breaches(VISIT._replace(**facts), RULES_OF_A_VISIT)
    assert [breach.code for breach in found] == broken


@pytest.mark.parametrize(
    ("facts", "broken"),
    [
        pytest.param({}, [], id="a problem of today"),
        pytest.param({"description": " "}, [("description_missing", "description")], id="no words"),
        pytest.param({"has_place": False}, [("place_missing", "region")], id="no place"),
        pytest.param({"found_on": day(1)}, [("future_date", "found_on")], id="found tomorrow"),
        pytest.param({"found_on": day(-3653)}, [], id="ten years back"),
        pytest.param({"found_on": day(-3654)}, [("found_too_old", "found_on")], id="a day more than ten years"),
        pytest.param({"due_on": TODAY}, [], id="due on the day it was found"),
        pytest.param({"due_on": day(-1)}, [("wrong_order", "due_on")], id="due before it was found"),
        pytest.param({"due_on": day(731)}, [], id="two years to go"),
        pytest.param({"due_on": day(732)}, [("deadline_out_of_reach", "due_on")], id="a day more than two years"),
        pytest.param({"due_on": date(2099, 1, 1)}, [("deadline_out_of_reach", "due_on")], id="2099"),
        pytest.param({"due_on": day(5), "current_due_on": day(5)}, [], id="extended by nothing"),
        pytest.param(
            {"due_on": day(5), "current_due_on": day(4)}, [("wrong_order", "current_due_on")], id="shortened"
        ),
        pytest.param(
            {"current_due_on": day(732)}, [("deadline_out_of_reach", "current_due_on")], id="extended too far"
        ),
        pytest.param({"rectified_on": TODAY, "closed_on": TODAY}, [], id="fixed and closed on the day"),
        pytest.param({"rectified_on": day(-1)}, [("wrong_order", "rectified_on")], id="fixed before found"),
        pytest.param(
            {"found_on": day(-9), "rectified_on": day(-3), "closed_on": day(-4)}, [("wrong_order", "closed_on")],
            id="closed before fixed",
        ),
        pytest.param({"closed_on": day(1)}, [("future_date", "closed_on")], id="closed tomorrow"),
        pytest.param({"rectified_on": day(1)}, [("future_date", "rectified_on")], id="fixed tomorrow"),
    ],
)  # fmt: skip
def test_a_problem_is_measured_by_every_rule(facts, broken):
    found = breaches(PROBLEM._replace(**facts), RULES_OF_A_PROBLEM)
    assert [(breach.code, breach.cell) for breach in found] == broken


OFFICE = {"rectify_problem", "first_check", "second_check"}
COUNTY = {"rectify_problem", "first_check"}


@pytest.mark.parametrize(
    ("told", "permissions", "state", "denied"),
    [
        pytest.param(Told(), OFFICE, State.TO_SIGN, None, id="nothing told"),
        pytest.param(Told(planned=True), OFFICE, State.RECTIFYING, None, id="a plan"),
        pytest.param(Told(fixed=True), COUNTY, State.SUBMITTED, None, id="a fix"),
        pytest.param(Told(fixed=True, planned=True), set(), State.RECTIFYING, Act.SUBMIT, id="no right to fix"),
        pytest.param(Told(closed=True), OFFICE, State.CLOSED, None, id="history of who checks second"),
        pytest.param(Told(closed=True), COUNTY, State.SUBMITTED, Act.CLOSE, id="others wait for the second check"),
        pytest.param(
            Told(closed=True, people=frozenset({"王芳"})), OFFICE, State.SUBMITTED, Act.CLOSE, id="own fix"
        ),
        pytest.param(Told(closed=True, people=frozenset({"赵文"})), OFFICE, State.CLOSED, None, id="two persons"),
    ],
)  # fmt: skip
def test_a_history_goes_as_far_as_the_table_of_states_lets_its_teller(told, permissions, state, denied):
    found = entry(told, permissions=permissions, actor=7, actor_name="王芳")
    assert (found.state, found.denied) == (state, denied)


def test_words_that_differ_in_signs_blanks_and_letter_forms_are_the_same():
    assert same_words("留样，记录 不全。ＡＢ") == same_words("留样,记录不全ab")
    assert same_words("缺 3 天") != same_words("缺 4 天")
