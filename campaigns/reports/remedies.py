"""Who works on which lost point until when, and what the score will be when they are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Campaign, Clause, LostPoint, Remedy, WeeklyReport
from campaigns.reports.own_score import by_no, own_score
from campaigns.rules.numbers import rounded
from campaigns.rules.scoring import Score, with_regained


@dataclass(frozen=True, slots=True)
class Work:
    """One task or problem: its name, who does it, by when, how it stands (tone, words)."""

    label: str
    url: str
    who: str
    due_on: date
    done: bool
    badge: tuple[str, str]


@dataclass(frozen=True, slots=True)
class LostWork:
    """A noted lost point with the work on it."""

    lost: LostPoint
    works: tuple[Work, ...]

    @property
    def open_works(self) -> tuple[Work, ...]:
        """What is not done."""
        return tuple(work for work in self.works if not work.done)

    @property
    def done(self) -> bool:
        """Whether everything about it is done."""
        return bool(self.works) and not self.open_works

    @property
    def due_on(self) -> date | None:
        """The day by which the last of the open work is due."""
        return max((work.due_on for work in self.open_works), default=None)


def lost_works(campaign: Campaign, user: Any, today: date, *, clause: str = "") -> dict[str, list[LostWork]]:
    """The noted lost points of a campaign by clause number; two queries."""
    lost = LostPoint.objects.visible_to(user).filter(campaign=campaign).select_related("clause", "assessment")
    if clause:
        lost = lost.filter(clause__no=clause)
    rows = list(lost.order_by("pk"))
    remedies = Remedy.objects.filter(lost__in=[row.pk for row in rows])
    by_lost: dict[int, list[Remedy]] = {}
    for remedy in remedies.select_related("task__lead_unit", "problem__unit", "problem__region").order_by(
        "pk"
    ):
        by_lost.setdefault(remedy.lost_id, []).append(remedy)
    found: dict[str, list[LostWork]] = {}
    for row in rows:
        works = tuple(_work(one, today) for one in by_lost.get(row.pk, ()) if not one.dropped)
        found.setdefault(row.clause.no, []).append(LostWork(row, works))
    return found


def _work(remedy: Remedy, today: date) -> Work:
    if remedy.task is not None:
        task = remedy.task
        label = _("任务 %(n)s") % {"n": task.number}
        url, who, due_on = reverse("task-detail", args=[task.pk]), str(task.lead_unit), task.due_on
        state = task.get_state_display()
    else:
        problem = remedy.problem
        assert problem is not None
        label, url = problem.code, reverse("problem-detail", args=[problem.pk])
        who, due_on = str(problem.unit or problem.region), problem.due_on
        state = problem.get_state_display()
    if remedy.done:
        return Work(label, url, who, due_on, True, ("ok", state))
    tone = "bad" if due_on < today else "info"
    return Work(label, url, who, due_on, False, (tone, state))


def regained_by(
    works: Mapping[str, Sequence[LostWork]], *, live: bool, until: date | None = None
) -> dict[str, Fraction]:
    """Points that come back by clause when everything in hand is done.

    ``live``: for a score that already counts what is done, else also what was done after an assessment. ``until`` leaves out what
    is due later.
    """
    found: dict[str, Fraction] = {}
    for no, lost in works.items():
        for one in lost:
            if not one.works or (live and one.done) or (until and one.due_on and one.due_on > until):
                continue
            found[no] = max(found.get(no, Fraction(0)), Fraction(one.lost.regained))
    return found


@dataclass(frozen=True, slots=True)
class Forecast:
    """A score now and once everything in hand is done, by ``by`` at the latest; exact."""

    now: Score
    then: Score
    by: date | None
    clauses: int

    @property
    def gains(self) -> bool:
        """Whether anything comes back."""
        return self.then.total_low > self.now.total_low


def forecast(
    result: Score, works: Mapping[str, Sequence[LostWork]], *, live: bool, until: date | None = None
) -> Forecast:
    """What ``result`` becomes when all tasks and problems about its lost points are done."""
    regained = regained_by(works, live=live, until=until)
    then = with_regained(result, regained)
    lost = {one.no for one in result.clauses if one.lost > 0}
    touched = [no for no in regained if no in lost]
    return Forecast(result, then, latest(works[no] for no in touched), len(touched))


def latest(groups: Iterable[Sequence[LostWork]]) -> date | None:
    """The last due day of open work."""
    days = [one.due_on for group in groups for one in group if one.due_on]
    return max(days, default=None)


# --- on the page of one clause ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remedied:
    """What is done about one clause, and what that makes of the clause and of the total; points as decimals."""

    works: tuple[LostWork, ...]
    total_now: Decimal
    total_then: Decimal
    clause_now: Decimal
    clause_then: Decimal
    by: date | None

    @property
    def gains(self) -> bool:
        """Whether anything in hand brings points back."""
        return self.total_then > self.total_now


def remedied(report: WeeklyReport, clause: Clause, user: Any, today: date) -> Remedied:
    """The work on one clause, with the city's own score now and once this work alone is done."""
    works = lost_works(report.campaign, user, today, clause=clause.no)
    seen = forecast(own_score(report), works, live=True)
    points = [by_no(result)[clause.no].low for result in (seen.now, seen.then)]
    return Remedied(
        tuple(works.get(clause.no, ())),
        rounded(seen.now.total_low),
        rounded(seen.then.total_low),
        rounded(points[0]),
        rounded(points[1]),
        seen.by,
    )
