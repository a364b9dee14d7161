"""Dated changes of status and grade: proposed by one person, decided by another."""

from __future__ import annotations

from datetime import date

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.rules.rights import Permission
from entities.choices import BusinessStatus, ResponsibilityGrade, ReviewState, Source
from entities.errors import (
    AlreadyReviewed,
    BeforeRegistration,
    ChangeAlreadyWaiting,
    FutureDate,
    GradeUnchanged,
    MergedAway,
    ReasonMissing,
    ReviewedByProposer,
    StatusUnchanged,
)
from entities.hooks import business_changed
from entities.models import Business, GradeChange, StatusChange
from records.services import audit
from records.services.evidence import store_evidence
from records.services.instants import writing_instant


def _dated(business: Business, on: date) -> None:
    if business.merged_into is not None:
        raise MergedAway(business.name, business.merged_into.name)
    if on > timezone.localdate():
        raise FutureDate
    if on < business.registered_on:
        raise BeforeRegistration


@transaction.atomic
def propose_status_change(
    *,
    business: Business,
    to_status: str,
    effective_on: date,
    reason: str,
    by: User | None,
    uploads: tuple[UploadedFile, ...] = (),
    source: str = Source.PAGE,
    batch_id: int | None = None,
) -> StatusChange:
    """Propose another 经营状态; the business keeps its own, and its place in the denominator, until it is reviewed.

    Raises ``StatusUnchanged``, ``ChangeAlreadyWaiting``, ``ReasonMissing``, ``FutureDate``, ``BeforeRegistration``, ``MergedAway`` or the
    evidence service's ``EvidenceRefused``.
    """
    business.refresh_from_db(fields=["status"])
    if to_status == business.status:
        raise StatusUnchanged(business.get_status_display())
    if not reason.strip():
        raise ReasonMissing(_("变更状态"))
    _dated(business, effective_on)
    try:
        with transaction.atomic():
            change = StatusChange.objects.create(
                business=business,
                from_status=business.status,
                to_status=to_status,
                effective_on=effective_on,
                reason=reason.strip(),
                source=source,
                batch_id=batch_id,
                proposed_by=by,
                proposed_at=writing_instant(),
            )
    except IntegrityError as error:
        raise ChangeAlreadyWaiting from error
    for upload in uploads:
        store_evidence(upload=upload, target=change, by=by)
    audit.record(
        by=by,
        action="status_change.proposed",
        target=change,
        territory=business.region_id,
        before={"status": change.from_status},
        after={"status": to_status, "effective_on": effective_on.isoformat()},
        reason=reason.strip(),
    )
    return change


@transaction.atomic
def review_status_change(*, change: StatusChange, approve: bool, by: User, note: str = "") -> StatusChange:
    """Approve or reject a proposed status; approval moves the business's status and with it the denominator.

    Raises ``ReviewedByProposer``, ``AlreadyReviewed`` or, for a rejection without a note, ``ReasonMissing``.
    """
    _decide(change, approve=approve, by=by, note=note)
    business = Business.objects.get(pk=change.business_id)
    if approve:
        business.status = _status_now(business)
        Business.objects.filter(pk=business.pk).update(
            status=business.status, version=F("version") + 1, updated_at=writing_instant()
        )
    audit.record(
        by=by,
        action="status_change.approved" if approve else "status_change.rejected",
        target=change,
        territory=business.region_id,
        before={"status": change.from_status},
        after={"status": change.to_status if approve else change.from_status},
        reason=note.strip(),
    )
    if approve:
        business_changed.send(sender=Business, business_ids=[business.pk], on=change.effective_on, by=by)
    return change


def _status_now(business: Business) -> str:
    """The status after the latest approved change, by the day it takes effect."""
    latest = (
        business.status_changes.filter(state=ReviewState.APPROVED)
        .order_by("-effective_on", "-pk")
        .values_list("to_status", flat=True)
        .first()
    )
    return latest or BusinessStatus.NORMAL


def _decide(change: StatusChange | GradeChange, *, approve: bool, by: User, note: str) -> None:
    """Move a change out of 待审核 exactly once, by somebody who did not propose it."""
    if change.proposed_by_id is not None and change.proposed_by_id == by.pk:
        raise ReviewedByProposer
    if not approve and not note.strip():
        raise ReasonMissing(_("不通过"))
    moved = (
        type(change)
        .objects.waiting()
        .filter(pk=change.pk)
        .update(
            state=ReviewState.APPROVED if approve else ReviewState.REJECTED,
            reviewed_by=by,
            reviewed_at=writing_instant(),
            review_note=note.strip(),
        )
    )
    if not moved:
        raise AlreadyReviewed
    change.refresh_from_db()


@transaction.atomic
def regrade_business(
    *, business: Business, to_grade: str, effective_on: date, reason: str, by: User
) -> GradeChange:
    """Set the 包保等级 by hand, with a reason; it then stands whatever a ledger says.

    Somebody who may review decides at once; anybody else's change waits for such a person. Raises ``GradeUnchanged``,
    ``ReasonMissing``, ``ChangeAlreadyWaiting``, ``FutureDate`` or ``BeforeRegistration``.
    """
    business.refresh_from_db(fields=["responsibility_grade"])
    if to_grade == business.responsibility_grade:
        raise GradeUnchanged(ResponsibilityGrade(to_grade).label)
    if not reason.strip():
        raise ReasonMissing(_("调整包保等级"))
    _dated(business, effective_on)
    if business.grade_changes.waiting().exists():
        raise ChangeAlreadyWaiting
    decides = by.can(Permission.REVIEW_STATUS)
    change = GradeChange.objects.create(
        business=business,
        from_grade=business.responsibility_grade,
        to_grade=ResponsibilityGrade(to_grade),
        manual=True,
        effective_on=effective_on,
        reason=reason.strip(),
        proposed_by=by,
        proposed_at=writing_instant(),
        state=ReviewState.APPROVED if decides else ReviewState.PROPOSED,
        reviewed_at=writing_instant() if decides else None,
    )
    audit.record(
        by=by,
        action="business.regraded" if decides else "grade_change.proposed",
        target=change,
        territory=business.region_id,
        before={"responsibility_grade": change.from_grade},
        after={"responsibility_grade": to_grade, "effective_on": effective_on.isoformat()},
        reason=reason.strip(),
    )
    if decides:
        _apply_grade(business, change, by)
    return change


@transaction.atomic
def review_grade_change(*, change: GradeChange, approve: bool, by: User, note: str = "") -> GradeChange:
    """Approve or reject a proposed 包保等级; raises as ``review_status_change`` does."""
    _decide(change, approve=approve, by=by, note=note)
    business = Business.objects.get(pk=change.business_id)
    audit.record(
        by=by,
        action="grade_change.approved" if approve else "grade_change.rejected",
        target=change,
        territory=business.region_id,
        before={"responsibility_grade": change.from_grade},
        after={"responsibility_grade": change.to_grade if approve else change.from_grade},
        reason=note.strip(),
    )
    if approve:
        _apply_grade(business, change, by)
    return change


def _apply_grade(business: Business, change: GradeChange, by: User) -> None:
    """Let the business carry the grade of its latest approved change and tell the rooms above."""
    grade = (
        business.grade_changes.filter(state=ReviewState.APPROVED)
        .order_by("-effective_on", "-pk")
        .values_list("to_grade", flat=True)
        .first()
    )
    Business.objects.filter(pk=business.pk).update(
        responsibility_grade=grade, version=F("version") + 1, updated_at=writing_instant()
    )
    business_changed.send(sender=Business, business_ids=[business.pk], on=change.effective_on, by=by)
