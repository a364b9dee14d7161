"""The ledger of problems: without a number a new one, with a number an update; what is closed stays closed.

A ledger opens problems and betters their words. It takes no step: fixes need their proof, checks their second person, and a
deadline never moves, so these cells are read when a problem is new and left alone afterwards, with a note. Only who may
check a second time can bring in a problem that was closed already; anybody else's waits for that check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import IntegrityError
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.ledgers.places import RegionIndex
from accounts.models import Region
from accounts.rules.rights import Permission
from entities.choices import Source
from entities.ledgers.lookup import Known, find_businesses
from entities.models import Business
from foodsafe_portal.lib.bulk import Same, among, insert, update
from foodsafe_portal.lib.scope import in_territory
from inspections.choices import ExtensionState, ProblemKind, ProblemState, Severity
from inspections.deadlines import Deadlines
from inspections.ledgers.problem_columns import COLUMNS, KINDS, SEVERITIES, SOURCES
from inspections.ledgers.problem_places import Units, places_of
from inspections.models import Extension, Problem, ProblemEvent
from inspections.numbering import next_codes
from inspections.rectification import follow_problems, withdraw_duties
from inspections.rules.deadlines import NoDeadlinePolicy
from inspections.rules.states import ENDED
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.ledgers.owned import note_owned
from records.models import LedgerBatch, LedgerRow

# Cell → column of the problem: what a ledger may better afterwards.
WORDS = {
    "description": "description",
    "site": "place",
    "rule_item": "rule_item",
    "assist_units": "assist_units",
    "lead_leader": "leader_name",
    "owner": "owner_name",
    "measures": "plan",
    "progress": "progress",
}
ENTERED = "open"
UPDATED = "update"


class Stored(NamedTuple):
    """A problem as the register has it."""

    pk: int
    code: str
    version: int
    state: str
    found_on: date
    unit_id: int | None
    business_id: int | None
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


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    created: list[dict[str, Any]] = field(default_factory=list)
    updated: dict[int, tuple[int, dict[str, Any]]] = field(default_factory=dict)


@register
class ProblemsKind(LedgerKind):
    """问题整改台账."""

    key = "problems"
    title = _("问题整改台账")
    columns = COLUMNS
    ownable = tuple(WORDS)
    match_note = "按问题编号对应；没有编号的按发现日期、问题描述、责任单位和点位对应，都对不上才是新问题"
    example = {
        "source": "督查", "kind": "点位", "found_on": "2026-11-10", "site": "第三中学食堂", "county": "南湖区",
        "description": "留样冰箱温度记录缺 3 天", "severity": "较重", "lead_unit": "南湖区教育局", "lead_leader": "赵文",
        "owner": "徐萍", "measures": "补录温度记录",
    }  # fmt: skip

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """Days that cannot be: in the future, or in the wrong order."""
        for key, label in (("found_on", "发现日期"), ("done_on", "完成日期"), ("closed_on", "销号日期")):
            rows.fail_where(
                key, "future_date", f"{label}晚于今天；请核对年份", lambda day: day > context.today
            )
        days = rows.tuples(("found_on", "original_due", "current_due", "done_on", "closed_on", "closed"))
        for index, (found, due, current, done, closed_on, closed) in enumerate(days):
            for key, day in (("original_due", due), ("done_on", done), ("closed_on", closed_on)):
                if found and day and day < found:
                    rows.error(index, key, "wrong_order", f"早于发现日期 {found}；请改其中一个")
            if due and current and current < due:
                rows.error(index, "current_due", "wrong_order", f"早于整改时限 {due}；请改其中一个")
            if done and closed_on and closed_on < done:
                rows.error(index, "closed_on", "wrong_order", f"早于完成日期 {done}；请改其中一个")
            if closed and not closed_on:
                rows.error(index, "closed_on", "required", "是否销号为“是”，要填销号日期")

    def identity(self, rows: Rows) -> list[str]:
        """The number, else what a problem is recognised by."""
        keys = (
            "code",
            "found_on",
            "description",
            "lead_unit",
            "site",
            "business_credit_code",
            "business_licence_no",
        )
        return [
            code or "→".join(str(part or "") for part in (day, *facts))[:200]
            if code or (day and facts[0])
            else ""
            for code, day, *facts in rows.tuples(keys)
        ]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        places = places_of(rows, context.territory)
        businesses = find_businesses(
            rows, context.territory, licence="business_licence_no", code="business_credit_code", name=""
        )
        units = Units(context.territory)
        plan.data = _Planner(rows, plan, context, businesses, units, places).intents()
        return plan

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``."""
        try:
            _create(plan.data.created, context)
            _better(plan.data.updated, context)
        except IntegrityError as clash:
            raise RegisterChanged(str(clash)) from clash

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """New problems nobody has touched are voided without a trace in the figures; bettered words are put back."""
        return _undo(staged, batch, context)

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``: businesses and units are matched with rows, so they count too."""
        events = ProblemEvent.objects.filter(in_territory(territory, "problem__region_id"))
        known = Business.objects.filter(in_territory(territory)).aggregate(last=Max("updated_at"))["last"]
        return max(filter(None, [events.aggregate(last=Max("at"))["last"], known]), default=None)

    def regions(self, territory: str) -> Mapping[str, Sequence[str]]:
        """See ``LedgerKind.regions``."""
        index = RegionIndex(territory)
        return {name: list(index.townships(code).values()) for code, name in index.counties.items()}

    def export_queryset(self, user: Any) -> QuerySet:
        """See ``LedgerKind.export_queryset``."""
        return Problem.objects.visible_to(user).valid().order_by("-pk")

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``."""
        names = dict(Region.objects.filter(level__in=["county", "township"]).values_list("code", "name"))
        today = timezone.localdate()
        problems = queryset.select_related(
            "business", "unit", "first_checked_by", "closed_by"
        ).prefetch_related("referrals", "revisits")
        for number, problem in enumerate(problems.iterator(chunk_size=1_000), 1):
            yield _exported(number, problem, names, today)


