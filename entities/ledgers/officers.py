"""The ledger of officers: each row an officer, usually bound to a business, perhaps with the pledge they signed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError
from django.db.models import F, Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.ledgers.places import RegionIndex, resolve_regions
from accounts.models import Region
from entities.choices import OfficerLevel, Source
from entities.fields import LEVELS, OFFICER_COLUMNS
from entities.hooks import business_changed
from entities.ledgers.lookup import Known, find_businesses
from entities.ledgers.succession import refuse_early
from entities.ledgers.undo_officers import undo_officers
from entities.models import Assignment, Business, Officer, Pledge
from entities.rules.matching import officer_key, plain
from foodsafe_portal.lib.bulk import Same, among, insert, update
from foodsafe_portal.lib.scope import in_territory
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.ledgers.owned import note_owned
from records.models import LedgerBatch, LedgerRow

_SEVERAL = re.compile(r"[、，,;；/]|(?<=[\u4e00-\u9fff]{2})和(?=[\u4e00-\u9fff]{2})")
_MOBILE_DIGITS = 11
_WIDE = frozenset({OfficerLevel.CITY.value, OfficerLevel.COUNTY.value})


class Stored(NamedTuple):
    """An officer as the register has them."""

    pk: int
    version: int
    match_key: str
    name: str
    title: str
    level: str
    unit_name: str
    phone: str
    region_id: str


class Held(NamedTuple):
    """An assignment as the register has it."""

    pk: int
    officer_id: int
    business_id: int
    level: str
    valid_from: date
    valid_to: date | None
    officer__name: str


@dataclass(slots=True)
class Person:
    """One officer of the file: what its rows say together, and who that is in the register."""

    key: str
    rows: list[int]
    name: str
    title: str
    level: str
    unit_name: str
    phone: str
    region_id: str
    stored: Stored | None = None
    changes: dict[str, Any] = field(default_factory=dict)


class Binding(NamedTuple):
    """A new assignment: whose, which business, which level, from when, until when."""

    person: Person
    business_id: int
    level: str
    valid_from: date
    valid_to: date | None


class Signature(NamedTuple):
    """A new pledge."""

    person: Person
    business_id: int | None
    signed_on: date


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    people: list[Person] = field(default_factory=list)
    ends: dict[int, date] = field(default_factory=dict)
    voids: list[int] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    businesses: set[int] = field(default_factory=set)


OWNABLE = {
    "title": "officer_title",
    "level": "officer_level",
    "unit_name": "officer_unit",
    "phone": "officer_phone",
}
"""The facts of an officer that the city may keep, by the column that tells them."""


@register
class OfficersKind(LedgerKind):
    """包保干部及责任清单."""

    key = "officers"
    title = _("包保干部及责任清单")
    columns = OFFICER_COLUMNS
    match_note = "干部按姓名加电话对应（没有电话的按姓名加单位），主体按许可证号或信用代码对应；换人时原包保关系自动终止"
    ownable = tuple(OWNABLE.values())
    endless = {"valid_to": ("长期", "至今", "现在")}
    example = {
        "officer_name": "李四", "officer_title": "副镇长", "officer_level": "乡镇级", "officer_unit": "人民街道办事处",
        "officer_phone": "13900000000", "county": "南湖区", "township": "人民街道", "business_name": "南湖区张记面馆",
        "business_credit_code": "92990102MA0000001X", "business_licence_no": "JY29901020000001",
        "pledge_signed_on": "2026-01-05", "valid_from": "2026-01-01",
    }  # fmt: skip

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """One person a row, mobile numbers whole, dates in order, pledges not in the future."""
        for index, name in enumerate(rows.column("officer_name")):
            if name and _SEVERAL.search(name):
                said = f"“{name}”像是几个人；请一行只写一名包保干部，其余的另起一行"
                rows.error(index, "officer_name", "several_people", said)
        for index, phones in enumerate(rows.column("officer_phone")):
            for phone in phones.split(",") if phones else ():
                if _is_mobile_cut_short(phone):
                    said = f"手机号应为 {_MOBILE_DIGITS} 位，这里是 {len(phone)} 位；请核对，干部是按姓名和电话对应的"
                    rows.warning(index, "officer_phone", "mobile_length", said)
        rows.fail_where(
            "pledge_signed_on",
            "future_date",
            "承诺书的签订日期晚于今天；请核对年份",
            lambda day: day > context.today,
        )
        starts, ends = rows.column("valid_from"), rows.column("valid_to")
        for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
            if start and end and end < start:
                rows.error(index, "valid_to", "wrong_order", "包保终止早于包保起始；请核对两个日期")

    def identity(self, rows: Rows) -> list[str]:
        """Officer and business together; several periods of one pair differ by their first day."""
        numbers = ("business_licence_no", "business_credit_code", "business_name")
        asked = rows.tuples(
            ("officer_name", "officer_phone", "officer_unit", "township", *numbers, "valid_from")
        )
        return [
            "→".join(
                (
                    officer_key(name=name, phone=phone or "", unit_name=unit or "", region=town or ""),
                    licence or code or called or "",
                    since.isoformat() if since else "",
                )
            )
            if name
            else ""
            for name, phone, unit, town, licence, code, called, since in asked
        ]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        regions = resolve_regions(rows, RegionIndex(context.territory), required=("county",), village="")
        businesses = find_businesses(
            rows,
            context.territory,
            licence="business_licence_no",
            code="business_credit_code",
            name="business_name",
        )
        people = _people(rows, regions)
        _recognise(people.values(), context.territory)
        _refuse_rivals(rows, businesses, context.today)
        plan.data = _Planner(rows, plan, people, businesses, context).intents()
        return plan

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``."""
        intents: Intents = plan.data
        try:
            ids = _write_people(intents.people, context)
            _write_assignments(intents, ids, context)
        except IntegrityError as clash:
            raise RegisterChanged(str(clash)) from clash
        if intents.businesses:
            business_changed.send(
                sender=Business,
                business_ids=sorted(intents.businesses),
                on=context.ledger_date,
                at=context.now,
                by=context.user,
            )

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """See ``LedgerKind.undo``."""
        return undo_officers(staged, batch, context)

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``: businesses count too, because rows are matched with them."""
        held = Assignment.objects.filter(in_territory(territory, "business__region_id")).aggregate(
            made=Max("recorded_at"), ended=Max("ended_at"), voided=Max("voided_at")
        )
        here = in_territory(territory)
        moments = [
            *held.values(),
            Officer.objects.filter(here).aggregate(last=Max("recorded_at"))["last"],
            Business.objects.filter(here).aggregate(last=Max("updated_at"))["last"],
            Pledge.objects.filter(in_territory(territory, "officer__region_id")).aggregate(
                last=Max("recorded_at")
            )["last"],
        ]
        return max(filter(None, moments), default=None)

    def missing(self, batch: LedgerBatch) -> QuerySet | None:
        """Active assignments of the territory that the file does not name."""
        return (
            Assignment.objects.active()
            .filter(in_territory(batch.territory, "business__region_id"))
            .exclude(pk__in=batch.rows.filter(target_id__isnull=False).values("target_id"))
            .select_related("officer", "business")
            .order_by("officer__name", "pk")
        )

    def regions(self, territory: str) -> Mapping[str, Sequence[str]]:
        """See ``LedgerKind.regions``."""
        index = RegionIndex(territory)
        return {name: list(index.townships(code).values()) for code, name in index.counties.items()}

    def export_queryset(self, user: Any) -> QuerySet:
        """Active assignments; officers without a business have no row of their own in it."""
        return (
            Assignment.objects.visible_to(user).active().order_by("officer__region_id", "officer__name", "pk")
        )

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``."""
        names = dict(Region.objects.filter(level__in=["county", "township"]).values_list("code", "name"))
        asked = queryset.annotate(
            signed_on=Max(
                "officer__pledges__signed_on", filter=Q(officer__pledges__business_id=F("business_id"))
            )
        )
        fields = (
            "officer__name", "officer__title", "level", "officer__unit_name", "officer__phone", "officer__region_id",
            "business__name", "business__credit_code", "business__licence_no", "signed_on", "valid_from", "valid_to",
        )  # fmt: skip
        for number, row in enumerate(asked.values_list(*fields).iterator(chunk_size=5_000), 1):
            person, title, level, unit, phone, region, *rest = row
            where = [names.get(region[:6], ""), names.get(region[:9], "") if len(region) >= 9 else ""]
            yield [number, person, title, LEVELS.get(level, level), unit, phone, *where, *rest]


