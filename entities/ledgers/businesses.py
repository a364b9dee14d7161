"""The ledger of food businesses: matched by licence, code or name and premises; status and grade only by their own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.ledgers.places import RegionIndex, resolve_regions
from accounts.models import Region
from accounts.rules.regions import LEVEL_OF_DIGITS
from entities.choices import BusinessStatus, ReviewState, Source
from entities.fields import BUSINESS_COLUMNS, STATUSES
from entities.hooks import business_changed
from entities.ledgers.matching import FIELDS, Matches, Stored, match_businesses, without_former
from entities.ledgers.merged import stand_by_mergers
from entities.ledgers.undo import undo_businesses
from entities.models import Business, DuplicatePair, GradeChange, StatusChange
from entities.rules.matching import match_key
from entities.services.former_identities import IDENTITY, Identity, keep_former
from entities.services.likeness import (
    Alike,
    Newcomer,
    Pair,
    compare_newcomers,
    note_kept_apart,
    similar_businesses,
    write_pairs,
)
from foodsafe_portal.lib.bulk import Same, among, insert, update
from foodsafe_portal.lib.identifiers import licence_problem, uscc_problem
from foodsafe_portal.lib.mergers import home_of
from foodsafe_portal.lib.pinyin import initials
from foodsafe_portal.lib.scope import in_territory, standing_mergers
from foodsafe_portal.lib.workbooks.told import Told, ToldRows
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.ledgers.owned import stand_against, without_owned
from records.ledgers.staging import still_stand
from records.models import LedgerBatch, LedgerRow

TOWNSHIP_DIGITS = next(digits for digits, level in LEVEL_OF_DIGITS.items() if level == "township")
NORMAL = BusinessStatus.NORMAL.value
_BLANKS: dict[str, Any] = {"licence_valid_to": None, "high_risk": False}


@dataclass(slots=True)
class Intent:
    """What is to be written for one row: the values it will have, and where status and grade go."""

    index: int
    stored: Stored | None
    values: tuple[Any, ...]
    region_id: str
    match_key: str
    grade: str
    to_status: str = ""
    from_grade: str | None = None
    rewrites: bool = False


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    created: list[Intent] = field(default_factory=list)
    changed: list[Intent] = field(default_factory=list)
    similar: dict[int, list[Alike]] = field(default_factory=dict)


@register
class BusinessesKind(LedgerKind):
    """食品生产经营主体台账."""

    key = "businesses"
    title = _("食品生产经营主体台账")
    columns = BUSINESS_COLUMNS
    match_note = (
        "先按许可证号对应，再按统一社会信用代码加经营场所，再按企业名称加经营场所，登记中没有的再按曾用的名称和号码对应；"
        "空着的格不改已登记的内容"
    )
    ownable = tuple(c.key for c in BUSINESS_COLUMNS if c.type != "region" and c.key != "seq")
    missing_advice = _("只列出，不会删除；已停业或迁出的，请提出状态变更。")
    endless = {"licence_valid_to": ("长期", "永久", "长期有效", "无固定期限")}
    example = {
        "name": "南湖区张记面馆", "credit_code": "92990102MA0000001X", "licence_no": "JY29901020000001",
        "licence_valid_to": "2028-03-16", "business_type": "小餐饮", "scale": "微", "legal_person": "张三",
        "contact_phone": "13800000000", "premises_address": "南湖区人民街道幸福路 1 号", "county": "南湖区",
        "township": "人民街道", "supervision_office": "人民市场监管所", "responsibility_grade": "D", "risk_grade": "A",
        "high_risk": "否", "status": "正常",
    }  # fmt: skip

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """Numbers that look wrong are warnings, because real registers are dirty (policy: warn, never reject)."""
        codes, licences = rows.column("credit_code"), rows.column("licence_no")
        for index, code in enumerate(codes):
            if code is not None:
                problem = uscc_problem(code)
                if problem is not None:
                    form = (
                        "credit_code_check_digit"
                        if len(code) == 18 and "校验位" in problem
                        else "credit_code_form"
                    )
                    rows.warning(index, "credit_code", form, f"{problem}；请核对营业执照")
        for index, licence in enumerate(licences):
            if licence is None:
                if codes[index] is None and index not in rows.rejected:
                    rows.warning(
                        index,
                        "",
                        "id_missing",
                        "统一社会信用代码和许可证号都空着，只能按名称和经营场所对应；请补填其一",
                    )
            elif licence.startswith(("JY", "SC")):
                problem = licence_problem(licence)
                if problem is not None:
                    form = "licence_check_digit" if "校验位" in problem else "licence_form"
                    rows.warning(index, "licence_no", form, f"{problem}；请核对许可证")

    def identity(self, rows: Rows) -> list[str]:
        """The natural key; a number that could not be read gives none when it would decide."""
        unread = {
            (index, issue["column"])
            for index, found in rows.issues.items()
            for issue in found
            if issue["severity"] == "error"
        }
        numbers = {rows.header(key) for key in ("licence_no", "credit_code")}
        broken = {index for index, column in unread if column in numbers}
        asked = rows.tuples(("licence_no", "credit_code", "premises_address", "name"))
        return [
            match_key(
                licence_no=licence or "",
                credit_code=code or "",
                premises_address=premises or "",
                name=name or "",
            )
            if licence or (index not in broken and premises and (code or name))
            else ""
            for index, (licence, code, premises, name) in enumerate(asked)
        ]

    # --- planning ----------------------------------------------------------------------------------

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        places = RegionIndex(context.territory)
        regions = resolve_regions(rows, places)
        matches = match_businesses(rows, context.territory)
        stand_by_mergers(rows, plan, matches)
        seen, kept = without_owned(rows, context.locked_columns, matches.stored, _registered)
        intents = _intents(seen, plan, regions, matches)
        _decide_grades(seen, plan, intents)
        _decide_statuses(seen, plan, intents)
        stand_against(plan, kept)
        plan.data = _settle(intents)
        plan.data.similar = _similar(rows, plan.data.created, context.territory, places.names)
        targets = {index: stored.pk for index, stored in matches.stored.items()}
        note_kept_apart(rows, targets, context.territory)
        return plan

    def idle_rows_stand(self, batch: LedgerBatch) -> bool:
        """See ``LedgerKind.idle_rows_stand``."""
        return still_stand(batch, Business.objects.all())

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``."""
        intents: Intents = plan.data
        newest = Business.objects.aggregate(newest=Max("pk"))["newest"] or 0
        try:
            _create(intents.created, context)
            _change(intents.changed, context)
            created = dict(
                Business.objects.filter(pk__gt=newest, recorded_at=context.now).values_list("match_key", "pk")
                if intents.created
                else ()
            )
            _record_changes(intents, created, context)
            _record_identities(intents, created, context)
        except IntegrityError as clash:
            raise RegisterChanged(str(clash)) from clash
        if len(created) > 1:
            compare_newcomers(batch_id=context.batch_id, at=context.now, by=context.user)
        concerned = [*created.values(), *(intent.stored.pk for intent in intents.changed if intent.stored)]
        if concerned:
            business_changed.send(
                sender=Business,
                business_ids=concerned,
                on=context.ledger_date,
                at=context.now,
                by=context.user,
            )

    # --- afterwards ----------------------------------------------------------------------------------

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """See ``LedgerKind.undo``."""
        return undo_businesses(staged, batch, context)

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``."""
        written = Business.objects.filter(in_territory(territory)).aggregate(last=Max("updated_at"))["last"]
        decided = DuplicatePair.objects.filter(in_territory(territory)).aggregate(last=Max("decided_at"))
        proposed = StatusChange.objects.filter(in_territory(territory, "business__region_id")).aggregate(
            last=Max("proposed_at"), reviewed=Max("reviewed_at")
        )
        return max(
            filter(None, (written, decided["last"], proposed["last"], proposed["reviewed"])), default=None
        )

    def missing(self, batch: LedgerBatch) -> QuerySet | None:
        """Operating businesses of the townships the file speaks of that it does not name."""
        found = Business.objects.registered().filter(in_territory(batch.territory)).operating()
        places = set(
            batch.rows.exclude(key="").order_by().values_list("values__township", flat=True).distinct()
        ) - {None}
        townships = Region.objects.in_territory(batch.territory[:6]).filter(level="township", name__in=places)
        codes = list(townships.values_list("code", flat=True))
        covered = None
        for code in codes:
            covered = in_territory(code) if covered is None else covered | in_territory(code)
        if covered is None:
            return found.none()
        named = batch.rows.exclude(key="")
        return (
            found.filter(covered)
            .exclude(match_key__in=named.values("key"))
            .exclude(pk__in=batch.rows.filter(target_id__isnull=False).values("target_id"))
            .order_by("region_id", "name")
        )

    def missing_places(self, rows: Sequence[Business]) -> Mapping[int, str]:
        """See ``LedgerKind.missing_places``: the township or street."""
        codes = {row.region_id[:TOWNSHIP_DIGITS] for row in rows}
        names = dict(Region.objects.filter(code__in=codes).values_list("code", "name"))
        return {row.pk: names.get(row.region_id[:TOWNSHIP_DIGITS], "") for row in rows}

    def regions(self, territory: str) -> Mapping[str, Sequence[str]]:
        """See ``LedgerKind.regions``."""
        index = RegionIndex(territory)
        return {name: list(index.townships(code).values()) for code, name in index.counties.items()}

    def export_queryset(self, user: Any) -> QuerySet:
        """See ``LedgerKind.export_queryset``."""
        return Business.objects.visible_to(user).order_by("region_id", "name", "pk")

    def export_rows(self, queryset: QuerySet) -> ToldRows:
        """See ``LedgerKind.export_rows``."""
        names = dict(Region.objects.values_list("code", "name"))
        digits = {"county": 6, "township": 9, "village": 12}
        words: dict[str, Mapping[Any, str]] = {
            key: self.labels(key) for key in ("business_type", "scale", "status")
        }
        words["high_risk"] = {True: "是", False: "否"}
        return ToldRows(
            queryset,
            [
                Told("region_id", names, digits[key]) if key in digits else Told(key, words.get(key))
                for key in (column.key for column in self.columns if column.key != "seq")
            ],
        )


# --- what each row would do ----------------------------------------------------------------------------


def _intents(rows: Rows, plan: Plan, regions: Sequence[str], matches: Matches) -> dict[int, Intent]:
    """Values to write for every live row; ``befores`` get what changes besides status and grade."""
    merged = standing_mergers()
    intents: dict[int, Intent] = {}
    offered = list(rows.tuples(FIELDS))
    filled = list(zip(*(_filled(rows, name) for name in FIELDS), strict=True))
    grades = rows.column("responsibility_grade")
    for index, former in matches.former.items():
        offered[index] = without_former(offered[index], former, matches.stored[index])
    for index in rows.live():
        if index in matches.merged:
            continue
        stored = matches.stored.get(index)
        if stored is None:
            key = rows.identities[index]
            intents[index] = Intent(index, None, filled[index], regions[index], key, grades[index] or "")
            plan.verbs[index] = RowVerb.CREATED
            continue
        plan.targets[index], plan.versions[index] = stored.pk, stored.version
        values = stored.values
        before: dict[str, Any] = {}
        if filled[index] != values:
            values, before = _differences(offered[index], stored)
        region, key = regions[index], stored.match_key
        # A business of a merged region, too, lies where the row says: its facts stay where they were.
        if home_of(stored.region_id, merged).startswith(region):
            region = stored.region_id
        if region != stored.region_id:
            before["region_id"] = stored.region_id
        if before and rows.identities[index] != key:
            key = match_key(
                licence_no=values[2], credit_code=values[1], premises_address=values[8], name=values[0]
            )
            if key != stored.match_key:
                before["match_key"] = stored.match_key
        intents[index] = Intent(index, stored, values, region, key, stored.grade, rewrites=bool(before))
        plan.befores[index] = before or None
        plan.verbs[index] = RowVerb.UPDATED if before else RowVerb.UNCHANGED
    return intents


def _registered(stored: Stored, key: str) -> Any:
    """What the register has in a column of the ledger."""
    if key == "status":
        return stored.status
    return stored.grade if key == "responsibility_grade" else stored.values[FIELDS.index(key)]


def _filled(rows: Rows, name: str) -> list[Any]:
    """A column with its blanks as the register stores them."""
    column, blank = rows.column(name), _BLANKS.get(name, "")
    return [blank if value is None else value for value in column] if None in column else column


def _differences(offered: tuple[Any, ...], stored: Stored) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The values a business will have, and those it had where they differ; a blank cell changes nothing."""
    values = tuple(old if new is None else new for new, old in zip(offered, stored.values, strict=True))
    before = {
        name: old.isoformat() if isinstance(old, date) else old
        for name, new, old in zip(FIELDS, values, stored.values, strict=True)
        if new != old
    }
    return values, before


