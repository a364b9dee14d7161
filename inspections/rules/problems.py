"""Business rules of a newly entered problem: page, API, ledger and demonstration accept a problem by this one list."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple

from inspections.rules.breaches import Breach

OLDEST_FINDING: Final = timedelta(days=3653)
"""A problem found more than ten years ago is a typing error (campaign default)."""

LONGEST_TERM: Final = timedelta(days=731)
"""A deadline more than two years away from the day it is counted from is a typing error (campaign default)."""


class ProblemFact(NamedTuple):
    """What the rules look at. Days that nobody told are none; ``has_place`` tells of a region or a business."""

    description: str
    has_place: bool
    found_on: date
    today: date
    due_on: date | None = None
    current_due_on: date | None = None
    rectified_on: date | None = None
    closed_on: date | None = None


def problem_says_what_it_is(problem: ProblemFact) -> Breach | None:
    """A problem is described in words (问题清单 names each problem)."""
    return None if problem.description.strip() else Breach("description_missing", "description")


def problem_has_a_place(problem: ProblemFact) -> Breach | None:
    """A single problem has one place, a common one a place for each unit (点位问题, 共性问题, F)."""
    return None if problem.has_place else Breach("place_missing", "region")


def finding_has_happened(problem: ProblemFact) -> Breach | None:
    """A finding is a fact: its day has come."""
    return _happened(problem.found_on, problem.today, "found_on")


def finding_is_of_the_last_ten_years(problem: ProblemFact) -> Breach | None:
    """A finding of more than ten years ago is a typing error (campaign default)."""
    if problem.found_on >= problem.today - OLDEST_FINDING:
        return None
    return Breach("found_too_old", "found_on", {"found_on": problem.found_on})


def fix_has_happened(problem: ProblemFact) -> Breach | None:
    """A fix is a fact: its day has come."""
    return _happened(problem.rectified_on, problem.today, "rectified_on")


def closure_has_happened(problem: ProblemFact) -> Breach | None:
    """A closure is a fact: its day has come."""
    return _happened(problem.closed_on, problem.today, "closed_on")


def deadline_follows_the_finding(problem: ProblemFact) -> Breach | None:
    """限期整改: the deadline is not before the day of the finding."""
    return _in_order(problem.found_on, problem.due_on, "due_on")


def fix_follows_the_finding(problem: ProblemFact) -> Breach | None:
    """A fix is not before the finding."""
    return _in_order(problem.found_on, problem.rectified_on, "rectified_on")


def closure_follows_the_finding(problem: ProblemFact) -> Breach | None:
    """A closure (销号) is not before the finding."""
    return _in_order(problem.found_on, problem.closed_on, "closed_on")


def extension_only_adds_days(problem: ProblemFact) -> Breach | None:
    """An extension is later than the original deadline, which never changes (design decision 4)."""
    due, current = problem.due_on, problem.current_due_on
    if due is None or current is None or current >= due:
        return None
    return Breach("wrong_order", "current_due_on", {"day": current, "earlier": due, "earlier_cell": "due_on"})


def closure_follows_the_fix(problem: ProblemFact) -> Breach | None:
    """Fixed first, then checked twice, then closed (整改 → 审核 → 复核 → 销号)."""
    fixed, closed = problem.rectified_on, problem.closed_on
    if fixed is None or closed is None or closed >= fixed:
        return None
    return Breach(
        "wrong_order", "closed_on", {"day": closed, "earlier": fixed, "earlier_cell": "rectified_on"}
    )


def deadline_is_within_reach(problem: ProblemFact) -> Breach | None:
    """A deadline more than two years after the finding is a typing error (campaign default)."""
    return _within_reach(problem.found_on, problem.due_on, "due_on")


def extension_is_within_reach(problem: ProblemFact) -> Breach | None:
    """An extended deadline is no further off than two years after the finding, or after today where that is later."""
    return _within_reach(max(problem.found_on, problem.today), problem.current_due_on, "current_due_on")


RULES_OF_THE_DAYS: Final[tuple[Callable[[ProblemFact], Breach | None], ...]] = (
    finding_has_happened,
    finding_is_of_the_last_ten_years,
    fix_has_happened,
    closure_has_happened,
    deadline_follows_the_finding,
    fix_follows_the_finding,
    closure_follows_the_finding,
    extension_only_adds_days,
    closure_follows_the_fix,
    deadline_is_within_reach,
    extension_is_within_reach,
)
RULES_OF_A_PROBLEM: Final = (problem_says_what_it_is, problem_has_a_place, *RULES_OF_THE_DAYS)


def latest_deadline(since: date) -> date:
    """The last day that a deadline counted from ``since`` may name."""
    return since + LONGEST_TERM


def same_words(description: str) -> str:
    """What a description says, without signs, blanks and letter forms: two that differ only there are one problem."""
    narrowed = unicodedata.normalize("NFKC", description).casefold()
    return "".join(sign for sign in narrowed if sign.isalnum())


def _happened(day: date | None, today: date, cell: str) -> Breach | None:
    return None if day is None or day <= today else Breach("future_date", cell, {"day": day})


def _in_order(found_on: date, day: date | None, cell: str) -> Breach | None:
    if day is None or day >= found_on:
        return None
    return Breach("wrong_order", cell, {"day": day, "earlier": found_on, "earlier_cell": "found_on"})


def _within_reach(since: date, day: date | None, cell: str) -> Breach | None:
    if day is None or day <= latest_deadline(since):
        return None
    return Breach("deadline_out_of_reach", cell, {"day": day, "latest": latest_deadline(since)})