def _is_mobile_cut_short(phone: str) -> bool:
    """Whether a number begins like a mobile and has not its length; short service numbers (12345) are none."""
    return phone.isdigit() and phone.startswith("1") and len(phone) > 5 and len(phone) != _MOBILE_DIGITS


# --- who is meant --------------------------------------------------------------------------------------


def _people(rows: Rows, regions: Sequence[str]) -> dict[int, Person]:
    """Row → officer of the file. Rows of one officer that contradict each other are all refused."""
    groups: dict[str, Person] = {}
    found: dict[int, Person] = {}
    contradictions: set[str] = set()
    asked = list(
        rows.tuples(("officer_name", "officer_title", "officer_level", "officer_unit", "officer_phone"))
    )
    for index in rows.live():
        name, title, level, unit, phone = asked[index]
        region = regions[index][:6] if level in _WIDE else regions[index]
        key = officer_key(name=name, phone=phone or "", unit_name=unit or "", region=region)
        person = groups.get(key)
        if person is None:
            person = groups[key] = Person(key, [], name, title, level, unit or "", phone or "", region)
        elif (person.title, person.level) != (title, level) or (
            unit and person.unit_name and unit != person.unit_name
        ):
            contradictions.add(key)
        person.unit_name = person.unit_name or unit or ""
        person.rows.append(index)
        found[index] = person
    for key in contradictions:
        person = groups[key]
        rows.refuse_group(
            person.rows,
            "officer_differs",
            "是同一名干部，但职务、层级或单位不一致；请统一后再导入",
            compared=("officer_title", "officer_level", "officer_unit"),
        )
        for index in person.rows:
            del found[index]
    return found


