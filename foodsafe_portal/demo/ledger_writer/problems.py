"""A ledger of problems found at sites and businesses of a county."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Final

from accounts.models import Unit
from foodsafe_portal.demo import names, numbers
from foodsafe_portal.demo.dice import Weighted
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, new_draft
from foodsafe_portal.demo.ledger_writer.faults import (
    Recipe,
    Row,
    bad_date,
    blank,
    changed,
    no_such_business,
    soil,
    twins,
    typed,
    without,
)
from foodsafe_portal.demo.ledger_writer.officers import businesses_of
from foodsafe_portal.demo.places import COUNTY_BODIES

_SITES: Final = ("中学食堂", "小学食堂", "农贸市场", "夜市", "冷库", "超市", "养老院食堂", "批发市场")
_WORDS: Final = (
    "留样不足 125 克", "快检结果未公示", "流动摊贩占道经营", "冷库无温度记录", "餐具消毒不合格", "进货票证不能追溯",
    "添加剂未专柜存放", "从业人员健康证过期", "标签不全",
)  # fmt: skip
_SOURCES: Final = Weighted({"inspection": 50, "third_party": 20, "complaint": 15, "self_check": 15})
_SEVERITIES: Final = Weighted({"minor": 50, "major": 35, "serious": 15})
_OPTIONAL: Final = ("rule_item", "owner", "progress", "township", "closed", "original_due")


def write_problems(desk: Desk, share: float) -> Draft:
    """``desk.size`` problems nobody has entered yet, some of them put right already."""
    random = desk.random("problems")
    shops = businesses_of(desk)
    units = list(Unit.objects.filter(region_id=desk.county).order_by("name").values_list("name", flat=True))
    units = units or [f"{desk.county_name}{name}" for name, *_ in COUNTY_BODIES]
    rows = []
    for number in range(desk.size):
        shop = random.choice(shops) if shops and random.random() < 0.5 else None
        rows.append(_row(desk, random, random.choice(units), number))
        if shop:
            rows[-1] |= {
                "site": shop.name,
                "business_licence_no": shop.licence_no,
                "business_credit_code": shop.credit_code or None,
            }
    draft = new_draft(
        desk,
        "problems",
        rows,
        optional=_OPTIONAL,
        always=("code", "business_licence_no", "business_credit_code"),
    )
    soil(draft, _recipes(desk), desk.random("faults"), share)
    return draft


def _row(desk: Desk, random: Random, unit: str, number: int) -> Row:
    found = desk.on - timedelta(days=random.randint(1, 60))
    done = found + timedelta(days=random.randint(0, 12))
    is_done = done < desk.on and random.random() < 0.6
    town = desk.names[random.choice(desk.townships)]
    return {
        "source": _SOURCES.draw(random),
        "kind": "single",
        "found_on": found,
        "site": f"{town}{random.choice(_SITES)}",
        "county": desk.county_name,
        "township": town,
        "description": f"{random.choice(_WORDS)}({desk.seed}-{number + 1})",
        "rule_item": f"3.{random.randint(1, 6)}" if random.random() < 0.5 else None,
        "severity": _SEVERITIES.draw(random),
        "lead_unit": unit,
        "lead_leader": names.person(random),
        "owner": names.person(random),
        "measures": "立即整改\n举一反三" if random.random() < 0.7 else None,
        "original_due": found + timedelta(days=random.randint(3, 30)) if random.random() < 0.5 else None,
        "progress": "已按要求整改" if is_done else None,
        "done_on": done if is_done else None,
        "closed": False,
    }


def _before_found(row: Row, random: Random) -> object:
    return row["found_on"] - timedelta(days=3)


def _nobodys_number(row: Row, random: Random) -> str:
    return f"WT-9912-{random.randrange(1_000_000):06d}"


def _another_leader(row: Row, random: Random) -> Row:
    return {"lead_leader": f"欧阳{row['lead_leader']}", "measures": "限期整改"}


def _recipes(desk: Desk) -> list[Recipe]:
    elsewhere = [desk.names[code] for code in desk.elsewhere()]
    return [
        blank("description"),
        blank("source"),
        blank("kind"),
        blank("found_on"),
        blank("lead_unit"),
        bad_date("found_on"),
        without(("original_due", "done_on"), typed("found_on", "future_date", "2062-10-15")),
        changed("original_due", "wrong_order", _before_found),
        typed("source", "unknown_choice", "听说", "微信群"),
        typed("severity", "unknown_choice", "特别大", "还行"),
        typed("closed", "not_yes_or_no", "快了", "看情况"),
        typed("lead_unit", "unit_unknown", "火星管理局", "没有的办公室"),
        changed("code", "problem_unknown", _nobodys_number),
        typed("business_credit_code", "digits_lost", "9.29901E+17"),
        typed("township", "unknown_region", "火星镇"),
        typed("county", "other_territory", *elsewhere),
        no_such_business(numbers.licence("stall", desk.county, 999_999)),
        twins("duplicate_conflict", _another_leader),
    ]
