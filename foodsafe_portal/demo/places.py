"""Regions and government bodies of the demonstration city."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import accounts
from accounts.choices import UnitKind
from accounts.models import Region, Unit
from foodsafe_portal.demo.bulk import next_id
from foodsafe_portal.lib.scope import in_territory

CITY: Final = "9901"
PROVINCE: Final = "99"
REGIONS_FILE: Final = Path(accounts.__file__).parent / "data" / "demo_regions.json"

# The members of the campaign at city level. The 2016 plan of 通政发〔2016〕44号 names bodies that were merged in 2018
# (食药监、工商、质监 became 市场监督管理局, and so on); these are the names such bodies carry now.
BUREAUS: Final[tuple[tuple[str, str, UnitKind], ...]] = (
    ("市食品安全委员会办公室", "市食安办", UnitKind.OFFICE),
    ("市市场监督管理局", "市市场监管局", UnitKind.BUREAU),
    ("市委组织部", "市委组织部", UnitKind.BUREAU),
    ("市委宣传部", "市委宣传部", UnitKind.BUREAU),
    ("市委政法委员会", "市委政法委", UnitKind.BUREAU),
    ("市委机构编制委员会办公室", "市委编办", UnitKind.BUREAU),
    ("市发展和改革委员会", "市发改委", UnitKind.BUREAU),
    ("市教育局", "市教育局", UnitKind.BUREAU),
    ("市工业和信息化局", "市工信局", UnitKind.BUREAU),
    ("市公安局", "市公安局", UnitKind.BUREAU),
    ("市民政局", "市民政局", UnitKind.BUREAU),
    ("市司法局", "市司法局", UnitKind.BUREAU),
    ("市财政局", "市财政局", UnitKind.BUREAU),
    ("市人力资源和社会保障局", "市人社局", UnitKind.BUREAU),
    ("市生态环境局", "市生态环境局", UnitKind.BUREAU),
    ("市住房和城乡建设局", "市住建局", UnitKind.BUREAU),
    ("市城市管理局", "市城管局", UnitKind.BUREAU),
    ("市农业农村局", "市农业农村局", UnitKind.BUREAU),
    ("市商务局", "市商务局", UnitKind.BUREAU),
    ("市文化广电和旅游局", "市文广旅局", UnitKind.BUREAU),
    ("市卫生健康委员会", "市卫生健康委", UnitKind.BUREAU),
    ("市粮食和物资储备局", "市粮储局", UnitKind.BUREAU),
    ("市中级人民法院", "市中级法院", UnitKind.OTHER),
    ("市人民检察院", "市检察院", UnitKind.OTHER),
    ("示例海关", "示例海关", UnitKind.OTHER),
)
# Bodies of every county with the city body they answer to (条线).
COUNTY_BODIES: Final = (
    ("食品安全委员会办公室", "食安办", UnitKind.OFFICE, "市食安办"),
    ("市场监督管理局", "市场监管局", UnitKind.BUREAU, "市市场监管局"),
    ("教育局", "教育局", UnitKind.BUREAU, "市教育局"),
    ("农业农村局", "农业农村局", UnitKind.BUREAU, "市农业农村局"),
    ("商务局", "商务局", UnitKind.BUREAU, "市商务局"),
    ("城市管理局", "城管局", UnitKind.BUREAU, "市城管局"),
    ("卫生健康局", "卫生健康局", UnitKind.BUREAU, "市卫生健康委"),
)
TEAM_UNITS: Final = ("第一督导组", "第二督导组", "第三督导组")
ASSESSOR_UNIT: Final = "示例第三方评估中心"


@dataclass(slots=True)
class Places:
    """The regions by level and the units by short name (and by region for the local ones)."""

    names: dict[str, str]
    counties: list[str]
    townships: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    villages: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    units: dict[tuple[str, str], Unit] = field(default_factory=dict)

    def unit(self, short_name: str, region: str = CITY) -> Unit:
        """The body of that short name in a region."""
        return self.units[region, short_name]

    def local_name(self, code: str) -> str:
        """A county's name without 区, 县 or 市, a township's without 街道, 镇 or 乡."""
        return self.names[code].removesuffix("街道").rstrip("区县市镇乡")


def load_names() -> dict[str, str]:
    """Code → name of every region of the demonstration city."""
    document = json.loads(REGIONS_FILE.read_text(encoding="utf-8"))
    return {row["code"]: row["name"] for row in document["regions"]}


def load_regions() -> Places:
    """Write the regions (again, if they are there) and sort them by level."""
    document = json.loads(REGIONS_FILE.read_text(encoding="utf-8"))
    rows = [
        Region(code=row["code"], name=row["name"], level=row["level"], residents=row.get("residents"))
        for row in document["regions"]
    ]
    Region.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["code"], update_fields=["name", "level", "residents"]
    )
    places = Places(
        names={row.code: row.name for row in rows}, counties=[row.code for row in rows if len(row.code) == 6]
    )
    for row in rows:
        if len(row.code) == 9:
            places.townships[row.code[:6]].append(row.code)
        elif len(row.code) == 12:
            places.villages[row.code[:9]].append(row.code)
    return places


def load_units(places: Places) -> None:
    """Write the government bodies, keeping the ones that are there."""
    for unit in Unit.objects.filter(in_territory(PROVINCE)):
        places.units[unit.region_id, unit.short_name] = unit
    builder = _Builder(places)
    builder.city()
    for county in places.counties:
        builder.county(county)
    Unit.objects.bulk_create(builder.new)


class _Builder:
    """Gives every body its key and its path: city body / county body / local office."""

    def __init__(self, places: Places) -> None:
        self.places, self.new, self.key = places, list[Unit](), next_id(Unit)

    def add(
        self,
        name: str,
        short: str,
        kind: UnitKind,
        region: str,
        parent: Unit | None = None,
        member: bool = True,
    ) -> Unit:
        known = self.places.units.get((region, short))
        if known:
            return known
        path = f"{parent.path if parent else ''}{self.key}/"
        unit = Unit(
            id=self.key, name=name, short_name=short, kind=kind, region_id=region, parent=parent, path=path,
            is_member=member,
        )  # fmt: skip
        self.key += 1
        self.new.append(unit)
        self.places.units[region, short] = unit
        return unit

    def city(self) -> None:
        """The city's government, its bureaus, the supervision teams and the third party."""
        self.add(f"{self.places.names[CITY]}人民政府", "市政府", UnitKind.GOVERNMENT, CITY, member=False)
        for name, short, kind in BUREAUS:
            self.add(name, short, kind, CITY)
        for name in TEAM_UNITS:
            self.add(name, name, UnitKind.TEAM, CITY, self.places.unit("市食安办"), member=False)
        self.add(ASSESSOR_UNIT, ASSESSOR_UNIT, UnitKind.OTHER, CITY, member=False)

    def county(self, county: str) -> None:
        """A county's government and bodies, the governments and market supervision offices of its townships."""
        here = self.places.names[county]
        government = self.add(f"{here}人民政府", f"{here}政府", UnitKind.GOVERNMENT, county)
        for name, short, kind, above in COUNTY_BODIES:
            self.add(f"{here}{name}", f"{here}{short}", kind, county, self.places.unit(above))
        regulator = self.places.unit(f"{here}市场监管局", county)
        for township in self.places.townships[county]:
            there = self.places.names[township]
            suffix = "办事处" if there.endswith("街道") else "人民政府"
            self.add(f"{there}{suffix}", there, UnitKind.GOVERNMENT, township, government)
            office = office_name(self.places, township)
            self.add(office, office, UnitKind.REGULATOR, township, regulator, member=False)


def office_name(places: Places, township: str) -> str:
    """The market supervision office of a township."""
    return f"{places.local_name(township)}市场监管所"
