"""A ledger of tasks that a campaign office lays down for the city's bodies."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Final

from accounts.models import Unit
from campaigns.models import Phase
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, new_draft
from foodsafe_portal.demo.ledger_writer.faults import (
    Recipe,
    Row,
    bad_date,
    blank,
    changed,
    soil,
    twins,
    typed,
    without,
)
from foodsafe_portal.demo.places import BUREAUS
from foodsafe_portal.demo.plan import PHASES

_FIRST_NUMBER: Final = 1_001  # beyond the plan that a campaign starts with
_SYSTEMS: Final = ("责任体系", "监管执法体系", "技术支撑体系", "应急处置体系", "产业发展体系", "社会共治体系")
_TOPICS: Final = (
    "校园食品安全守护", "农贸市场规范提升", "小作坊小餐饮整治", "食用农产品追溯", "餐厨废弃物处置", "快检室建设",
    "网络餐饮治理", "科普宣传进社区", "投诉举报办理", "应急演练",
)  # fmt: skip
_TARGETS: Final = (
    "覆盖率≥95%", "培训场次≥4场", "抽检样本量≥4.5份/千人", "投诉按期回复率=100%", "建成率不低于80%\n公示率≥90%",
)  # fmt: skip
_OPTIONAL: Final = ("system", "phase", "starts_on")


def write_tasks(desk: Desk, share: float) -> Draft:
    """``desk.size`` tasks nobody has entered yet."""
    random = desk.random("tasks")
    units = list(
        Unit.objects.filter(region_id=desk.county[:4], is_member=True)
        .order_by("name")
        .values_list("name", flat=True)
    ) or [name for name, *_ in BUREAUS]
    phases = list(Phase.objects.order_by("order").values_list("name", flat=True)) or [
        name for name, _share in PHASES
    ]
    rows = [_row(desk, random, units, phases, number) for number in range(desk.size)]
    draft = new_draft(desk, "tasks", rows, optional=_OPTIONAL, always=("number", "state"))
    soil(draft, _recipes(), desk.random("faults"), share)
    return draft


def _row(desk: Desk, random: Random, units: list[str], phases: list[str], number: int) -> Row:
    lead, *helpers = random.sample(units, min(len(units), random.randint(2, 4)))
    start = desk.on - timedelta(days=random.randint(0, 60))
    everywhere = ["各县(市、区)政府"] if random.random() < 0.1 else []
    return {
        "number": _FIRST_NUMBER + number,
        "system": random.choice(_SYSTEMS),
        "title": f"{random.choice(_TOPICS)}({desk.seed}-{number + 1})",
        "lead_unit": lead,
        "supports": "、".join([*helpers, *everywhere]),
        "phase": random.choice(phases),
        "starts_on": start,
        "due_on": start + timedelta(days=random.randint(20, 200)),
        "targets": random.choice(_TARGETS) if random.random() < 0.5 else None,
    }


def _too_large_a_number(row: Row, random: Random) -> int:
    return 100_000 + int(row["number"])


def _with_the_lead(row: Row, random: Random) -> str:
    return f"{row['supports']}、{row['lead_unit']}"


def _another_title(row: Row, random: Random) -> Row:
    return {"title": f"继续推进{row['title']}"}


def _recipes() -> list[Recipe]:
    return [
        blank("title"),
        blank("lead_unit"),
        blank("due_on"),
        bad_date("due_on"),
        without(("starts_on",), typed("due_on", "wrong_order", "2021-03-05")),
        typed("number", "not_an_integer", "一", "1.5"),
        changed("number", "out_of_range", _too_large_a_number),
        typed("lead_unit", "unit_unknown", "火星管理局", "没有的办公室"),
        typed("supports", "unit_unknown", "火星管理局", "没有的办公室"),
        changed("supports", "lead_in_supports", _with_the_lead),
        typed("phase", "phase_unknown", "收官阶段", "下一阶段"),
        typed("targets", "target_unclear", "大幅提高", "建成快检室"),
        typed("state", "unknown_choice", "快了", "看情况"),
        twins("duplicate_conflict", _another_title),
    ]
