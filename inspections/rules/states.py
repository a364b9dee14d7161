"""The life of a problem as one table: who may take which step from which state, and what it needs.

Source: closed-loop rectification as practised (待签收 → 整改中 → 待审核 → 待复核 → 已销号); the division
into first and second check is a campaign default. Permissions are the names of
``accounts.rules.rights.Permission``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for the catalogue; whoever shows it has it translated."""
    return sentence


class State(StrEnum):
    """Where a problem stands."""

    TO_SIGN = "to_sign"
    RECTIFYING = "rectifying"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    SECOND_CHECK = "second_check"
    CLOSED = "closed"
    REOPENED = "reopened"
    REFERRED = "referred"
    CASE_FILED = "case_filed"
    CASE_DECLINED = "case_declined"
    CASE_CLOSED = "case_closed"


class Act(StrEnum):
    """What somebody does about a problem."""

    SIGN = "sign"
    PLAN = "plan"
    SUBMIT = "submit"
    PASS_FIRST = "pass_first"
    RETURN = "return"
    CLOSE = "close"
    REOPEN = "reopen"
    TRANSFER = "transfer"
    REQUEST_EXTENSION = "request_extension"
    APPROVE_EXTENSION = "approve_extension"
    REFUSE_EXTENSION = "refuse_extension"
    REFER = "refer"
    FILE_CASE = "file_case"
    DECLINE_CASE = "decline_case"
    CLOSE_CASE = "close_case"


STATE_WORDS: Final[dict[State, str]] = {
    State.TO_SIGN: "待签收",
    State.RECTIFYING: "整改中",
    State.SUBMITTED: "待审核",
    State.RETURNED: "退回",
    State.SECOND_CHECK: "待复核",
    State.CLOSED: "已销号",
    State.REOPENED: "重新打开",
    State.REFERRED: "移交",
    State.CASE_FILED: "立案",
    State.CASE_DECLINED: "不立案",
    State.CASE_CLOSED: "结案",
}

ACT_WORDS: Final[dict[Act, str]] = {
    Act.SIGN: "签收",
    Act.PLAN: "报整改方案",
    Act.SUBMIT: "报送整改",
    Act.PASS_FIRST: "审核通过",
    Act.RETURN: "退回",
    Act.CLOSE: "销号",
    Act.REOPEN: "重新打开",
    Act.TRANSFER: "改派",
    Act.REQUEST_EXTENSION: "申请延期",
    Act.APPROVE_EXTENSION: "批准延期",
    Act.REFUSE_EXTENSION: "不批准延期",
    Act.REFER: "移交",
    Act.FILE_CASE: "立案",
    Act.DECLINE_CASE: "不立案",
    Act.CLOSE_CASE: "结案",
}

ENDED: Final = frozenset({State.CLOSED, State.CASE_CLOSED})
OPEN: Final = frozenset(State) - ENDED
WITH_UNIT: Final = frozenset({State.TO_SIGN, State.RECTIFYING, State.RETURNED, State.REOPENED})
BEING_FIXED: Final = WITH_UNIT - {State.TO_SIGN}
WITH_CHECKERS: Final = frozenset({State.SUBMITTED, State.SECOND_CHECK})
WITH_REGULATOR: Final = frozenset({State.REFERRED, State.CASE_FILED, State.CASE_DECLINED})

