"""What each row of the ledger of visits would do: a new visit, one known already, one that the platform has moved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from entities.choices import Source
from entities.ledgers.lookup import Known
from entities.models import Business
from foodsafe_portal.lib.bulk import among
from foodsafe_portal.lib.scope import in_territory
from inspections.choices import Answer
from inspections.errors import visit_refused
from inspections.ledgers.undo_visits import BUSINESS
from inspections.ledgers.visit_officers import Candidate
from inspections.ledgers.visit_words import rows_told
from inspections.models import Visit
from inspections.rules.breaches import breaches
from inspections.rules.visits import high_risk_is_visited_on_site
from inspections.services.checklists import Checklists
from inspections.services.visit_checks import NewVisit, VisitChecks, VisitedOn
from inspections.services.visits import WORDS
from records.choices import RowVerb
from records.ledgers import LedgerContext, Plan, Rows

_NUMBER = re.compile(r"\d+")
_CELLS: Final = {"visited_on": "visited_on", "mode": "mode", "business": "business_licence_no"}
_SAID: Final = {
    "future_date": "督导时间晚于今天；请核对年份，尚未进行的督导不要填",
    "on_site_required": "这是高风险主体，督导必须现场进行；请核对督导方式",
}
"""What the ledger says where its sentence is another than the page's."""


class Stored(NamedTuple):
    """A visit as the register has it."""

    pk: int
    business_id: int
    officer_name: str
    visited_on: date
    source: str
    mode: str
    finding: str
    remedy: str
    problem_count: int
    national_record_no: str | None
    voided_at: datetime | None


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    created: list[NewVisit] = field(default_factory=list)
    corrected: dict[int, dict[str, Any]] = field(default_factory=dict)
    replaced: list[int] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)