_STORED = Stored._fields


def _recognise(people: Any, territory: str) -> None:
    """Find the officers of the file in the register: by key, else by name and unit where one side has no telephone."""
    unknown: dict[str, Person] = {person.key: person for person in people}
    if not unknown:
        return
    for row in among(Officer.objects.all(), "match_key", list(unknown)).values_list(*_STORED):
        unknown.pop(row[2]).stored = Stored(*row)
    if not unknown:
        return
    here = Officer.objects.filter(in_territory(territory)) if territory else Officer.objects.all()
    by_name: dict[str, list[Stored]] = defaultdict(list)
    for row in among(here, "name", [person.name for person in unknown.values()]).values_list(*_STORED):
        by_name[row[3]].append(Stored(*row))
    taken: set[int] = set()
    for person in unknown.values():
        candidates = [
            stored
            for stored in by_name.get(person.name, ())
            if not (stored.phone and person.phone)
            and plain(stored.unit_name) == plain(person.unit_name)
            and stored.pk not in taken
        ]
        if len(candidates) == 1:
            person.stored = candidates[0]
            taken.add(candidates[0].pk)


def _refuse_rivals(rows: Rows, businesses: Mapping[int, Known], today: date) -> None:
    """One active officer per business and level: rows that name two are all refused."""
    ends, levels = rows.column("valid_to"), rows.column("officer_level")
    claims: dict[tuple[int, str], list[int]] = defaultdict(list)
    for index in rows.live():
        if index in businesses and (ends[index] is None or ends[index] >= today):
            claims[businesses[index].pk, levels[index]].append(index)
    for group in claims.values():
        if len(group) > 1:
            rows.refuse_group(
                group,
                "officer_already_assigned",
                "是同一家主体的同一包保层级，只能有一名干部；请核对后只保留一行",
                compared=("officer_name", "officer_phone"),
            )


# --- what each row would do ------------------------------------------------------------------------------


