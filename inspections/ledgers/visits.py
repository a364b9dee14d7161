"""The ledger of visits, also the national platform's export: the same visit twice is one, and each fulfils its duty."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import IntegrityError
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.ledgers.places import RegionIndex, resolve_regions
from accounts.models import Region
from entities.choices import Source
from entities.fields import LEVELS, words
from entities.ledgers.lookup import Known, find_businesses
from entities.models import Assignment, Business, Officer
from foodsafe_portal.lib.bulk import Same, among, insert, update
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.scope import in_territory
from inspections.choices import VisitMode
from inspections.fulfilment import refresh_duties
from inspections.ledgers.undo_visits import BUSINESS, undo_visits
from inspections.ledgers.visit_words import TEXTS, rows_told
from inspections.models import Checklist, ChecklistItem, Visit
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.models import LedgerBatch, LedgerRow

MODES = words(VisitMode)
COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column("business_name", "企业名称", aliases=("主体名称", "经营者名称", "包保主体"), width=30, max_length=150),
    Column(
        "business_credit_code", "统一社会信用代码", "code", aliases=("信用代码",), width=22, max_length=30,
        note="信用代码和许可证号至少填一个",
    ),
    Column("business_licence_no", "许可证号", "code", aliases=("许可证编号",), width=20, max_length=60),
    Column("county", "县(市、区)", "region", aliases=("区县",), width=12),
    Column("township", "乡镇(街道)", "region", aliases=("镇街",), width=14),
    Column(
        "officer_name", "包保干部姓名", "person", required=True, aliases=("包保干部", "督导干部", "督导人"), width=14, max_length=60
    ),
    Column(
        "officer_level", "包保层级", "enum", aliases=("层级",), choices=LEVELS,
        synonyms={"县区级": "county", "区级": "county", "乡级": "township", "镇级": "township", "街道级": "township"}, width=10,
    ),
    Column("visited_on", "督导时间", "date", required=True, aliases=("督导日期",), width=12),
    Column("period", "督导周期", "period", width=10, note="可不填，按督导时间推算", max_length=40),
    Column(
        "mode", "督导方式", "enum", choices=MODES, synonyms={"现场督导": "on_site", "实地": "on_site", "集中督导": "group"},
        width=10, note="现场、集中、其他；高风险主体必须现场",
    ),
    Column("checklist_version", "任务清单版本", "ref", width=12, note="可不填，按督导时间推算", max_length=40),
    Column("fail_items", "不符合项", "list", width=14, note="任务清单的序号，用顿号隔开，例如 3、7", max_length=200),
    Column("problem_desc", "发现问题", "text", aliases=("问题描述", "存在问题"), width=30, max_length=2000),
    Column("fixed_on_spot", "当场整改", "bool", width=10),
    Column("handed_to_office", "移交市场监管所", "bool", width=12),
    Column("rectify_status", "整改情况", "text", aliases=("整改结果",), width=24, max_length=2000),
    Column("national_record_no", "国家平台记录号", "code", width=22, max_length=60),
    Column("photos", "佐证照片", "files", width=14, note="照片不随台账上传；有问题的督导请在问题页面补传", max_length=500),
)  # fmt: skip

_NUMBER = re.compile(r"\d+")


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


@dataclass(frozen=True, slots=True)
class Intent:
    """A visit to be written."""

    business: Known
    officer_id: int | None
    officer_name: str
    officer_level: str
    visited_on: date
    answers: dict[str, str]
    checklist_id: int | None
    told: Mapping[str, Any]


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    created: list[Intent] = field(default_factory=list)
    corrected: dict[int, dict[str, Any]] = field(default_factory=dict)
    replaced: list[int] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    businesses: set[int] = field(default_factory=set)


@register
class VisitsKind(LedgerKind):
    """督导记录台账."""

    key = "visits"
    title = _("督导记录台账")
    columns = COLUMNS
    match_note = "先按国家平台记录号对应，再按主体、包保干部和督导时间；同一次督导重复上报只记一次"
    example = {
        "business_name": "南湖区张记面馆", "business_credit_code": "92990102MA0000001X",
        "business_licence_no": "JY29901020000001", "township": "人民街道", "officer_name": "李四",
        "officer_level": "乡镇级", "visited_on": "2026-10-15", "mode": "现场", "problem_desc": "留样记录不全",
        "fixed_on_spot": "是", "rectify_status": "已当场整改",
    }  # fmt: skip

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """A visit is a fact, not a plan; a business must be named."""
        rows.fail_where(
            "visited_on",
            "future_date",
            "督导时间晚于今天；请核对年份，尚未进行的督导不要填",
            lambda day: day > context.today,
        )
        numbers = rows.tuples(
            ("business_licence_no", "business_credit_code", "business_name", "national_record_no")
        )
        for index, asked in enumerate(numbers):
            if not any(asked[:3]):
                rows.error(
                    index, "", "id_missing", "没有写明督导的是哪家主体；请填写许可证号或统一社会信用代码"
                )

    def identity(self, rows: Rows) -> list[str]:
        """The national record number, else business, officer and day."""
        asked = rows.tuples(
            (
                "national_record_no",
                "business_licence_no",
                "business_credit_code",
                "business_name",
                "officer_name",
                "visited_on",
            )
        )
        return [
            f"N:{national}"
            if national
            else f"{licence or code or called}→{officer}→{day}"
            if day and officer and (licence or code or called)
            else ""
            for national, licence, code, called, officer, day in asked
        ]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        if rows.has("county") or rows.has("township"):
            resolve_regions(rows, RegionIndex(context.territory), required=(), village="")
        businesses = find_businesses(
            rows,
            context.territory,
            licence="business_licence_no",
            code="business_credit_code",
            name="business_name",
        )
        officers = _find_officers(rows, businesses, context.territory)
        plan.data = _Planner(rows, plan, businesses, officers, context.territory).intents()
        return plan

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``."""
        intents: Intents = plan.data
        try:
            _write(intents, context)
        except IntegrityError as clash:
            raise RegisterChanged(str(clash)) from clash
        refresh_duties(intents.businesses, context.now)

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Visits are voided, never deleted; corrected ones get their words back."""
        return undo_visits(staged, batch, context)

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``: businesses and assignments count too, because rows are matched with them."""
        made = Visit.objects.filter(in_territory(territory)).aggregate(
            made=Max("recorded_at"), voided=Max("voided_at")
        )
        held = Assignment.objects.filter(in_territory(territory, "business__region_id")).aggregate(
            made=Max("recorded_at"), ended=Max("ended_at")
        )
        known = Business.objects.filter(in_territory(territory)).aggregate(last=Max("updated_at"))
        return max(filter(None, [*made.values(), *held.values(), *known.values()]), default=None)

    def regions(self, territory: str) -> Mapping[str, Sequence[str]]:
        """See ``LedgerKind.regions``."""
        index = RegionIndex(territory)
        return {name: list(index.townships(code).values()) for code, name in index.counties.items()}

    def export_queryset(self, user: Any) -> QuerySet:
        """See ``LedgerKind.export_queryset``."""
        return Visit.objects.visible_to(user).valid().order_by("-visited_on", "pk")

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``."""
        names = dict(Region.objects.filter(level__in=["county", "township"]).values_list("code", "name"))
        fields = (
            "business__name", "business__credit_code", "business__licence_no", "region_id", "officer_name", "officer_level",
            "visited_on", "mode", "answers", "finding", "remedy", "national_record_no",
        )  # fmt: skip
        for number, row in enumerate(queryset.values_list(*fields).iterator(chunk_size=5_000), 1):
            name, code, licence, region, officer, level, day, mode, answers, finding, remedy, national = row
            failed = "、".join(
                sorted((item for item, answer in answers.items() if answer == "fail"), key=int)
            )
            where = [names.get(region[:6], ""), names.get(region[:9], "") if len(region) >= 9 else ""]
            yield [
                number, name, code, licence, *where, officer, LEVELS.get(level, ""), day, "", MODES.get(mode, mode), "",
                failed, finding, "", "", remedy, national or "", "",
            ]  # fmt: skip


# --- who made the visit ------------------------------------------------------------------------------------


class Candidate(NamedTuple):
    """An officer of the name a row gives."""

    pk: int
    name: str
    level: str


def _find_officers(
    rows: Rows, businesses: Mapping[int, Known], territory: str
) -> dict[int, Candidate | None]:
    """Row → officer: of this name among the business's assignments, else the only one of this name in the territory.

    A row whose officer is not in the register is imported with the name alone, and says so.
    """
    names, levels, days = rows.column("officer_name"), rows.column("officer_level"), rows.column("visited_on")
    bound: dict[tuple[int, str], list[tuple[date, date | None, Candidate]]] = defaultdict(list)
    ids = {business.pk for business in businesses.values()}
    held = among(Assignment.objects.filter(voided_at__isnull=True), "business_id", ids).order_by(
        "valid_from", "pk"
    )
    fields = ("business_id", "valid_from", "valid_to", "officer_id", "officer__name", "level")
    for business_id, since, until, *officer in held.values_list(*fields):
        bound[business_id, officer[1]].append((since, until, Candidate(*officer)))
    found: dict[int, Candidate | None] = {}
    strangers: list[int] = []
    for index in rows.live():
        holders = bound.get((businesses[index].pk, names[index]), [])
        if levels[index]:
            holders = [one for one in holders if one[2].level == levels[index]] or holders
        day = days[index]
        then = [one for one in holders if one[0] <= day and (one[1] is None or one[1] >= day)] or holders
        if then:
            found[index] = then[-1][2]
        else:
            strangers.append(index)
    if not strangers:
        return found
    here = Officer.objects.filter(in_territory(territory)) if territory else Officer.objects.all()
    by_name: dict[str, list[Candidate]] = defaultdict(list)
    for row in among(here, "name", {names[i] for i in strangers}).values_list("pk", "name", "level"):
        by_name[row[1]].append(Candidate(*row))
    for index in strangers:
        same = by_name.get(names[index], [])
        if levels[index] and len(same) > 1:
            same = [one for one in same if one.level == levels[index]] or same
        found[index] = same[0] if len(same) == 1 else None
        if len(same) > 1:
            said = f"有 {len(same)} 名干部叫“{names[index]}”，都不包保这家主体；先只记姓名，请核对包保关系"
            rows.warning(index, "officer_name", "officer_ambiguous", said)
        elif not same:
            said = f"登记中没有包保干部“{names[index]}”，先只记姓名；请补报包保干部台账"
            rows.warning(index, "officer_name", "officer_unknown", said)
    return found


# --- what each row would do ----------------------------------------------------------------------------------


class _Planner:
    """Goes through the rows once and gathers what is to be written."""

    def __init__(
        self,
        rows: Rows,
        plan: Plan,
        businesses: Mapping[int, Known],
        officers: Mapping[int, Candidate | None],
        territory: str,
    ) -> None:
        self.rows, self.plan, self.businesses, self.officers = rows, plan, businesses, officers
        self.result = Intents()
        days = [day for day in rows.column("visited_on") if day]
        self.by_facts: dict[tuple[int, str, date], Stored] = {}
        self.by_number: dict[str, Stored] = {}
        keys = {one.pk for one in businesses.values()}
        absorbed = among(Business.objects.filter(merged_into__isnull=False), "merged_into_id", keys)
        self.survivors: dict[int, int] = dict(absorbed.values_list("pk", "merged_into_id")) if keys else {}
        if businesses and days:
            made = among(Visit.objects.valid(), "business_id", {*keys, *self.survivors})
            for row in made.filter(visited_on__range=(min(days), max(days))).values_list(*Stored._fields):
                stored = Stored(*row)
                self.by_facts[self._facts(stored)] = stored
        numbers = {number for number in rows.column("national_record_no") if number}
        if numbers:
            known = among(Visit.objects.all(), "national_record_no", numbers)
            self.by_number = {row[9]: Stored(*row) for row in known.values_list(*Stored._fields)}
        here = in_territory(territory, "business__region_id")
        elsewhere = known.filter(voided_at__isnull=True).exclude(here) if numbers and territory else None
        self.foreign: set[int] = set() if elsewhere is None else set(elsewhere.values_list("pk", flat=True))
        self.checklists = _Checklists() if rows.has("fail_items") else None

    def _facts(self, stored: Stored) -> tuple[int, str, date]:
        """Whose visit it was, where and when; one made to a business merged since is the other business's today."""
        business = self.survivors.get(stored.business_id, stored.business_id)
        return business, stored.officer_name, stored.visited_on

    def intents(self) -> Intents:
        """Fill the plan's columns and return what is to be written."""
        asked = list(rows_told(self.rows))
        names, days, levels = (
            self.rows.column(key) for key in ("officer_name", "visited_on", "officer_level")
        )
        risky = set(
            among(
                Business.objects.filter(high_risk=True), "id", {b.pk for b in self.businesses.values()}
            ).values_list("pk", flat=True)
        )
        for index in self.rows.live():
            business, told = self.businesses[index], asked[index]
            if business.pk in risky and told.get("mode", VisitMode.ON_SITE) != VisitMode.ON_SITE:
                self.rows.warning(
                    index, "mode", "on_site_required", "这是高风险主体，督导必须现场进行；请核对督导方式"
                )
            facts = (business.pk, names[index], days[index])
            stored = self.by_number.get(told.get("national_record_no", ""))
            if stored is not None and stored.voided_at is not None:
                self.result.freed.append(stored.pk)
                stored = None
            if stored is not None and stored.pk in self.foreign:
                said = "这个国家平台记录号是其他辖区的一次督导；请核对记录号，确属本辖区的请联系创建办"
                self.rows.error(index, "national_record_no", "owned_elsewhere", said)
                continue
            if stored is not None and facts != self._facts(stored):
                self._replace(index, stored, business)
            else:
                stored = stored or self.by_facts.get(facts)
                if stored is not None:
                    self._correct(index, stored, told)
                    continue
                self.plan.verbs[index] = RowVerb.CREATED
                self.plan.befores[index] = {BUSINESS: business.pk}
            officer = self.officers[index]
            level = levels[index] or (officer.level if officer else "")
            checklist, answers = self._answers(index, level, days[index])
            if answers:
                told = {**told, "problem_count": max(told.get("problem_count", 0), len(answers))}
            self.result.created.append(
                Intent(
                    business,
                    officer.pk if officer else None,
                    names[index],
                    level,
                    days[index],
                    answers,
                    checklist,
                    told,
                )
            )
            self.result.businesses.add(business.pk)
        return self.result

    def _replace(self, index: int, stored: Stored, business: Known) -> None:
        """The platform has corrected whose visit it was, where or when: the old row is voided, a new one is written."""
        self.plan.verbs[index], self.plan.targets[index] = RowVerb.UPDATED, stored.pk
        self.plan.befores[index] = {
            "_voided": stored.pk,
            BUSINESS: business.pk,
            "officer_name": stored.officer_name,
            "visited_on": stored.visited_on.isoformat(),
        }
        self.result.replaced.append(stored.pk)
        self.result.businesses.add(stored.business_id)

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
                name: changes.get(name, getattr(stored, name)) for name in TEXTS
            }

    def _answers(self, index: int, level: str, day: date) -> tuple[int | None, dict[str, str]]:
        if self.checklists is None:
            return None, {}
        text = self.rows.column("fail_items")[index]
        checklist = self.checklists.for_level(level, day)
        if not text or checklist is None:
            return checklist, {}
        numbers = [int(number) for number in _NUMBER.findall(text)]
        unknown = [number for number in numbers if number not in self.checklists.items[checklist]]
        if unknown or not numbers:
            self.rows.note(index, "fail_items", "unknown_item", "不符合项不是任务清单的序号，没有逐项登记")
        return checklist, {str(number): "fail" for number in sorted(set(numbers) - set(unknown))}


