"""The ledger of readings: what was found for clauses, by the very rules that hold for a reading typed on the page.

Whose reading it becomes (designed here, from the rights table): the campaign office and the lead unit of a clause give the
reading that counts in the weekly score. A county does not speak for the city: its readings make up the county's own
assessment (自评), one reading a clause, which stands beside the score. Clauses the portal counts take no reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from accounts.rules.rights import IMPORTS, Permission, Role
from campaigns.choices import AssessmentKind, ReadingSource
from campaigns.ledgers.common import NO_CAMPAIGN, campaign_of, clause_key, clause_number, lock_campaign
from campaigns.ledgers.reading_columns import COLUMNS
from campaigns.ledgers.undo_readings import undo_readings
from campaigns.models import Assessment, Campaign, Clause, Reading
from campaigns.rules.entry import ANSWERS, CellRefused, cells_of_reading, reading_of_cells
from campaigns.rules.rulebook import Rulebook, ScoringRefused, parse_rulebook
from campaigns.rules.scoring import check_reading
from foodsafe_portal.lib.intake import columns as intake
from foodsafe_portal.lib.intake.columns import Parsed
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.typography import plain
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.models import LedgerBatch, LedgerRow
from records.services.written import last_written

_CELLS = (*ANSWERS, "reason", "not_applicable")
_READ = ("no", "title", "on", "note", *_CELLS)
SHOWN = (*_CELLS, "note")


@dataclass(frozen=True, slots=True)
class NewReading:
    """A reading to be written; ``replaces`` is the one that stands now, ``own`` = into the territory's own assessment."""

    clause: int
    on: date
    value: dict[str, Any]
    note: str
    replaces: int | None
    own: bool


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    campaign: Campaign | None = None
    assessment: Assessment | None = None
    readings: list[NewReading] = field(default_factory=list)


@register
class ReadingsKind(LedgerKind):
    """指标结果."""

    key = "readings"
    title = _("指标结果台账")
    columns = COLUMNS
    match_note = "按条款编号和日期对应；每条只填它要的那一栏；由系统计算的条款不填"
    example = {
        "no": "1.2", "title": "党委、政府每年研究食品安全工作", "on": "2026-11-10", "value": "4", "note": "会议纪要 4 份",
    }  # fmt: skip

    def parse(self, column: Column, column_cells: Sequence[Any], *, epoch_1904: bool) -> Parsed:
        """See ``LedgerKind.parse``; a clause's number may stand in the file as a number."""
        if column.key == "no":
            return intake.parse(column_cells, clause_number)
        return super().parse(column, column_cells, epoch_1904=epoch_1904)

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """Days that have not come yet."""
        rows.fail_where("on", "future_date", "日期晚于今天；请核对年份", lambda day: day > context.today)

    def identity(self, rows: Rows) -> list[str]:
        """One clause on one day."""
        return [f"{clause_key(no)}|{on}" if no and on else "" for no, on in rows.tuples(("no", "on"))]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        campaign = campaign_of(context.territory)
        plan.data = Intents(campaign=campaign)
        if campaign is None or campaign.rulebook is None:
            code, said = ("no_campaign", NO_CAMPAIGN) if campaign is None else ("no_rulebook", _NO_RULEBOOK)
            for index in rows.live():
                rows.error(index, "", code, said)
        else:
            plan.data = _Planner(rows, plan, context, campaign).intents()
        return plan

    def lock(self, context: LedgerContext) -> None:
        """As a reading typed on the page: one writer at a time in the campaign."""
        lock_campaign(context.territory)

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``: a reading is replaced by a later row, never overwritten."""
        intents: Intents = plan.data
        if not intents.readings:
            return
        if any(reading.own for reading in intents.readings) and intents.assessment is None:
            intents.assessment = _new_assessment(intents, context)
        replaced = [reading.replaces for reading in intents.readings if reading.replaces]
        Reading.objects.filter(pk__in=replaced).update(voided_at=context.now)
        try:
            Reading.objects.bulk_create(
                Reading(
                    campaign=intents.campaign,
                    clause_id=reading.clause,
                    assessment=intents.assessment if reading.own else None,
                    on=reading.on,
                    value=reading.value,
                    source=ReadingSource.ASSESSED if reading.own else ReadingSource.REPORTED,
                    note=reading.note,
                    recorded_by=context.user,
                    recorded_at=context.now,
                )
                for reading in intents.readings
            )
        except IntegrityError as clash:
            raise RegisterChanged(str(clash)) from clash

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Void what the batch wrote and let what it replaced stand again, as a later row."""
        return undo_readings(staged, batch, context)

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``: clauses and units count too, because rows are matched with them."""
        nouns = ("reading", "assessment", "rulebook", "clause", "campaign", "unit")
        return last_written(nouns=nouns, kinds=(self.key, "rulebook", "units"))

    def export_queryset(self, user: Any) -> QuerySet:
        """The readings that count in the score and, for a county, those of its own assessment; of the rulebook in use."""
        own = Q(assessment__isnull=True)
        if territory := user.territory_for_import(self.key):
            own |= Q(assessment__region_id=territory, assessment__kind=AssessmentKind.SELF)
        readings = Reading.objects.visible_to(user).valid().filter(own)
        return readings.filter(clause__rulebook=F("campaign__rulebook")).order_by(
            "campaign", "clause__order", "on", "pk"
        )

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``."""
        fields = ("clause__no", "clause__title", "on", "value", "note")
        for number, (no, title, on, value, note) in enumerate(
            queryset.values_list(*fields).iterator(chunk_size=2_000), 1
        ):
            cells = {key: _exported(answer) for key, answer in cells_of_reading(value).items()}
            yield [number, no, title, on, *(cells.get(key) for key in _IN_ORDER), note]


