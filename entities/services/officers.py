"""Binding officers to businesses, ending the bond, and signing pledges."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from entities.choices import OfficerLevel
from entities.errors import (
    AssignmentEnded,
    EndsBeforeItBegins,
    FutureDate,
    LevelTaken,
    PledgeAlreadySigned,
)
from entities.hooks import business_changed
from entities.models import Assignment, Business, Officer, Pledge
from entities.services.rules import ASSIGNMENT_RULES, PLEDGE_RULES, NewBond, NewPledge
from foodsafe_portal.lib.business_rules import enforce
from records.services import audit
from records.services.instants import writing_instant

ONE_DAY = timedelta(days=1)


def _close(assignment: Assignment, on: date) -> None:
    """Give an active assignment its last day, once."""
    if on < assignment.valid_from:
        raise EndsBeforeItBegins
    ended = (
        Assignment.objects.active().filter(pk=assignment.pk).update(valid_to=on, ended_at=writing_instant())
    )
    if not ended:
        raise AssignmentEnded


@transaction.atomic
def assign_officer(
    *,
    officer: Officer,
    business: Business,
    valid_from: date,
    by: User,
    level: str = "",
    replacing: Assignment | None = None,
) -> Assignment:
    """Bind an officer to a business from a day on, at the officer's own level unless another is given.

    ``replacing``: the assignment of the same level that ends the day before (on its own first day if that is later).
    Raises ``OfficerInactive``, ``MergedAway``, ``FutureDate``, ``LevelTaken``, ``AssignmentEnded`` or
    ``EndsBeforeItBegins``.
    """
    relieved_from = replacing.valid_from if replacing is not None else None
    enforce(ASSIGNMENT_RULES, [NewBond(officer, business, valid_from, timezone.localdate(), relieved_from)])
    level = OfficerLevel(level or officer.level)
    before = None
    if replacing is not None:
        _close(replacing, max(valid_from - ONE_DAY, replacing.valid_from))
        before = {"officer": replacing.officer.name, "officer_id": replacing.officer_id}
    try:
        with transaction.atomic():
            assignment = Assignment.objects.create(
                officer=officer,
                business=business,
                level=level,
                valid_from=valid_from,
                recorded_at=writing_instant(),
            )
    except IntegrityError as error:
        held = (
            Assignment.objects.active()
            .select_related("officer")
            .filter(business=business, level=level)
            .first()
        )
        raise LevelTaken(level.label, held.officer if held else "") from error
    audit.record(
        by=by,
        action="assignment.made",
        target=assignment,
        territory=business.region_id,
        before=before,
        after={
            "officer": officer.name,
            "officer_id": officer.pk,
            "level": str(level),
            "from": valid_from.isoformat(),
        },
    )
    business_changed.send(sender=Business, business_ids=[business.pk], on=valid_from, by=by)
    return assignment


@transaction.atomic
def end_assignment(*, assignment: Assignment, on: date, by: User, reason: str = "") -> Assignment:
    """End a bond with ``on`` as its last day; raises ``AssignmentEnded``, ``EndsBeforeItBegins`` or ``FutureDate``."""
    if on > timezone.localdate():
        raise FutureDate
    _close(assignment, on)
    assignment.refresh_from_db()
    audit.record(
        by=by,
        action="assignment.ended",
        target=assignment,
        territory=assignment.business.region_id,
        before={"officer": assignment.officer.name, "officer_id": assignment.officer_id},
        after={"to": on.isoformat()},
        reason=reason.strip(),
    )
    business_changed.send(sender=Business, business_ids=[assignment.business_id], on=on, by=by)
    return assignment


@transaction.atomic
def sign_pledge(*, officer: Officer, signed_on: date, by: User, business: Business | None = None) -> Pledge:
    """Record that an officer signed the 承诺书 in the present post, for one business or for all of them.

    Raises ``FutureDate`` or ``PledgeAlreadySigned``.
    """
    # A unique constraint does not hold between rows without a business, so the rule is asked for them as well.
    known = Pledge.objects.filter(officer=officer, business=business, signed_on=signed_on).exists()
    enforce(PLEDGE_RULES, [NewPledge(signed_on, timezone.localdate(), known)])
    try:
        with transaction.atomic():
            pledge = Pledge.objects.create(
                officer=officer,
                business=business,
                title=officer.title,
                signed_on=signed_on,
                recorded_at=writing_instant(),
            )
    except IntegrityError as error:
        raise PledgeAlreadySigned from error
    audit.record(
        by=by,
        action="pledge.signed",
        target=pledge,
        territory=officer.region_id,
        after={
            "officer": officer.name,
            "business_id": business.pk if business else None,
            "on": signed_on.isoformat(),
        },
    )
    return pledge
