"""The list of the steps of escalation."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.lists import Place
from accounts.rules.rights import Permission
from foodsafe_portal.lib.lists import Choice, Column, Day, ListFilters, Listing, Search, Tab
from inspections.choices import EscalationState, EscalationStepKind
from inspections.models import EscalationStep
from inspections.services.overdue_things import all_overdue_things, overdue_thing


def thing_title(key: str) -> str:
    """What people call a kind of thing; its key where no room knows it any more."""
    thing = overdue_thing(key)
    return str(thing.title) if thing else key


def _offered(asked: Any) -> list[tuple[str, Any]]:
    return [(thing.key, thing.title) for thing in all_overdue_things()]


THINGS = [
    ("visit", _("督导任务")), ("problem", _("问题整改")), ("task", _("任务")), ("notice", _("工作提示")),
    ("instruction", _("批示")), ("evidence", _("佐证材料")),
]  # fmt: skip


class EscalationSteps(Listing):
    """Steps taken, newest first."""

    key, url_name, title = "escalation_steps", "escalation-list", _("督办")
    permission = Permission.VIEW_ESCALATION
    model = EscalationStep
    unit = _("条")
    search_words = _("对象、接收人")
    nothing = _("还没有督办措施。")
    nothing_found = _("没有符合条件的督办措施。")
    order = ("-stepped_on", "-pk")
    related = ("recipient", "unit", "region", "rule")
    exported = True
    tabs = (
        Tab(_("全部"), {}),
        Tab(_("待决定"), {"state": "proposed"}),
        Tab(_("进行中"), {"state": "sent"}),
        Tab(_("已停止"), {"state": "stopped"}),
    )
    columns = (
        Column("object", _("对象"), "object_name", lambda row: row.object_name, fixed=True, width=40),
        Column("thing", _("事项"), "thing", lambda row: thing_title(row.thing)),
        Column("step", _("措施"), "step", lambda row: row.get_step_display()),
        Column("region", _("地区"), "region_id", lambda row: row.region.name),
        Column("unit", _("责任单位"), "", lambda row: row.unit.name if row.unit else ""),
        Column("recipient", _("接收人"), "", lambda row: str(row.recipient or "")),
        Column("due", _("期限"), "due", lambda row: row.due, sheet="date"),
        Column("stepped_on", _("采取日期"), "stepped_on", lambda row: row.stepped_on, sheet="date"),
        Column("state", _("状态"), "state", lambda row: row.get_state_display()),
        Column("reason", _("理由"), "", lambda row: row.reason, width=40, shown=False),
        Column("outcome", _("结果"), "", lambda row: row.outcome, width=40, shown=False),
    )

    class Filters(ListFilters):
        """Steps by kind of thing, rung, state, place, day and words."""

        thing = Choice(label=_("事项"), choices=THINGS, offered=_offered)
        step = Choice(label=_("措施"), choices=EscalationStepKind.choices)
        state = Choice(label=_("状态"), choices=EscalationState.choices)
        region = Place()
        on = Day(label=_("采取日期"), field_name="stepped_on")
        q = Search(fields=("object_name__icontains", "recipient__name__icontains", "unit__name__icontains"))

    def rows(self, user: Any) -> QuerySet:
        """The steps this person may see."""
        return EscalationStep.objects.visible_to(user)


ESCALATION_STEPS = EscalationSteps()
