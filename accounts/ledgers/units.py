"""The ledger of government bodies: who belongs to the campaign, where, and under whom.

No published ledger of units was found; its columns are designed here. A blank cell leaves what is registered; a unit is renamed by
naming it with its former name beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, override

from accounts.choices import UnitKind
from accounts.ledgers.named import CHANGED_SINCE, find_regions, in_use
from accounts.mergers import lock_places
from accounts.models import Region, Unit
from foodsafe_portal.lib.bulk import Same, among, update
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.typography import plain
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.ledgers.codes import name_code
from records.models import LedgerBatch, LedgerRow
from records.services.ledger_units import follow_units
from records.services.written import last_written

with override(None):
    KINDS = {kind.value: str(kind.label) for kind in UnitKind}

COLUMNS: Final = (
    Column("seq", "序号", "int", width=6),
    Column("name", "单位名称", required=True, aliases=("名称", "单位全称", "成员单位名称"), width=30, max_length=100),
    Column("short_name", "简称", aliases=("单位简称",), width=16, max_length=40),
    Column("kind", "单位类别", "enum", aliases=("类别", "单位性质"), choices=KINDS, width=14,
           synonyms={"局": "bureau", "委办局": "bureau", "监管所": "regulator"}, note="空着 = 部门"),
    Column("region", "行政区划", "ref", required=True, aliases=("所在地区", "所属地区", "辖区", "区划代码"), width=18,
           note="区划代码或名称，例如 990102 或 南湖区"),
    Column("parent", "上级单位", aliases=("主管单位", "上级主管部门"), width=30, max_length=100, note="本台账或登记中的单位名称"),
    Column("is_member", "是否成员单位", "bool", aliases=("成员单位",), width=14),
    Column("former_name", "原单位名称", aliases=("原名称", "曾用名"), width=30, max_length=100, note="更名时填写"),
)  # fmt: skip
FIELDS: Final = ("name", "short_name", "kind", "parent", "is_member")

for _code, _message in (
    ("parent_unknown", gettext_noop("没有这个上级单位")),
    ("parent_ambiguous", gettext_noop("有几个同名的上级单位")),
    ("parent_circle", gettext_noop("上级单位绕回了自己")),
    ("names_of_two", gettext_noop("原名称和现名称是两个单位")),
    ("former_unknown", gettext_noop("没有登记过原名称")),
    ("region_closed", gettext_noop("行政区划已撤销")),
    ("region_ambiguous", gettext_noop("有几个地方叫这个名称")),
):
    name_code(_code, _message)

Key = int | tuple[str, str]
"""A unit of the register by its key, one still to be made by region and plain name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A unit of the register."""

    pk: int
    region: str
    name: str
    short_name: str
    kind: str
    parent: int | None
    is_member: bool


@dataclass(slots=True)
class Intent:
    """What one row will make of its unit; ``parent`` may be a unit that is made with it."""

    known: Stored | None
    region: str
    name: str
    short_name: str
    kind: str
    parent: Key | None
    is_member: bool

    @property
    def key(self) -> Key:
        """The unit's key, or region and name until it has one."""
        return self.known.pk if self.known else (self.region, plain(self.name))


@dataclass(slots=True)
class Intents:
    """What one ledger is going to write, by row."""

    new: dict[int, Intent] = field(default_factory=dict)
    changed: dict[int, Intent] = field(default_factory=dict)


