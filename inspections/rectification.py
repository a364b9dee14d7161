"""Keeping rectification duties true: what each problem owes, written as versions and cut into slices of days.

A row is never changed except that it is superseded. Closing is a dated fact of the slice it falls in; another deadline, unit,
grade or place, and a reopening, end the slice on their day and begin the next, so that a Sunday before keeps its figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone

from foodsafe_portal.lib.bulk import Same, among, insert, update
from inspections.choices import Exclusion
from inspections.models import Problem, RectificationDuty
from inspections.rules.standing import Dates

TERMS = ("region_id", "grade", "unit_id", "due_on", "original_due_on")
OUTCOME = ("fulfilled_on", "delivered_on", "excluded_on", "exclusion")
COLUMNS = ("problem_id", *TERMS, *OUTCOME, "arises_on", "ceases_on", "recorded_at")


def dates_of(problem: Problem) -> Dates:
    """The days of the duty as the problem tells it now; the fix counts as delivered once it is accepted."""
    return Dates(
        arises_on=problem.found_on,
        due_on=problem.due_on,
        fulfilled_on=problem.closed_on,
        delivered_on=(problem.rectified_on or problem.closed_on) if problem.closed_on else None,
        excluded_on=timezone.localdate(problem.voided_at) if problem.voided_at else None,
    )


def owed(problem: Problem) -> RectificationDuty:
    """The duty as the problem tells it now, not yet written."""
    days = dates_of(problem)
    return RectificationDuty(
        problem_id=problem.pk,
        region_id=problem.region_id,
        grade=problem.grade,
        unit_id=problem.unit_id,
        arises_on=days.arises_on,
        due_on=days.due_on,
        original_due_on=problem.original_due_on,
        fulfilled_on=days.fulfilled_on,
        delivered_on=days.delivered_on,
        excluded_on=days.excluded_on,
        exclusion=Exclusion.VOIDED if days.excluded_on else "",
    )


def follow_problems(problems: Sequence[Problem], *, on: date, at: datetime, cut: bool = True) -> int:
    """Write the duties of these problems anew where they no longer tell the truth; returns how many were.

    ``on`` is the day from which new terms hold, ``at`` the instant at which that became known. Without ``cut`` what stood
    was a mistake: the slice is replaced whole. The caller holds the problems' rows.
    """
    standing = {duty.problem_id: duty for duty in _running(problems)}
    gone: list[RectificationDuty] = []
    written: list[RectificationDuty] = []
    for problem in problems:
        new, duty = owed(problem), standing.get(problem.pk)
        new.recorded_at = at
        if duty is not None:
            new.arises_on = duty.arises_on
            if _told(new) == _told(duty):
                continue
            # A row written a moment ago by a writer whose clock is ahead: its successor cannot be known earlier.
            new.recorded_at = max(at, duty.recorded_at)
            if cut and on > duty.arises_on and _needs_cut(duty, new):
                written.append(_until(duty, on, new.recorded_at))
                new.arises_on = on
            gone.append(duty)
        written.append(new)
    _supersede(gone, [max(at, duty.recorded_at) for duty in gone])
    _write(written)
    return len([duty for duty in written if duty.ceases_on is None])


def withdraw_duties(problems: Sequence[Problem], *, at: datetime) -> None:
    """Supersede every slice of problems that should never have been written."""
    ids = [problem.pk for problem in problems]
    slices = list(among(RectificationDuty.objects.live(), "problem_id", ids))
    _supersede(slices, [max(at, duty.recorded_at) for duty in slices])


def _running(problems: Sequence[Problem]) -> Sequence[RectificationDuty]:
    duties = RectificationDuty.objects.live().filter(ceases_on__isnull=True)
    return list(among(duties, "problem_id", [problem.pk for problem in problems]))


def _told(duty: RectificationDuty) -> tuple[object, ...]:
    return tuple(getattr(duty, name) for name in (*TERMS, *OUTCOME))


def _needs_cut(duty: RectificationDuty, new: RectificationDuty) -> bool:
    """Other terms, or no longer fulfilled: what held until now stays true of the days before."""
    reopened = duty.fulfilled_on is not None and new.fulfilled_on is None
    return reopened or any(getattr(duty, name) != getattr(new, name) for name in TERMS)


def _until(duty: RectificationDuty, day: date, at: datetime) -> RectificationDuty:
    """The same slice, known from ``at`` on to have ended on ``day``."""
    values = {name: getattr(duty, name) for name in ("problem_id", *TERMS, *OUTCOME, "arises_on")}
    return RectificationDuty(**values, ceases_on=day, recorded_at=at)


def _supersede(gone: Sequence[RectificationDuty], moments: Sequence[datetime]) -> None:
    if not gone:
        return
    done = update(
        RectificationDuty,
        [duty.pk for duty in gone],
        {"superseded_at": list(moments)},
        guard={"superseded_at": Same(None)},
    )
    if done != len(gone):
        raise RuntimeError("a rectification duty was superseded although its problem was held")


def _write(written: Sequence[RectificationDuty]) -> None:
    if written:
        insert(RectificationDuty, {name: [getattr(duty, name) for duty in written] for name in COLUMNS})
