"""A problem moves only along its table, and two people close it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.rights import Permission
from inspections.choices import ProblemState
from inspections.rules import states
from inspections.rules.states import (
    ACT_WORDS,
    ENDED,
    OPEN,
    STATE_WORDS,
    STEPS,
    Act,
    State,
    check_step,
    next_state,
)

EVERY_RIGHT = frozenset(step.permission for step in STEPS)


@pytest.mark.parametrize(
    ("acts", "end"),
    [
        pytest.param(
            ["sign", "plan", "submit", "pass_first", "close"], "closed", id="the straight way to closure"
        ),
        pytest.param(
            ["sign", "submit", "return", "submit", "pass_first", "return", "submit", "pass_first", "close"],
            "closed",
            id="returned by the first and by the second check",
        ),
        pytest.param(
            ["sign", "submit", "pass_first", "close", "reopen", "submit", "pass_first", "close"],
            "closed",
            id="reopened by a failed revisit and closed again",
        ),
        pytest.param(
            ["transfer", "sign", "transfer", "sign"], "rectifying", id="transferred to its proper unit"
        ),
        pytest.param(
            ["sign", "request_extension", "approve_extension", "submit"],
            "submitted",
            id="an extension moves no state",
        ),
        pytest.param(
            ["sign", "refer", "file_case", "close_case"],
            "case_closed",
            id="referred, a case filed and closed",
        ),
        pytest.param(["refer", "decline_case", "close_case"], "case_closed", id="referred, no case"),
        pytest.param(
            ["refer", "file_case", "close_case", "reopen"], "reopened", id="a closed case can come back"
        ),
    ],
)
def test_a_problem_goes_its_way(acts, end):
    state = State.TO_SIGN
    for act in acts:
        state = next_state(state, Act(act))
    assert state == end


@pytest.mark.parametrize(
    ("state", "act", "sentence"),
    [
        pytest.param(
            "to_sign",
            "submit",
            "问题处于“待签收”，不能报送整改；现在可以：签收、改派、申请延期、批准延期、不批准延期、移交",
            id="nothing is submitted before it is signed for",
        ),
        pytest.param("submitted", "close", "问题处于“待审核”，不能销号", id="the first check is not skipped"),
        pytest.param(
            "closed",
            "submit",
            "问题处于“已销号”，不能报送整改；现在可以：重新打开",
            id="a closed problem rests",
        ),
        pytest.param(
            "referred", "submit", "问题处于“移交”，不能报送整改", id="a referred problem is the regulator's"
        ),
    ],
)
def test_a_step_from_the_wrong_state_is_refused_with_what_is_possible(state, act, sentence):
    with pytest.raises(states.WrongState) as refused:
        next_state(State(state), Act(act))
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("state", "act", "facts", "error", "sentence"),
    [
        pytest.param(
            "submitted",
            "pass_first",
            {"actor": 1},
            states.SecondPersonNeeded,
            "审核通过须由另一人办理：你是报送整改的人",
            id="who submitted does not check first",
        ),
        pytest.param(
            "second_check",
            "close",
            {"actor": 1},
            states.SecondPersonNeeded,
            "销号须由另一人办理：你是报送整改的人",
            id="who submitted does not close",
        ),
        pytest.param(
            "submitted",
            "return",
            {"actor": 1, "reason": "x"},
            states.SecondPersonNeeded,
            "退回须由另一人办理：你是报送整改的人",
            id="who submitted does not return",
        ),
        pytest.param(
            "rectifying",
            "approve_extension",
            {"actor": 3},
            states.SecondPersonNeeded,
            "批准延期须由另一人办理：你是申请延期的人",
            id="who asked does not approve",
        ),
        pytest.param(
            "second_check",
            "return",
            {"reason": "  "},
            states.ReasonMissing,
            "退回必须写明理由",
            id="a return needs a reason",
        ),
        pytest.param(
            "closed",
            "reopen",
            {},
            states.ReasonMissing,
            "重新打开必须写明理由",
            id="re-opening needs a reason",
        ),
        pytest.param(
            "rectifying",
            "submit",
            {},
            states.ProofMissing,
            "报送整改必须附整改证明（照片或文件）",
            id="a fix needs proof",
        ),
        pytest.param(
            "second_check",
            "close",
            {"permissions": {"first_check"}},
            states.NotPermitted,
            "你的岗位没有“销号”的权限",
            id="the first checker has no right to close",
        ),
        pytest.param(
            "second_check",
            "return",
            {"permissions": {"first_check"}, "reason": "x"},
            states.NotPermitted,
            "你的岗位没有“退回”的权限",
            id="the first checker does not return from the second check",
        ),
    ],
)
def test_a_step_without_what_it_needs_is_refused_in_a_sentence(state, act, facts, error, sentence):
    facts = {"permissions": EVERY_RIGHT, "actor": 2, "submitter": 1, "requester": 3} | facts
    with pytest.raises(error) as refused:
        check_step(State(state), Act(act), **facts)
    assert str(refused.value) == sentence


def test_a_complete_step_is_allowed():
    step = check_step(
        State.SECOND_CHECK, Act.CLOSE, permissions={"second_check"}, actor=2, submitter=1, requester=2
    )
    assert step.to is State.CLOSED


def test_states_and_acts_all_have_words_and_every_right_exists():
    assert STATE_WORDS.keys() == set(State)
    assert ACT_WORDS.keys() == {step.act for step in STEPS} == set(Act)
    assert set(Permission) >= EVERY_RIGHT


def test_the_stored_codes_and_words_are_those_of_the_table():
    assert [(str(state), word) for state, word in STATE_WORDS.items()] == [
        (code, str(word)) for code, word in ProblemState.choices
    ]


def test_no_state_has_two_lines_for_one_act():
    pairs = [(origin, step.act) for step in STEPS for origin in step.origins]
    assert len(pairs) == len(set(pairs))


def test_every_closure_and_every_judgement_needs_a_second_person():
    judged = {Act.PASS_FIRST, Act.RETURN, Act.CLOSE, Act.APPROVE_EXTENSION, Act.REFUSE_EXTENSION}
    assert {step.act for step in STEPS if step.second_person} == judged


@given(st.lists(st.sampled_from(list(Act)), max_size=30))
def test_whatever_is_tried_a_problem_stays_inside_the_table_and_closes_only_after_two_checks(acts):
    state, checked = State.TO_SIGN, False
    for act in acts:
        try:
            state = next_state(state, act)
        except states.WrongState:
            continue
        if state is State.CLOSED and act is Act.CLOSE:
            assert checked
        if act in {Act.PASS_FIRST, Act.CLOSE, Act.RETURN, Act.REFER}:
            checked = act is Act.PASS_FIRST
        assert (state in OPEN) != (state in ENDED)


def test_every_state_can_be_reached_and_left():
    reached = {State.TO_SIGN} | {step.to for step in STEPS if step.to}
    left = {origin for step in STEPS if step.to for origin in step.origins}
    assert reached == left == set(State)


def test_a_refusal_is_told_word_by_word_in_another_language():
    english = {
        "问题处于“%(state)s”，不能%(act)s；现在可以：%(allowed)s": "It is “%(state)s”: no %(act)s; you can: %(allowed)s",
        "待签收": "unsigned", "销号": "closing", "签收": "sign", "改派": "transfer", "申请延期": "extend",
        "批准延期": "approve", "不批准延期": "refuse", "移交": "refer", "、": ", ",
    }  # fmt: skip
    with pytest.raises(states.WrongState) as refused:
        states.step_for(State.TO_SIGN, Act.CLOSE)
    assert str(refused.value).startswith("问题处于“待签收”，不能销号；现在可以：签收、改派")
    told = refused.value.in_words_of(lambda sentence: english[sentence])
    assert (
        str(told) == "It is “unsigned”: no closing; you can: sign, transfer, extend, approve, refuse, refer"
    )