class _Planner:
    """Goes through the rows once and gathers what is to be written."""

    def __init__(
        self,
        rows: Rows,
        plan: Plan,
        people: Mapping[int, Person],
        businesses: Mapping[int, Known],
        context: LedgerContext,
    ) -> None:
        self.rows, self.plan, self.people, self.businesses, self.context = (
            rows,
            plan,
            people,
            businesses,
            context,
        )
        ids = {business.pk for business in businesses.values()}
        held = (
            among(Assignment.objects.filter(voided_at__isnull=True), "business_id", ids)
            if ids
            else Assignment.objects.none()
        )
        self.held: dict[tuple[int, str], list[Held]] = defaultdict(list)
        for row in held.order_by("valid_from", "pk").values_list(*Held._fields):
            self.held[row[2], row[3]].append(Held(*row))
        known = {person.stored.pk for person in people.values() if person.stored}
        pledges = among(Pledge.objects.all(), "officer_id", known) if known else Pledge.objects.none()
        self.pledges = set(pledges.values_list("officer_id", "business_id", "signed_on"))
        self.result = Intents()

    def intents(self) -> Intents:
        """Fill the plan's columns and return what is to be written."""
        starts, ends = self.rows.column("valid_from"), self.rows.column("valid_to")
        pledged = self.rows.column("pledge_signed_on")
        met: set[str] = set()
        self._refuse_early(starts, ends)
        for index in self.rows.live():
            person = self.people[index]
            business = self.businesses.get(index)
            before: dict[str, Any] = {}
            verb = RowVerb.UNCHANGED
            if person.key not in met:
                met.add(person.key)
                verb = self._person(index, person, before)
            if business is not None:
                bound = self._bind(index, person, business, starts[index], ends[index], before)
                verb = bound if bound != RowVerb.UNCHANGED else verb
            idle = verb in (RowVerb.UNCHANGED, RowVerb.CONFLICT)
            if pledged[index] and self._sign(person, business, pledged[index]) and idle:
                verb = RowVerb.UPDATED
            self.plan.verbs[index], self.plan.befores[index] = verb, before or None
        return self.result

    def _refuse_early(self, starts: Sequence[date | None], ends: Sequence[date | None]) -> None:
        for index in self.rows.live():
            person, business = self.people[index], self.businesses.get(index)
            if business is None or ends[index] is not None:
                continue
            held = self.held.get((business.pk, person.level), [])
            active = next((one for one in held if one.valid_to is None), None)
            if active is not None and not (person.stored and active.officer_id == person.stored.pk):
                refuse_early(self.rows, index, starts[index] or self.context.ledger_date, active)

    def _person(self, index: int, person: Person, before: dict[str, Any]) -> RowVerb:
        stored = person.stored
        if stored is None:
            self.result.people.append(person)
            return RowVerb.CREATED
        wanted = {
            "title": person.title,
            "level": person.level,
            "unit_name": person.unit_name,
            "phone": person.phone,
        }
        person.changes = {
            name: value for name, value in wanted.items() if value and value != getattr(stored, name)
        }
        owned = [name for name in person.changes if OWNABLE[name] in self.context.locked_columns]
        for name in owned:
            del person.changes[name]
            note_owned(self.rows, index, OWNABLE[name])
        if "phone" in person.changes and not stored.phone:
            person.changes["match_key"] = person.key
        if person.changes:
            self.result.people.append(person)
            before["_officer"] = stored.pk
            before |= {
                f"officer_{name.removesuffix('_name')}": getattr(stored, name)
                for name in wanted
                if name in person.changes
            }
            if "match_key" in person.changes:
                before["_match_key"] = stored.match_key
            return RowVerb.UPDATED
        return RowVerb.CONFLICT if owned else RowVerb.UNCHANGED

    def _bind(
        self,
        index: int,
        person: Person,
        business: Known,
        start: date | None,
        end: date | None,
        before: dict[str, Any],
    ) -> RowVerb:
        held = self.held.get((business.pk, person.level), [])
        active = next((one for one in held if one.valid_to is None), None)
        mine = person.stored.pk if person.stored else 0
        self.plan.targets[index] = active.pk if active else None
        if end is not None:
            same = [
                one for one in held if one.officer_id == mine and (start is None or one.valid_from == start)
            ]
            if any(one.valid_to == end for one in same):
                return RowVerb.UNCHANGED
            if active is not None and active in same and end >= active.valid_from:
                before |= {"_ended": active.pk, "valid_to": ""}
                self.result.ends[active.pk] = end
                self.result.businesses.add(business.pk)
                return RowVerb.CLOSED
            return self._new(person, business, start or min(end, self.context.ledger_date), end)
        if active is None:
            return self._new(person, business, start or self.context.ledger_date, None)
        if active.officer_id == mine:
            if start is None or start == active.valid_from:
                return RowVerb.UNCHANGED
            before |= {"_voided": active.pk, "valid_from": active.valid_from.isoformat()}
            self.result.voids.append(active.pk)
            self._new(person, business, start, None)
            return RowVerb.UPDATED
        since = start or self.context.ledger_date
        before |= {"_ended": active.pk, "officer_name": active.officer__name}
        self.result.ends[active.pk] = max(active.valid_from, since - timedelta(days=1))
        self._new(person, business, since, None)
        return RowVerb.UPDATED

    def _new(self, person: Person, business: Known, start: date, end: date | None) -> RowVerb:
        self.result.bindings.append(Binding(person, business.pk, person.level, start, end))
        self.result.businesses.add(business.pk)
        return RowVerb.CREATED

    def _sign(self, person: Person, business: Known | None, day: date) -> bool:
        mine = person.stored.pk if person.stored else 0
        which = business.pk if business else None
        if mine and (mine, which, day) in self.pledges:
            return False
        self.result.signatures.append(Signature(person, which, day))
        return True


