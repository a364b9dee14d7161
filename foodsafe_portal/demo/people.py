"""Accounts and posts of the demonstration city: one account per role, and the people behind past work."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.contrib.auth.hashers import make_password

from accounts.models import Post, User
from accounts.rules.rights import Role
from foodsafe_portal.demo.dice import dice
from foodsafe_portal.demo.names import person
from foodsafe_portal.demo.places import ASSESSOR_UNIT, CITY, TEAM_UNITS, Places

# Without the signs that people confuse when they read a slip of paper.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz"
_CAPITALS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS: Final = "23456789"


@dataclass(frozen=True, slots=True)
class Account:
    """A user with one role; ``regions`` are the territories of the posts, ``opens`` whether a password is printed."""

    username: str
    role: Role
    name: str
    title: str
    unit: tuple[str, str]
    regions: tuple[str, ...]
    opens: bool = True


@dataclass(frozen=True, slots=True)
class Slip:
    """A one-time password as it is printed once."""

    username: str
    password: str
    role: str


@dataclass(slots=True)
class People:
    """The users by name."""

    users: dict[str, User]

    def __getitem__(self, username: str) -> User:
        return self.users[username]

    def of_county(self, role: str, places: Places, county: str) -> User:
        """The county's own liaison, township liaison or regulator."""
        return self.users[numbered(role, places.counties.index(county))]


def numbered(role: str, at: int) -> str:
    """``county_liaison`` for the first, ``county_liaison_2`` … for the others."""
    return role if at == 0 else f"{role}_{at + 1}"


def one_time_password() -> str:
    """A random password with all three classes of signs, easy to read aloud."""
    parts = [
        secrets.choice(_CAPITALS) + "".join(secrets.choice(_LETTERS) for _ in range(3)),
        "".join(secrets.choice(_DIGITS) for _ in range(4)),
        "".join(secrets.choice(_LETTERS + _DIGITS) for _ in range(4)),
    ]
    return "-".join(parts)


def accounts_of(places: Places, lead_units: Sequence[str], seed: int) -> list[Account]:
    """Every account of the city: first the twelve roles and the county liaisons, then people without a password."""
    random = dice(seed, "people")
    office = (CITY, "市食安办")
    first = places.counties[0]
    here = places.names[first]
    township = places.townships[first][0]
    street = (township, places.names[township])
    whole, county = (CITY,), (first,)
    accounts = [
        Account("campaign_office", Role.CAMPAIGN_OFFICE, "李敏", "市创建办综合协调组组长", office, whole),
        Account("leader", Role.LEADER, "王建国", "副市长、领导小组副组长", (CITY, "市政府"), whole),
        Account("county_liaison", Role.COUNTY_LIAISON, "周倩", f"{here}食安办联络员", (first, f"{here}食安办"), county),
        Account("township_liaison", Role.TOWNSHIP_LIAISON, "田野", "食安办专干", street, (township,)),
        Account("officer", Role.OFFICER, "邓洁", "街道办事处副主任", street, (township,)),
        Account("unit_liaison", Role.UNIT_LIAISON, "陈立", "体卫艺科科长", (CITY, "市教育局"), whole),
        Account("regulator", Role.REGULATOR, "徐萍", "监管科科长", (first, f"{here}市场监管局"), county),
        Account(
            "supervision_team", Role.SUPERVISION_TEAM, "何俊", "第一督导组组长", (CITY, TEAM_UNITS[0]),
            team_counties(places, 0),
        ),
        Account("assessor", Role.ASSESSOR, "沈颖", "评估员", (CITY, ASSESSOR_UNIT), whole),
        Account("auditor", Role.AUDITOR, "许明", "审计管理员", office, whole),
        Account("system_admin", Role.SYSTEM_ADMIN, "韩雪", "系统管理员", office, whole),
        Account("security_admin", Role.SECURITY_ADMIN, "吕波", "安全管理员", office, whole),
    ]  # fmt: skip
    for at, code in enumerate(places.counties[1:], 1):
        name = places.names[code]
        accounts.append(
            Account(
                numbered("county_liaison", at), Role.COUNTY_LIAISON, person(random), f"{name}食安办联络员",
                (code, f"{name}食安办"), (code,),
            )
        )  # fmt: skip
    for at, code in enumerate(places.counties[1:], 1):
        name, seat = places.names[code], places.townships[code][0]
        accounts += [
            Account(
                numbered("township_liaison", at), Role.TOWNSHIP_LIAISON, person(random), "食安办专干",
                (seat, places.names[seat]), (seat,), opens=False,
            ),
            Account(
                numbered("regulator", at), Role.REGULATOR, person(random), "监管科科长",
                (code, f"{name}市场监管局"), (code,), opens=False,
            ),
        ]  # fmt: skip
    others = [unit for unit in lead_units if unit != "市教育局"]
    accounts += [
        Account(
            numbered("unit_liaison", at),
            Role.UNIT_LIAISON,
            person(random),
            "联络员",
            (CITY, unit),
            whole,
            opens=False,
        )
        for at, unit in enumerate(others, 1)
    ]
    return accounts


def team_counties(places: Places, team: int) -> tuple[str, ...]:
    """The counties of one of the three supervision teams."""
    return tuple(places.counties[team::3])


def _hashed(slip: Slip) -> str:
    return make_password(slip.password)


def load_people(places: Places, accounts: Sequence[Account], *, since: date) -> tuple[People, list[Slip]]:
    """Write users and posts; the passwords are returned and kept nowhere.

    Users that are there already keep their key, for the trail refers to them; they get the new password.
    """
    known = {user.username: user for user in User.objects.filter(username__in=[a.username for a in accounts])}
    slips = [
        Slip(account.username, one_time_password(), account.role) for account in accounts if account.opens
    ]
    with ThreadPoolExecutor(
        max_workers=4
    ) as pool:  # a third of a second each, most of it outside Python's lock
        hashes = dict(zip([slip.username for slip in slips], pool.map(_hashed, slips), strict=True))
    for account in accounts:
        user = known.get(account.username) or User(username=account.username)
        user.name, user.is_active, user.must_change_password = account.name, True, True
        user.password = hashes.get(account.username) or make_password(None)
        user.save()
        known[account.username] = user
    Post.objects.filter(user__in=known.values()).delete()
    Post.objects.bulk_create(
        Post(
            user=known[account.username], role=account.role, title=account.title,
            unit=places.units[account.unit], region_id=region, valid_from=since,
        )
        for account in accounts
        for region in account.regions
    )  # fmt: skip
    return People(known), slips
