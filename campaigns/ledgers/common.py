"""What the ledgers of this room share: the campaign they belong to, bodies by name, and lists in one cell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from accounts.choices import RegionLevel
from accounts.models import Region, Unit
from campaigns.models import Campaign
from foodsafe_portal.lib.intake import cells
from foodsafe_portal.lib.intake.cells import CellProblem, Changed, Outcome
from foodsafe_portal.lib.intake.model import Cell
from foodsafe_portal.lib.scope import in_territory
from foodsafe_portal.lib.typography import narrow, plain
from inspections.ledgers.problem_places import Units
from records.ledgers import Rows

NO_CAMPAIGN = "您的辖区还没有创建；请由创建办先登记创建"
# The separators of a list; those inside brackets belong to the name, as in 各县(市、区)政府.
_BETWEEN = re.compile(r"[、，,;；\r\n]+(?![^(（]*[)）])")
_EVERY_COUNTY = re.compile(r"各县(?:\(市,?区\)|市区|区)?(?:人民)?政府").fullmatch


def campaign_of(territory: str) -> Campaign | None:
    """The campaign in which a territory takes part: its own, else the nearest around it."""
    return Campaign.objects.nearest_to(territory).select_related("region", "rulebook").first()


def lock_campaign(territory: str) -> Campaign | None:
    """The campaign in which a territory takes part, kept for one writer until the transaction ends."""
    campaign = campaign_of(territory)
    if campaign is not None:
        Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    return campaign


def clause_key(no: str) -> str:
    """A clause's number as compared: full-width forms and blanks do not count."""
    return plain(no).upper()


def clause_number(cell: Cell) -> Outcome:
    """The number of a clause, such as 3.4.1 or (四). Excel may have kept 1.10 as the number 1.1, so numbers are shown."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        said = f"{cell:.15g}"
        whole = float(cell).is_integer()
        return (
            said if whole else Changed(said, f"编号被存成了数字，按“{said}”理解；如果是“{said}0”，请改成文本")
        )
    if isinstance(cell, dt.date):
        said = "编号被 Excel 变成了日期；请把这一列设为文本格式后重新填写"
        return CellProblem("not_a_code", said)
    outcome = cells.text(cell, max_length=20)
    if not isinstance(outcome, str):
        return outcome
    number = narrow(outcome)
    return number if number == outcome else Changed(number, "统一为半角并去掉了空格")


def listed(text: str | None) -> list[str]:
    """The names of a cell, each once, in their order."""
    return list(dict.fromkeys(filter(None, (part.strip() for part in _BETWEEN.split(text or "")))))


class Bodies:
    """The units that a region's ledgers can name, and the words that stand for one in every county."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.units = Units(self.region)
        self._every_county: list[int] | None = None
        self._names: dict[int, str] | None = None

    def named(self, name: str) -> list[int]:
        """The units of this name: the region's own before those of its counties, one where only one can be meant."""
        found = self.units.named(name, "")
        own = [pk for pk, region in found if region == self.region]
        return own if len(own) == 1 else [pk for pk, _region in found]

    def meant(self, rows: Rows, index: int, key: str, name: str) -> int | None:
        """The one unit that a cell names; where there is none or several, the row is refused."""
        found = self.named(name)
        if len(found) == 1:
            return found[0]
        if found:
            said = f"有 {len(found)} 个单位叫“{name}”；请写带县(市、区)的全称"
            rows.error(index, key, "unit_ambiguous", said)
        else:
            said = f"单位登记中没有“{name}”；请核对名称，或先导入成员单位台账"
            rows.error(index, key, "unit_unknown", said)
        return None

    def full_name(self, key: int) -> str:
        """The registered name of a unit that was found."""
        if self._names is None:
            keys = {pk for found in self.units.by_name.values() for pk, _region in found}
            self._names = unit_names(keys)
        return self._names[key]

    def of_every_county(self, name: str) -> list[int]:
        """The governments of all counties where 各县(市、区)政府 is meant; nothing for any other name."""
        if not _EVERY_COUNTY(plain(name)):
            return []
        if self._every_county is None:
            counties = Region.objects.filter(in_territory(self.region, "code"), level=RegionLevel.COUNTY)
            names = dict(counties.filter(closed_on__isnull=True).values_list("code", "name"))
            governments = Unit.objects.filter(region_id__in=names).values_list("pk", "region_id", "name")
            self._every_county = [
                pk
                for pk, region, unit in governments.order_by("region_id", "pk")
                if unit in (f"{names[region]}人民政府", f"{names[region]}政府")
            ]
        return self._every_county


def unit_names(keys: Iterable[int]) -> dict[int, str]:
    """The names of units by key."""
    return dict(Unit.objects.filter(pk__in=set(keys)).values_list("pk", "name"))