# --- writing ---------------------------------------------------------------------------------------------


def _write_people(people: Sequence[Person], context: LedgerContext) -> dict[str, int]:
    """Insert and update officers; returns the keys of new ones."""
    new = [person for person in people if person.stored is None]
    insert(
        Officer,
        {
            "match_key": [person.key for person in new],
            "name": [person.name for person in new],
            "title": [person.title for person in new],
            "level": [person.level for person in new],
            "unit_name": [person.unit_name for person in new],
            "phone": [person.phone for person in new],
            "region_id": [person.region_id for person in new],
            "is_active": Same(True),
            "version": Same(1),
            "source": Same(Source.LEDGER.value),
            "recorded_at": Same(context.now),
        },
    )
    known = [(person, person.stored) for person in people if person.stored]
    fields = ("title", "level", "unit_name", "phone", "match_key")
    written = update(
        Officer,
        [stored.pk for _, stored in known],
        {
            **{
                name: [person.changes.get(name, getattr(stored, name)) for person, stored in known]
                for name in fields
            },
            "version": [stored.version + 1 for _, stored in known],
        },
        guard={"version": [stored.version for _, stored in known]},
    )
    if written != len(known):
        raise RegisterChanged(f"{len(known) - written} officers were saved by somebody else")
    if not new:
        return {}
    return dict(
        among(Officer.objects.all(), "match_key", [p.key for p in new]).values_list("match_key", "pk")
    )


def _write_assignments(intents: Intents, ids: Mapping[str, int], context: LedgerContext) -> None:
    def officer(person: Person) -> int:
        return person.stored.pk if person.stored else ids[person.key]

    ended = update(
        Assignment,
        list(intents.ends),
        {"valid_to": list(intents.ends.values()), "ended_at": Same(context.now)},
        guard={"valid_to": Same(None), "voided_at": Same(None)},
    )
    voided = update(
        Assignment,
        intents.voids,
        {"voided_at": Same(context.now)},
        guard={"valid_to": Same(None), "voided_at": Same(None)},
    )
    if ended != len(intents.ends) or voided != len(intents.voids):
        raise RegisterChanged("assignments were ended by somebody else")
    insert(
        Assignment,
        {
            "officer_id": [officer(one.person) for one in intents.bindings],
            "business_id": [one.business_id for one in intents.bindings],
            "level": [one.level for one in intents.bindings],
            "valid_from": [one.valid_from for one in intents.bindings],
            "valid_to": [one.valid_to for one in intents.bindings],
            "recorded_at": Same(context.now),
            "ended_at": [context.now if one.valid_to else None for one in intents.bindings],
            "batch_id": Same(context.batch_id),
        },
    )
    insert(
        Pledge,
        {
            "officer_id": [officer(one.person) for one in intents.signatures],
            "business_id": [one.business_id for one in intents.signatures],
            "title": [one.person.title for one in intents.signatures],
            "signed_on": [one.signed_on for one in intents.signatures],
            "recorded_at": Same(context.now),
            "batch_id": Same(context.batch_id),
        },
    )