_NO_RULEBOOK = "创建还没有选用评价细则；请创建办先发布并选用一版"
_IN_ORDER = tuple(column.key for column in COLUMNS if column.key in _CELLS)


def _exported(answer: Any) -> Any:
    return ("是" if answer else "否") if isinstance(answer, bool) else answer


# --- what each row would do ---------------------------------------------------------------------------


class _Planner:
    """Goes through the rows once and gathers what is to be written."""

    def __init__(self, rows: Rows, plan: Plan, context: LedgerContext, campaign: Campaign) -> None:
        assert campaign.rulebook is not None
        self.rows, self.plan, self.context, self.campaign = rows, plan, context, campaign
        self.rulebook: Rulebook = parse_rulebook(campaign.rulebook.document)
        clauses = Clause.objects.filter(rulebook=campaign.rulebook).select_related("lead_unit")
        self.clauses = {clause_key(clause.no): clause for clause in clauses}
        posts = [post for post in context.user.posts_today if "readings" in IMPORTS.get(Role(post.role), ())]
        self.paths = tuple(post.unit.path for post in posts if post.role == Role.UNIT_LIAISON and post.unit)
        whole = campaign.region_id.startswith(context.territory)
        broad = any(post.role != Role.UNIT_LIAISON for post in posts)
        self.for_campaign, self.for_county = broad and whole, broad and not whole
        self.may_overrule = context.user.can(Permission.MANAGE_RULEBOOK)
        self.checked: set[tuple[str, str]] = set()
        self.result = Intents(campaign=campaign)
        self.result.assessment = (
            Assessment.objects.filter(
                campaign=campaign,
                rulebook=campaign.rulebook,
                kind=AssessmentKind.SELF,
                region_id=context.territory,
                closed_at__isnull=True,
            )
            .order_by("held_on", "pk")
            .last()
        )
        standing = Reading.objects.valid().filter(campaign=campaign, clause__rulebook=campaign.rulebook)
        self.standing = {
            (reading.clause_id, reading.on): reading for reading in standing.filter(assessment__isnull=True)
        }
        self.own = {
            reading.clause_id: reading
            for reading in (
                standing.filter(assessment=self.result.assessment) if self.result.assessment else ()
            )
        }

    def intents(self) -> Intents:
        """Fill the plan's columns and return what is to be written."""
        cells_of = [dict(zip(_READ, values, strict=True)) for values in self.rows.tuples(_READ)]
        understood: list[tuple[int, Clause, dict[str, Any], bool]] = []
        for index in self.rows.live():
            clause = self._clause(index, cells_of[index])
            own = clause is not None and self._is_own(index, clause)
            if clause is None or index in self.rows.rejected:
                continue
            value = self._value(index, clause, cells_of[index])
            if value is not None:
                understood.append((index, clause, value, own))
        newest: dict[int, date] = {}
        for index, clause, _value, own in understood:
            if own:
                newest[clause.pk] = max(newest.get(clause.pk, date.min), cells_of[index]["on"])
        for index, clause, value, own in understood:
            self.plan.verbs[index] = RowVerb.UNCHANGED
            cells = cells_of[index]
            if own and cells["on"] < newest[clause.pk]:
                said = f"自评每条只有一个结果，取最新一天 {newest[clause.pk]} 的"
                self.rows.note(index, "on", "older_reading", said)
            else:
                self._write(index, clause, value, cells, own=own)
        return self.result

    def _clause(self, index: int, cells: Mapping[str, Any]) -> Clause | None:
        clause = self.clauses.get(clause_key(cells["no"]))
        if clause is None:
            said = f"选用的评价细则（{self.campaign.rulebook}）中没有条款“{cells['no']}”；请核对编号"
            self.rows.error(index, "no", "clause_unknown", said)
        elif self.rulebook.by_no[clause.no].children:
            said = f"条款 {clause.no} 有下级条款，结果请填在下级条款上"
            self.rows.error(index, "no", "clause_has_children", said)
        elif clause.measure:
            said = f"条款 {clause.no} 由系统按台账计算，不用填报；请删去这一行"
            self.rows.error(index, "no", "clause_counted", said)
        else:
            if cells["title"] and plain(cells["title"]) != plain(clause.title):
                said = f"评价细则中条款 {clause.no} 是“{clause.title}”；请核对编号是否填错"
                self.rows.warning(index, "title", "clause_title_differs", said)
            return clause
        return None

    def _is_own(self, index: int, clause: Clause) -> bool:
        """Whether a reading goes into the county's own assessment; refused where neither is this person's to give."""
        lead = clause.lead_unit
        if self.for_campaign or (lead is not None and self.paths and lead.path.startswith(self.paths)):
            return False
        if not self.for_county:
            by = f"由“{lead.name}”牵头" if lead else "由创建办填报"
            said = f"条款 {clause.no} {by}，不属于本单位；请删去这一行"
            self.rows.error(index, "no", "other_unit", said)
        return self.for_county

    def _value(self, index: int, clause: Clause, cells: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            value = reading_of_cells(clause.method, clause.params, cells)
            if (seen := (clause.no, repr(value))) not in self.checked:
                check_reading(self.rulebook, clause.no, value)
                self.checked.add(seen)
        except CellRefused as refusal:
            self.rows.error(index, refusal.key, refusal.code, f"条款 {clause.no}：{refusal}")
        except ScoringRefused as refusal:
            self.rows.error(index, "no", "reading_refused", str(refusal))
        else:
            return value
        return None

    def _write(
        self, index: int, clause: Clause, value: dict[str, Any], cells: Mapping[str, Any], *, own: bool
    ) -> None:
        on, note = cells["on"], (cells["note"] or "").strip()
        stored = self.own.get(clause.pk) if own else self.standing.get((clause.pk, on))
        if stored is not None:
            self.plan.targets[index] = stored.pk
            if own and stored.on > on:
                said = f"自评已有 {stored.on} 的结果，较早的不改登记"
                self.rows.note(index, "on", "older_reading", said)
                return
            old, new = cells_of_reading(stored.value), cells_of_reading(value)
            if (old, stored.on) == (new, on) and note in ("", stored.note):
                return
            if stored.source == ReadingSource.ASSESSED and not own and not self.may_overrule:
                said = "这一天已有评估得出的结果，台账不改；如有出入请联系创建办"
                self.rows.note(index, "no", "assessed_kept", said)
                return
            old_words = {key: _word(old.get(key)) for key in _CELLS if old.get(key) != new.get(key)}
            before: dict[str, Any] = old_words | (
                {"note": stored.note} if note not in ("", stored.note) else {}
            )
            if stored.on != on:
                before["on"] = stored.on.isoformat()
            self.plan.verbs[index] = RowVerb.UPDATED
            note = note or stored.note
        else:
            before = {}
            self.plan.verbs[index] = RowVerb.CREATED
        opens = {"_opens": True} if own and self.result.assessment is None else {}
        self.plan.befores[index] = before | {"_clause": clause.pk, "_own": own} | opens
        replaces = stored.pk if stored is not None else None
        self.result.readings.append(NewReading(clause.pk, on, value, note, replaces, own))


def _word(answer: Any) -> Any:
    return answer if answer is None or isinstance(answer, bool | int) else str(answer)


def _new_assessment(intents: Intents, context: LedgerContext) -> Assessment:
    """The county's own assessment, opened by its first ledger."""
    campaign = intents.campaign
    assert campaign is not None and campaign.rulebook is not None
    region = Region.objects.get(pk=context.territory)
    return Assessment.objects.create(
        campaign=campaign,
        rulebook=campaign.rulebook,
        kind=AssessmentKind.SELF,
        title=f"{region.name}自评",
        region=region,
        held_on=max(reading.on for reading in intents.readings),
    )
