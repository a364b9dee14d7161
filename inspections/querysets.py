"""Questions about duties, visits and problems; a figure's number and its list come from the same conditions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self, get_args

from django.apps import apps
from django.db.models import F, Q

from foodsafe_portal.lib.periods import Period, PeriodKind
from foodsafe_portal.lib.scope import Person, ScopedQuerySet
from inspections.rules.standing import PARTS as PARTS


def part_condition(part: str, day: date, *, running: bool = False) -> Q:
    """The condition of one of the five figures at the end of ``day``, or in its course while it is ``running``.

    expected: arisen and not excluded · done: fulfilled by then · on_time: done and delivered by its due day, late: after it ·
    overdue: not done although its due day has ended · excluded: beside expected. open: not done, not yet due; undone: open or overdue.
    What is due on a running day is not overdue yet. Only the slice in force on ``day`` counts: one that has ceased is
    continued by another row. ``inspections.rules.standing.standing`` says the same of one duty; a test holds the two together.
    """
    excluded = Q(excluded_on__isnull=False, excluded_on__lte=day)
    counted = Q(excluded_on__isnull=True) | Q(excluded_on__gt=day)
    not_done = Q(fulfilled_on__isnull=True) | Q(fulfilled_on__gt=day)
    past_due = Q(due_on__lt=day) if running else Q(due_on__lte=day)
    in_time = Q(delivered_on__lte=F("due_on")) | Q(delivered_on__isnull=True, fulfilled_on__lte=F("due_on"))
    late = Q(delivered_on__gt=F("due_on")) | Q(delivered_on__isnull=True, fulfilled_on__gt=F("due_on"))
    conditions = {
        "expected": counted,
        "done": counted & Q(fulfilled_on__lte=day),
        "on_time": counted & Q(fulfilled_on__lte=day) & in_time,
        "late": counted & Q(fulfilled_on__lte=day) & late,
        "overdue": counted & not_done & past_due,
        "open": counted & not_done & ~past_due,
        "undone": counted & not_done,
        "excluded": excluded,
    }
    return in_force(day) & conditions[part]


def in_force(day: date) -> Q:
    """Duties that had arisen on ``day`` and had not been continued by another row yet."""
    return Q(arises_on__lte=day) & (Q(ceases_on__isnull=True) | Q(ceases_on__gt=day))


class DutyQuerySet(ScopedQuerySet):
    """Versioned expectations: each change supersedes a row and writes a new one, so the past stays askable."""

    resource = "duty"

    def live(self) -> Self:
        """The rows nobody has superseded: every slice as it is known now."""
        return self.filter(superseded_at__isnull=True)

    def on(self, day: date) -> Self:
        """The slices in force on ``day``."""
        return self.filter(in_force(day))

    def known_at(self, instant: datetime) -> Self:
        """The rows that were in force at ``instant``."""
        return self.filter(
            Q(superseded_at__isnull=True) | Q(superseded_at__gt=instant), recorded_at__lte=instant
        )

    def part(self, part: str, day: date, *, running: bool = False) -> Self:
        """The rows behind one of the five figures at the end of ``day``, or in its course."""
        return self.filter(part_condition(part, day, running=running))


class VisitDutyQuerySet(DutyQuerySet):
    """Visits owed."""

    def owned_by(self, user: Person) -> Q:
        """Duties of the businesses assigned to this person."""
        assignments = apps.get_model("entities", "Assignment").objects.active()
        return Q(business_id__in=assignments.filter(officer__user_id=user.pk).values("business_id"))

    def in_period_of(self, day: date) -> Self:
        """Duties of the periods that contain ``day``."""
        return self.filter(period__in=[Period.containing(day, kind).code for kind in get_args(PeriodKind)])


class RectificationDutyQuerySet(DutyQuerySet):
    """Fixes owed."""

    resource = "problem"
    unit_path = "unit__path"

    def owned_by(self, user: Person) -> Q:
        """Fixes of problems this person may see."""
        problems = apps.get_model("inspections", "Problem").objects.visible_to(user)
        return Q(problem_id__in=problems.values("pk"))


class VisitQuerySet(ScopedQuerySet):
    """Visits made."""

    resource = "visit"

    def owned_by(self, user: Person) -> Q:
        """Visits this person made or that concern businesses assigned to them."""
        assignments = apps.get_model("entities", "Assignment").objects.active()
        mine = assignments.filter(officer__user_id=user.pk).values("business_id")
        return Q(officer__user_id=user.pk) | Q(business_id__in=mine)

    def valid(self) -> Self:
        """Visits nobody has voided."""
        return self.filter(voided_at__isnull=True)


class ProblemQuerySet(ScopedQuerySet):
    """Problems found."""

    resource = "problem"
    unit_path = "unit__path"

    def owned_by(self, user: Person) -> Q:
        """Problems this person found or that stand at businesses assigned to them."""
        assignments = apps.get_model("entities", "Assignment").objects.active()
        mine = assignments.filter(officer__user_id=user.pk).values("business_id")
        return Q(recorded_by_id=user.pk) | Q(business_id__in=mine)

    def valid(self) -> Self:
        """Problems nobody has voided."""
        return self.filter(voided_at__isnull=True)

    def open(self) -> Self:
        """Problems that are not closed."""
        return self.filter(closed_on__isnull=True, voided_at__isnull=True)

    def overdue_now(self, today: date) -> Self:
        """Open problems whose due day has ended; written so that the partial indexes of open problems answer."""
        return self.open().filter(due_on__lt=today)


class PolicyQuerySet(ScopedQuerySet):
    """Versioned policy rows; everybody may read the rules they are measured by."""

    resource = "policy"
    territory_path = None

    def in_force_on(self, day: date) -> Self:
        """Rows whose effective date has come, newest first; the first one per key holds."""
        return self.filter(effective_from__lte=day).order_by("-effective_from", "-pk")