def _decide_grades(rows: Rows, plan: Plan, intents: Mapping[int, Intent]) -> None:
    """A ledger changes 包保等级, except where a person has reviewed it: their word stands, and the row says so."""
    offered = rows.column("responsibility_grade")
    asked = [
        intent
        for index, intent in intents.items()
        if intent.stored and offered[index] and offered[index] != intent.grade
    ]
    if not asked:
        return
    known = [intent.stored.pk for intent in asked if intent.stored]
    changes = among(GradeChange.objects.exclude(state=ReviewState.REJECTED), "business_id", known)
    last = dict(changes.order_by("effective_on", "pk").values_list("business_id", "manual"))
    for intent in asked:
        stored = intent.stored
        assert stored is not None
        if last.get(stored.pk):
            said = f"人工复核过的包保等级({stored.grade or '未分级'})不会被台账覆盖"
            rows.note(intent.index, "responsibility_grade", "grade_kept", said)
            if plan.verbs[intent.index] == RowVerb.UNCHANGED:
                plan.verbs[intent.index] = RowVerb.CONFLICT
            continue
        intent.from_grade, intent.grade, intent.rewrites = stored.grade, offered[intent.index], True
        plan.befores[intent.index] = {
            **(plan.befores[intent.index] or {}),
            "responsibility_grade": stored.grade,
        }
        plan.verbs[intent.index] = RowVerb.UPDATED


