"""The register of the demonstration city: businesses, their reviewed changes of status and of grade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from entities.choices import BusinessStatus, BusinessType, ReviewState, Source
from entities.models import Business, GradeChange, StatusChange
from entities.rules.matching import match_key
from foodsafe_portal.demo import names, numbers
from foodsafe_portal.demo.bulk import insert, next_id
from foodsafe_portal.demo.dice import Weighted, deal, dice, shares
from foodsafe_portal.demo.people import People
from foodsafe_portal.demo.places import Places, office_name
from foodsafe_portal.demo.when import Calendar
from foodsafe_portal.lib.pinyin import initials
from foodsafe_portal.lib.weeks import SHANGHAI

# 佳木斯 2022: 27,748 of 31,190 businesses graded, in 11 counties; how they split over grades and counties is invented.
ALL: Final = 31_190
GRADED: Final = 27_748
EXCLUDED: Final = 624
BY_GRADE: Final = {"A": 312, "B": 2_486, "C": 11_930, "D": 13_020}
BY_COUNTY: Final = (3_408, 2_361, 1_585, 4_085, 3_080, 1_928, 2_649, 2_850, 1_422, 2_226, 2_154)
WAITING_CHANGES: Final = 57
REGRADED: Final = 412

_SCALES: Final = {"A": "large", "B": "medium", "C": "small", "D": "micro"}
_STATUSES: Final[Weighted[str]] = Weighted(
    {
        BusinessStatus.SUSPENDED: 30,
        BusinessStatus.DORMANT: 30,
        BusinessStatus.NOT_FOUND: 15,
        BusinessStatus.DEREGISTERED: 20,
        BusinessStatus.MOVED_OUT: 5,
    }
)
_RISKS: Final[Weighted[str]] = Weighted({"A": 34, "B": 42, "C": 19, "D": 5})
_CREDIT: Final[Weighted[str]] = Weighted({"A": 70, "B": 22, "C": 6, "D": 2})
_CATERING: Final[Weighted[str]] = Weighted({"A": 28, "B": 56, "C": 16})
_CATERERS: Final = frozenset({BusinessType.CATERING, BusinessType.CANTEEN, BusinessType.SMALL_CATERING})
_HIGH_RISK: Final = {BusinessType.CANTEEN: 0.30, BusinessType.PRODUCTION: 0.22}
# How likely a business of a grade is among those that left, against one of grade D.
_LEAVING: Final = {"B": 0.48, "C": 0.8}
_WHY: Final = {
    BusinessStatus.SUSPENDED: "店面装修暂停营业，现场核查属实",
    BusinessStatus.DORMANT: "连续三个月未营业，未办理注销",
    BusinessStatus.NOT_FOUND: "按登记地址两次核查均未找到",
    BusinessStatus.DEREGISTERED: "许可系统已注销",
    BusinessStatus.MOVED_OUT: "经营场所迁往外市",
}


@dataclass(slots=True)
class Shop:
    """One business while the city is being made; the last fields are filled by the generators that follow."""

    id: int
    key: str
    name: str
    credit_code: str
    licence_no: str
    business_type: str
    grade: str
    county: str
    township: str
    village: str
    address: str
    high_risk: bool
    left_on: date | None = None
    status: str = BusinessStatus.NORMAL
    old_grade: str = ""
    regraded_on: date | None = None
    officer: int = -1
    old_officer: int = -1

    def grade_on(self, day: date) -> str:
        """The responsibility grade in force on ``day``."""
        return self.old_grade if self.regraded_on and day < self.regraded_on else self.grade

    def officer_on(self, day: date) -> int:
        """The place in the list of officers of whoever was responsible on ``day``."""
        return self.old_officer if self.regraded_on and day < self.regraded_on else self.officer


def graded_of(total: int) -> int:
    """How many of ``total`` businesses have a responsibility grade: 88.96 %."""
    return round(total * GRADED / ALL)


def load_businesses(
    places: Places, people: People, calendar: Calendar, *, total: int, seed: int
) -> list[Shop]:
    """Write the register and its changes."""
    shops, rows = _make(places, calendar, total, seed)
    _let_some_leave(shops, calendar, dice(seed, "leaving"))
    _regrade_some(shops, calendar, dice(seed, "regraded"), total)
    insert(Business, _COLUMNS, _finished(shops, rows))
    _write_status_changes(shops, places, people, calendar, dice(seed, "changes"), total)
    _write_grade_changes(shops, places, people, calendar)
    return shops


def _make(places: Places, calendar: Calendar, total: int, seed: int) -> tuple[list[Shop], list[list[object]]]:
    random = dice(seed, "businesses")
    graded = graded_of(total)
    table = list(zip(BY_GRADE, shares(graded, list(BY_GRADE.values())), strict=True))
    grades = deal(random, table)
    with_grade, without = shares(graded, BY_COUNTY), shares(total - graded, BY_COUNTY)
    key = next_id(Business)
    shops: list[Shop] = []
    rows: list[list[object]] = []
    for at, county in enumerate(places.counties):
        here = [next(grades) for _ in range(with_grade[at])] + [""] * without[at]
        random.shuffle(here)
        towns = Weighted(
            {code: 2.0 if places.names[code].endswith("街道") else 1.0 for code in places.townships[county]}
        )
        chain: list[str] = []
        for serial, grade in enumerate(here, 1):
            shop, row = _one(random, places, calendar, county, towns.draw(random), grade, serial, key, chain)
            shops.append(shop)
            rows.append(row)
            key += 1
    return shops, rows


def _one(
    random: Random, places: Places, calendar: Calendar, county: str, township: str, grade: str, serial: int, key: int,
    chain: list[str],
) -> tuple[Shop, list[object]]:  # fmt: skip
    kind = names.TYPES_BY_GRADE[grade].draw(random)
    village = random.choice(places.villages[township])
    name = names.shop(random, kind, county=places.names[county], township=places.local_name(township))
    address = names.address(random, places.names[county], places.names[township])
    licence_no, credit_code, valid_to = "", "", None
    if kind != BusinessType.STALL or random.random() < 0.5:
        licence_no = numbers.licence(kind, county, numbers.CITY_SERIALS + serial)
        valid_to = calendar.until + timedelta(days=random.randint(-20, 1_500))
        if kind == BusinessType.SALES and chain and random.random() < 0.04:
            credit_code = random.choice(chain)
        else:
            company = "公司" in name or grade in {"A", "B"}
            form = "12" if kind == BusinessType.CANTEEN else "91" if company else "92"
            credit_code = numbers.credit_code(form, county, serial)
            if kind == BusinessType.SALES and company:
                chain.append(credit_code)
    shop = Shop(
        id=key, key=match_key(licence_no=licence_no, credit_code=credit_code, premises_address=address, name=name),
        name=name, credit_code=credit_code, licence_no=licence_no, business_type=kind, grade=grade, county=county,
        township=township, village=village, address=address, high_risk=random.random() < _HIGH_RISK.get(BusinessType(kind), 0.02),
    )  # fmt: skip
    registered = calendar.earliest - timedelta(days=random.randint(240, 2_400))
    staffed = grade in {"A", "B", "C"}
    row: list[object] = [
        valid_to, _SCALES.get(grade, ""), names.person(random), numbers.phone(int(county[4:]) + 20, serial),
        office_name(places, township), _RISKS.draw(random) if grade else "",
        _CREDIT.draw(random) if credit_code else "", _CATERING.draw(random) if kind in _CATERERS else "",
        names.person(random) if grade in {"A", "B"} else "", names.person(random) if staffed else "", registered,
    ]  # fmt: skip
    return shop, row


def _let_some_leave(shops: list[Shop], calendar: Calendar, random: Random) -> None:
    """Some businesses are not operating any more; two thirds of them stopped before the first period."""
    for pool, count in (
        (
            [s for s in shops if s.grade not in {"", "A"}],
            round(sum(1 for s in shops if s.grade) * EXCLUDED / GRADED),
        ),
        ([s for s in shops if not s.grade], round(sum(1 for s in shops if not s.grade) * EXCLUDED / GRADED)),
    ):
        # A weighted draw without putting back: the highest powers of random numbers.
        by_chance = sorted(pool, key=lambda shop: -(random.random() ** (1 / _LEAVING.get(shop.grade, 1.0))))
        for shop in by_chance[:count]:
            shop.status = _STATUSES.draw(random)
            if random.random() < 0.65:
                shop.left_on = calendar.earliest - timedelta(days=random.randint(1, 200))
            else:
                shop.left_on = calendar.current.start + timedelta(
                    days=random.randint(0, calendar.days_into_current)
                )


def _regrade_some(shops: list[Shop], calendar: Calendar, random: Random, total: int) -> None:
    """At the start of the current period some businesses moved up one grade, as the yearly review proposed."""
    movable = [shop for shop in shops if shop.grade in {"B", "C"} and shop.left_on is None]
    for shop in random.sample(movable, min(len(movable), round(total * REGRADED / ALL))):
        shop.old_grade = {"B": "C", "C": "D"}[shop.grade]
        shop.regraded_on = calendar.current.start


_COLUMNS: Final = (
    "id", "match_key", "name", "name_initials", "credit_code", "licence_no", "licence_valid_to", "business_type", "scale",
    "legal_person", "contact_phone", "premises_address", "region", "supervision_office", "responsibility_grade", "risk_grade",
    "credit_grade", "catering_grade", "high_risk", "status", "safety_director", "safety_officer", "national_no",
    "registered_on", "version", "source", "recorded_at", "updated_at",
)  # fmt: skip


def _finished(shops: list[Shop], rows: list[list[object]]) -> Iterator[tuple[object, ...]]:
    for shop, row in zip(shops, rows, strict=True):
        valid_to, scale, legal, phone, office, risk, credit, catering, director, officer, registered = row
        assert isinstance(registered, date)
        recorded = datetime.combine(registered, time(10), SHANGHAI)
        changed = max(filter(None, (shop.left_on, shop.regraded_on, registered)))
        yield (
            shop.id, shop.key, shop.name, initials(shop.name), shop.credit_code, shop.licence_no, valid_to,
            str(shop.business_type), scale, legal, phone, shop.address, shop.village, office, shop.grade, risk, credit,
            catering, shop.high_risk, str(shop.status), director, officer, "", registered, 1, str(Source.DEMO), recorded,
            datetime.combine(changed, time(16), SHANGHAI),
        )  # fmt: skip


_CHANGE: Final = (
    "id", "business", "effective_on", "reason", "source", "proposed_by", "proposed_at", "state", "reviewed_by",
    "reviewed_at", "review_note",
)  # fmt: skip


def _write_status_changes(
    shops: list[Shop], places: Places, people: People, calendar: Calendar, random: Random, total: int
) -> None:
    """A reviewed change behind each business that left, and some that still wait for their review."""
    key = next_id(StatusChange)
    rows: list[tuple[object, ...]] = []
    for shop in shops:
        if shop.left_on is None:
            continue
        reviewed = min(shop.left_on + timedelta(days=random.randint(1, 6)), calendar.until)
        rows.append(
            (
                key, shop.id, shop.left_on, _WHY[BusinessStatus(shop.status)], str(Source.DEMO),
                people.of_county("county_liaison", places, shop.county).pk, calendar.at(shop.left_on, 15),
                str(ReviewState.APPROVED), people.of_county("regulator", places, shop.county).pk,
                calendar.at(reviewed, 16), "现场核查属实，未留存照片，同意", str(BusinessStatus.NORMAL), str(shop.status),
            )
        )  # fmt: skip
        key += 1
    operating = [shop for shop in shops if shop.left_on is None]
    for shop in random.sample(operating, min(len(operating), round(total * WAITING_CHANGES / ALL))):
        to = _STATUSES.draw(random)
        on = calendar.until - timedelta(days=random.randint(0, 9))
        rows.append(
            (
                key, shop.id, on, _WHY[BusinessStatus(to)], str(Source.DEMO),
                people.of_county("county_liaison", places, shop.county).pk, calendar.at(on, 15),
                str(ReviewState.PROPOSED), None, None, "", str(BusinessStatus.NORMAL), str(to),
            )
        )  # fmt: skip
        key += 1
    insert(StatusChange, (*_CHANGE, "from_status", "to_status"), rows)


def _write_grade_changes(shops: list[Shop], places: Places, people: People, calendar: Calendar) -> None:
    key = next_id(GradeChange)
    rows: list[tuple[object, ...]] = []
    for shop in shops:
        if shop.regraded_on is None:
            continue
        rows.append(
            (
                key, shop.id, shop.regraded_on, "经营规模扩大，按分级标准上调一级", str(Source.DEMO),
                people.of_county("county_liaison", places, shop.county).pk,
                calendar.at(shop.regraded_on - timedelta(days=12), 10), str(ReviewState.APPROVED),
                people.of_county("regulator", places, shop.county).pk,
                calendar.at(shop.regraded_on - timedelta(days=6), 10), "同意", shop.old_grade, shop.grade, True,
            )
        )  # fmt: skip
        key += 1
    insert(GradeChange, (*_CHANGE, "from_grade", "to_grade", "manual"), rows)
