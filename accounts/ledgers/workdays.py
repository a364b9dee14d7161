"""The ledger of the working calendar: holidays and make-up days of a year, and that the year is published.

No published ledger of workdays was found; its columns are designed here. It stands in this room because a ledger may use only the
services of rooms below its own. Publishing settles provisional deadlines once and for good: no file changes a published year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, override

from accounts.ledgers.named import CHANGED_SINCE
from foodsafe_portal.lib.bulk import lock_name
from foodsafe_portal.lib.ledger import Column
from records.choices import DayKind, RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.ledgers.codes import name_code
from records.models import LedgerBatch, LedgerRow, WorkdayOverride, WorkYear
from records.services.rows import RowRefused, remove_row
from records.services.work_years import save_work_year
from records.services.written import last_written

with override(None):
    KINDS = {kind.value: str(kind.label) for kind in DayKind}

COLUMNS: Final = (
    Column("seq", "序号", "int", width=6),
    Column("day", "日期", "date", required=True, aliases=("放假调休日期",), width=12),
    Column("kind", "类别", "enum", required=True, aliases=("放假或上班", "安排"), choices=KINDS, width=12,
           synonyms={"休": "holiday", "节假日": "holiday", "休息": "holiday", "班": "makeup", "调休": "makeup", "上班": "makeup"}),
    Column("note", "说明", aliases=("节日", "节日名称", "备注"), width=18, max_length=60, note="例如 国庆节"),
    Column("source", "依据", aliases=("通知名称", "文件名称"), width=40, max_length=200,
           note="公布时必填，例如 国务院办公厅关于 2027 年部分节假日安排的通知"),
    Column("published", "年份公布", "bool", aliases=("已公布", "是否公布"), width=12,
           note="填“是”即公布这一年：暂定期限随之确定，以后不能再改"),
)  # fmt: skip

for _code, _message in (
    ("year_published", gettext_noop("这一年已公布，不能再改")),
    ("year_incomplete", gettext_noop("公布时漏了登记中的日子")),
    ("year_has_errors", gettext_noop("公布的年份还有错误的行")),
    ("published_differs", gettext_noop("同一年是否公布不一致")),
    ("source_differs", gettext_noop("同一年的依据不一致")),
    ("makeup_on_weekday", gettext_noop("调休上班日本来就上班")),
):
    name_code(_code, _message)


@dataclass(frozen=True, slots=True)
class Day:
    """A day that differs from Monday to Friday."""

    kind: str
    note: str


@dataclass(slots=True)
class Year:
    """A year as it will be."""

    number: int
    known: bool
    published: bool
    source: str
    days: dict[date, Day] = field(default_factory=dict)


@register
class WorkdaysKind(LedgerKind):
    """工作日历台账."""

    key = "workdays"
    title = _("工作日历台账")
    columns = COLUMNS
    match_note = "按日期对应；已公布的年份不再改动；“年份公布”填“是”就公布这一年"
    example = {
        "day": "2027-01-01", "kind": "放假", "note": "元旦", "source": "国务院办公厅关于 2027 年部分节假日安排的通知",
        "published": "否",
    }  # fmt: skip
    needs_territory = False

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """Years the calendar knows, and make-up days that fall on a weekend."""
        for index, (day, kind) in enumerate(rows.tuples(("day", "kind"))):
            if day is None:
                continue
            if not 2000 <= day.year <= 2100:
                rows.error(
                    index, "day", "implausible_year", f"{day.year} 年不在 2000 到 2100 年之间；请核对年份"
                )
            elif kind == DayKind.MAKEUP and day.weekday() < 5:
                said = f"{day} 是周{'一二三四五'[day.weekday()]}，本来就上班；如是放假请改类别"
                rows.warning(index, "kind", "makeup_on_weekday", said)

    def identity(self, rows: Rows) -> list[str]:
        """The day."""
        return [day.isoformat() if day else "" for day in rows.column("day")]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        return _Planning(rows).plan()

    def lock(self, context: LedgerContext) -> None:
        """See ``LedgerKind.lock``."""
        lock_name("work_years")
        list(WorkYear.objects.select_for_update())

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``: a year at a time through its service, which settles what waited for it."""
        for year in plan.data:
            _save(year, context.user)

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Put days back, except in a year that was published: deadlines stand by it."""
        return _undo(staged, context.user)

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``."""
        return last_written(nouns=("work_year",), kinds=("workdays",))

    def missing(self, batch: LedgerBatch) -> QuerySet | None:
        """Days of the file's years that it does not name."""
        named = {date.fromisoformat(key) for key in batch.rows.exclude(key="").values_list("key", flat=True)}
        years = {day.year for day in named}
        return WorkdayOverride.objects.filter(year_id__in=years).exclude(day__in=named).order_by("day")

    def export_queryset(self, user: Any) -> QuerySet:
        """Every day; the calendar has no territory."""
        return WorkdayOverride.objects.order_by("day")

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``."""
        found = queryset.values_list("day", "kind", "note", "year__source", "year__published")
        for number, (day, kind, note, source, published) in enumerate(found.iterator(chunk_size=2_000), 1):
            yield [number, day, KINDS.get(kind, kind), note, source, "是" if published else "否"]


def _years(numbers: set[int]) -> dict[int, Year]:
    """These years as they are registered, unknown ones empty."""
    years = {number: Year(number, False, False, "") for number in numbers}
    for number, published, source in WorkYear.objects.filter(pk__in=numbers).values_list(
        "year", "published", "source"
    ):
        years[number] = Year(number, True, published, source)
    days = WorkdayOverride.objects.filter(year_id__in=numbers)
    for number, day, kind, note in days.values_list("year_id", "day", "kind", "note"):
        years[number].days[day] = Day(kind, note)
    return years


def _save(year: Year, by: Any) -> None:
    row = WorkYear.objects.get(pk=year.number) if year.known else WorkYear(year=year.number)
    days = [(day, one.kind, one.note) for day, one in sorted(year.days.items())]
    try:
        save_work_year(year=row, published=year.published, source=year.source, days=days, by=by)
    except RowRefused as refusal:
        raise RegisterChanged(str(refusal)) from refusal


class _Planning:
    """The file beside the calendar, year by year."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.by_year: dict[int, list[int]] = defaultdict(list)
        for index in rows.live():
            self.by_year[rows.column("day")[index].year].append(index)
        self.years = _years(set(self.by_year))

    def plan(self) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(self.rows))
        written: list[Year] = []
        tainted = self._tainted()
        for number, group in sorted(self.by_year.items()):
            known = self.years[number]
            if known.published:
                for index in group:
                    self._kept(index, known, plan)
                continue
            year = self._year(known, group)
            if year.published:
                self._refuse_publication(year, known, group, tainted)
            for index in group:
                self._decide(index, known, year, plan)
            if any(plan.verbs[index] in (RowVerb.CREATED, RowVerb.UPDATED) for index in self._live(group)):
                written.append(year)
        plan.data = written
        return plan

    def _live(self, group: Sequence[int]) -> list[int]:
        return [index for index in group if index not in self.rows.rejected]

    def _tainted(self) -> set[int | None]:
        """Years of refused rows; None when one of them does not tell its year."""
        column = self.rows.column("day")
        return {column[index].year if column[index] else None for index in self.rows.rejected}

    def _year(self, known: Year, group: Sequence[int]) -> Year:
        """The year as the file wants it: its days beside those that are registered."""
        rows = self.rows
        told = {rows.column("published")[index] for index in group} - {None}
        sources = {rows.column("source")[index] for index in group} - {None}
        if len(told) > 1:
            rows.refuse_group(group, "published_differs", "是同一年，但“年份公布”有的填是有的填否；请统一")
        if len(sources) > 1:
            rows.refuse_group(group, "source_differs", "是同一年，但依据写法不一；请统一")
        year = Year(
            known.number,
            known.known,
            told == {True},
            next(iter(sources)) if len(sources) == 1 else known.source,
            dict(known.days),
        )
        for index in self._live(group):
            day, kind, note = (rows.column(key)[index] for key in ("day", "kind", "note"))
            before = known.days.get(day)
            year.days[day] = Day(kind, note or (before.note if before else ""))
        return year

    def _refuse_publication(
        self, year: Year, known: Year, group: Sequence[int], tainted: set[int | None]
    ) -> None:
        """A year is published whole or not at all, because nobody can change it afterwards."""
        rows = self.rows
        named = {rows.column("day")[index] for index in group}
        left = sorted(day for day in known.days if day not in named)
        for index in self._live(group):
            if not year.source:
                said = f"公布 {year.number} 年要写明依据（通知名称）；请填写“依据”"
                cell = "source" if rows.has("source") else "published"
                rows.error(index, cell, "required", said)
            elif left:
                listed = "、".join(str(day) for day in left[:5]) + ("等" if len(left) > 5 else "")
                said = f"登记中 {year.number} 年还有 {len(left)} 天表里没有（{listed}），公布后不能再改；请补进表里，或先在工作日历中删去"
                rows.error(index, "published", "year_incomplete", said)
            elif tainted & {year.number, None}:
                said = "表里还有错误的行，公布后不能再补；请改正后与整年一起导入"
                rows.error(index, "published", "year_has_errors", said)

    def _kept(self, index: int, known: Year, plan: Plan) -> None:
        rows = self.rows
        day, kind, note, source, published = (
            rows.column(key)[index] for key in ("day", "kind", "note", "source", "published")
        )
        stored = known.days.get(day)
        if stored is None or stored.kind != kind:
            said = f"{known.number} 年的放假安排已公布，期限已按它计算，不能再改；请删去这一行"
            rows.error(index, "day", "year_published", said)
            return
        plan.verbs[index], plan.targets[index] = RowVerb.UNCHANGED, _number(day)
        if (note and note != stored.note) or (source and source != known.source) or published is False:
            rows.note(index, "day", "kept", f"{known.number} 年已公布，说明、依据和公布状态按登记不变")

    def _decide(self, index: int, known: Year, year: Year, plan: Plan) -> None:
        if index in self.rows.rejected:
            return
        day = self.rows.column("day")[index]
        stored, wanted = known.days.get(day), year.days[day]
        year_before: dict[str, Any] = {"_new_year": True} if not known.known else {}
        if year.published:
            year_before["published"] = False
        if year.source != known.source:
            year_before["source"] = known.source
        if stored is None:
            plan.verbs[index] = RowVerb.CREATED
            plan.befores[index] = {**year_before, "_after": [wanted.kind, wanted.note]}
            return
        plan.targets[index] = _number(day)
        before: dict[str, Any] = {}
        if stored.kind != wanted.kind:
            before["kind"] = stored.kind
        if stored.note != wanted.note:
            before["note"] = stored.note
        before |= {key: value for key, value in year_before.items() if key != "_new_year"}
        plan.verbs[index] = RowVerb.UPDATED if before else RowVerb.UNCHANGED
        plan.befores[index] = {**before, "_after": [wanted.kind, wanted.note]} if before else None


