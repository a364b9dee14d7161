"""What each row of the ledger of problems would do: a new problem, or better words of one that is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from entities.ledgers.lookup import Known
from foodsafe_portal.lib.bulk import among
from inspections.choices import Severity
from inspections.deadlines import Deadlines
from inspections.errors import NoPolicyYet
from inspections.ledgers.problem_places import Units
from inspections.models import Problem
from inspections.rules.entries import Entry
from inspections.rules.problems import same_words
from inspections.rules.states import ENDED, Act
from inspections.services.problems import NewProblem, entry_of, terms_of
from inspections.services.words import BetterWords
from records.choices import RowVerb
from records.ledgers import LedgerContext, Plan, Rows
from records.ledgers.owned import note_owned

WORDS: Final = {
    "description": "description",
    "site": "place",
    "rule_item": "rule_item",
    "assist_units": "assist_units",
    "lead_leader": "leader_name",
    "owner": "owner_name",
    "measures": "plan",
    "progress": "progress",
}
"""Cell → column of the problem: what a ledger may better afterwards."""

_READ: Final = (
    *WORDS, "code", "source", "kind", "found_on", "severity", "lead_unit", "original_due", "current_due", "done_on",
    "closed_on", "reviewer",
)  # fmt: skip


class Stored(NamedTuple):
    """A problem as the register has it."""

    pk: int
    code: str
    version: int
    state: str
    found_on: date
    unit_id: int | None
    business_id: int | None
    region_id: str
    description: str
    place: str
    rule_item: str
    assist_units: str
    leader_name: str
    owner_name: str
    plan: str
    progress: str
    due_on: date
    original_due_on: date
    closed_on: date | None
    voided_at: datetime | None

    @property
    def facts(self) -> Facts:
        """By what it is recognised."""
        where = self.business_id or self.place
        return Facts(self.found_on, same_words(self.description), self.unit_id, where)


class Facts(NamedTuple):
    """By what a problem without a number is recognised, besides its region: signs and blanks of its words do not count."""

    found_on: date
    words: str
    unit_id: int | None
    where: int | str


class Body(NamedTuple):
    """A responsible unit and the region it works in."""

    pk: int
    region_id: str


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    created: list[NewProblem] = field(default_factory=list)
    updated: list[BetterWords] = field(default_factory=list)


class ProblemRows:
    """Goes through the rows once and gathers what is to be written."""

    def __init__(
        self,
        rows: Rows,
        plan: Plan,
        context: LedgerContext,
        businesses: Mapping[int, Known],
        units: Units,
        places: Mapping[int, str],
    ) -> None:
        self.rows, self.plan, self.context = rows, plan, context
        self.businesses, self.units, self.places = businesses, units, places
        self.deadlines = Deadlines()
        self.result = Intents()
        self.by_code, self.by_facts = self._known()
        self.cells = [dict(zip(_READ, values, strict=True)) for values in rows.tuples(_READ)]

    def _known(self) -> tuple[dict[str, Stored], dict[Facts, list[Stored]]]:
        """Problems this person sees: by the file's numbers, and by the facts of its days."""
        seen = Problem.objects.visible_to(self.context.user)
        codes = {code.upper() for code in self.rows.column("code") if code}
        numbered = among(seen, "code", codes).values_list(*Stored._fields) if codes else ()
        by_code = {stored.code: stored for stored in (Stored(*row) for row in numbered)}
        told = zip(*(self.rows.column(key) for key in ("code", "found_on", "description")), strict=True)
        new = {(day, same_words(words)) for code, day, words in told if day and words and not code}
        by_facts: dict[Facts, list[Stored]] = defaultdict(list)
        if new:
            days = [day for day, _words in new]
            of_days = seen.valid().filter(found_on__range=(min(days), max(days)))
            alike = [
                pk
                for pk, day, words in of_days.values_list("pk", "found_on", "description")
                if (day, same_words(words)) in new
            ]
            for row in among(seen, "id", alike).order_by("pk").values_list(*Stored._fields) if alike else ():
                stored = Stored(*row)
                by_facts[stored.facts].append(stored)
        return by_code, by_facts

    def intents(self) -> Intents:
        """Fill the plan's columns and return what is to be written."""
        taken: dict[int, int] = {}
        for index in self.rows.live():
            cells = self.cells[index]
            stored, unit = self._stored(index, cells), self._unit(index, cells)
            if index in self.rows.rejected or unit is None:
                continue
            place = self._region(index, unit)
            if stored is None and not cells["code"]:
                stored = self._recognised(index, cells, unit, place)
            if stored is None:
                self._create(index, cells, unit, place)
            elif stored.pk in taken:
                first = self.rows.numbers[taken[stored.pk]]
                self.rows.error(index, "code", "same_target", f"与第 {first} 行是同一个问题；请只保留一行")
            else:
                taken[stored.pk] = index
                self._better(index, cells, stored, unit)
        return self.result

    def _stored(self, index: int, cells: Mapping[str, Any]) -> Stored | None:
        if not cells["code"]:
            return None
        stored = self.by_code.get(cells["code"].upper())
        if stored is None:
            said = "没有编号为这个的问题，或不在你的范围内；新问题请空着编号"
            self.rows.error(index, "code", "problem_unknown", said)
        elif stored.voided_at is not None:
            self.rows.error(index, "code", "problem_voided", "这条问题已作废；新问题请空着编号")
            return None
        return stored

    def _recognised(self, index: int, cells: Mapping[str, Any], unit: Body, region: str) -> Stored | None:
        """The problem of the same facts in the same region, else in one around or inside it: a file may name it less exactly."""
        business = self.businesses.get(index)
        where = business.pk if business else cells["site"] or ""
        facts = Facts(cells["found_on"], same_words(cells["description"]), unit.pk, where)
        alike = self.by_facts.get(facts, ())
        exact = [one for one in alike if one.region_id == region]
        around = [
            one for one in alike if one.region_id.startswith(region) or region.startswith(one.region_id)
        ]
        return next(iter(exact or around), None)

    def _place(self, index: int) -> str:
        business = self.businesses.get(index)
        return business.region_id if business else self.places.get(index, "")

    def _region(self, index: int, unit: Body) -> str:
        """Where the problem lies: as told, else where its unit works within the territory."""
        territory = self.context.territory
        return self._place(index) or (unit.region_id if unit.region_id.startswith(territory) else territory)

    def _unit(self, index: int, cells: Mapping[str, Any]) -> Body | None:
        found = self.units.named(cells["lead_unit"] or "", self._place(index))
        if len(found) == 1:
            return Body(*found[0])
        if found:
            said = f"有 {len(found)} 个同名单位；请填写县(市、区)以分清是哪一个"
            self.rows.error(index, "lead_unit", "unit_ambiguous", said)
        else:
            said = "单位登记中没有这个单位；请核对名称，或先导入成员单位台账"
            self.rows.error(index, "lead_unit", "unit_unknown", said)
        return None

    # --- a new problem -----------------------------------------------------------------------------

    def _create(self, index: int, cells: Mapping[str, Any], unit: Body, region: str) -> None:
        words: dict[str, Any] = {column: cells[key] or "" for key, column in WORDS.items()}
        new = NewProblem(
            source=cells["source"],
            kind=cells["kind"],
            severity=cells["severity"] or Severity.MINOR.value,
            found_on=cells["found_on"],
            business=self.businesses.get(index),
            region_id=region,
            unit_id=unit.pk,
            due_on=cells["original_due"],
            current_due_on=cells["current_due"],
            rectified_on=cells["done_on"],
            closed_on=cells["closed_on"],
            checked_by=cells["reviewer"] or "",
            **words,
        )
        try:
            terms_of(new.severity, new.found_on, new.due_on, self.deadlines)
        except NoPolicyYet as missing:
            self.rows.error(index, "original_due", "no_policy", str(missing).rstrip("。"))
            return
        self._told_denied(index, entry_of(new, self.context.user))
        self.plan.verbs[index] = RowVerb.CREATED
        self.result.created.append(new)

    def _told_denied(self, index: int, found: Entry) -> None:
        """Say which step a row tells of that this person cannot bring in."""
        if found.denied == Act.CLOSE:
            said = "销号须由创建办或督查组复核；先记为“待审核”，请在问题页面补传整改后照片"
            self.rows.note(index, "closed_on", "step_on_page", said)
        elif found.denied == Act.SUBMIT:
            said = "报送整改须由责任单位办理，没有改状态；请在问题页面报送"
            self.rows.note(index, "done_on", "step_on_page", said)

    # --- a problem that is there --------------------------------------------------------------------

    def _better(self, index: int, cells: Mapping[str, Any], stored: Stored, unit: Body) -> None:
        self.plan.targets[index], self.plan.versions[index] = stored.pk, stored.version
        self.plan.verbs[index] = RowVerb.UNCHANGED
        changes = {
            key: cells[key]
            for key, column in WORDS.items()
            if cells[key] and cells[key] != getattr(stored, column)
        }
        if not cells["code"]:
            changes.pop("description", None)  # recognised by its words: only signs and blanks differ
        if stored.state in ENDED:
            if changes:
                self.rows.note(index, "code", "closed_kept", "已销号或结案，台账中不同的内容不改登记")
            return
        for key in sorted(self.context.locked_columns.intersection(changes)):
            del changes[key]
            note_owned(self.rows, index, key)
            self.plan.verbs[index] = RowVerb.CONFLICT
        self._left_alone(index, cells, stored, unit)
        if changes:
            self.plan.verbs[index] = RowVerb.UPDATED
            self.plan.befores[index] = {key: getattr(stored, WORDS[key]) for key in changes}
            columns = {column: changes.get(key) or getattr(stored, column) for key, column in WORDS.items()}
            self.result.updated.append(BetterWords(stored.pk, stored.version, columns))

    def _left_alone(self, index: int, cells: Mapping[str, Any], stored: Stored, unit: Body) -> None:
        """What a ledger does not move says so, where it tells something else than the register."""
        if unit.pk != stored.unit_id:
            self.rows.note(
                index, "lead_unit", "step_on_page", "与登记的责任单位不同，没有改派；请在问题页面办理"
            )
        if cells["original_due"] and cells["original_due"] != stored.original_due_on:
            said = f"原定期限 {stored.original_due_on} 不变；要延期请在问题页面申请"
            self.rows.note(index, "original_due", "due_kept", said)
        if cells["current_due"] and cells["current_due"] != stored.due_on:
            self.rows.note(
                index, "current_due", "due_kept", f"现行期限仍是 {stored.due_on}；要延期请在问题页面申请"
            )
        if cells["closed_on"] and stored.closed_on is None:
            said = "销号须附照片并由第二人复核，没有改状态；请在问题页面办理"
            self.rows.note(index, "closed_on", "step_on_page", said)