Counterpart = Literal["submitter", "requester"]
_COUNTERPART_WORDS: Final[dict[Counterpart, str]] = {
    "submitter": gettext_noop("报送整改的人"),
    "requester": gettext_noop("申请延期的人"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the table.

    ``to`` is ``None`` where the state stays. ``second_person`` names whom the actor must not be: design
    decision 10, two people close a problem.
    """

    act: Act
    origins: frozenset[State]
    to: State | None
    permission: str
    needs_reason: bool = False
    needs_proof: bool = False
    second_person: Counterpart | None = None

    @property
    def words(self) -> str:
        return ACT_WORDS[self.act]


def _only(*states: State) -> frozenset[State]:
    return frozenset(states)


S, A = State, Act
STEPS: Final[tuple[Step, ...]] = (
    Step(A.SIGN, _only(S.TO_SIGN), S.RECTIFYING, "rectify_problem"),
    Step(A.PLAN, BEING_FIXED, None, "rectify_problem"),
    Step(A.SUBMIT, BEING_FIXED, S.SUBMITTED, "rectify_problem", needs_proof=True),
    Step(A.PASS_FIRST, _only(S.SUBMITTED), S.SECOND_CHECK, "first_check", second_person="submitter"),
    Step(
        A.RETURN, _only(S.SUBMITTED), S.RETURNED, "first_check", needs_reason=True, second_person="submitter"
    ),
    Step(
        A.RETURN,
        _only(S.SECOND_CHECK),
        S.RETURNED,
        "second_check",
        needs_reason=True,
        second_person="submitter",
    ),
    Step(A.CLOSE, _only(S.SECOND_CHECK), S.CLOSED, "second_check", second_person="submitter"),
    Step(A.REOPEN, ENDED, S.REOPENED, "revisit_problem", needs_reason=True),
    Step(A.TRANSFER, WITH_UNIT, S.TO_SIGN, "first_check", needs_reason=True),
    Step(A.REQUEST_EXTENSION, WITH_UNIT, None, "rectify_problem", needs_reason=True),
    Step(A.APPROVE_EXTENSION, OPEN, None, "approve_extension", second_person="requester"),
    Step(A.REFUSE_EXTENSION, OPEN, None, "approve_extension", needs_reason=True, second_person="requester"),
    Step(A.REFER, WITH_UNIT | WITH_CHECKERS, S.REFERRED, "refer_problem", needs_reason=True),
    Step(A.FILE_CASE, _only(S.REFERRED), S.CASE_FILED, "record_referral"),
    Step(A.DECLINE_CASE, _only(S.REFERRED), S.CASE_DECLINED, "record_referral", needs_reason=True),
    Step(
        A.CLOSE_CASE,
        _only(S.CASE_FILED, S.CASE_DECLINED),
        S.CASE_CLOSED,
        "record_referral",
        needs_reason=True,
    ),
)

_TABLE: Final = {(origin, step.act): step for step in STEPS for origin in step.origins}


class StepRefused(ValueError):
    """A step that cannot be taken; ``str`` is the Chinese sentence to show.

    ``sentence`` has places for ``words``, one word or several each, so that it can be told in another language.
    """

    def __init__(self, sentence: str, **words: str | Sequence[str]) -> None:
        super().__init__(_told(sentence, words, str))
        self.sentence, self.words = sentence, words

    def in_words_of(self, translate: Callable[[str], str]) -> Self:
        """The same refusal, told by ``translate`` sentence by sentence and word by word."""
        self.args = (_told(self.sentence, self.words, translate),)
        return self


def _told(sentence: str, words: Mapping[str, str | Sequence[str]], translate: Callable[[str], str]) -> str:
    several = translate(gettext_noop("、"))
    return translate(sentence) % {
        name: translate(word) if isinstance(word, str) else several.join(translate(one) for one in word)
        for name, word in words.items()
    }


class WrongState(StepRefused):
    """The problem stands where this step does not begin."""

    def __init__(self, state: State, act: Act) -> None:
        super().__init__(
            gettext_noop("问题处于“%(state)s”，不能%(act)s；现在可以：%(allowed)s"),
            state=STATE_WORDS[state],
            act=ACT_WORDS[act],
            allowed=tuple(dict.fromkeys(step.words for step in steps_from(state))),
        )
        self.state, self.act = state, act


class NotPermitted(StepRefused):
    """The actor's posts do not give the right to this step."""


class ProofMissing(StepRefused):
    """The step needs a photo or file of the fix."""


class ReasonMissing(StepRefused):
    """The step needs a written reason."""


class SecondPersonNeeded(StepRefused):
    """The actor did the step before and may not judge it."""


def step_for(state: State, act: Act) -> Step:
    """The line of the table; raises WrongState when there is none."""
    try:
        return _TABLE[state, act]
    except KeyError:
        raise WrongState(state, act) from None


def next_state(state: State, act: Act) -> State:
    """The state after ``act``; the same one for acts that move nothing. Raises WrongState."""
    return step_for(state, act).to or state


def steps_from(state: State) -> tuple[Step, ...]:
    """What can be done next, in the order of the table."""
    return tuple(step for step in STEPS if state in step.origins)


def check_step(
    state: State,
    act: Act,
    *,
    permissions: Collection[str],
    actor: Hashable,
    submitter: Hashable | None = None,
    requester: Hashable | None = None,
    has_proof: bool = False,
    reason: str = "",
) -> Step:
    """The step, once everything it needs is there.

    ``actor``, ``submitter`` (who last submitted the fix) and ``requester`` (who asked for the extension)
    are user keys. Raises a StepRefused: WrongState, NotPermitted, SecondPersonNeeded, ReasonMissing or
    ProofMissing.
    """
    step = step_for(state, act)
    if step.permission not in permissions:
        raise NotPermitted(gettext_noop("你的岗位没有“%(act)s”的权限"), act=step.words)
    if step.second_person:
        counterpart = submitter if step.second_person == "submitter" else requester
        if counterpart is not None and counterpart == actor:
            raise SecondPersonNeeded(
                gettext_noop("%(act)s须由另一人办理：你是%(who)s"),
                act=step.words,
                who=_COUNTERPART_WORDS[step.second_person],
            )
    if step.needs_reason and not reason.strip():
        raise ReasonMissing(gettext_noop("%(act)s必须写明理由"), act=step.words)
    if step.needs_proof and not has_proof:
        raise ProofMissing(gettext_noop("%(act)s必须附整改证明（照片或文件）"), act=step.words)
    return step
