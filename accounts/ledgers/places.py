"""Finds the region a ledger row means by its county, township and village, inside one territory."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Region
from accounts.rules.regions import names_in
from foodsafe_portal.lib.ledger import Severity
from foodsafe_portal.lib.mergers import home_of
from foodsafe_portal.lib.typography import plain
from records.ledgers import Rows

_COUNTY, _TOWNSHIP, _VILLAGE = 6, 9, 12
_LEVELS = (2, 4, _COUNTY, _TOWNSHIP)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one of the three cells; ``column`` is county, township or village."""

    column: str
    code: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Place:
    """A region code ('' when it cannot be told) and what is to be said about it."""

    code: str
    remark: Remark | None = None


class RegionIndex:
    """The regions around a territory, read once; answers are remembered."""

    def __init__(self, territory: str) -> None:
        self.territory = territory
        found = Region.objects.order_by("code")
        if len(territory) >= 4:
            found = found.in_territory(territory[:4])
        self.names: dict[str, str] = {}
        self.successors: dict[str, str] = {}
        self._by_name: dict[str, dict[str, str]] = {"": {}}
        self.given_up: dict[str, tuple[str, ...]] = {}
        earlier_names: list[tuple[str, str, str]] = []
        for code, name, successor, former in found.values_list(
            "code", "name", "successor_id", "former_names"
        ):
            self.names[code] = name
            if successor:
                self.successors[code] = successor
            if len(code) >= _COUNTY:
                above = code[:-3] if len(code) > _COUNTY else ""
                inside = self._by_name.setdefault(above, {})
                inside.setdefault(plain(name), code)
                inside.setdefault(code, code)
                earlier_names += [(above, plain(earlier), code) for earlier in names_in(former)]
        for above, earlier, code in earlier_names:  # a name that somebody has now is nobody's past
            if self._by_name[above].setdefault(earlier, code) == code:
                self.given_up[code] = (*self.given_up.get(code, ()), earlier)
        self._answers: dict[tuple[str | None, str | None, str | None], Place] = {}

    @property
    def counties(self) -> dict[str, str]:
        """Code → name of the counties in the territory."""
        return {
            code: name
            for code, name in self.names.items()
            if len(code) == _COUNTY and self._inside(code) and code not in self.successors
        }

    def townships(self, county: str) -> dict[str, str]:
        """Code → name of a county's townships in the territory that have not been merged away."""
        return {
            code: name
            for code, name in self.names.items()
            if len(code) == _TOWNSHIP
            and code.startswith(county)
            and self._inside(code)
            and code not in self.successors
        }

    def resolve(self, county: str | None, township: str | None, village: str | None = None) -> Place:
        """The region of a row. A county may stay empty when the territory lies in one; an unknown village is only a warning."""
        asked = (county, township, village)
        place = self._answers.get(asked)
        if place is None:
            self._answers[asked] = place = self._resolve(county, township, village)
        return place

    def _inside(self, code: str) -> bool:
        """Whether a region lies in the territory or the territory in it."""
        home = home_of(code, self.successors)
        return home.startswith(self.territory) or self.territory.startswith(home)

    def _resolve(self, county: str | None, township: str | None, village: str | None) -> Place:
        if county:
            said = self._below_the_city(plain(county))
            code = self._by_name[""].get(said, "")
            if not code:
                return self._wrong("county", "unknown_region", f"没有“{county}”这个县(市、区)；请核对名称")
        elif len(self.territory) >= _COUNTY:
            code = self.territory[:_COUNTY]
        else:
            return self._wrong("county", "required", "请填写县(市、区)")
        before, code = code, home_of(code, self.successors)
        if not self._inside(code):
            return self._elsewhere("county", county)
        if not township:
            return Place(code) if len(self.territory) <= _COUNTY else Place(self.territory)
        below = self._named(code, township) or self._named(before, township)
        if not below:
            above = self._townships_with(code, township)
            advice = f"这是{above[0]}的村(社区)，请填“{above[0]}”" if above else "请核对名称"
            if len(above) > 1:
                advice = f"{'、'.join(above)}都有这个村(社区)，请填它所在的乡镇(街道)"
            said = f"{self.names[code]}没有“{township}”这个乡镇(街道)；{advice}"
            return self._wrong("township", "unknown_region", said)
        merged = home_of(below, self.successors)
        if not self._inside(merged):
            return self._elsewhere("township", township)
        if merged != below:
            said = f"“{township}”已并入{self.names.get(merged, merged)}，按新区划登记"
            return Place(merged, Remark("township", "region_merged", "changed", said))
        renamed = None
        said = plain(township)
        if said.endswith(self.given_up.get(below, ())) and not said.endswith(
            (plain(self.names[below]), below)
        ):
            said = f"“{township}”已更名为{self.names[below]}，按现名登记"
            renamed = Remark("township", "region_renamed", "changed", said)
        if not village:
            return Place(below, renamed)
        place = self._named(below, village)
        if not place:
            said = f"{self.names[below]}没有“{village}”这个村(社区)，先登记到乡镇(街道)；请核对名称"
            return Place(below, Remark("village", "unknown_village", "warning", said))
        return Place(home_of(place, self.successors), renamed)

    def _named(self, above: str, name: str) -> str:
        """The region of this name inside another; a name may repeat the one above (南湖区人民街道)."""
        inside = self._by_name.get(above, {})
        said = plain(name)
        if found := inside.get(said):
            return found
        for digits in _LEVELS:
            if digits <= len(above):
                said = said.removeprefix(plain(self.names.get(above[:digits], "")))
        return inside.get(said, "")

    def _below_the_city(self, said: str) -> str:
        """A county's name without the names of the province and the city that people write before it (示例市南湖区)."""
        if said in self._by_name[""]:
            return said
        for digits in _LEVELS[:2]:
            said = said.removeprefix(plain(self.names.get(self.territory[:digits], "")))
        return said

    def _townships_with(self, county: str, village: str) -> list[str]:
        """The names of a county's townships that have a village of this name, when that is what somebody wrote."""
        return [name for code, name in self.townships(county).items() if self._named(code, village)]

    def _elsewhere(self, column: str, name: str | None) -> Place:
        here = self.names.get(self.territory, self.territory)
        said = f"“{name or ''}”不在您的辖区({here})内；请删去这一行，由该地上报"
        return self._wrong(column, "other_territory", said)

    @staticmethod
    def _wrong(column: str, code: str, message: str) -> Place:
        return Place("", Remark(column, code, "error", message))


def resolve_regions(
    rows: Rows,
    index: RegionIndex,
    *,
    required: tuple[str, ...] = ("county", "township"),
    village: str = "village",
) -> list[str]:
    """The region code of every row ('' where it cannot be told); remarks go to the rows' issues.

    A cell that is required and empty has been reported already and is not reported again.
    """
    codes: list[str] = []
    for at, asked in enumerate(
        zip(rows.column("county"), rows.column("township"), rows.column(village), strict=True)
    ):
        place = index.resolve(*asked)
        codes.append(place.code)
        remark = place.remark
        if remark is None:
            continue
        blank = (remark.column == "county" and not asked[0]) or (remark.column == "township" and not asked[1])
        if blank and remark.column in required and rows.has(remark.column):
            continue
        rows.add(at, remark.column, remark.code, remark.severity, remark.message)
        if remark.severity == "error":
            rows.rejected.add(at)
    return codes