def _exported(number: int, problem: Problem, names: Mapping[str, str], today: date) -> list[Any]:
    code, business = problem.region_id, problem.business
    ended_on = (problem.rectified_on or problem.closed_on) if problem.closed_on else today
    referral, revisit = next(iter(problem.referrals.all()), None), next(iter(problem.revisits.all()), None)
    return [
        number, problem.code, SOURCES[problem.source], KINDS[problem.kind], problem.found_on,
        business.credit_code if business else "", business.licence_no if business else "",
        problem.place or (business.name if business else ""),
        names.get(code[:6], ""), names.get(code[:9], "") if len(code) >= 9 else "",
        problem.description, problem.rule_item, SEVERITIES[problem.severity], problem.unit.name if problem.unit else "",
        problem.assist_units, problem.leader_name, problem.owner_name, problem.plan, problem.original_due_on, problem.due_on,
        problem.progress, problem.rectified_on, "", "",
        str(problem.first_checked_by or ""), str(problem.closed_by or ""), "合格" if problem.state == ProblemState.CLOSED else "",
        problem.closed_on, "是" if problem.closed_on else "否", max((ended_on - problem.due_on).days, 0),
        "" if referral is None or referral.case_filed is None else "是" if referral.case_filed else "否",
        referral.case_no if referral else "", revisit.on if revisit else None, problem.reopen_count, "",
    ]  # fmt: skip


# --- what each row would do ---------------------------------------------------------------------------


