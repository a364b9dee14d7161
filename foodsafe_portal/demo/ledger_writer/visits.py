"""A ledger of visits to businesses of the register by the officers bound to them."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Final

from entities.choices import OfficerLevel
from foodsafe_portal.demo import names, numbers
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, new_draft
from foodsafe_portal.demo.ledger_writer.faults import (
    Recipe,
    Row,
    bad_date,
    blank,
    changed,
    nameless,
    no_such_business,
    soil,
    twins,
    typed,
)
from foodsafe_portal.demo.ledger_writer.officers import Bound, Known, bound_officers, businesses_of, invented
from foodsafe_portal.demo.officers import LEVEL_OF_GRADE
from foodsafe_portal.lib.periods import Period

_FINDINGS: Final = (
    "留样记录不全", "从业人员健康证过期", "进货票证未留存", "生熟砧板混用", "冷藏温度未记录", "三防设施破损", "临期食品未提示",
)  # fmt: skip
_PROBLEMS: Final = 0.06
RISKY: Final = "_risky"


def write_visits(desk: Desk, share: float) -> Draft:
    """``desk.size`` visits of the current quarter, at most one a day to each business."""
    random = desk.random("visits")
    bound = bound_officers(desk)
    shops = _named(businesses_of(desk), bound) or _named(invented(desk, random), {})
    start = Period.containing(desk.on, "quarter").start
    days = (desk.on - start).days or 1
    rows = []
    for number in range(min(desk.size, len(shops) * days)):
        shop, level, officer = shops[number % len(shops)]
        # The n-th round of visits to a business lies on another day than the rounds before it.
        day = start + timedelta(days=(shop.pk * 7 + number // len(shops)) % days)
        row = _row(desk, random, shop, level, officer)
        rows.append({**row, "visited_on": day})
    random.shuffle(rows)
    optional = ("township", "county", "officer_level", "handed_to_office", "rectify_status", "fixed_on_spot")
    draft = new_draft(desk, "visits", rows, optional=optional)
    soil(draft, _recipes(desk), desk.random("faults"), share)
    return draft


def _named(shops: list[Known], bound: dict[tuple[int, str], Bound]) -> list[tuple[Known, str, Bound]]:
    """The businesses with an officer at some level, the one their grade asks for first; an empty register has its own."""
    if shops and not shops[0].pk:
        return [(shop, OfficerLevel.TOWNSHIP, Bound("无名", "", "", "")) for shop in shops]
    found = []
    for shop in shops:
        natural = LEVEL_OF_GRADE.get(shop.grade, OfficerLevel.VILLAGE)
        level = next((one for one in (natural, *OfficerLevel) if (shop.pk, one) in bound), None)
        if level:
            found.append((shop, str(level), bound[shop.pk, level]))
    return found


def _row(desk: Desk, random: Random, shop: Known, level: str, officer: Bound) -> Row:
    finding = random.choice(_FINDINGS) if random.random() < _PROBLEMS else None
    fixed = bool(finding) and random.random() < 0.6
    return {
        "business_name": shop.name,
        "business_credit_code": shop.credit_code or None,
        "business_licence_no": shop.licence_no,
        "county": desk.county_name,
        "township": desk.names.get(shop.region[:9]),
        "officer_name": officer.name,
        "officer_level": str(level),
        "visited_on": desk.on,
        "mode": "on_site" if shop.high_risk or random.random() < 0.95 else "group",
        "problem_desc": finding or (random.choice(("无", "未发现问题")) if random.random() < 0.2 else None),
        "fixed_on_spot": fixed if finding else None,
        "handed_to_office": False if finding else None,
        "rectify_status": "已当场整改" if fixed else "限期整改" if finding else None,
        RISKY: shop.high_risk,
    }


def _another_finding(row: Row, random: Random) -> Row:
    return {"problem_desc": f"{random.choice(_FINDINGS)};另有标签不全", "rectify_status": "限期整改"}


def _remote(row: Row, random: Random) -> str | None:
    return random.choice(("集中", "其他")) if row[RISKY] else None


def _recipes(desk: Desk) -> list[Recipe]:
    stranger = f"欧阳{names.SURNAMES[desk.seed % len(names.SURNAMES)]}不在册"
    return [
        blank("visited_on"),
        blank("officer_name"),
        bad_date("visited_on"),
        typed("visited_on", "future_date", "2062-10-15"),
        typed("mode", "unknown_choice", "电话", "微信视频"),
        typed("officer_level", "unknown_choice", "股级"),
        typed("fixed_on_spot", "not_yes_or_no", "大概", "看情况"),
        typed("township", "unknown_region", "火星镇"),
        typed("officer_name", "officer_unknown", stranger),
        typed("business_licence_no", "digits_lost", "2.99010E+13"),
        changed("mode", "on_site_required", _remote),
        no_such_business(numbers.licence("stall", desk.county, 999_999)),
        twins("duplicate_conflict", _another_finding),
        nameless,
    ]
