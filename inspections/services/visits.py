"""Recording supervision visits and taking them back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.rules.rights import Permission
from entities.choices import Source
from entities.models import Business, Officer
from inspections.choices import Answer, ProblemSource, Severity, VisitMode
from inspections.deadlines import Deadlines
from inspections.errors import (
    AlreadyVisited,
    BusinessOutOfSight,
    NotVoidable,
    NumberTaken,
    OnSiteRequired,
    ProblemIncomplete,
    UnknownItem,
    VisitBeforeAssignment,
    VisitInFuture,
    VisitTooOld,
)
from inspections.fulfilment import refresh_duties
from inspections.models import Checklist, Visit
from inspections.services.problems import open_problem
from records.services import audit
from records.services.instants import writing_instant

OLDEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """What an officer found at one item of the checklist, or beside it; a photo shows it."""

    description: str
    severity: str = Severity.MINOR
    item: int | None = None
    photos: Sequence[UploadedFile] = ()
    fixed_on_spot: bool = False


def checklist_for(level: str, on: date) -> Checklist | None:
    """The edition in force for a level of officers on a day; a level without its own uses the townships'."""
    found = Checklist.objects.in_force_on(on)
    return found.filter(level=level).first() or found.filter(level="township").first()


@transaction.atomic
def record_visit(
    *,
    business: Business,
    officer: Officer,
    on: date,
    by: Any,
    client_uuid: uuid.UUID,
    mode: str = VisitMode.ON_SITE,
    answers: Mapping[int, str] | None = None,
    problems: Sequence[FoundProblem] = (),
    checklist: Checklist | None = None,
    source: str = Source.PAGE,
    at: datetime | None = None,
) -> Visit:
    """Record one visit with the problems found on it and fulfil the duty it meets.

    ``answers`` are checklist item numbers with ``fail`` or ``na``; all others passed. Each failed item needs a problem, so it is
    the problems that are listed; their items count as failed by themselves. ``client_uuid`` makes a repeated submit one
    visit: the visit that stands is returned. ``at`` stands for now. Raises a ``VisitRefused`` or ``EvidenceRefused``.
    """
    at = at or writing_instant()
    standing = _submitted_before(client_uuid, business, by)
    if standing is not None:
        return standing
    _check(
        business=business,
        officer=officer,
        on=on,
        mode=mode,
        problems=problems,
        by=by,
        today=timezone.localdate(at),
    )
    checklist = checklist or checklist_for(officer.level, on)
    try:
        with transaction.atomic():
            visit = Visit.objects.create(
                client_uuid=client_uuid,
                business=business,
                region_id=business.region_id,
                grade=business.responsibility_grade,
                officer=officer,
                officer_name=officer.name,
                officer_level=officer.level,
                visited_on=on,
                mode=mode,
                checklist=checklist,
                answers=_answers(checklist, answers or {}, problems),
                problem_count=len(problems),
                finding="；".join(problem.description.strip() for problem in problems),
                source=source,
                recorded_by=by,
                recorded_at=at,
            )
    except IntegrityError:
        standing = _submitted_before(client_uuid, business, by)  # the same submit, a moment earlier
        if standing is not None:
            return standing
        raise AlreadyVisited(officer.name, on) from None
    deadlines = Deadlines() if problems else None
    for problem in problems:
        open_problem(
            source=ProblemSource.VISIT,
            severity=problem.severity,
            description=problem.description,
            found_on=on,
            business=business,
            visit=visit,
            fixed_on_spot=problem.fixed_on_spot,
            photos=problem.photos,
            deadlines=deadlines,
            entry_source=source,
            by=by,
            at=at,
        )
    refresh_duties([business.pk], at)
    audit.record(
        by=by,
        action="visit.recorded",
        target=visit,
        after={"officer": officer.name, "on": on.isoformat(), "mode": mode, "problems": len(problems)},
    )
    return visit