class _Planner:
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
        self.may_close = context.user.can(Permission.SECOND_CHECK)
        self.deadlines = Deadlines()
        self.result = Intents()
        self.by_code, self.by_facts = self._known()
        self.cells = [dict(zip(_READ, values, strict=True)) for values in rows.tuples(_READ)]

    def _known(self) -> tuple[dict[str, Stored], dict[tuple[Any, ...], Stored]]:
        """Problems this person sees: by the file's numbers, and by the facts of its days."""
        seen = Problem.objects.visible_to(self.context.user)
        codes = {code.upper() for code in self.rows.column("code") if code}
        by_code = (
            {row[1]: Stored(*row) for row in among(seen, "code", codes).values_list(*Stored._fields)}
            if codes
            else {}
        )
        new = [i for i, code in enumerate(self.rows.column("code")) if not code]
        words, days = self.rows.column("description"), self.rows.column("found_on")
        days = [days[i] for i in new if days[i]]
        by_facts: dict[tuple[Any, ...], Stored] = {}
        if days:
            of_days = seen.valid().filter(found_on__range=(min(days), max(days)))
            same_words = among(of_days, "description", {words[i] for i in new if words[i]})
            for row in same_words.order_by("-pk").values_list(*Stored._fields):
                stored = Stored(*row)
                by_facts[
                    stored.found_on, stored.description, stored.unit_id, stored.business_id or stored.place
                ] = stored
        return by_code, by_facts

    def intents(self) -> Intents:
        """Fill the plan's columns and return what is to be written."""
        taken: dict[int, int] = {}
        for index in self.rows.live():
            cells = self.cells[index]
            stored, unit = self._stored(index, cells), self._unit(index, cells)
            if index in self.rows.rejected:
                continue
            if stored is None and not cells["code"]:
                stored = self.by_facts.get(self._facts(index, cells, unit))
            if stored is None:
                self._create(index, cells, unit)
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

    def _place(self, index: int) -> str:
        business = self.businesses.get(index)
        return business.region_id if business else self.places.get(index, "")

    def _unit(self, index: int, cells: Mapping[str, Any]) -> tuple[int, str] | None:
        found = self.units.named(cells["lead_unit"] or "", self._place(index))
        if len(found) == 1:
            return found[0]
        if found:
            said = f"有 {len(found)} 个同名单位；请填写县(市、区)以分清是哪一个"
            self.rows.error(index, "lead_unit", "unit_ambiguous", said)
        else:
            said = "单位登记中没有这个单位；请核对名称，或先导入成员单位台账"
            self.rows.error(index, "lead_unit", "unit_unknown", said)
        return None

    def _facts(self, index: int, cells: Mapping[str, Any], unit: tuple[int, str] | None) -> tuple[Any, ...]:
        business = self.businesses.get(index)
        where = business.pk if business else cells["site"] or ""
        return cells["found_on"], cells["description"], unit[0] if unit else None, where

    # --- a new problem -----------------------------------------------------------------------------

    def _create(self, index: int, cells: Mapping[str, Any], unit: tuple[int, str] | None) -> None:
        business, territory = self.businesses.get(index), self.context.territory
        place = self._place(index)
        if not place and unit is not None:
            place = unit[1] if unit[1].startswith(territory) else territory
        terms = self._terms(index, cells)
        if terms is None or unit is None:
            return
        severity = cells["severity"] or Severity.MINOR.value
        values = {
            "kind": cells["kind"], "source": cells["source"], "severity": severity, "found_on": cells["found_on"],
            "business_id": business.pk if business else None, "region_id": place, "unit_id": unit[0],
            "grade": business.responsibility_grade if business else "",
            **{column: cells[key] or "" for key, column in WORDS.items()}, **terms, **self._standing(index, cells),
        }  # fmt: skip
        if business and not values["place"]:
            values["place"] = business.name
        self.plan.verbs[index] = RowVerb.CREATED
        self.result.created.append(values)

    def _terms(self, index: int, cells: Mapping[str, Any]) -> dict[str, Any] | None:
        due = cells["original_due"]
        if due is not None:
            rule, provisional = f"台账填报 {due} 到期", False
        else:
            try:
                deadline = self.deadlines.of(cells["severity"] or Severity.MINOR.value, cells["found_on"])
            except NoDeadlinePolicy as missing:
                said = f"没有适用于 {missing.found_on} 的“{Severity(missing.severity).label}”问题整改期限，请先在整改期限表中补上"
                self.rows.error(index, "original_due", "no_policy", said)
                return None
            due, rule, provisional = deadline.due_on, deadline.why[:200], deadline.provisional
        current = cells["current_due"] or due
        return {
            "original_due_on": due,
            "due_on": max(current, due),
            "due_rule": rule,
            "due_provisional": provisional,
            "extension_count": int(current > due),
        }

    def _standing(self, index: int, cells: Mapping[str, Any]) -> dict[str, Any]:
        """How far the problem had come before it was entered."""
        done_on, closed_on = cells["done_on"], cells["closed_on"]
        standing: dict[str, Any] = {
            "state": ProblemState.TO_SIGN.value, "rectified_on": None, "closed_on": None, "submitted_by_id": None,
            "closed_by_id": None,
        }  # fmt: skip
        if closed_on is not None and self.may_close:
            return standing | {
                "state": ProblemState.CLOSED.value, "rectified_on": done_on or closed_on, "closed_on": closed_on,
                "closed_by_id": self.context.user.pk,
            }  # fmt: skip
        if closed_on is not None or done_on is not None:
            if closed_on is not None:
                said = "销号须由创建办或督查组复核；先记为“待审核”，请在问题页面补传整改后照片"
                self.rows.note(index, "closed_on", "step_on_page", said)
            return standing | {
                "state": ProblemState.SUBMITTED.value, "rectified_on": done_on or closed_on,
                "submitted_by_id": self.context.user.pk,
            }  # fmt: skip
        if cells["measures"] or cells["progress"]:
            return standing | {"state": ProblemState.RECTIFYING.value}
        return standing

    # --- a problem that is there --------------------------------------------------------------------

    def _better(
        self, index: int, cells: Mapping[str, Any], stored: Stored, unit: tuple[int, str] | None
    ) -> None:
        self.plan.targets[index], self.plan.versions[index] = stored.pk, stored.version
        self.plan.verbs[index] = RowVerb.UNCHANGED
        changes = {
            key: cells[key]
            for key, column in WORDS.items()
            if cells[key] and cells[key] != getattr(stored, column)
        }
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
            self.result.updated[stored.pk] = (stored.version, columns)

    def _left_alone(
        self, index: int, cells: Mapping[str, Any], stored: Stored, unit: tuple[int, str] | None
    ) -> None:
        """What a ledger does not move says so, where it tells something else than the register."""
        if unit is not None and unit[0] != stored.unit_id:
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