@register
class UnitsKind(LedgerKind):
    """成员单位台账."""

    key = "units"
    title = _("成员单位台账")
    columns = COLUMNS
    match_note = "按行政区划和单位名称对应；更名时在“原单位名称”中填以前的名称"
    example = {
        "name": "示例市教育局", "short_name": "市教育局", "kind": "部门", "region": "示例市", "parent": "示例市人民政府",
        "is_member": "是",
    }  # fmt: skip

    def identity(self, rows: Rows) -> list[str]:
        """The name in its region, as typed."""
        asked = rows.tuples(("region", "name"))
        return [f"{plain(region)}|{plain(name)}" if region and name else "" for region, name in asked]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        return _Planning(rows, context).plan()

    def lock(self, context: LedgerContext) -> None:
        """See ``LedgerKind.lock``."""
        lock_places()

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``: new units first, then who stands under whom."""
        intents: Intents = plan.data
        new, changed = list(intents.new.values()), list(intents.changed.values())
        try:
            made = Unit.objects.bulk_create(
                Unit(
                    name=one.name,
                    short_name=one.short_name,
                    kind=one.kind,
                    region_id=one.region,
                    is_member=one.is_member,
                )
                for one in new
            )
        except IntegrityError as clash:
            raise RegisterChanged(str(clash)) from clash
        keys: dict[Key, int] = {one.key: unit.pk for one, unit in zip(new, made, strict=True)}
        both = [(keys[one.key], one) for one in new] + [(one.known.pk, one) for one in changed if one.known]
        update(
            Unit,
            [pk for pk, _ in both],
            {
                "name": [one.name for _, one in both],
                "short_name": [one.short_name for _, one in both],
                "kind": [one.kind for _, one in both],
                "is_member": [one.is_member for _, one in both],
                "parent_id": [keys.get(one.parent, one.parent) if one.parent else None for _, one in both],
            },
        )
        straighten_paths()

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Put changed units back and take new ones out that nothing speaks of."""
        result = _undo(staged)
        straighten_paths()
        return result

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``: regions count too, because rows are matched with them."""
        return last_written(nouns=("unit", "region"), kinds=("units", "regions"))

    def missing(self, batch: LedgerBatch) -> QuerySet | None:
        """Members of the campaign in the regions the file speaks of that it does not name."""
        named = batch.rows.filter(target_id__isnull=False)
        regions = Unit.objects.filter(pk__in=named.values("target_id")).values("region_id")
        found = Unit.objects.filter(in_territory(batch.territory), is_member=True, region_id__in=regions)
        return found.exclude(pk__in=named.values("target_id")).order_by("region_id", "name")

    def export_queryset(self, user: Any) -> QuerySet:
        """The units this person sees, of the territory they import when they import units."""
        seen = Unit.objects.visible_to(user)
        territory = user.territory_for_import(self.key)
        return seen.filter(in_territory(territory)).order_by("region_id", "pk") if territory else seen

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``; a superior's name is told with its region where it would not be unique."""
        fields = ("name", "short_name", "kind", "region_id", "parent_id", "is_member")
        names = _Names(_stored(Unit.objects.all()))
        for number, (name, short, kind, region, parent, member) in enumerate(
            queryset.values_list(*fields).iterator(chunk_size=2_000), 1
        ):
            above = names.told(parent, region) if parent else ""
            yield [number, name, short, KINDS.get(kind, kind), region, above, "是" if member else "否", ""]


class _Names:
    """Units by name; of several that share it the nearest around a region is meant."""

    def __init__(self, units: Iterable[Stored]) -> None:
        self.regions: dict[Key, str] = {}
        self.names: dict[Key, str] = {}
        self._by_name: dict[str, set[Key]] = defaultdict(set)
        for unit in units:
            self.add(unit.pk, unit.region, unit.name, unit.short_name)

    def add(self, key: Key, region: str, name: str, short: str) -> None:
        """Know a unit by its name, its short name, and its region's code before its name."""
        self.regions[key], self.names[key] = region, name
        for word in {plain(name), plain(short), f"{region}{plain(name)}"} - {""}:
            self._by_name[word].add(key)

    def meant(self, said: str, region: str) -> set[Key]:
        """The units somebody in ``region`` means by a name: in the region itself, else nearest above it, else anywhere."""
        found = self._by_name.get(plain(said), set())
        if len(found) < 2:
            return found
        full = {key for key in found if plain(self.names[key]) == plain(said)}
        found = full or found
        around = [key for key in found if region.startswith(self.regions[key])]
        nearest = max((len(self.regions[key]) for key in around), default=0)
        return {key for key in around if len(self.regions[key]) == nearest} or found

    def told(self, key: int, region: str) -> str:
        """A name by which ``meant`` finds this unit again."""
        name = self.names.get(key, "")
        return name if self.meant(name, region) == {key} else f"{self.regions.get(key, '')}{name}"


def _stored(units: QuerySet) -> list[Stored]:
    fields = ("pk", "region_id", "name", "short_name", "kind", "parent_id", "is_member")
    return [Stored(*row) for row in units.values_list(*fields)]