def _submitted_before(client_uuid: uuid.UUID, business: Business, by: Any) -> Visit | None:
    """The visit this submit has already become."""
    visit = Visit.objects.filter(client_uuid=client_uuid).first()
    if visit is not None and (visit.business_id != business.pk or visit.recorded_by_id != by.pk):
        raise NumberTaken
    return visit


def _check(
    *,
    business: Business,
    officer: Officer,
    on: date,
    mode: str,
    problems: Sequence[FoundProblem],
    by: Any,
    today: date,
) -> None:
    """Refuse what cannot be a visit, with the sentence that says what to do."""
    if not Business.objects.visible_to(by).filter(pk=business.pk).exists():
        raise BusinessOutOfSight
    if on > today:
        raise VisitInFuture(on)
    if on < today - OLDEST:
        raise VisitTooOld(on)
    bound = officer.assignments.filter(business=business, voided_at__isnull=True).order_by("valid_from")
    first = bound.values_list("valid_from", flat=True).first()
    if first is not None and on < first:
        raise VisitBeforeAssignment(officer.name, on, first)
    if business.high_risk and mode != VisitMode.ON_SITE:
        raise OnSiteRequired
    if Visit.objects.valid().filter(business=business, officer_name=officer.name, visited_on=on).exists():
        raise AlreadyVisited(officer.name, on)
    for problem in problems:
        if not problem.description.strip():
            raise ProblemIncomplete(_("问题要写明是什么；请选常见问题或填说明。"))
        if not problem.photos:
            raise ProblemIncomplete(
                _("“%(strip)s”要有至少 1 张照片；没有问题的项不用拍照。")
                % {"strip": problem.description.strip()[:20]}
            )


def _answers(
    checklist: Checklist | None, answers: Mapping[int, str], problems: Sequence[FoundProblem]
) -> dict[str, str]:
    """The exceptions as they are stored: item number → fail or na."""
    told = {number: answer for number, answer in answers.items() if answer != Answer.PASS}
    told |= {problem.item: Answer.FAIL.value for problem in problems if problem.item is not None}
    known = set(checklist.items.values_list("number", flat=True)) if checklist and told else set()
    for number, answer in told.items():
        if number not in known or answer not in (Answer.FAIL, Answer.NOT_APPLICABLE):
            raise UnknownItem(number)
    return {str(number): str(answer) for number, answer in sorted(told.items())}


def void_refusal(visit: Visit, by: Any, today: date) -> str:
    """Why this person cannot take the visit back today; empty when they can.

    Whoever recorded it may on the same day; those who keep the assignments of the territory may later. What has problems
    hanging on it stays, because the problems have their own way to an end.
    """
    if visit.voided_at is not None:
        return _("这次督导已经撤销。")
    if visit.problem_count and visit.problems.filter(voided_at__isnull=True).exists():
        return _("这次督导记了 %(n)s 个问题，不能撤销；请在问题页办理。") % {"n": visit.problem_count}
    if not by.can(Permission.RECORD_VISIT):
        return _("你的岗位不能撤销督导。")
    if by.can(Permission.EDIT_ASSIGNMENT):
        return ""
    if visit.recorded_by_id != by.pk:
        return _("只有登记人能撤销；请联系乡镇联络员。")
    if timezone.localdate(visit.recorded_at) != today:
        return _("登记当天才能自己撤销；请联系乡镇联络员。")
    return ""


@transaction.atomic
def void_visit(*, visit: Visit, reason: str, by: Any, at: datetime | None = None) -> Visit:
    """Take a visit back; the row stays, its duty is open again. Raises ``NotVoidable``."""
    at = at or writing_instant()
    refusal = void_refusal(visit, by, timezone.localdate(at))
    if refusal or not reason.strip():
        raise NotVoidable(refusal or _("撤销要写明原因。"))
    moved = Visit.objects.valid().filter(pk=visit.pk).update(voided_at=at, void_reason=reason.strip()[:200])
    if not moved:
        raise NotVoidable(_("这次督导已经撤销。"))
    visit.refresh_from_db()
    refresh_duties([visit.business_id], at)
    audit.record(by=by, action="visit.voided", target=visit, reason=visit.void_reason)
    return visit
