"""What the register's pages show of visits and problems: the answers this room gives to ``entities.hooks``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.rules.rights import Permission
from entities.hooks import DutyLine, Happening, PeriodLine, ProblemLine, Supervised
from entities.querysets import counted_for
from foodsafe_portal.lib.formats import period_label
from foodsafe_portal.lib.periods import Period
from inspections.choices import Exclusion, ProblemState
from inspections.models import Problem, Visit, VisitDuty
from inspections.querysets import VisitQuerySet, in_force, part_condition
from inspections.reports.problems import standing_of
from inspections.rules.standing import Standing, standing
from records.rules.workdays import WorkCalendar
from records.services.calendar import current_calendar

STATE_TONES = {
    ProblemState.CLOSED: "ok",
    ProblemState.CASE_CLOSED: "ok",
    ProblemState.RETURNED: "warn",
    ProblemState.REOPENED: "bad",
}

# The days of a duty by which it stands.
DATES = ("arises_on", "ceases_on", "due_on", "fulfilled_on", "delivered_on", "excluded_on")


def line_of(due_on: date, stands: Standing) -> DutyLine:
    """A standing as the register shows it: the same part, days, unit and words as this room's own lists."""
    if stands.part == "excluded":
        return DutyLine("excluded", None)
    if (badge := stands.badge) is None:
        return DutyLine(stands.part, due_on)
    return DutyLine(stands.part, due_on, badge.kind, badge.days, badge.on, badge.provisional, badge.unit)


def owing(part: str, day: date) -> Q:
    """The duties of one of ``entities.hooks.DUTY_PARTS`` in the course of ``day``."""
    return part_condition("undone" if part == "unvisited" else part, day, running=True)


def link(name: str, *args: Any, query: str = "") -> str:
    """An address of this room; empty where the page does not exist."""
    try:
        return reverse(name, args=args) + query
    except NoReverseMatch:
        return ""


