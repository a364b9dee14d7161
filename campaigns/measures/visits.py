"""The measure of supervision visits: what every business of the period owes, cumulative to the Sunday (contracts.md, "Figures")."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.rules.rights import Permission
from campaigns.measures.model import ComparedPart, Listing, Measure, PageColumn, Question, Seen
from campaigns.rules.thresholds import VISITS_RED
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.periods import Period
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.strips import words_of
from foodsafe_portal.lib.weeks import Week
from inspections.models import VisitDuty
from inspections.querysets import DutyQuerySet


def visits_owed(question: Question) -> DutyQuerySet:
    """The visits owed in the periods that contain the Sunday."""
    return (
        VisitDuty.objects.known_at(question.known_at)
        .in_period_of(question.sunday)
        .on(question.sunday)
        .filter(in_territory(question.campaign.region_id, mergers=question.mergers))
    )


def in_same_quarter(one: Week, other: Week) -> bool:
    """Whether the visits of two weeks are counted over the same quarter."""
    return Period.containing(one.sunday, "quarter") == Period.containing(other.sunday, "quarter")


def _officer(duty: Any) -> str:
    return duty.officer.name if duty.officer else ""


def _values(seen: Seen) -> tuple[Any, ...]:
    duty, business = seen.duty, seen.duty.business
    return (
        business.name,
        business.licence_no,
        business.credit_code,
        seen.place,
        duty.region_id,
        duty.grade,
        _officer(duty),
        duty.period,
        duty.due_on,
        seen.done_on,
        seen.badge[1],
    )


VISIT_LISTING = Listing(
    key="figure_visits",
    title=_("数字背后的督导任务"),
    permission=Permission.VIEW_VISITS,
    resource="duty",
    subject="business",
    link="business-detail",
    name=lambda duty: duty.business.name,
    related=("business", "officer"),
    fields=("period", "business__name", "business__licence_no", "business__credit_code", "officer__name"),
    searched=(
        "business__name__icontains",
        "business__licence_no__istartswith",
        "business__credit_code__istartswith",
        "officer__name__icontains",
    ),
    search_hint=_("企业名称、证号、包保干部"),
    page=(
        PageColumn(
            _("企业名称"),
            "link",
            lambda seen: seen.duty.business.name,
            lambda seen: seen.duty.business.licence_no or seen.duty.business.credit_code or "—",
        ),
        PageColumn(_("冻结时"), "badge", lambda seen: seen.badge),
        PageColumn(_("地区"), "words", lambda seen: seen.place),
        PageColumn(_("等级"), "scale", lambda seen: seen.duty.grade),
        PageColumn(_("包保干部"), "words", lambda seen: _officer(seen.duty)),
        PageColumn(_("到期日"), "day", lambda seen: seen.duty.due_on),
        PageColumn(_("完成日期"), "day", lambda seen: seen.done_on),
    ),
    columns=(
        Column("name", gettext_noop("企业名称"), width=34),
        Column("licence_no", gettext_noop("许可证号"), "code", width=20),
        Column("credit_code", gettext_noop("统一社会信用代码"), "code", width=22),
        Column("region", gettext_noop("所在地区"), width=16),
        Column("region_code", gettext_noop("区划代码"), "code", width=14),
        Column("grade", gettext_noop("包保等级"), width=10),
        Column("officer", gettext_noop("包保干部"), width=12),
        Column("period", gettext_noop("统计期"), width=10),
        Column("due_on", gettext_noop("到期日"), "date", width=12),
        Column("fulfilled_on", gettext_noop("完成日期"), "date", width=12),
        Column("state", gettext_noop("状态"), width=18),
    ),
    values=_values,
)

VISITS = Measure(
    code="visits",
    name=gettext_noop("督导任务"),
    words=words_of("visits") | {"undone": _("未督导")},
    unit=_("家"),
    rows=visits_owed,
    natural_key="business__match_key",
    red=VISITS_RED,
    listing=VISIT_LISTING,
    none=_("这一季度还没有督导任务。"),
    compared=(ComparedPart(_("已督导"), "done", "up"), ComparedPart(_("逾期督导"), "overdue", "down")),
    comparable=in_same_quarter,
    not_comparable=_("新一季度"),
    beside="problems",
)
