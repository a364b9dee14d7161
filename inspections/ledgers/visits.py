"""The ledger of visits, also the national platform's export: the same visit twice is one, and each fulfils its duty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.ledgers.places import RegionIndex, resolve_regions
from accounts.models import Region
from entities.choices import Source
from entities.fields import LEVELS
from entities.ledgers.lookup import find_businesses
from entities.models import Assignment, Business
from foodsafe_portal.lib.scope import in_territory
from inspections.errors import InspectionRefused
from inspections.ledgers.undo_visits import undo_visits
from inspections.ledgers.visit_columns import COLUMNS, MODES
from inspections.ledgers.visit_officers import find_officers
from inspections.ledgers.visit_rows import Intents, VisitRows
from inspections.models import Visit
from inspections.services.entry_source import EntrySource
from inspections.services.visits import correct_visits, record_visits
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.models import LedgerBatch, LedgerRow


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
        officers = find_officers(rows, businesses, context.territory)
        plan.data = VisitRows(rows, plan, businesses, officers, context).intents()
        return plan

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``."""
        intents: Intents = plan.data
        origin = EntrySource(Source.LEDGER.value, context.batch_id, context.batch_number)
        try:
            record_visits(
                intents.created,
                by=context.user,
                origin=origin,
                at=context.now,
                replacing=intents.replaced,
                freeing=intents.freed,
            )
            correct_visits(intents.corrected)
        except (IntegrityError, InspectionRefused) as clash:
            raise RegisterChanged(str(clash)) from clash

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