class VisitRows:
    """Goes through the rows once and gathers what is to be written."""

    def __init__(
        self,
        rows: Rows,
        plan: Plan,
        businesses: Mapping[int, Known],
        officers: Mapping[int, Candidate | None],
        context: LedgerContext,
    ) -> None:
        self.rows, self.plan, self.context = rows, plan, context
        self.businesses, self.officers = businesses, officers
        self.result = Intents()
        self.lists = Checklists()
        keys = {one.pk for one in businesses.values()}
        absorbed = among(Business.objects.filter(merged_into__isnull=False), "merged_into_id", keys)
        self.survivors: dict[int, int] = dict(absorbed.values_list("pk", "merged_into_id")) if keys else {}
        self.by_facts = self._known_by_facts(keys)
        self.by_number, self.foreign = self._known_by_number()

    def _known_by_facts(self, keys: set[int]) -> dict[VisitedOn, Stored]:
        days = [day for day in self.rows.column("visited_on") if day]
        if not (keys and days):
            return {}
        made = among(Visit.objects.valid(), "business_id", {*keys, *self.survivors})
        of_days = made.filter(visited_on__range=(min(days), max(days)))
        known = (Stored(*row) for row in of_days.values_list(*Stored._fields))
        return {self._facts(stored): stored for stored in known}

    def _known_by_number(self) -> tuple[dict[str, Stored], set[int]]:
        """Visits by the file's national record numbers, and those among them that stand in another territory."""
        numbers = {number for number in self.rows.column("national_record_no") if number}
        if not numbers:
            return {}, set()
        known = among(Visit.objects.all(), "national_record_no", numbers)
        stored = [Stored(*row) for row in known.values_list(*Stored._fields)]
        territory, foreign = self.context.territory, set()
        if territory:
            elsewhere = known.filter(voided_at__isnull=True).exclude(
                in_territory(territory, "business__region_id")
            )
            foreign = set(elsewhere.values_list("pk", flat=True))
        return {one.national_record_no: one for one in stored if one.national_record_no}, foreign

    def _facts(self, stored: Stored) -> VisitedOn:
        """Whose visit it was, where and when; one made to a business merged since is the other business's today."""
        business = self.survivors.get(stored.business_id, stored.business_id)
        return VisitedOn(business, stored.officer_name, stored.visited_on)

    def intents(self) -> Intents:
        """Fill the plan's columns and return what is to be written."""
        told = list(rows_told(self.rows))
        live = self.rows.live()
        new = {index: self._visit(index, told[index]) for index in live}
        known = {index: self._stored(new[index]) for index in live}
        moved = [
            stored.pk for index, stored in known.items() if stored and self._facts(stored) != new[index].facts
        ]
        checks = VisitChecks(
            list(new.values()), by=self.context.user, today=self.context.today, replaced=moved
        )
        for index in live:
            stored = known[index]
            if stored is not None and stored.pk in self.foreign:
                said = "这个国家平台记录号是其他辖区的一次督导；请核对记录号，确属本辖区的请联系创建办"
                self.rows.error(index, "national_record_no", "owned_elsewhere", said)
            elif stored is not None and self._facts(stored) == new[index].facts:
                if self._allowed(index, checks, new[index], again=True):
                    self._correct(index, stored, told[index])
            elif self._allowed(index, checks, new[index], again=False):
                if stored is not None:
                    self._replace(index, stored, new[index].business.pk)
                else:
                    self.plan.verbs[index] = RowVerb.CREATED
                    self.plan.befores[index] = {BUSINESS: new[index].business.pk}
                self.result.created.append(new[index])
        return self.result

    def _stored(self, visit: NewVisit) -> Stored | None:
        """The visit of this national record, else the one of these facts; a voided one gives its number away."""
        stored = self.by_number.get(visit.national_record_no or "")
        if stored is not None and stored.voided_at is not None:
            self.result.freed.append(stored.pk)
            stored = None
        return stored or self.by_facts.get(visit.facts)

    def _visit(self, index: int, told: Mapping[str, Any]) -> NewVisit:
        officer, day = self.officers[index], self.rows.column("visited_on")[index]
        level = self.rows.column("officer_level")[index] or (officer.level if officer else "")
        checklist = self.lists.for_level(level, day)
        return NewVisit(
            business=self.businesses[index],
            officer_id=officer.pk if officer else None,
            officer_name=self.rows.column("officer_name")[index],
            officer_level=level,
            on=day,
            checklist_id=checklist,
            answers=self._answers(index, checklist),
            **told,
        )

    def _allowed(self, index: int, checks: VisitChecks, visit: NewVisit, *, again: bool) -> bool:
        """Whether the visit breaks no rule; one that stands already is measured only by what a file may correct, its mode."""
        broken = (
            breaches(checks.fact(visit), (high_risk_is_visited_on_site,)) if again else checks.breaches(visit)
        )
        for breach in broken:
            said = _SAID.get(breach.code) or str(visit_refused(breach)).rstrip("。")
            self.rows.error(index, _CELLS[breach.cell], breach.code, said)
        return not broken

    def _replace(self, index: int, stored: Stored, business: int) -> None:
        """The platform has corrected whose visit it was, where or when: the old row is voided, a new one is written."""
        self.plan.verbs[index], self.plan.targets[index] = RowVerb.UPDATED, stored.pk
        self.plan.befores[index] = {
            "_voided": stored.pk,
            BUSINESS: business,
            "officer_name": stored.officer_name,
            "visited_on": stored.visited_on.isoformat(),
        }
        self.result.replaced.append(stored.pk)

    def _correct(self, index: int, stored: Stored, told: Mapping[str, Any]) -> None:
        """The same visit again: blanks are filled; what a ledger wrote a ledger may correct, what a person wrote stays."""
        self.plan.targets[index], self.plan.verbs[index] = stored.pk, RowVerb.UNCHANGED
        changes: dict[str, Any] = {}
        before: dict[str, Any] = {}
        for name, value in told.items():
            old = getattr(stored, name)
            if value == old or not value:
                continue
            if old and stored.source != Source.LEDGER:
                if name in ("finding", "remedy"):
                    self.rows.note(index, "", "kept", "这次督导已由干部登记，台账中不同的内容不改登记")
                continue
            changes[name], before[name] = value, old
        if changes:
            self.plan.verbs[index], self.plan.befores[index] = RowVerb.UPDATED, before
            self.result.corrected[stored.pk] = {
                name: changes.get(name, getattr(stored, name)) for name in WORDS
            }

    def _answers(self, index: int, checklist: int | None) -> dict[int, str]:
        """The items of the task list that a row says were not in order."""
        text = self.rows.column("fail_items")[index]
        if not text or checklist is None:
            return {}
        numbers = {int(number) for number in _NUMBER.findall(text)}
        known = numbers & self.lists.items(checklist)
        if numbers != known or not numbers:
            self.rows.note(index, "fail_items", "unknown_item", "不符合项不是任务清单的序号，没有逐项登记")
        return dict.fromkeys(sorted(known), Answer.FAIL.value)
