"""The ledger of administrative divisions: new ones, renamed ones, and merged ones with the region that took them over.

No published ledger of regions was found; its columns are designed here. A blank cell leaves what is registered; a file closes and
merges regions but reopens none: that is done on the region's own page.
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

from accounts.choices import RegionLevel
from accounts.ledgers.named import CHANGED_SINCE, in_use
from accounts.mergers import lock_places, places_noted
from accounts.models import Region, RegionMerger, RegionTerm
from accounts.rules.regions import LEVEL_OF_DIGITS, above, circle, names_in, with_former_name
from foodsafe_portal.lib.bulk import Same, among, insert, update
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.mergers import home_of
from foodsafe_portal.lib.scope import standing_mergers
from foodsafe_portal.lib.typography import plain
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, Rows, UndoResult, register
from records.ledgers.codes import name_code
from records.models import LedgerBatch, LedgerRow
from records.services.kept import ready
from records.services.written import last_written

with override(None):
    LEVELS = {level.value: str(level.label) for level in RegionLevel}

COLUMNS: Final = (
    Column("seq", "序号", "int", width=6),
    Column("code", "区划代码", "code", required=True, aliases=("代码", "地区代码", "行政区划代码"), width=16, max_length=12,
           note="6 位县(市、区)、9 位乡镇(街道)、12 位村(社区)"),
    Column("name", "名称", required=True, aliases=("地区名称", "区划名称"), width=20, max_length=60),
    Column("level", "层级", "enum", aliases=("行政层级", "级别"), choices=LEVELS, width=10,
           synonyms={"省": "province", "市": "city", "县": "county", "县区": "county", "乡镇": "township", "村": "village"},
           note="可不填，由代码得出"),
    Column("above", "上级代码", "code", aliases=("上级区划代码", "上级地区代码"), width=14, max_length=12, note="可不填，由代码得出"),
    Column("residents", "常住人口", "int", aliases=("人口", "常住人口(人)"), width=12),
    Column("opened_on", "启用日期", "date", aliases=("设立日期",), width=12),
    Column("closed_on", "撤销日期", "date", aliases=("撤并日期", "废止日期"), width=12, note="撤销或并入其他地区的日期"),
    Column("successor", "并入地区", "ref", aliases=("并入", "并入地区代码", "继任地区"), width=18, max_length=60,
           note="接收它的同级地区的代码或名称；原有数据留在原代码，按新地区查询和统计"),
    Column("former_names", "曾用名", aliases=("原名称", "原名"), width=20, max_length=300, note="几个名称用顿号分开；更名时自动记下"),
)  # fmt: skip
FIELDS: Final = ("name", "residents", "opened_on", "closed_on", "successor", "former_names")

for _code, _message in (
    ("region_code_form", gettext_noop("区划代码位数不对")),
    ("level_differs", gettext_noop("层级与代码不符")),
    ("above_differs", gettext_noop("上级代码与代码不符")),
    ("above_unknown", gettext_noop("上一级地区没有登记")),
    ("above_closed", gettext_noop("上一级地区已撤销")),
    ("successor_differs_in_level", gettext_noop("并入的不是同级地区")),
    ("successor_closed", gettext_noop("并入的地区当时已撤销")),
    ("successor_circle", gettext_noop("互相并入")),
    ("no_successor", gettext_noop("撤销而没有并入地区")),
    ("same_name", gettext_noop("同一上级下有同名地区")),
    ("region_renamed", gettext_noop("地区已更名")),
):
    name_code(_code, _message)


@dataclass(frozen=True, slots=True)
class Stored:
    """A region of the register with the fields a file may change."""

    name: str
    residents: int | None
    opened_on: date | None
    closed_on: date | None
    successor: str | None
    former_names: str


@dataclass(slots=True)
class Intents:
    """What one ledger is going to write: row → the values the region will have."""

    new: dict[int, Stored] = field(default_factory=dict)
    changed: dict[int, Stored] = field(default_factory=dict)


@register
class RegionsKind(LedgerKind):
    """行政区划台账."""

    key = "regions"
    title = _("行政区划台账")
    columns = COLUMNS
    match_note = "按区划代码对应；名称不同就是更名，填了撤销日期和并入地区就是撤并"
    example = {
        "code": "990102099", "name": "示例街道", "level": "乡镇级", "above": "990102", "residents": "32000",
        "opened_on": "2026-01-01",
    }  # fmt: skip

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """What the code says about the other cells, and days in their order."""
        asked = ("code", "level", "above", "residents", "opened_on", "closed_on")
        for index, (code, level, upper, residents, opened, closed) in enumerate(rows.tuples(asked)):
            if code and not (code.isascii() and code.isdigit() and len(code) in LEVEL_OF_DIGITS):
                rows.error(
                    index,
                    "code",
                    "region_code_form",
                    "区划代码应为 2、4、6、9 或 12 位数字；请按文本格式填写完整代码",
                )
            elif code:
                if level and level != LEVEL_OF_DIGITS[len(code)]:
                    said = f"{len(code)} 位代码是{LEVELS[LEVEL_OF_DIGITS[len(code)]]}，填的是{LEVELS[level]}；请核对代码或层级"
                    rows.error(index, "level", "level_differs", said)
                if upper and upper != above(code):
                    expected = above(code) or "空着"
                    rows.error(
                        index, "above", "above_differs", f"按代码，上级应为 {expected}；请核对两个代码"
                    )
            if residents is not None and not 0 <= residents <= 2_000_000_000:
                rows.error(index, "residents", "out_of_range", "常住人口应为人数，不能是负数；请核对")
            if opened and closed and closed < opened:
                rows.error(index, "closed_on", "wrong_order", "撤销日期早于启用日期；请核对")

    def identity(self, rows: Rows) -> list[str]:
        """The code."""
        return [code or "" for code in rows.column("code")]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        return _Planning(rows, context).plan()

    def lock(self, context: LedgerContext) -> None:
        """See ``LedgerKind.lock``."""
        lock_places()

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``: facts stay at the code they were written under."""
        intents: Intents = plan.data
        codes = rows.column("code")
        made = {codes[index]: values for index, values in intents.new.items()}
        kept = {codes[index]: values for index, values in intents.changed.items()}
        keys = {"code": list(made), "level": [LEVEL_OF_DIGITS[len(code)] for code in made]}
        with places_noted([*made, *kept], at=context.now):
            insert(Region, keys | _columns(list(made.values())))
            update(Region, list(kept), _columns(list(kept.values())))

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Put changed regions back and take new ones out that nothing speaks of."""
        return _undo(staged, context)

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``."""
        return last_written(nouns=("region",), kinds=("regions",))

    def missing(self, batch: LedgerBatch) -> QuerySet | None:
        """Regions that stand beside those of the file, under the same region above, and are not in it."""
        named = set(batch.rows.exclude(key="").values_list("key", flat=True))
        covered = {above(code) for code in named} - {""}
        known = Region.objects.in_territory(batch.territory).filter(closed_on__isnull=True)
        codes = known.values_list("code", flat=True)
        left = [code for code in codes if code not in named and above(code) in covered]
        return among(Region.objects.all(), "code", left).order_by("code")

    def export_queryset(self, user: Any) -> QuerySet:
        """The regions this person sees, of the territory they import when they import regions."""
        seen = Region.objects.visible_to(user)
        territory = user.territory_for_import(self.key)
        return (seen.in_territory(territory) if territory else seen).order_by("code")

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``."""
        fields = ("residents", "opened_on", "closed_on", "successor_id", "former_names")
        found = queryset.values_list("code", "name", "level", *fields)
        for number, (code, name, level, *rest) in enumerate(found.iterator(chunk_size=5_000), 1):
            yield [number, code, name, LEVELS.get(level, level), above(code), *rest]


def _columns(values: Sequence[Stored]) -> dict[str, Any]:
    """Values as columns of the table."""
    return {
        ("successor_id" if name == "successor" else name): [getattr(each, name) for each in values]
        for name in FIELDS
    }


def _stored(codes: Sequence[str]) -> dict[str, Stored]:
    return _read(among(Region.objects.all(), "code", codes))


def _read(regions: QuerySet) -> dict[str, Stored]:
    """Code → what is registered."""
    fields = ("name", "residents", "opened_on", "closed_on", "successor_id", "former_names")
    return {row[0]: Stored(*row[1:]) for row in regions.values_list("code", *fields)}


def _plain_values(values: Stored, names: Sequence[str]) -> dict[str, Any]:
    """Some values as the staged row keeps them."""
    return ready({name: getattr(values, name) for name in names})


class _Planning:
    """The file beside the whole tree of the territory; a row that depends on a refused row is refused with it."""

    def __init__(self, rows: Rows, context: LedgerContext) -> None:
        self.rows, self.context = rows, context
        self.codes: list[str] = [code or "" for code in rows.column("code")]
        self.row_of = {self.codes[index]: index for index in rows.live()}
        city = context.territory[:4] if len(context.territory) >= 4 else context.territory
        self.register = _read(Region.objects.in_territory(city))
        # Also those that count elsewhere since they were merged: their codes are taken all the same.
        missing = {*self.codes, *(above(code) for code in self.codes if code), context.territory[:2]}
        self.register |= _stored([code for code in missing if code and code not in self.register])
        self.final: dict[str, Stored] = {}

    def plan(self) -> Plan:
        """See ``LedgerKind.plan``."""
        rows = self.rows
        plan, intents = Plan(len(rows)), Intents()
        self._refuse_foreign()
        targets = self._successors()
        for index in rows.live():
            self.final[self.codes[index]] = self._values(index, targets.get(index))
        self._refuse_impossible(targets)
        self._warn()
        for index in rows.live():
            code = self.codes[index]
            known, wanted = self.register.get(code), self.final[code]
            plan.targets[index] = int(code) if known else None
            if known is None:
                plan.verbs[index] = RowVerb.CREATED
                plan.befores[index] = {"_after": _plain_values(wanted, FIELDS)}
                intents.new[index] = wanted
                continue
            changed = [name for name in FIELDS if getattr(known, name) != getattr(wanted, name)]
            if not changed:
                plan.verbs[index] = RowVerb.UNCHANGED
                if known.closed_on and not rows.column("closed_on")[index]:
                    said = f"登记中已于 {known.closed_on} 撤销，表中没有写撤销日期；登记不改"
                    rows.note(index, "closed_on", "kept", said)
                continue
            closes = known.closed_on is None and wanted.closed_on is not None
            plan.verbs[index] = RowVerb.CLOSED if closes else RowVerb.UPDATED
            after = _plain_values(wanted, changed)
            plan.befores[index] = {**_plain_values(known, changed), "_after": after}
            intents.changed[index] = wanted
        plan.data = intents
        return plan

    def _refuse_foreign(self) -> None:
        territory, merged = self.context.territory, standing_mergers()
        for index in self.rows.live():
            code = self.codes[index]
            if not (code.startswith(territory) or home_of(code, merged).startswith(territory)):
                said = f"{code} 不在您的辖区({territory})内；请删去这一行，由该地办理"
                self.rows.error(index, "code", "other_territory", said)

    def _successors(self) -> dict[int, str]:
        """Row → code of the region it goes into, by code or by the name of a region of the same level."""
        found: dict[int, str] = {}
        column = self.rows.column("successor")
        by_name: dict[tuple[int, str], set[str]] = defaultdict(set)
        if any(column):
            names = {code: one.name for code, one in self.register.items() if not one.closed_on}
            names |= {code: self.rows.column("name")[index] for code, index in self.row_of.items()}
            for code, name in names.items():
                by_name[len(code), plain(name)].add(code)
        for index in self.rows.live():
            said, code = column[index], self.codes[index]
            if not said:
                continue
            text = plain(said)
            if text in self.register or text in self.row_of:
                codes = {text}
            else:
                codes = by_name[len(code), text]
                beside = {each for each in codes if above(each) == above(code)}
                codes = beside or codes
            if len(codes) > 1:
                many = f"有 {len(codes)} 个同级地区叫“{said}”；请填区划代码"
                self.rows.error(index, "successor", "region_ambiguous", many)
            elif not codes:
                nobody = f"没有登记“{said}”这个地区；请填已登记的同级地区的代码，或在同一文件中补上它的行"
                self.rows.error(index, "successor", "unknown_region", nobody)
            else:
                found[index] = next(iter(codes))
        return found

    def _values(self, index: int, successor: str | None) -> Stored:
        """What the region will hold; blanks leave what is registered."""
        rows, known = self.rows, self.register.get(self.codes[index])
        name = rows.column("name")[index]
        residents, opened_on, closed_on = (
            rows.column(key)[index] for key in ("residents", "opened_on", "closed_on")
        )
        earlier = names_in(rows.column("former_names")[index] or "")
        if known is None:
            former = with_former_name("、".join(earlier), "", name)
            return Stored(name, residents, opened_on, closed_on, successor, former)
        if plain(name) == plain(known.name):
            name = known.name
        kept = names_in(known.former_names)
        former = "、".join([*kept, *(one for one in earlier if one not in kept)])
        return Stored(
            name,
            known.residents if residents is None else residents,
            opened_on or known.opened_on,
            closed_on or known.closed_on,
            successor or known.successor,
            with_former_name(former, known.name, name),
        )

    def _standing(self, code: str) -> Stored | None:
        """A region as it will be: from a row that is still live, else from the register."""
        index = self.row_of.get(code)
        if index is not None and index not in self.rows.rejected:
            return self.final.get(code)
        return self.register.get(code)

    def _refuse_impossible(self, targets: dict[int, str]) -> None:
        """Ask until nothing falls any more: what a refused row would have brought is missing elsewhere."""
        refused = -1
        while refused != len(self.rows.rejected):
            refused = len(self.rows.rejected)
            into = {code: one.successor for code, one in self.register.items() if one.successor}
            into |= {self.codes[i]: self.final[self.codes[i]].successor or "" for i in self.rows.live()}
            for index in self.rows.live():
                if not self._refuse_place(index):
                    self._refuse_successor(index, targets.get(index), into)

    def _refuse_place(self, index: int) -> bool:
        code = self.codes[index]
        upper = above(code)
        if code in self.register or not upper:
            return False
        standing = self._standing(upper)
        if standing is None:
            said = f"上一级地区 {upper} 没有登记；请在同一文件中补上它的行，或先登记上级"
            self.rows.error(index, "code", "above_unknown", said)
        elif standing.closed_on and self.final[code].closed_on is None:
            said = f"上一级地区 {upper}({standing.name})已撤销；请登记到接收它的地区下面"
            self.rows.error(index, "code", "above_closed", said)
        return index in self.rows.rejected

    def _refuse_successor(self, index: int, told: str | None, into: dict[str, str]) -> None:
        code, rows = self.codes[index], self.rows
        wanted, known = self.final[code], self.register.get(code)
        if told is None or (known and (known.successor, known.closed_on) == (told, wanted.closed_on)):
            return
        standing = self._standing(told)
        if wanted.closed_on is None:
            cell = "closed_on" if rows.has("closed_on") else "successor"
            rows.error(index, cell, "required", "填了并入地区就要填撤销日期；请补上")
        elif len(told) != len(code):
            said = "只能并入同一层级的地区；请填写接收这个地区的同级地区"
            rows.error(index, "successor", "successor_differs_in_level", said)
        elif standing is None:
            said = f"并入地区 {told} 的那一行有错误，没有登记；请先改正那一行"
            rows.error(index, "successor", "unknown_region", said)
        elif circle(into, code):
            said = "沿着并入地区找下去又回到了本地区；请核对是谁并入了谁"
            rows.error(index, "successor", "successor_circle", said)
        elif standing.closed_on and standing.closed_on <= wanted.closed_on:
            said = f"{told}({standing.name})在 {standing.closed_on} 已撤销；请填最后接收的地区"
            rows.error(index, "successor", "successor_closed", said)

    def _warn(self) -> None:
        """What is imported and should be looked at: closed without a successor, and a name that stands twice beside itself."""
        names: dict[tuple[str, str], set[str]] = defaultdict(set)
        live = self.rows.live()
        for code, one in (self.register | {self.codes[i]: self.final[self.codes[i]] for i in live}).items():
            if one.closed_on is None:
                names[above(code), plain(one.name)].add(code)
        for index in live:
            code = self.codes[index]
            wanted, known = self.final[code], self.register.get(code)
            if wanted.closed_on and not wanted.successor and not (known and known.closed_on):
                said = "撤销后没有写并入地区，原有主体和记录仍按原代码统计；如已并入其他地区请补上"
                self.rows.warning(index, "closed_on", "no_successor", said)
            others = names[above(code), plain(wanted.name)] - {code}
            if others and wanted.closed_on is None and (known is None or known.name != wanted.name):
                said = f"同一上级下还有同名的地区 {'、'.join(sorted(others))}；其他台账按名称对应时会分不清，请核对"
                self.rows.warning(index, "name", "same_name", said)


# --- taking it back --------------------------------------------------------------------------------------


def _undo(staged: list[LedgerRow], context: LedgerContext) -> UndoResult:
    result = UndoResult()
    now = _stored([row.key for row in staged])
    untouched = {
        row.key
        for row in staged
        if row.key in now
        and _plain_values(now[row.key], list((row.before or {}).get("_after", {})))
        == (row.before or {}).get("_after")
    }
    back: dict[str, Stored] = {}
    for row in staged:
        if row.verb == RowVerb.CREATED:
            continue
        if row.key not in untouched:
            name = now[row.key].name if row.key in now else row.key
            result.conflict(row, name, CHANGED_SINCE)
            continue
        back[row.key] = _earlier(now[row.key], row.before or {})
    made = {row.key: row for row in staged if row.verb == RowVerb.CREATED and row.key in now}
    reasons = {code: CHANGED_SINCE for code in made if code not in untouched}
    reasons |= in_use(Region, list(made), apart_from=(Region, RegionMerger, RegionTerm))
    _keep_what_is_leant_on(made, back, reasons)
    for code, row in made.items():
        if code in reasons:
            result.conflict(row, now[code].name, reasons[code])
    with places_noted(back, at=context.now):
        update(Region, list(back), _columns(list(back.values())))
    gone = [code for code in made if code not in reasons]
    update(Region, gone, {"successor_id": Same(None)})
    Region.objects.filter(pk__in=gone).delete()
    result.restored, result.removed = len(back), len(gone)
    return result


def _earlier(now: Stored, before: dict[str, Any]) -> Stored:
    """The region as it was before the batch."""
    values = {name: before.get(name, getattr(now, name)) for name in FIELDS}
    for name in ("opened_on", "closed_on"):
        if isinstance(values[name], str):
            values[name] = date.fromisoformat(values[name])
    return Stored(**values)


def _keep_what_is_leant_on(
    made: dict[str, LedgerRow], back: dict[str, Stored], reasons: dict[str, str]
) -> None:
    """A new region stays while a region that stays lies below it or went into it."""
    tree: dict[str, str | None] = {}
    if made:
        tree |= dict(Region.objects.values_list("code", "successor_id"))
    tree |= {code: values.successor for code, values in back.items()}
    kept = -1
    while kept != len(reasons):
        kept = len(reasons)
        staying = {code: into for code, into in tree.items() if code not in made or code in reasons}
        uppers = {code[:digits] for code in staying for digits in LEVEL_OF_DIGITS if digits < len(code)}
        receivers = set(staying.values())
        for code in made:
            if code in reasons:
                continue
            if code in uppers:
                reasons[code] = "下面还有登记的地区，没有删除"
            elif code in receivers:
                reasons[code] = "已有地区并入，没有删除"