def _decide_statuses(rows: Rows, plan: Plan, intents: Mapping[int, Intent]) -> None:
    """Another status than the register's is proposed for review, never written; a review is not asked for twice."""
    offered = rows.column("status")
    asked = [
        intent
        for index, intent in intents.items()
        if offered[index] and offered[index] != (intent.stored.status if intent.stored else NORMAL)
    ]
    if not asked:
        return
    waiting: dict[int, str] = {}
    refused: dict[int, str] = {}
    ids = [intent.stored.pk for intent in asked if intent.stored]
    changes = (
        among(StatusChange.objects.all(), "business_id", ids).order_by("proposed_at", "pk") if ids else ()
    )
    for change in changes:
        if change.state == ReviewState.PROPOSED:
            waiting[change.business_id] = change.to_status
        elif change.state == ReviewState.REJECTED:
            refused[change.business_id] = change.to_status
        else:
            refused.pop(change.business_id, None)
    for intent in asked:
        index, stored, to_status = intent.index, intent.stored, offered[intent.index]
        word = STATUSES[to_status]
        kept = ""
        if stored is not None and stored.pk in waiting:
            if waiting[stored.pk] == to_status:
                continue
            kept = "status_waiting"
            said = f"已有变更为“{STATUSES[waiting[stored.pk]]}”的申请待审核，审核后才能再报“{word}”"
        elif stored is not None and refused.get(stored.pk) == to_status:
            kept, said = (
                "status_rejected",
                f"变更为“{word}”的申请审核未通过，台账不能改；如情况有变，请在主体页面重新提出并附依据",
            )
        if kept:
            rows.note(index, "status", kept, said)
            if plan.verbs[index] == RowVerb.UNCHANGED:
                plan.verbs[index] = RowVerb.CONFLICT
            continue
        intent.to_status = to_status
        old = stored.status if stored else NORMAL
        rows.note(
            index,
            "status",
            "status_proposed",
            f"经营状态“{word}”提请审核，审核通过前仍按“{STATUSES[old]}”统计",
        )
        if stored is not None:
            plan.befores[index] = {**(plan.befores[index] or {}), "status": old}
            if old == NORMAL:
                plan.verbs[index] = RowVerb.CLOSED
            else:
                plan.verbs[index] = RowVerb.REACTIVATED if to_status == NORMAL else RowVerb.UPDATED


