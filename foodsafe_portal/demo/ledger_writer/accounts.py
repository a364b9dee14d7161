"""A ledger of accounts for the townships of a county."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Final

from accounts.rules.rights import Role
from foodsafe_portal.demo import names, numbers
from foodsafe_portal.demo.dice import Weighted
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, new_draft
from foodsafe_portal.demo.ledger_writer.faults import Recipe, Row, bad_date, blank, soil, twins, typed
from foodsafe_portal.lib.pinyin import initials

_ROLES: Final = Weighted({Role.TOWNSHIP_LIAISON: 30, Role.OFFICER: 60, Role.REGULATOR: 10})
_TITLES: Final = {Role.TOWNSHIP_LIAISON: "食安办专干", Role.OFFICER: "副镇长", Role.REGULATOR: "所长"}


def write_accounts(desk: Desk, share: float) -> Draft:
    """``desk.size`` people, each with one post in one township."""
    random = desk.random("accounts")
    towns = desk.townships
    rows: list[Row] = []
    for at in range(desk.size):
        name, role, town = names.person(random), _ROLES.draw(random), random.choice(towns)
        spelled = town if random.random() < 0.5 else f"{desk.county_name}{desk.names[town]}"
        rows.append(
            {
                "username": f"{initials(name)}_{desk.county}_{desk.seed}_{at}",
                "name": name,
                "mobile": numbers.phone(int(desk.county[4:]) + 80, desk.seed % 10 * 100_000 + at),
                "role": str(role),
                "region": spelled,
                "title": _TITLES[role],
                "valid_from": desk.on - timedelta(days=random.randint(0, 60)),
            }
        )
    draft = new_draft(desk, "accounts", rows, optional=("title",))
    soil(draft, _recipes(), desk.random("faults"), share)
    return draft


def _second_post(row: Row, random: Random) -> Row:
    """The same user name with another post and another name."""
    other = Role.OFFICER if row["role"] != Role.OFFICER else Role.REGULATOR
    return {"name": f"欧阳{row['name']}", "role": str(other)}


def _recipes() -> list[Recipe]:
    return [
        blank("username"),
        blank("name"),
        blank("role"),
        typed("region", "unknown_region", "火星镇", "没有的街道"),
        typed("region", "other_territory", "110101", "440306"),
        typed("role", "unknown_choice", "科员", "局长"),
        typed("role", "role_not_allowed", "审计管理员", "系统管理员"),
        typed("mobile", "not_a_phone", "无电话", "同上"),
        typed("username", "username_form", "zhang san!", "李四#1"),
        bad_date("valid_from"),
        twins(
            "mobile_taken",
            lambda row, random: {"username": f"{row['username']}_b", "name": names.person(random)},
            "mobile",
        ),
        twins("person_differs", _second_post, ""),
    ]
