"""The ledger of problems: without a number a new one, with a number an update; what is closed stays closed.

A ledger opens problems and betters their words. It takes no step: fixes need their proof, checks their second person, and a
deadline never moves, so these cells are read when a problem is new and left alone afterwards, with a note. Only who may
check a second time can bring in a problem that was closed already; anybody else's waits for that check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.ledgers.places import RegionIndex
from accounts.models import Region
from entities.choices import Source
from entities.ledgers.lookup import find_businesses
from entities.models import Business
from foodsafe_portal.lib.scope import in_territory
from inspections.choices import ProblemState
from inspections.errors import InspectionRefused, problem_refused
from inspections.ledgers.problem_columns import COLUMNS, KINDS, SEVERITIES, SOURCES
from inspections.ledgers.problem_places import Units, places_of
from inspections.ledgers.problem_rows import WORDS, ProblemRows
from inspections.ledgers.undo_problems import undo_problems
from inspections.models import Problem, ProblemEvent
from inspections.rules.breaches import Breach, breaches
from inspections.rules.problems import RULES_OF_THE_DAYS, ProblemFact, same_words
from inspections.services.entry_source import EntrySource
from inspections.services.problems import open_problems
from inspections.services.words import better_words
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.models import LedgerBatch, LedgerRow

_DAYS: Final = {
    "due_on": "original_due",
    "current_due_on": "current_due",
    "rectified_on": "done_on",
    "closed_on": "closed_on",
}
"""Day of the problem → its cell in the ledger, in the order of ``ProblemFact``."""
_CELLS: Final = {"found_on": "found_on", **_DAYS}


def _said(breach: Breach) -> str:
    """A broken rule in the words of the ledger, which names its columns."""
    header = {column.key: column.header for column in COLUMNS}
    if breach.code == "future_date":
        return f"{header[_CELLS[breach.cell]]}晚于今天；请核对年份"
    if breach.code == "wrong_order":
        return f"早于{header[_CELLS[breach.words['earlier_cell']]]} {breach.words['earlier']}；请改其中一个"
    return str(problem_refused(breach)).rstrip("。")


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
        """Days that cannot be: in the future, too far off, or in the wrong order."""
        days = rows.tuples(("description", "found_on", *_DAYS.values(), "closed"))
        for index, (words, found, due, current, done, closed_on, closed) in enumerate(days):
            if found:
                fact = ProblemFact(words or "", True, found, context.today, due, current, done, closed_on)
                for breach in breaches(fact, RULES_OF_THE_DAYS):
                    rows.error(index, _CELLS[breach.cell], breach.code, _said(breach))
            if closed and not closed_on:
                rows.error(index, "closed_on", "required", "是否销号为“是”，要填销号日期")

    def identity(self, rows: Rows) -> list[str]:
        """The number, else what a problem is recognised by: day, words, unit, spot or business, and place."""
        keys = (
            "code",
            "found_on",
            "description",
            "lead_unit",
            "site",
            "business_credit_code",
            "business_licence_no",
            "county",
            "township",
        )
        return [
            code or "→".join(str(part or "") for part in (day, same_words(words), *facts))[:200]
            if code or (day and words)
            else ""
            for code, day, words, *facts in rows.tuples(keys)
        ]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        places = places_of(rows, context.territory)
        businesses = find_businesses(
            rows, context.territory, licence="business_licence_no", code="business_credit_code", name=""
        )
        units = Units(context.territory)
        plan.data = ProblemRows(rows, plan, context, businesses, units, places).intents()
        return plan

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``."""
        origin = EntrySource(Source.LEDGER.value, context.batch_id, context.batch_number)
        try:
            open_problems(plan.data.created, by=context.user, origin=origin, at=context.now)
            better_words(plan.data.updated, by=context.user, origin=origin, at=context.now)
        except (IntegrityError, InspectionRefused) as clash:
            raise RegisterChanged(str(clash)) from clash

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """New problems nobody has touched are voided without a trace in the figures; bettered words are put back."""
        return undo_problems(staged, batch, context)

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