def _settle(intents: Mapping[int, Intent]) -> Intents:
    settled = Intents()
    for intent in intents.values():
        if intent.stored is None:
            settled.created.append(intent)
        elif intent.rewrites or intent.to_status:
            settled.changed.append(intent)
    return settled


def _similar(
    rows: Rows, created: Sequence[Intent], territory: str, names: Mapping[str, str]
) -> dict[int, list[Alike]]:
    """Businesses of the register that are like those a row creates; the rows say so and are imported all the same."""
    name, premises = FIELDS.index("name"), FIELDS.index("premises_address")
    newcomers = (
        Newcomer(each.index, each.values[name], each.values[premises], each.region_id) for each in created
    )
    found = similar_businesses(newcomers, territory, names)
    for index, alike in found.items():
        said = f"与登记中的“{alike[0].name}”（{alike[0].address}）相似，照常新增，并列入“疑似重复主体”待核对"
        rows.note(index, "name", "similar_business", said)
    return found


# --- writing -------------------------------------------------------------------------------------------


def _create(intents: Sequence[Intent], context: LedgerContext) -> None:
    if not intents:
        return
    columns = dict(
        zip(FIELDS, map(list, zip(*(intent.values for intent in intents), strict=True)), strict=True)
    )
    insert(
        Business,
        {
            **columns,
            "name_initials": [initials(name)[:150] for name in columns["name"]],
            "match_key": [intent.match_key for intent in intents],
            "region_id": [intent.region_id for intent in intents],
            "responsibility_grade": [intent.grade for intent in intents],
            "status": Same(NORMAL),
            "credit_grade": Same(""),
            "catering_grade": Same(""),
            "national_no": Same(""),
            "registered_on": Same(context.ledger_date),
            "version": Same(1),
            "source": Same(Source.LEDGER.value),
            "recorded_at": Same(context.now),
            "updated_at": Same(context.now),
        },
    )


