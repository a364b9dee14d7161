"""What the register knows of visits that are to be recorded, read at once, and which rules they break."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Protocol

from django.core.files.uploadedfile import UploadedFile

from entities.models import Assignment, Business
from foodsafe_portal.lib.bulk import among
from inspections.choices import Severity, VisitMode
from inspections.models import Visit
from inspections.rules.breaches import Breach, breaches
from inspections.rules.visits import RULES_OF_A_VISIT, VisitFact
from records.models import LedgerBatch


class Place(Protocol):
    """What recording a visit needs of a business: a row of its table, or what a ledger has read of one."""

    @property
    def pk(self) -> int: ...
    @property
    def region_id(self) -> str: ...
    @property
    def responsibility_grade(self) -> str: ...


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """What an officer found at one item of the checklist, or beside it; a photo shows it."""

    description: str
    severity: str = Severity.MINOR
    item: int | None = None
    photos: Sequence[UploadedFile] = ()
    fixed_on_spot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVisit:
    """A visit as it is told. ``officer_id`` is none for an officer who is in no register, known by name alone.

    ``answers`` are checklist item numbers with ``fail`` or ``na``; all others passed. ``finding``, ``remedy`` and
    ``problem_count`` tell of problems that are kept elsewhere (the national platform); ``problems`` are opened here.
    ``checklist_id`` defaults to the edition in force for the officer's level, ``client_uuid`` to a new number.
    """

    business: Place
    officer_id: int | None
    officer_name: str
    officer_level: str
    on: date
    mode: str = VisitMode.ON_SITE.value
    answers: Mapping[int, str] = field(default_factory=dict)
    problems: Sequence[FoundProblem] = ()
    checklist_id: int | None = None
    finding: str = ""
    remedy: str = ""
    problem_count: int = 0
    national_record_no: str | None = None
    client_uuid: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def facts(self) -> VisitedOn:
        """By which one standing visit is known."""
        return VisitedOn(self.business.pk, self.officer_name, self.on)


class VisitedOn(NamedTuple):
    """Whose visit it was, where and when: one visit stands for each."""

    business_id: int
    officer_name: str
    visited_on: date


class VisitChecks:
    """The facts that the rules of visits ask for, read once for many visits.

    ``replaced`` are keys of visits that are voided together with what is recorded: they stand in nobody's way.
    """

    def __init__(
        self, visits: Sequence[NewVisit], *, by: Any, today: date, replaced: Iterable[int] = ()
    ) -> None:
        ids = {visit.business.pk for visit in visits}
        self.today = today
        seen = among(Business.objects.visible_to(by), "id", ids).values_list("pk", "high_risk")
        self.high_risk: dict[int, bool] = dict(seen)
        self.bound_since = _bound_since(ids)
        self.standing = _standing(ids, [visit.on for visit in visits], set(replaced))

    def fact(self, visit: NewVisit) -> VisitFact:
        """What the rules look at."""
        business = visit.business.pk
        return VisitFact(
            on=visit.on,
            today=self.today,
            officer_name=visit.officer_name,
            on_site=visit.mode == VisitMode.ON_SITE,
            high_risk=self.high_risk.get(business, False),
            bound_since=self.bound_since.get((business, visit.officer_id or 0)),
            taken=visit.facts in self.standing,
            in_sight=business in self.high_risk,
        )

    def breaches(self, visit: NewVisit) -> list[Breach]:
        """Every rule that the visit breaks; one that breaks none stands in the way of the same visit told again."""
        found = breaches(self.fact(visit), RULES_OF_A_VISIT)
        if not found:
            self.standing.add(visit.facts)
        return found


def _bound_since(business_ids: Iterable[int]) -> dict[tuple[int, int], date]:
    """(business, officer) → the first day of the binding, where somebody told it.

    A ledger of officers without a column 包保起始 begins bindings on the day it was filled in: that day says nothing of
    the time before, so no visit is measured by it.
    """
    held = among(Assignment.objects.filter(voided_at__isnull=True), "business_id", business_ids)
    fields = ("business_id", "officer_id", "valid_from", "batch_id")
    first: dict[tuple[int, int], tuple[date, int | None]] = {}
    for business_id, officer_id, since, batch_id in held.values_list(*fields):
        known = first.get((business_id, officer_id))
        if known is None or since < known[0]:
            first[business_id, officer_id] = (since, batch_id)
    batches = {batch_id for _since, batch_id in first.values() if batch_id is not None}
    filled_in = (
        dict(among(LedgerBatch.objects.all(), "id", batches).values_list("pk", "ledger_date"))
        if batches
        else {}
    )
    return {
        pair: since
        for pair, (since, batch_id) in first.items()
        if batch_id is None or filled_in.get(batch_id) != since
    }


def _standing(
    business_ids: Iterable[int], days: Sequence[date], replaced: set[int]
) -> set[tuple[int, str, date]]:
    if not days:
        return set()
    made = among(Visit.objects.valid(), "business_id", business_ids)
    made = made.filter(visited_on__range=(min(days), max(days)))
    fields = ("pk", *VisitedOn._fields)
    return {VisitedOn(*facts) for pk, *facts in made.values_list(*fields) if pk not in replaced}