class _Planning:
    """The file beside the register; a row that depends on a refused row is refused with it."""

    def __init__(self, rows: Rows, context: LedgerContext) -> None:
        self.rows = rows
        self.regions = find_regions(rows, context.territory, closed=True)
        self.register = {one.pk: one for one in _stored(Unit.objects.order_by("pk"))}
        own = set(Unit.objects.filter(in_territory(context.territory)).values_list("pk", flat=True))
        self.by_name: dict[tuple[str, str], Stored] = {}
        for pk, one in self.register.items():
            if pk in own:
                self.by_name.setdefault((one.region, plain(one.name)), one)
        self.intents: dict[int, Intent] = {}

    def plan(self) -> Plan:
        """See ``LedgerKind.plan``."""
        rows = self.rows
        plan, intents = Plan(len(rows)), Intents()
        closed = set(Region.objects.filter(closed_on__isnull=False).values_list("code", flat=True))
        for index in rows.live():
            region = self.regions[index]
            known = self._known(index, region) if region else None
            if region and index not in rows.rejected and known is None and region in closed:
                said = f"{region} 已撤销；请填它并入的地区"
                rows.error(index, "region", "region_closed", said)
            if region and index not in rows.rejected:
                self.intents[index] = self._intent(index, region, known)
        self._refuse_twice()
        self._find_parents()
        self._refuse_circles()
        for index in rows.live():
            self._decide(index, plan, intents)
        plan.data = intents
        return plan

    def _known(self, index: int, region: str) -> Stored | None:
        """The unit of this name, or the one that bore the former name."""
        name, former = (self.rows.column(key)[index] for key in ("name", "former_name"))
        known = self.by_name.get((region, plain(name)))
        earlier = self.by_name.get((region, plain(former))) if former else None
        if earlier is not None and known is not None and earlier.pk != known.pk:
            said = f"“{former}”和“{name}”登记为两个单位，不是更名；请清空原单位名称，或联系系统管理员"
            self.rows.error(index, "former_name", "names_of_two", said)
        elif former and known is None and earlier is None:
            said = f"本地区没有登记过“{former}”；请核对原单位名称，新单位请清空这一格"
            self.rows.error(index, "former_name", "former_unknown", said)
        return known or earlier

    def _intent(self, index: int, region: str, known: Stored | None) -> Intent:
        rows = self.rows
        name, short, kind, member = (
            rows.column(key)[index] for key in ("name", "short_name", "kind", "is_member")
        )
        if known is None:
            return Intent(None, region, name, short or "", kind or UnitKind.BUREAU.value, None, bool(member))
        return Intent(
            known,
            region,
            known.name if plain(known.name) == plain(name) else name,
            short or known.short_name,
            kind or known.kind,
            known.parent,
            known.is_member if member is None else member,
        )

    def _refuse_twice(self) -> None:
        """One unit told by two rows that spell its region or its name in two ways."""
        groups: dict[Key, list[int]] = defaultdict(list)
        for index, intent in self.intents.items():
            groups[intent.key].append(index)
        for group in groups.values():
            if len(group) > 1:
                self.rows.refuse_group(
                    group, "same_target", "指向登记中的同一个单位；请核对后只保留正确的一行"
                )

    def _find_parents(self) -> None:
        """Who stands above, of the register or of a row that holds; asked until no row falls any more."""
        refused = -1
        column = self.rows.column("parent")
        while refused != len(self.rows.rejected):
            refused = len(self.rows.rejected)
            names = _Names(self.register.values())
            for index in self.rows.live():
                intent = self.intents[index]
                names.add(intent.key, intent.region, intent.name, intent.short_name)
            for index in self.rows.live():
                if column[index]:
                    self._find_parent(index, column[index], names)

    def _find_parent(self, index: int, said: str, names: _Names) -> None:
        intent, rows = self.intents[index], self.rows
        found = names.meant(said, intent.region)
        others = found - {intent.key}
        if len(others) == 1:
            intent.parent = next(iter(others))
        elif others:
            many = f"有 {len(others)} 个单位叫“{said}”；请在名称前加上它的区划代码"
            rows.error(index, "parent", "parent_ambiguous", many)
        elif found:
            rows.error(index, "parent", "parent_circle", "上级单位就是本单位；请填真正的上级，没有就空着")
        else:
            nobody = f"没有名为“{said}”的单位；请在同一文件中补上它的行，或核对名称"
            rows.error(index, "parent", "parent_unknown", nobody)

    def _refuse_circles(self) -> None:
        upper: dict[Key, Key | None] = {pk: one.parent for pk, one in self.register.items()}
        upper |= {self.intents[index].key: self.intents[index].parent for index in self.rows.live()}
        for index in self.rows.live():
            start = self.intents[index].key
            key, steps = upper.get(start), 0
            while key is not None and key != start and steps <= len(upper):
                key, steps = upper.get(key), steps + 1
            if key == start:
                self.rows.error(
                    index, "parent", "parent_circle", "沿着上级单位找上去又回到了本单位；请核对上级单位"
                )

    def _decide(self, index: int, plan: Plan, intents: Intents) -> None:
        intent = self.intents[index]
        known = intent.known
        if known is None:
            plan.verbs[index] = RowVerb.CREATED
            plan.befores[index] = {"_region": intent.region}
            intents.new[index] = intent
            return
        plan.targets[index] = known.pk
        changed = [name for name in FIELDS if getattr(known, name) != getattr(intent, name)]
        if not changed:
            plan.verbs[index] = RowVerb.UNCHANGED
            return
        plan.verbs[index] = RowVerb.UPDATED
        after = {name: getattr(intent, name) for name in changed}
        before = {name: getattr(known, name) for name in changed}
        if isinstance(intent.parent, tuple) and "parent" in changed:
            after["parent"] = list(intent.parent)  # as it comes back from the staged row
        if "parent" in changed:  # people read a name, the undo a key
            above = self.register.get(known.parent or 0)
            before |= {"parent": above.name if above else "", "_parent": known.parent}
        plan.befores[index] = {**before, "_after": after}
        intents.changed[index] = intent


