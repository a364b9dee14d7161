"""Officers by level, the businesses bound to them, their predecessors, and the pledges they signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from entities.choices import OfficerLevel, Source
from entities.models import Assignment, Officer, Pledge
from entities.rules.matching import officer_key
from foodsafe_portal.demo import names, numbers
from foodsafe_portal.demo.bulk import insert, next_id
from foodsafe_portal.demo.businesses import GRADED, Shop
from foodsafe_portal.demo.dice import dice
from foodsafe_portal.demo.people import People
from foodsafe_portal.demo.places import BUREAUS, CITY, COUNTY_BODIES, Places
from foodsafe_portal.demo.when import Calendar

UNSIGNED: Final = 131
LEVEL_OF_GRADE: Final = {
    "A": OfficerLevel.CITY, "B": OfficerLevel.COUNTY, "C": OfficerLevel.TOWNSHIP, "D": OfficerLevel.VILLAGE,
}  # fmt: skip
# Five to fifteen businesses an officer is what counties report; a village officer takes the whole village.
_MOST: Final = {"A": 12, "B": 12, "C": 11, "D": 18}
_AREA: Final[dict[str, Callable[[Shop], str]]] = {
    "A": lambda shop: CITY,
    "B": lambda shop: shop.county,
    "C": lambda shop: shop.township,
    "D": lambda shop: shop.village,
}
_OF_THE_ACCOUNT: Final = 10
_REPLACED: Final = 0.03


@dataclass(slots=True)
class Carer:
    """An officer while the city is being made; ``before`` held the post until the day ``since``."""

    id: int
    name: str
    title: str
    level: str
    unit_name: str
    phone: str
    region: str
    user: int | None = None
    before: Carer | None = None
    since: date | None = None

    def on(self, day: date) -> Carer:
        """Whoever held this post on ``day``."""
        return self.before if self.before and self.since and day < self.since else self


class Carers:
    """The officers of the city and who was responsible for a business on a day."""

    def __init__(self, places: Places, calendar: Calendar, random: Random) -> None:
        self._places, self._calendar, self._random = places, calendar, random
        self._key = next_id(Officer)
        self._at: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.posts: list[Carer] = []

    def responsible(self, shop: Shop, day: date) -> Carer:
        """The officer of ``shop`` on ``day``."""
        return self.posts[shop.officer_on(day)].on(day)

    def everybody(self) -> list[Carer]:
        """Holders and former holders of all posts."""
        return self.posts + [post.before for post in self.posts if post.before]

    def person(self, level: str, region: str) -> Carer:
        """A new officer of a level in a region."""
        random, places = self._random, self._places
        match level:
            case OfficerLevel.CITY:
                unit, title = (
                    random.choice(BUREAUS)[1],
                    random.choice(("局长", "副局长", "二级调研员", "主任")),
                )
            case OfficerLevel.COUNTY:
                unit = places.names[region] + random.choice(COUNTY_BODIES)[1]
                title = random.choice(("局长", "副局长", "党组成员", "四级调研员"))
            case OfficerLevel.TOWNSHIP:
                unit = places.names[region]
                title = "街道办事处副主任" if unit.endswith("街道") else f"副{unit[-1]}长"
                title = random.choice((title, "党委委员", "武装部部长", "综合执法队队长"))
            case _:
                unit, title = places.names[region], random.choice(("党支部书记", "主任", "副主任", "网格长"))
        serial = len(self.posts) * 2 + 1
        area = int(region[4:6] or 1)
        carer = Carer(
            self._key, names.person(random), title, level, unit, numbers.phone(area, serial), region
        )
        self._key += 1
        return carer

    def open_post(self, level: str, region: str) -> int:
        """A new post; a few have changed hands in the period before the current one."""
        carer = self.person(level, region)
        if self._random.random() < _REPLACED and len(self._calendar.periods) > 1:
            carer.before = self.person(level, region)
            carer.before.phone = numbers.phone(int(region[4:6] or 1), len(self.posts) * 2 + 2)
            carer.since = self._calendar.earliest + timedelta(days=self._random.randint(20, 60))
        self.posts.append(carer)
        self._at[level, region].append(len(self.posts) - 1)
        return len(self.posts) - 1

    def bind(self, grade: str, shops: Iterable[Shop]) -> None:
        """Give the businesses of a grade to officers of its level, a handful to each."""
        level = LEVEL_OF_GRADE[grade]
        pools: dict[str, list[Shop]] = defaultdict(list)
        for shop in shops:
            pools[_AREA[grade](shop)].append(shop)
        for region, pool in pools.items():
            officers = [self.open_post(level, region) for _ in range(-(-len(pool) // _MOST[grade]))]
            for at, shop in enumerate(pool):
                shop.officer = officers[at % len(officers)]

    def bind_former(self, shops: Iterable[Shop]) -> None:
        """Say who looked after regraded businesses while they had their old grade."""
        for shop in shops:
            level, region = LEVEL_OF_GRADE[shop.old_grade], _AREA[shop.old_grade](shop)
            held = self._at[level, region]
            shop.old_officer = held[shop.id % len(held)] if held else self.open_post(level, region)


def load_officers(
    places: Places, people: People, calendar: Calendar, shops: list[Shop], *, seed: int
) -> Carers:
    """Write officers, assignments and pledges; every graded business gets an officer of the level its grade asks for."""
    carers = Carers(places, calendar, dice(seed, "officers"))
    _bind_account(carers, places, people, shops)
    for grade in LEVEL_OF_GRADE:
        carers.bind(grade, [shop for shop in shops if shop.grade == grade and shop.officer < 0])
    carers.bind_former(shop for shop in shops if shop.old_grade)
    insert(Officer, _OFFICER, _officer_rows(carers, calendar))
    _write_bonds(shops, carers, calendar, dice(seed, "bonds"))
    return carers


def _bind_account(carers: Carers, places: Places, people: People, shops: list[Shop]) -> None:
    """The officer who can log in looks after some ten businesses of the first county, of one township if it has so many."""
    county = places.counties[0]
    level, user = OfficerLevel.TOWNSHIP, people["officer"]
    post = carers.posts[carers.open_post(level, places.townships[county][0])]
    post.name, post.title, post.user = user.name, "街道办事处副主任", user.pk
    post.before = post.since = None
    mine = [
        s for s in shops if s.county == county and s.grade == "C" and not s.old_grade and s.left_on is None
    ]
    for shop in sorted(mine, key=lambda shop: (shop.township, shop.id))[:_OF_THE_ACCOUNT]:
        shop.officer = 0


_OFFICER: Final = (
    "id", "match_key", "name", "title", "level", "unit_name", "phone", "region", "user", "is_active", "version", "source",
    "recorded_at",
)  # fmt: skip


def _officer_rows(carers: Carers, calendar: Calendar) -> Iterator[tuple[object, ...]]:
    former = {id(post.before) for post in carers.posts if post.before}
    for carer in carers.everybody():
        key = officer_key(name=carer.name, phone=carer.phone, unit_name=carer.unit_name, region=carer.region)
        yield (
            carer.id, key, carer.name, carer.title, str(carer.level), carer.unit_name, carer.phone, carer.region, carer.user,
            id(carer) not in former, 1, str(Source.DEMO), calendar.at(calendar.since, 9),
        )  # fmt: skip


@dataclass(slots=True)
class _Bond:
    """One interval of an assignment."""

    shop: Shop
    carer: Carer
    start: date
    end: date | None


def _bonds(shops: list[Shop], carers: Carers, calendar: Calendar, random: Random) -> Iterator[_Bond]:
    for shop in shops:
        if shop.officer < 0:
            continue
        start = calendar.since + timedelta(days=random.randint(0, 60))
        changes = [shop.regraded_on] if shop.regraded_on else []
        posts = [carers.posts[shop.old_officer]] * bool(changes) + [carers.posts[shop.officer]]
        if posts[0].since and (not changes or posts[0].since < changes[0]):
            changes.insert(0, posts[0].since)
        for change in changes:
            end = change - timedelta(days=1)
            yield _Bond(shop, carers.responsible(shop, end), start, end)
            start = change
        yield _Bond(shop, carers.responsible(shop, start), start, None)


def _write_bonds(shops: list[Shop], carers: Carers, calendar: Calendar, random: Random) -> None:
    bonds = list(_bonds(shops, carers, calendar, random))
    first, ids = next_id(Assignment), range(len(bonds))
    insert(
        Assignment,
        ("id", "officer", "business", "level", "valid_from", "valid_to", "recorded_at", "ended_at", "voided_at", "batch_id"),
        (
            (
                first + at, bond.carer.id, bond.shop.id, str(bond.carer.level), bond.start, bond.end,
                calendar.at(bond.start, 11), calendar.at(bond.end, 17) if bond.end else None, None, None,
            )
            for at, bond in enumerate(bonds)
        ),
    )  # fmt: skip
    held = [at for at in ids if bonds[at].end is None]
    unsigned = set(random.sample(held, round(len(held) * UNSIGNED / GRADED)))
    key = next_id(Pledge)
    insert(
        Pledge,
        ("id", "officer", "business", "title", "signed_on", "recorded_at", "batch_id"),
        (
            (
                key + at, bond.carer.id, bond.shop.id, bond.carer.title, signed, calendar.at(signed, 15), None,
            )
            for at, bond in enumerate(bonds)
            if at not in unsigned
            for signed in [min(bond.start + timedelta(days=random.randint(0, 20)), bond.end or calendar.until)]
        ),
    )  # fmt: skip