_READ = (
    *WORDS, "code", "source", "kind", "found_on", "severity", "lead_unit", "original_due", "current_due", "done_on",
    "closed_on",
)  # fmt: skip


# --- writing ------------------------------------------------------------------------------------------


def _create(created: Sequence[dict[str, Any]], context: LedgerContext) -> None:
    """Insert new problems with numbers, events, extensions and duties, in as many statements whatever their number."""
    if not created:
        return
    months: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for one in created:
        months[one["found_on"].year, one["found_on"].month].append(one)
    for of_month in (months[key] for key in sorted(months)):
        for one, code in zip(of_month, next_codes(of_month[0]["found_on"], len(of_month)), strict=True):
            one["code"] = code
    columns: dict[str, Any] = {name: [one[name] for one in created] for name in created[0]}
    insert(
        Problem,
        columns
        | {
            "group": [_group(one, created) for one in created],
            "fixed_on_spot": Same(False),
            "reopen_count": Same(0),
            "return_count": Same(0),
            "entry_source": Same(Source.LEDGER.value),
            "batch_id": Same(context.batch_id),
            "version": Same(1),
            "recorded_by_id": Same(context.user.pk),
            "recorded_at": Same(context.now),
            "void_reason": Same(""),
        },
    )
    problems = list(Problem.objects.filter(batch_id=context.batch_id).order_by("pk"))
    _write_events(problems, context)
    later = [problem for problem in problems if problem.extension_count]
    Extension.objects.bulk_create(
        Extension(
            problem=problem,
            from_due_on=problem.original_due_on,
            to_due_on=problem.due_on,
            reason=f"台账批次 {context.batch_number} 填报的现行时限",
            state=ExtensionState.APPROVED,
            requested_at=context.now,
            decided_at=context.now,
        )
        for problem in later
    )
    follow_problems(problems, on=context.today, at=context.now)


