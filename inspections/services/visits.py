"""Recording supervision visits, many at once or one, bettering their words and taking them back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.rules.rights import Permission
from entities.choices import Source
from entities.models import Business, Officer
from foodsafe_portal.lib.bulk import Same, among, insert, update
from inspections.choices import Answer, ProblemSource, VisitMode
from inspections.errors import (
    AlreadyVisited,
    DescriptionMissing,
    NotVoidable,
    NumberTaken,
    PhotoMissing,
    SomebodyWasFirst,
    UnknownItem,
    visit_refused,
)
from inspections.fulfilment import refresh_duties
from inspections.models import Checklist, Visit
from inspections.services.checklists import Checklists
from inspections.services.entry_source import EntrySource
from inspections.services.problems import NewProblem, open_problems
from inspections.services.visit_checks import FoundProblem, NewVisit, VisitChecks
from records.services import audit
from records.services.instants import writing_instant

WORDS: Final = ("mode", "finding", "remedy", "problem_count", "national_record_no")
"""The words of a visit, as its table calls them: what a ledger may correct."""


@transaction.atomic
def record_visits(
    visits: Sequence[NewVisit],
    *,
    by: Any,
    origin: EntrySource | None = None,
    at: datetime | None = None,
    replacing: Sequence[int] = (),
    freeing: Sequence[int] = (),
) -> int:
    """Record visits with the problems found on them and fulfil the duties they meet; returns how many.

    ``replacing`` are keys of visits that these correct: they are voided and give their national record numbers away, as
    do ``freeing``, which are voided already. A fixed number of statements whatever the number of visits; one audit event
    for each, except that a ledger's own event stands for all its rows. ``at`` stands for now. Raises a ``VisitRefused``
    when a rule of visits is broken, ``EvidenceRefused``, ``SomebodyWasFirst`` when one of ``replacing`` was voided a moment
    ago, ``IntegrityError`` when another writer recorded the same visit a moment ago.
    """
    at, origin = at or writing_instant(), origin or EntrySource()
    _check(visits=visits, by=by, today=timezone.localdate(at), replaced=replacing)
    touched = {visit.business.pk for visit in visits} | _void_replaced(
        replacing, freeing, at=at, origin=origin
    )
    lists = Checklists()
    answers = [_answers(lists, visit) for visit in visits]
    with transaction.atomic():
        insert(Visit, _columns(visits, lists, answers, by=by, at=at, origin=origin))
    if origin.batch_id is None or any(visit.problems for visit in visits):
        _open_problems(visits, _written(visits), by=by, origin=origin, at=at)
    refresh_duties(touched, at)
    if origin.batch_id is None:
        for new, visit in zip(visits, _written(visits), strict=True):
            told = {"officer": new.officer_name, "on": new.on.isoformat(), "mode": new.mode}
            audit.record(
                by=by, action="visit.recorded", target=visit, after=told | {"problems": len(new.problems)}
            )
    return len(visits)


def _check(*, visits: Sequence[NewVisit], by: Any, today: date, replaced: Iterable[int]) -> None:
    """Refuse what cannot be a visit, with the sentence that says what to do."""
    checks = VisitChecks(visits, by=by, today=today, replaced=replaced)
    for visit in visits:
        for breach in checks.breaches(visit):
            raise visit_refused(breach)
        for problem in visit.problems:
            if not problem.description.strip():
                raise DescriptionMissing
            if not problem.photos:
                raise PhotoMissing(problem.description)


def _void_replaced(
    replacing: Sequence[int], freeing: Sequence[int], *, at: datetime, origin: EntrySource
) -> set[int]:
    """Void what is corrected and take record numbers from voided rows; returns the businesses whose visits are gone."""
    if not (replacing or freeing):
        return set()
    update(Visit, [*replacing, *freeing], {"national_record_no": Same(None)})
    voided = update(
        Visit,
        replacing,
        {"voided_at": Same(at), "void_reason": Same(f"由{origin.words}更正")},
        guard={"voided_at": Same(None)},
    )
    if voided != len(replacing):
        raise SomebodyWasFirst
    return set(among(Visit.objects.all(), "id", replacing).values_list("business_id", flat=True))


def _answers(lists: Checklists, visit: NewVisit) -> dict[str, str]:
    """The exceptions as they are stored: item number → fail or na."""
    told = {number: answer for number, answer in visit.answers.items() if answer != Answer.PASS}
    told |= {problem.item: Answer.FAIL.value for problem in visit.problems if problem.item is not None}
    checklist = _checklist(lists, visit) if told else None
    known = lists.items(checklist) if checklist is not None else set()
    for number, answer in told.items():
        if number not in known or answer not in (Answer.FAIL, Answer.NOT_APPLICABLE):
            raise UnknownItem(number)
    return {str(number): str(answer) for number, answer in sorted(told.items())}


def _checklist(lists: Checklists, visit: NewVisit) -> int | None:
    return visit.checklist_id or lists.for_level(visit.officer_level, visit.on)


def _columns(
    visits: Sequence[NewVisit],
    lists: Checklists,
    answers: Sequence[Mapping[str, str]],
    *,
    by: Any,
    at: datetime,
    origin: EntrySource,
) -> dict[str, Any]:
    """The rows of the visits' table, column by column."""
    told_alike = (
        "client_uuid",
        "officer_id",
        "officer_name",
        "officer_level",
        "remedy",
        "national_record_no",
    )
    failed = [sum(answer == Answer.FAIL for answer in one.values()) for one in answers]
    return {name: [getattr(visit, name) for visit in visits] for name in told_alike} | {
        "business_id": [visit.business.pk for visit in visits],
        "region_id": [visit.business.region_id for visit in visits],
        "grade": [visit.business.responsibility_grade for visit in visits],
        "visited_on": [visit.on for visit in visits],
        "mode": [str(visit.mode) for visit in visits],
        "checklist_id": [_checklist(lists, visit) for visit in visits],
        "answers": answers,
        "problem_count": [
            max(len(visit.problems), visit.problem_count, 0 if visit.problems else count)
            for visit, count in zip(visits, failed, strict=True)
        ],
        "finding": [
            "；".join(problem.description.strip() for problem in visit.problems) or visit.finding
            for visit in visits
        ],
        "source": Same(str(origin.source)),
        "batch_id": Same(origin.batch_id),
        "recorded_by_id": Same(by.pk if by is not None else None),
        "recorded_at": Same(at),
        "void_reason": Same(""),
    }


