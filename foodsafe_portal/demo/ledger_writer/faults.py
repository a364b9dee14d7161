"""What goes wrong in ledgers, each with the code under which the engine reports it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from foodsafe_portal.demo.ledger_writer.draft import Draft, Fault, Typed

Row = dict[str, Any]
Take = Callable[[], "int | None"]
# A recipe spoils one row (or, with ``take``, a second one too) and says what must be reported; nothing = it does not fit here.
Recipe = Callable[[Draft, int, Random, Take], Sequence[Fault]]

BAD_DATES = (
    ("明年", "not_a_date"),
    ("2027-02-30", "no_such_day"),
    ("2027.13.1", "no_such_day"),
    ("10月", "incomplete_date"),
    ("27年", "incomplete_date"),
    ("03/04/2027", "ambiguous_date"),
    ("2199-01-01", "implausible_year"),
    ("#N/A", "error_cell"),
)


def blank(key: str) -> Recipe:
    """A cell that must be filled and is not."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        draft.rows[at][key] = Typed(random.choice((None, "　", " ")))
        return [Fault(at, key, "required")]

    return spoil


def typed(key: str, code: str, *values: Any) -> Recipe:
    """A cell with something in it that means nothing there."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        if not draft.has(key):
            return []
        draft.rows[at][key] = Typed(random.choice(values))
        return [Fault(at, key, code)]

    return spoil


def bad_date(key: str) -> Recipe:
    """A date that is none, or could be two."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        if not draft.has(key):
            return []
        value, code = random.choice(BAD_DATES)
        draft.rows[at][key] = Typed(value)
        return [Fault(at, key, code)]

    return spoil


def changed(key: str, code: str, change: Callable[[Row, Random], Any]) -> Recipe:
    """A cell whose fault is made from what stands in the row; ``change`` answers None where it cannot."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        if not draft.has(key):
            return []
        value = change(draft.rows[at], random)
        if value is None:
            return []
        draft.rows[at][key] = Typed(value)
        return [Fault(at, key, code)]

    return spoil


def without(keys: Sequence[str], recipe: Recipe) -> Recipe:
    """A fault that would draw others after it: the cells that would contradict it stay empty."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        planted = recipe(draft, at, random, take)
        if planted:
            draft.rows[at].update(dict.fromkeys(keys))
        return planted

    return spoil


def twins(code: str, change: Callable[[Row, Random], Row | None], key: str | None = None) -> Recipe:
    """Two rows that cannot both be true: a second one is made from the first, and both are at fault.

    ``key`` is the column at fault ('' = the whole row); without one it is the first in which the two differ.
    """

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        different = change(draft.rows[at], random)
        other = take() if different is not None else None
        if different is None or other is None:
            return []
        draft.rows[other] = {**draft.rows[at], **different}
        column = _first_difference(draft, at, other) if key is None else key
        return [Fault(at, column, code), Fault(other, column, code)]

    return spoil


def _first_difference(draft: Draft, one: int, other: int) -> str:
    """The first column of the file, in the kind's order, in which two rows differ."""
    return next(
        column.key
        for column in draft.kind.columns
        if draft.has(column.key)
        and column.key not in draft.kind.ignorable
        and draft.rows[one].get(column.key) != draft.rows[other].get(column.key)
    )


BUSINESS = ("business_name", "business_credit_code", "business_licence_no")


def no_such_business(licence: str) -> Recipe:
    """A licence number nobody holds, and no credit code that would tell whose it is."""

    def spoil(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
        draft.rows[at]["business_licence_no"] = Typed(licence)
        draft.rows[at]["business_credit_code"] = None
        return [Fault(at, "business_licence_no", "business_unknown")]

    return spoil


def nameless(draft: Draft, at: int, random: Random, take: Take) -> Sequence[Fault]:
    """Nobody can tell which business is meant."""
    draft.rows[at].update(dict.fromkeys(BUSINESS))
    return [Fault(at, "", "id_missing")]


def other_check(code: str, alphabet: str) -> str:
    """The same number with another last sign."""
    return code[:-1] + alphabet[(alphabet.index(code[-1]) + 1) % len(alphabet)]


class _Soiling:
    """Rows that are still in order, and how many must not stay so."""

    def __init__(self, size: int, wanted: int, random: Random) -> None:
        self.free, self.wanted = random.sample(range(size), size), wanted

    def take(self) -> int | None:
        """A second row for a fault that needs two, as long as two may be spoiled."""
        return self.free.pop() if self.wanted >= 2 and self.free else None


def soil(draft: Draft, recipes: Sequence[Recipe], random: Random, share: float) -> None:
    """Spoil ``share`` of the rows, every recipe in turn; the faults stand in the draft in the order of rows."""
    state = _Soiling(len(draft.rows), round(len(draft.rows) * share), random)
    waiting: list[Recipe] = []
    fruitless = 0
    while state.wanted > 0 and state.free and fruitless < 5 * len(recipes):
        waiting = waiting or random.sample(recipes, len(recipes))
        at = state.free.pop()
        planted = waiting.pop()(draft, at, random, state.take)
        if not planted:
            state.free.insert(0, at)
        fruitless = 0 if planted else fruitless + 1
        state.wanted -= len(planted)
        draft.faults += planted
    draft.faults.sort()