def _group(one: Mapping[str, Any], created: Sequence[Mapping[str, Any]]) -> str:
    """Common problems of one file with the same words are one group, named by the first one's number."""
    if one["kind"] != ProblemKind.COMMON:
        return ""
    facts = ("kind", "description", "found_on")
    same = (other for other in created if all(other[name] == one[name] for name in facts))
    return str(next(same)["code"])


def _write_events(problems: Sequence[Problem], context: LedgerContext) -> None:
    """Each new problem's first event, and the one that tells how far it had come already."""
    events = []
    for problem in problems:
        words = f"台账批次 {context.batch_number}：{problem.description}"
        events.append(_event(problem, ENTERED, "", ProblemState.TO_SIGN, problem.found_on, words, context))
        if problem.state in (ProblemState.SUBMITTED, ProblemState.CLOSED):
            action = "close" if problem.state == ProblemState.CLOSED else "submit"
            on = problem.closed_on or problem.rectified_on or problem.found_on
            events.append(
                _event(problem, action, ProblemState.TO_SIGN, problem.state, on, "台账填报", context)
            )
    ProblemEvent.objects.bulk_create(events, batch_size=1_000)


def _event(
    problem: Problem, action: str, before: str, after: str, on: date, note: str, context: LedgerContext
) -> ProblemEvent:
    return ProblemEvent(
        problem=problem,
        action=action,
        from_state=before,
        to_state=after,
        on=on,
        note=note,
        by=context.user,
        by_name=str(context.user),
        at=context.now,
    )


def _better(updated: Mapping[int, tuple[int, dict[str, Any]]], context: LedgerContext) -> None:
    """Write bettered words where nobody else was faster."""
    if not updated:
        return
    keys, values = list(updated), list(updated.values())
    columns: dict[str, Any] = {name: [words[name] for _version, words in values] for name in WORDS.values()}
    versions = [version for version, _words in values]
    done = update(
        Problem,
        keys,
        columns | {"version": [version + 1 for version in versions]},
        guard={"version": versions},
    )
    if done != len(keys):
        raise RegisterChanged("problems were changed by somebody else")
    problems = list(among(Problem.objects.all(), "id", keys))
    words = f"台账批次 {context.batch_number} 更新了内容"
    ProblemEvent.objects.bulk_create(
        (_event(one, UPDATED, one.state, one.state, context.today, words, context) for one in problems),
        batch_size=1_000,
    )


def _undo(staged: Sequence[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
    result = UndoResult()
    made = list(Problem.objects.filter(batch_id=batch.pk, voided_at__isnull=True))
    untouched = [problem for problem in made if problem.version == 1]
    why = f"撤销台账批次 {context.batch_number}"
    result.removed = update(
        Problem,
        [problem.pk for problem in untouched],
        {"voided_at": Same(context.now), "void_reason": Same(why), "version": Same(2)},
        guard={"version": Same(1), "voided_at": Same(None)},
    )
    withdraw_duties(untouched, at=context.now)
    by_words = {row.values.get("description"): row for row in staged}
    for problem in made:
        if problem.version != 1 and staged:
            row = by_words.get(problem.description, staged[0])
            result.conflict(row, problem.code, "导入之后已有人办理，没有撤销")
    events = [_event(one, "void", one.state, one.state, context.today, why, context) for one in untouched]
    for row in staged:
        if row.before and row.target_id:
            events += _words_back(row, row.before, why, context, result)
    ProblemEvent.objects.bulk_create(events, batch_size=1_000)
    return result


def _words_back(
    row: LedgerRow, before: Mapping[str, Any], why: str, context: LedgerContext, result: UndoResult
) -> list[ProblemEvent]:
    problem = Problem.objects.filter(pk=row.target_id or 0, voided_at__isnull=True).first()
    if problem is None or any(getattr(problem, WORDS[key]) != row.values.get(key) for key in before):
        result.conflict(row, str(problem or row.key), "导入之后又被修改过，没有还原")
        return []
    words = {WORDS[key]: old for key, old in before.items()}
    back = Problem.objects.filter(pk=problem.pk, version=problem.version).update(
        **words, version=problem.version + 1
    )
    result.restored += back
    return (
        [_event(problem, UPDATED, problem.state, problem.state, context.today, why, context)] if back else []
    )