def straighten_paths() -> int:
    """Make every unit's path true after many moved at once, and let what was sent for them follow; returns how many were wrong."""
    units = {pk: (parent, path) for pk, parent, path in Unit.objects.values_list("pk", "parent_id", "path")}
    true: dict[int, str] = {}
    for start in units:
        line: list[int] = []
        key: int | None = start
        while key is not None and key not in true:
            line.append(key)
            key = units[key][0]
        path = true[key] if key is not None else ""
        for each in reversed(line):
            path = true[each] = f"{path}{each}/"
    wrong = [pk for pk, path in true.items() if units[pk][1] != path]
    update(Unit, wrong, {"path": [true[pk] for pk in wrong]})
    follow_units(paths={units[pk][1]: true[pk] for pk in wrong})
    return len(wrong)


# --- taking it back --------------------------------------------------------------------------------------


def _undo(staged: list[LedgerRow]) -> UndoResult:
    result = UndoResult()
    targets = [row.target_id for row in staged if row.target_id]
    now = {one.pk: one for one in _stored(among(Unit.objects.all(), "id", targets))}
    back: list[tuple[int, Mapping[str, Any]]] = []
    for row in staged:
        if row.verb == RowVerb.CREATED:
            continue
        unit, before = now.get(row.target_id or 0), dict(row.before or {})
        after = before.pop("_after", {})
        if unit is None or any(not _holds(unit, name, value) for name, value in after.items()):
            result.conflict(row, unit.name if unit else row.key, CHANGED_SINCE)
        else:
            back.append((unit.pk, before))
    _put_back(back, now)
    result.restored = len(back)
    made = _made([row for row in staged if row.verb == RowVerb.CREATED])
    reasons = in_use(Unit, list(made), apart_from=(Unit,))
    reasons |= {pk: CHANGED_SINCE for pk, (row, unit) in made.items() if not _as_told(row, unit)}
    kept = -1
    while kept != len(reasons):  # a unit stays while one that stays is under it
        kept = len(reasons)
        going = [pk for pk in made if pk not in reasons]
        under = among(Unit.objects.exclude(pk__in=going), "parent_id", going)
        reasons |= dict.fromkeys(under.values_list("parent_id", flat=True), "下面还有单位，没有删除")
    for pk in made:
        if pk in reasons:
            result.conflict(made[pk][0], made[pk][1].name, reasons[pk])
    gone = [pk for pk in made if pk not in reasons]
    update(Unit, gone, {"parent_id": Same(None)})
    Unit.objects.filter(pk__in=gone).delete()
    result.removed = len(gone)
    return result


def _holds(unit: Stored, name: str, value: Any) -> bool:
    """Whether a unit still has what a batch gave it; a superior that was made with it is known by region and name."""
    if name == "parent" and isinstance(value, list):
        if unit.parent is None:
            return False
        above = Unit.objects.filter(pk=unit.parent).values_list("region_id", "name").first()
        return above is not None and [above[0], plain(above[1])] == value
    return bool(getattr(unit, name) == value)


def _put_back(back: Sequence[tuple[int, Mapping[str, Any]]], now: Mapping[int, Stored]) -> None:
    columns: dict[str, list[Any]] = {}
    for name in FIELDS:
        column = "parent_id" if name == "parent" else name
        key = "_parent" if name == "parent" else name
        columns[column] = [before.get(key, getattr(now[pk], name)) for pk, before in back]
    update(Unit, [pk for pk, _ in back], columns)


def _made(rows: Sequence[LedgerRow]) -> dict[int, tuple[LedgerRow, Unit]]:
    """The units that rows brought in and that are still there under their name."""
    wanted = {((row.before or {}).get("_region", ""), plain(row.values["name"])): row for row in rows}
    found = among(Unit.objects.all(), "region_id", {region for region, _ in wanted})
    return {
        unit.pk: (wanted[unit.region_id, plain(unit.name)], unit)
        for unit in found
        if (unit.region_id, plain(unit.name)) in wanted
    }


def _as_told(row: LedgerRow, unit: Unit) -> bool:
    """Whether a new unit still is what its row said."""
    told = row.values
    return (
        unit.short_name == told.get("short_name", "")
        and unit.kind == told.get("kind", UnitKind.BUREAU.value)
        and unit.is_member == bool(told.get("is_member", False))
        and (unit.parent_id is None) == ("parent" not in told)
    )
