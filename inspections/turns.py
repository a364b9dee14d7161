"""Whose turn a problem is: the same answer for the list's 待我处理 and for the file's card."""

from __future__ import annotations

from django.db.models import Q

from accounts.models import User
from accounts.rules.rights import Permission, Role
from foodsafe_portal.lib.scope import NO_ROWS, in_territory
from inspections.choices import ExtensionState
from inspections.models import Extension, Problem
from inspections.rules.states import OPEN, WITH_REGULATOR, WITH_UNIT, State

ACTING = (
    Permission.RECTIFY_PROBLEM,
    Permission.FIRST_CHECK,
    Permission.SECOND_CHECK,
    Permission.APPROVE_EXTENSION,
    Permission.RECORD_REFERRAL,
)


def acts_on_problems(user: User) -> bool:
    """Whether problems can wait for this person at all."""
    return any(user.can(permission) for permission in ACTING)


def waiting_for(user: User) -> Q:
    """Problems whose next step is this person's, among those the person sees.

    A unit's people fix what is the unit's own; townships what belongs to units of their territory or to none, counties what
    belongs to none. Counties check first, the campaign office only what lies in no county; office and supervision teams check
    second, nobody what they submitted themselves. The office decides extensions, the regulator referrals.
    """
    mine = _fixing(user)
    others = ~Q(submitted_by=user)
    if user.can(Permission.FIRST_CHECK):
        checked = Q(state=State.SUBMITTED) & others
        mine |= (
            checked & Q(region_id__in=user.scope.regions("problem"))
            if user.can(Permission.SECOND_CHECK)
            else checked
        )
    if user.can(Permission.SECOND_CHECK):
        mine |= Q(state=State.SECOND_CHECK) & others
    if user.can(Permission.APPROVE_EXTENSION):
        asked = Extension.objects.filter(state=ExtensionState.REQUESTED).exclude(requested_by=user)
        mine |= Q(pk__in=asked.values("problem_id"), state__in=OPEN)
    if user.can(Permission.RECORD_REFERRAL):
        mine |= Q(state__in=WITH_REGULATOR)
    return Q(closed_on__isnull=True, voided_at__isnull=True) & mine


def _fixing(user: User) -> Q:
    fixing, unnamed = NO_ROWS, Q(unit__isnull=True)
    if {Role.UNIT_LIAISON, Role.OFFICER} & user.roles:
        fixing |= Q(state__in=WITH_UNIT)
    if Role.TOWNSHIP_LIAISON in user.roles:
        own = unnamed
        for code in user.scope.regions("problem"):
            own |= in_territory(code, "unit__region_id")
        fixing |= Q(state__in=WITH_UNIT) & own
    if Role.COUNTY_LIAISON in user.roles:
        fixing |= Q(state__in=WITH_UNIT) & unnamed
    return fixing


def is_turn_of(user: User, problem: Problem) -> bool:
    """Whether this problem waits for this person."""
    return Problem.objects.filter(waiting_for(user), pk=problem.pk).exists()