def _written(visits: Sequence[NewVisit]) -> list[Visit]:
    """The rows of visits just recorded, in their order."""
    numbers = [visit.client_uuid for visit in visits]
    found = {visit.client_uuid: visit for visit in Visit.objects.filter(client_uuid__in=numbers)}
    return [found[number] for number in numbers]


def _open_problems(
    visits: Sequence[NewVisit], written: Sequence[Visit], *, by: Any, origin: EntrySource, at: datetime
) -> None:
    found = [
        NewProblem(
            source=ProblemSource.VISIT.value,
            severity=str(problem.severity),
            description=problem.description,
            found_on=new.on,
            business=new.business,  # type: ignore[arg-type] # whoever opens problems has read the business's name
            visit_id=visit.pk,
            fixed_on_spot=problem.fixed_on_spot,
            photos=problem.photos,
        )
        for new, visit in zip(visits, written, strict=True)
        for problem in new.problems
    ]
    open_problems(found, by=by, origin=origin, at=at)


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
    """Record one visit: ``record_visits`` with a list of one.

    Each failed item needs a problem, so it is the problems that are listed; their items count as failed by themselves.
    ``client_uuid`` makes a repeated submit one visit: the visit that stands is returned. Raises a ``VisitRefused`` or
    ``EvidenceRefused``.
    """
    standing = _submitted_before(client_uuid, business, by)
    if standing is not None:
        return standing
    new = NewVisit(
        business=business,
        officer_id=officer.pk,
        officer_name=officer.name,
        officer_level=officer.level,
        on=on,
        mode=str(mode),
        answers=answers or {},
        problems=problems,
        checklist_id=checklist.pk if checklist else None,
        client_uuid=client_uuid,
    )
    try:
        record_visits([new], by=by, origin=EntrySource(str(source)), at=at)
    except IntegrityError:
        standing = _submitted_before(client_uuid, business, by)  # the same submit, a moment earlier
        if standing is not None:
            return standing
        raise AlreadyVisited(officer.name, on) from None
    return Visit.objects.get(client_uuid=client_uuid)


def _submitted_before(client_uuid: uuid.UUID, business: Business, by: Any) -> Visit | None:
    """The visit this submit has already become."""
    visit = Visit.objects.filter(client_uuid=client_uuid).first()
    if visit is not None and (visit.business_id != business.pk or visit.recorded_by_id != by.pk):
        raise NumberTaken
    return visit


def correct_visits(words: Mapping[int, Mapping[str, Any]]) -> int:
    """Write the words (``WORDS``) of visits anew, by key; returns how many. The caller holds the rows and writes the event."""
    return update(Visit, list(words), {name: [told[name] for told in words.values()] for name in WORDS})


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