def _change(intents: Sequence[Intent], context: LedgerContext) -> None:
    """Write what is new over what was read; a row somebody else saved meanwhile stops everything."""
    known = [(intent, intent.stored) for intent in intents if intent.rewrites and intent.stored]
    if not known:
        return
    columns = dict(
        zip(FIELDS, map(list, zip(*(intent.values for intent, _ in known), strict=True)), strict=True)
    )
    written = update(
        Business,
        [stored.pk for _, stored in known],
        {
            **columns,
            "name_initials": [initials(name)[:150] for name in columns["name"]],
            "match_key": [intent.match_key for intent, _ in known],
            "region_id": [intent.region_id for intent, _ in known],
            "responsibility_grade": [intent.grade for intent, _ in known],
            "version": [stored.version + 1 for _, stored in known],
            "updated_at": Same(context.now),
        },
        guard={"version": [stored.version for _, stored in known]},
    )
    if written != len(known):
        raise RegisterChanged(f"{len(known) - written} businesses were saved by somebody else")


def _record_changes(intents: Intents, created: Mapping[str, int], context: LedgerContext) -> None:
    """The dated changes that stand behind grades and proposed statuses."""
    common = {
        "effective_on": Same(context.ledger_date),
        "reason": Same(f"台账导入 {context.batch_number}"),
        "source": Same(Source.LEDGER.value),
        "batch_id": Same(context.batch_id),
        "proposed_by_id": Same(context.user.pk),
        "proposed_at": Same(context.now),
        "review_note": Same(""),
    }
    graded = [intent for intent in intents.changed if intent.from_grade is not None]
    insert(
        GradeChange,
        common
        | {
            "business_id": [intent.stored.pk for intent in graded if intent.stored],
            "from_grade": [intent.from_grade for intent in graded],
            "to_grade": [intent.grade for intent in graded],
            "manual": Same(False),
            "state": Same(ReviewState.APPROVED.value),
        },
    )
    proposed = [intent for intent in (*intents.created, *intents.changed) if intent.to_status]
    insert(
        StatusChange,
        common
        | {
            "business_id": [i.stored.pk if i.stored else created[i.match_key] for i in proposed],
            "from_status": [i.stored.status if i.stored else NORMAL for i in proposed],
            "to_status": [i.to_status for i in proposed],
            "state": Same(ReviewState.PROPOSED.value),
        },
    )


def _record_identities(intents: Intents, created: Mapping[str, int], context: LedgerContext) -> None:
    """Keep the names and numbers that businesses lose, and put newcomers that are like others before a person."""
    places = [FIELDS.index(name) for name in IDENTITY]
    lost = [
        Identity(stored.pk, stored.match_key, *(stored.values[place] for place in places))
        for intent in intents.changed
        if (stored := intent.stored)
        and intent.rewrites
        and any(stored.values[place] != intent.values[place] for place in places)
    ]
    keep_former(lost, on=context.ledger_date, at=context.now, source=Source.LEDGER, batch_id=context.batch_id)
    new = {intent.index: (created[intent.match_key], intent.region_id) for intent in intents.created}
    pairs = [
        Pair(alike.pk, *new[index], alike.percent)
        for index, found in intents.similar.items()
        for alike in found
    ]
    write_pairs(pairs, at=context.now, batch_id=context.batch_id)
