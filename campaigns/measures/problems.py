"""The measures of problems put right: those due in the week, and all of the campaign so far (contracts.md, "Figures")."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.rules.rights import Permission
from campaigns.measures.model import ComparedPart, Listing, Measure, PageColumn, Question, Seen
from campaigns.rules.thresholds import PROBLEMS_RED
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.strips import words_of
from inspections.models import RectificationDuty
from inspections.querysets import DutyQuerySet


def fixes_owed(question: Question) -> DutyQuerySet:
    """The problems found since the campaign began."""
    return (
        RectificationDuty.objects.known_at(question.known_at)
        .on(question.sunday)
        .filter(
            in_territory(question.campaign.region_id, mergers=question.mergers),
            problem__found_on__gte=question.campaign.started_on,
        )
    )


def fixes_due_this_week(question: Question) -> DutyQuerySet:
    """Those of them whose due day lies in the week, from Monday to Sunday."""
    return fixes_owed(question).filter(due_on__range=(question.week.monday, question.sunday))


def _where(duty: Any) -> str:
    return duty.problem.place or (duty.problem.business.name if duty.problem.business else "")


def _unit(duty: Any) -> str:
    return duty.unit.name if duty.unit else ""


def _values(seen: Seen) -> tuple[Any, ...]:
    duty, problem = seen.duty, seen.duty.problem
    return (
        problem.code,
        problem.description,
        " ".join(filter(None, (seen.place, _where(duty)))),
        duty.region_id,
        duty.grade,
        _unit(duty),
        problem.leader_name,
        problem.found_on,
        duty.original_due_on,
        duty.due_on,
        duty.delivered_on if seen.done_on else None,
        seen.done_on,
        seen.badge[1],
    )


PROBLEM_LISTING = Listing(
    key="figure_problems",
    title=_("数字背后的问题"),
    permission=Permission.VIEW_PROBLEMS,
    resource="problem",
    subject="problem",
    link="problem-detail",
    name=lambda duty: duty.problem.code,
    related=("problem", "problem__business", "unit"),
    fields=(
        "original_due_on",
        "unit__name",
        "problem__code",
        "problem__description",
        "problem__place",
        "problem__leader_name",
        "problem__found_on",
        "problem__business__name",
    ),
    searched=(
        "problem__code__icontains",
        "problem__description__icontains",
        "problem__place__icontains",
        "unit__name__icontains",
    ),
    search_hint=_("问题、编号、点位、责任单位"),
    page=(
        PageColumn(
            _("问题"), "link", lambda seen: seen.duty.problem.description, lambda seen: seen.duty.problem.code
        ),
        PageColumn(_("冻结时"), "badge", lambda seen: seen.badge),
        PageColumn(_("地区和点位"), "words", lambda seen: seen.place, lambda seen: _where(seen.duty)),
        PageColumn(_("等级"), "scale", lambda seen: seen.duty.grade),
        PageColumn(_("责任单位"), "words", lambda seen: _unit(seen.duty)),
        PageColumn(_("责任领导"), "words", lambda seen: seen.duty.problem.leader_name),
        PageColumn(_("原定期限"), "day", lambda seen: seen.duty.original_due_on),
        PageColumn(_("现行期限"), "day", lambda seen: seen.duty.due_on),
        PageColumn(_("销号日期"), "day", lambda seen: seen.done_on),
    ),
    columns=(
        Column("code", gettext_noop("问题编号"), width=14),
        Column("description", gettext_noop("问题描述"), width=40),
        Column("where", gettext_noop("地区和点位"), width=30),
        Column("region_code", gettext_noop("区划代码"), "code", width=14),
        Column("grade", gettext_noop("包保等级"), width=10),
        Column("unit", gettext_noop("责任单位"), width=22),
        Column("leader", gettext_noop("责任领导"), width=12),
        Column("found_on", gettext_noop("发现日期"), "date", width=12),
        Column("original_due_on", gettext_noop("原定期限"), "date", width=12),
        Column("due_on", gettext_noop("现行期限"), "date", width=12),
        Column("delivered_on", gettext_noop("整改完成日期"), "date", width=12),
        Column("closed_on", gettext_noop("销号日期"), "date", width=12),
        Column("state", gettext_noop("状态"), width=18),
    ),
    values=_values,
)
PROBLEM_WORDS: Final = words_of("problems") | {"undone": _("未销号")}

PROBLEMS_DUE = Measure(
    code="problems_week",
    name=gettext_noop("本周到期问题"),
    words=PROBLEM_WORDS,
    unit=_("个"),
    rows=fixes_due_this_week,
    natural_key="problem__code",
    red=PROBLEMS_RED,
    listing=PROBLEM_LISTING,
    none=_("这一周没有到期的问题。"),
    compared=(ComparedPart(_("本周到期问题"), "expected", ""),),
)

PROBLEMS = Measure(
    code="problems",
    name=gettext_noop("累计问题"),
    words=PROBLEM_WORDS,
    unit=_("个"),
    rows=fixes_owed,
    natural_key="problem__code",
    red=PROBLEMS_RED,
    listing=PROBLEM_LISTING,
    none=_("到这一周为止没有问题。"),
    compared=(
        ComparedPart(_("未销号问题"), "undone", "down"),
        ComparedPart(_("逾期问题"), "overdue", "down"),
    ),
)
