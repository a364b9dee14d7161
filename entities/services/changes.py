"""Dated changes of status and grade: proposed by one person, decided by another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

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
    ChangeAlreadyWaiting,
    ReasonMissing,
    ReviewedByProposer,
)
from entities.hooks import business_changed
from entities.models import Business, GradeChange, StatusChange
from entities.services.rules import APPROVAL_RULES, GRADE_RULES, STATUS_RULES, Approval, Proposal
from foodsafe_portal.lib.bulk import Same, among, insert
from foodsafe_portal.lib.business_rules import enforce
from records.services import audit
from records.services.evidence import evidence_by_object, store_evidence
from records.services.instants import writing_instant
from records.services.provenance import Provenance


class Step(NamedTuple):
    """A change of one business from one code to another."""

    business_id: int
    was: str
    becomes: str


class Standing(NamedTuple):
    """The change by which a business has its grade: set by hand or not, and since when."""

    manual: bool
    effective_on: date


@dataclass(slots=True)
class Reviews:
    """What is being reviewed of businesses, and what was turned down last: business → the status asked for."""

    waiting: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


def grades_standing(business_ids: Iterable[int]) -> dict[int, Standing]:
    """The latest change of grade of each business that was not turned down, by the day it takes effect."""
    wanted = list(business_ids)
    if not wanted:
        return {}
    changes = among(GradeChange.objects.exclude(state=ReviewState.REJECTED), "business_id", wanted)
    rows = changes.order_by("effective_on", "pk").values_list("business_id", "manual", "effective_on")
    return {business: Standing(manual, on) for business, manual, on in rows}


def statuses_reviewed(business_ids: Iterable[int]) -> Reviews:
    """The proposed statuses of these businesses and those that were turned down since the last approval."""
    reviews, wanted = Reviews(), list(business_ids)
    if not wanted:
        return reviews
    changes = among(StatusChange.objects.order_by("proposed_at", "pk"), "business_id", wanted)
    for business, to_status, state in changes.values_list("business_id", "to_status", "state"):
        if state == ReviewState.PROPOSED:
            reviews.waiting[business] = to_status
        elif state == ReviewState.REJECTED:
            reviews.refused[business] = to_status
        else:
            reviews.refused.pop(business, None)
    return reviews


@transaction.atomic
def propose_statuses(steps: Sequence[Step], origin: Provenance) -> None:
    """Propose another 经营状态 for many businesses; each keeps its own until its change is reviewed.

    Raises ``ChangeAlreadyWaiting``. What else may be refused of a change (``STATUS_RULES``) the caller has asked, who knows the
    businesses.
    """
    try:
        with transaction.atomic():
            insert(
                StatusChange,
                {
                    "business_id": [step.business_id for step in steps],
                    "from_status": [step.was for step in steps],
                    "to_status": [step.becomes for step in steps],
                    "state": Same(ReviewState.PROPOSED.value),
                    **_common(origin),
                },
            )
    except IntegrityError as error:
        raise ChangeAlreadyWaiting from error


@transaction.atomic
def record_grades(
    steps: Sequence[Step], origin: Provenance, *, manual: bool = False, decided: bool = True
) -> None:
    """Record changes of 包保等级: decided at once, or waiting for a reviewer.

    ``manual``: set by a person, whose word stands whatever a ledger says. The rules (``GRADE_RULES``) the caller has asked.
    """
    state = ReviewState.APPROVED if decided else ReviewState.PROPOSED
    insert(
        GradeChange,
        {
            "business_id": [step.business_id for step in steps],
            "from_grade": [step.was for step in steps],
            "to_grade": [step.becomes for step in steps],
            "manual": Same(manual),
            "state": Same(state.value),
            "reviewed_at": Same(origin.at if manual and decided else None),
            **_common(origin),
        },
    )


def _common(origin: Provenance) -> dict[str, Same]:
    """What changes of status and of grade have in common."""
    return {
        "effective_on": Same(origin.on),
        "reason": Same(origin.reason.strip()),
        "source": Same(str(origin.source)),
        "batch_id": Same(origin.batch_id),
        "proposed_by_id": Same(origin.by.pk if origin.by else None),
        "proposed_at": Same(origin.at),
        "review_note": Same(""),
    }


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
) -> StatusChange:
    """Propose another 经营状态; the business keeps its own, and its place in the denominator, until it is reviewed.

    Raises what ``STATUS_RULES`` refuse or the evidence service's ``EvidenceRefused``.
    """
    business.refresh_from_db(fields=["status"])
    waiting = business.status_changes.waiting().exists()
    enforce(
        STATUS_RULES,
        [
            Proposal(
                business, business.status, business.get_status_display(), to_status, effective_on,
                timezone.localdate(), reason, waiting, _("变更状态"),
            )
        ],
    )  # fmt: skip
    origin = Provenance.now(by=by, on=effective_on, source=source, reason=reason)
    propose_statuses([Step(business.pk, business.status, to_status)], origin)
    change = StatusChange.objects.get(business=business, state=ReviewState.PROPOSED)
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

    Raises ``ReviewedByProposer``, ``AlreadyReviewed``, ``ReasonMissing`` for a rejection without a note, or ``ProofMissing`` for an
    approval that moves the denominator with neither an evidence file nor a note.
    """
    proven = bool(evidence_by_object(StatusChange, [change.pk]))
    _decide(change, approve=approve, by=by, note=note)
    if approve:
        enforce(APPROVAL_RULES, [Approval(change.moves_denominator, proven=proven, note=note)])
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
        after={"status": change.to_status if approve else change.from_status, "proven": proven},
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
    was = business.responsibility_grade
    label = ResponsibilityGrade(was).label if was else was
    enforce(
        GRADE_RULES,
        [
            Proposal(
                business, was, label, to_grade, effective_on, timezone.localdate(), reason,
                business.grade_changes.waiting().exists(), _("调整包保等级"),
            )
        ],
    )  # fmt: skip
    decides = by.can(Permission.REVIEW_STATUS)
    origin = Provenance.now(by=by, on=effective_on, source=Source.PAGE, reason=reason)
    step = Step(business.pk, was, ResponsibilityGrade(to_grade).value)
    record_grades([step], origin, manual=True, decided=decides)
    change = business.grade_changes.filter(proposed_at=origin.at).latest("pk")
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