class BusinessFacts:
    """Answers about the visits and problems of businesses (``entities.hooks.Supervision``)."""

    def period_label(self, day: date) -> str:
        """The quarter: the rhythm every frequency rule is given in or is a part of."""
        return period_label(Period.containing(day, "quarter"))

    def having(self, part: str, day: date) -> Q:
        """Businesses whose duty of a period that contains ``day`` stands so."""
        duties = (
            VisitDuty.objects.live().in_period_of(day).filter(owing(part, day), business_id=OuterRef("pk"))
        )
        return Q(Exists(duties))

    def due_day(self, day: date) -> Subquery:
        """The due day of the duty in force; periods that contain the same day never owe the same business twice."""
        duties = VisitDuty.objects.live().in_period_of(day).filter(in_force(day), business_id=OuterRef("pk"))
        return Subquery(duties.order_by("due_on").values("due_on")[:1])

    def duties(self, business_ids: Sequence[int], day: date) -> Mapping[int, DutyLine]:
        """What these businesses owe now, in three queries."""
        calendar = current_calendar()
        owed = (
            VisitDuty.objects.live()
            .in_period_of(day)
            .filter(in_force(day), business_id__in=business_ids)
            .only("business_id", *DATES)
        )
        return {duty.business_id: line_of(duty.due_on, standing(duty, day, calendar)) for duty in owed}

    def of_business(self, business_id: int, viewer: User, day: date, limit: int) -> Supervised:
        """Periods, problems and history of one business, as far as ``viewer`` may see them.

        Visits and problems of businesses that were merged into it are its own.
        """
        calendar = current_calendar()
        duties = self._duties(business_id, viewer)
        visits = list(self._visits(business_id, viewer).order_by("-visited_on", "-pk")[:limit])
        problems = self._problems(business_id, viewer)
        periods = [self._period(duty, day, calendar) for duty in duties]
        now = [
            line
            for duty, line in zip(duties, periods, strict=False)
            if duty.period_start <= day <= duty.period_end
        ]
        return Supervised(
            duty=now[0].outcome if now else None,
            periods=periods[:limit],
            problems=[self._problem(problem, day, calendar) for problem in problems[:limit]],
            open_problems=sum(problem.closed_on is None for problem in problems),
            all_problems=len(problems),
            reopened=sum(problem.reopen_count for problem in problems),
            history=[*self._visited(visits), *self._missed(duties, periods), *self._found(problems)],
            visits_url=link("visit-list", query=f"?business={business_id}"),
            problems_url=link("problem-list", query=f"?business={business_id}"),
        )

    def visits(self, business_id: int, viewer: User) -> int:
        """How many visits to a business, and to those merged into it, ``viewer`` may see."""
        return self._visits(business_id, viewer).count()

    def of_officer(self, officer_id: int, day: date) -> tuple[int, int]:
        """Visits made in the quarter of ``day`` and businesses still owing one."""
        quarter = Period.containing(day, "quarter")
        made = Visit.objects.valid().filter(
            officer_id=officer_id, visited_on__gte=quarter.start, visited_on__lte=quarter.end
        )
        owed = VisitDuty.objects.live().in_period_of(day).filter(officer_id=officer_id)
        counts = owed.aggregate(owing=Count("pk", filter=owing("unvisited", day)))
        return made.count(), counts["owing"]

    # --- one business ------------------------------------------------------------------------

    def _duties(self, business_id: int, viewer: User) -> list[VisitDuty]:
        """The last slice of each period, newest period first; none where the business was merged into another before its end."""
        if not viewer.can(Permission.VIEW_VISITS):
            return []
        slices = (
            VisitDuty.objects.visible_to(viewer)
            .live()
            .filter(business_id=business_id)
            .order_by("period_start", "arises_on")
        )
        last = {duty.period: duty for duty in slices}
        return [duty for duty in reversed(last.values()) if duty.ceases_on is None]

    def _visits(self, business_id: int, viewer: User) -> VisitQuerySet:
        visits = Visit.objects.visible_to(viewer).valid().filter(counted_for(business_id))
        return visits if viewer.can(Permission.VIEW_VISITS) else visits.none()

    def _problems(self, business_id: int, viewer: User) -> list[Problem]:
        if not viewer.can(Permission.VIEW_PROBLEMS):
            return []
        problems = Problem.objects.visible_to(viewer).valid().filter(counted_for(business_id))
        return list(problems.order_by(F("closed_on").desc(nulls_first=True), "-found_on", "-pk"))

    def _period(self, duty: VisitDuty, day: date, calendar: WorkCalendar) -> PeriodLine:
        outcome = line_of(duty.due_on, standing(duty, day, calendar))
        excluded = outcome.part == "excluded"
        return PeriodLine(
            period=period_label(duty.period),
            due_on=None if excluded else duty.due_on,
            expected=int(bool(outcome.part) and not excluded),
            done=int(outcome.part == "done"),
            on_time=int(outcome.kind == "on_time"),
            overdue=int(outcome.part == "overdue"),
            excluded=int(excluded),
            outcome=outcome,
            exclusion=Exclusion(duty.exclusion).label if excluded and duty.exclusion else "",
        )

    def _problem(self, problem: Problem, day: date, calendar: WorkCalendar) -> ProblemLine:
        return ProblemLine(
            url=link("problem-detail", problem.pk),
            code=problem.code,
            description=problem.description,
            leader_name=problem.leader_name,
            original_due_on=problem.original_due_on,
            tone=STATE_TONES.get(ProblemState(problem.state), "wait"),
            state=problem.get_state_display(),
            deadline=line_of(problem.due_on, standing_of(problem, day, calendar)),
        )

    # --- its history -------------------------------------------------------------------------

    def _visited(self, visits: Sequence[Visit]) -> list[Happening]:
        return [
            Happening(
                at=visit.visited_on,
                verb=_("督导发现问题") if visit.problem_count else _("督导完成"),
                what=_("%(officer)s，发现 %(n)s 个问题")
                % {"officer": visit.officer_name, "n": visit.problem_count}
                if visit.problem_count
                else _("%(officer)s，无问题") % {"officer": visit.officer_name},
                icon="flag" if visit.problem_count else "circle-check",
                group="visits",
                tone="" if visit.problem_count else "green",
                url=link("visit-detail", visit.pk),
            )
            for visit in visits
        ]

    def _missed(self, duties: Sequence[VisitDuty], periods: Sequence[PeriodLine]) -> list[Happening]:
        """The day after a due day that passed without a visit."""
        return [
            Happening(
                at=duty.due_on,
                verb=_("督导逾期"),
                what=_("应督导日已过，%(period)s") % {"period": period_label(duty.period)},
                icon="clock",
                group="visits",
                tone="red",
            )
            for duty, line in zip(duties, periods, strict=True)
            if line.outcome.kind in ("overdue", "late")
        ]

    def _found(self, problems: Sequence[Problem]) -> list[Happening]:
        found = [
            Happening(
                p.found_on,
                _("发现问题"),
                f"{p.code} {p.description[:40]}",
                "flag",
                "problems",
                "",
                link("problem-detail", p.pk),
            )
            for p in problems
        ]
        closed = [
            Happening(
                p.closed_on,
                _("问题销号"),
                p.code,
                "circle-check",
                "problems",
                "green",
                link("problem-detail", p.pk),
            )
            for p in problems
            if p.closed_on is not None
        ]
        return found + closed
