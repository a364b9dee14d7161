"""The ledger of food businesses: matched by licence, code or name and premises; status and grade only by their own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.ledgers.places import RegionIndex, resolve_regions
from accounts.models import Region
from accounts.rules.regions import LEVEL_OF_DIGITS
from entities.choices import Source
from entities.errors import Refused
from entities.fields import BUSINESS_COLUMNS
from entities.hooks import business_changed
from entities.ledgers.business_rows import (
    Intent,
    Intents,
    decide_grades,
    decide_statuses,
    intents_of,
    registered,
    settle,
)
from entities.ledgers.matching import match_businesses
from entities.ledgers.merged import stand_by_mergers
from entities.ledgers.undo import undo_businesses
from entities.models import Business, DuplicatePair, StatusChange
from entities.rules.matching import match_key
from entities.services.changes import Step, propose_statuses, record_grades
from entities.services.likeness import (
    Alike,
    Newcomer,
    Pair,
    compare_newcomers,
    note_kept_apart,
    similar_businesses,
    write_pairs,
)
from entities.services.register import change_businesses, register_businesses
from foodsafe_portal.lib.identifiers import licence_problem, uscc_problem
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.workbooks.told import Told, ToldRows
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.ledgers.owned import stand_against, without_owned
from records.ledgers.staging import still_stand
from records.models import LedgerBatch, LedgerRow
from records.services.provenance import Provenance

TOWNSHIP_DIGITS = next(digits for digits, level in LEVEL_OF_DIGITS.items() if level == "township")


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
        seen, kept = without_owned(rows, context.locked_columns, matches.stored, registered)
        intents = intents_of(seen, plan, regions, matches)
        decide_grades(seen, plan, intents, context.ledger_date)
        decide_statuses(seen, plan, intents, context.ledger_date)
        stand_against(plan, kept)
        plan.data = settle(intents)
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
        origin = Provenance.of_ledger(context, Source.LEDGER)
        try:
            created = register_businesses(intents.created, origin)
            change_businesses([each.correction() for each in intents.changed if each.rewrites], origin)
            _record_changes(intents, created, origin)
        except (Refused, IntegrityError) as clash:
            raise RegisterChanged(str(clash)) from clash
        _write_pairs(intents, created, context)
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


# --- newcomers ---


def _similar(
    rows: Rows, created: Sequence[Intent], territory: str, names: Mapping[str, str]
) -> dict[int, list[Alike]]:
    """Businesses of the register that are like those a row creates; the rows say so and are imported all the same."""
    newcomers = (
        Newcomer(each.index, each.values.name, each.values.premises_address, each.region_id)
        for each in created
    )
    found = similar_businesses(newcomers, territory, names)
    for index, alike in found.items():
        said = f"与登记中的“{alike[0].name}”（{alike[0].address}）相似，照常新增，并列入“疑似重复主体”待核对"
        rows.note(index, "name", "similar_business", said)
    return found


# --- writing ---


def _record_changes(intents: Intents, created: Mapping[str, int], origin: Provenance) -> None:
    """The dated changes that stand behind grades and proposed statuses."""
    graded = [each for each in intents.changed if each.from_grade is not None]
    record_grades(
        [Step(each.stored.pk, each.from_grade or "", each.grade) for each in graded if each.stored], origin
    )
    proposed = [each for each in (*intents.created, *intents.changed) if each.to_status]
    propose_statuses(
        [
            Step(each.stored.pk if each.stored else created[each.match_key], each.from_status, each.to_status)
            for each in proposed
        ],
        origin,
    )


def _write_pairs(intents: Intents, created: Mapping[str, int], context: LedgerContext) -> None:
    """Put newcomers that are like others before a person."""
    new = {each.index: (created[each.match_key], each.region_id) for each in intents.created}
    pairs = [
        Pair(alike.pk, *new[index], alike.percent)
        for index, found in intents.similar.items()
        for alike in found
    ]
    write_pairs(pairs, at=context.now, batch_id=context.batch_id)
