"""How far a problem has come when it enters the register: a fix made on the spot, or a history that a ledger tells.

The table of ``inspections.rules.states`` is the authority. Whoever enters a history takes its last step and must be allowed to
take it: nobody reports a fix without the right to, nobody closes what the own name is told to have fixed or checked first.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Final

from inspections.rules.states import Act, State, StepRefused, check_step, next_state

STRAIGHT_WAY: Final = (Act.SIGN, Act.SUBMIT, Act.PASS_FIRST, Act.CLOSE)
"""What happens to a problem between finding and closure when nobody sends anything back."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a problem's way. ``people`` are the names told as having fixed it or checked it first."""

    planned: bool = False
    fixed: bool = False
    closed: bool = False
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a problem begins in the register: its state, the acts that led there, and the act that was told but not allowed."""

    state: State
    acts: tuple[Act, ...]
    denied: Act | None = None


def entry(told: Told, *, permissions: Collection[str], actor: Hashable, actor_name: str = "") -> Entry:
    """The furthest state that is told and that this person may bring in by the table of states."""
    denied = None
    if told.closed:
        if _may(
            State.SECOND_CHECK, Act.CLOSE, permissions, actor, actor if actor_name in told.people else None
        ):
            return _after(Act.CLOSE)
        denied = Act.CLOSE
    if told.closed or told.fixed:
        if _may(State.RECTIFYING, Act.SUBMIT, permissions, actor, None):
            return _after(Act.SUBMIT, denied)
        denied = denied or Act.SUBMIT
    return _after(Act.SIGN, denied) if told.planned else Entry(State.TO_SIGN, (), denied)


def _may(
    state: State, act: Act, permissions: Collection[str], actor: Hashable, submitter: Hashable | None
) -> bool:
    """Whether the table lets this person act; the proof of a history is called for afterwards, with a note."""
    try:
        check_step(state, act, permissions=permissions, actor=actor, submitter=submitter, has_proof=True)
    except StepRefused:
        return False
    return True


def _after(last: Act, denied: Act | None = None) -> Entry:
    state, acts = State.TO_SIGN, STRAIGHT_WAY[: STRAIGHT_WAY.index(last) + 1]
    for act in acts:
        state = next_state(state, act)
    return Entry(state, acts, denied)