class _Checklists:
    """The editions of task lists and their items, read once."""

    def __init__(self) -> None:
        self.editions = list(
            Checklist.objects.order_by("-effective_from", "-pk").values_list("pk", "level", "effective_from")
        )
        self.items: dict[int, set[int]] = defaultdict(set)
        for checklist_id, number in ChecklistItem.objects.values_list("checklist_id", "number"):
            self.items[checklist_id].add(number)

    def for_level(self, level: str, day: date) -> int | None:
        """The edition in force for a level of officers; a level without its own uses the townships'."""
        for wanted in (level, "township"):
            for pk, of_level, since in self.editions:
                if of_level == wanted and since <= day:
                    return int(pk)
        return None


# --- writing ---------------------------------------------------------------------------------------------------


def _write(intents: Intents, context: LedgerContext) -> None:
    """Void what is replaced, free the numbers of voided rows, write what is new, correct words."""
    numbers = [*intents.replaced, *intents.freed]
    update(Visit, numbers, {"national_record_no": Same(None)})
    voided = update(
        Visit,
        intents.replaced,
        {"voided_at": Same(context.now), "void_reason": Same(f"由台账批次 {context.batch_number} 更正")},
        guard={"voided_at": Same(None)},
    )
    if voided != len(intents.replaced):
        raise RegisterChanged("visits were voided by somebody else")
    new = intents.created
    insert(
        Visit,
        {
            "client_uuid": [uuid.uuid4() for _ in new],
            "business_id": [one.business.pk for one in new],
            "region_id": [one.business.region_id for one in new],
            "grade": [one.business.responsibility_grade for one in new],
            "officer_id": [one.officer_id for one in new],
            "officer_name": [one.officer_name for one in new],
            "officer_level": [one.officer_level for one in new],
            "visited_on": [one.visited_on for one in new],
            "mode": [one.told.get("mode", VisitMode.ON_SITE.value) for one in new],
            "checklist_id": [one.checklist_id for one in new],
            "answers": [one.answers for one in new],
            "problem_count": [one.told.get("problem_count", 0) for one in new],
            "finding": [one.told.get("finding", "") for one in new],
            "remedy": [one.told.get("remedy", "") for one in new],
            "national_record_no": [one.told.get("national_record_no") for one in new],
            "source": Same(Source.LEDGER.value),
            "batch_id": Same(context.batch_id),
            "recorded_by_id": Same(context.user.pk),
            "recorded_at": Same(context.now),
            "void_reason": Same(""),
        },
    )
    corrected = intents.corrected
    update(Visit, list(corrected), {name: [told[name] for told in corrected.values()] for name in TEXTS})