def _number(day: date) -> int:
    """A day as the staged row's target: 20270101."""
    return int(f"{day:%Y%m%d}")


def _undo(staged: list[LedgerRow], by: Any) -> UndoResult:
    result = UndoResult()
    by_year: dict[int, list[LedgerRow]] = defaultdict(list)
    for row in staged:
        by_year[date.fromisoformat(row.key).year].append(row)
    years = _years(set(by_year))
    for number, rows in sorted(by_year.items()):
        year = years[number]
        if year.published:
            for row in rows:
                result.conflict(row, row.key, "这一年的放假安排已公布，期限已按它计算，没有还原")
            continue
        for row in rows:
            _put_back(row, year, result)
        fresh = any("_new_year" in (row.before or {}) for row in rows)
        if year.known and fresh and not year.days:
            remove_row(row=WorkYear.objects.get(pk=number), by=by, noun="work_year")
        elif year.known:
            _save(year, by)
    return result


def _put_back(row: LedgerRow, year: Year, result: UndoResult) -> None:
    day, before = date.fromisoformat(row.key), row.before or {}
    stored = year.days.get(day)
    if stored is None or [stored.kind, stored.note] != before.get("_after"):
        result.conflict(row, row.key, CHANGED_SINCE)
        return
    if "source" in before:
        year.source = before["source"]
    if row.verb == RowVerb.CREATED:
        del year.days[day]
        result.removed += 1
    else:
        year.days[day] = Day(before.get("kind", stored.kind), before.get("note", stored.note))
        result.restored += 1
