"""The filters of a list page: what its address asks for, and the chips that change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.choices import RegionLevel
from accounts.models import Region, User
from foodsafe_portal.lib.paging import without_cursor

Option = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter: set (it can be removed) or open (it offers ``options``: words and addresses)."""

    label: Any
    value: Any = ""
    remove_url: str = ""
    options: Sequence[tuple[Any, str]] = ()


@dataclass(frozen=True, slots=True)
class Tab:
    """A saved view of a list with its count."""

    label: Any
    url: str
    count: int | None
    active: bool


class Address:
    """The filters of one request. A value that is no option filters nothing."""

    def __init__(self, params: QueryDict) -> None:
        self.params = without_cursor(params)
        self.chips: list[Chip] = []

    def get(self, name: str) -> str:
        """What stands in the address, without blanks around it and without what no text column can hold."""
        return self.params.get(name, "").replace("\0", "").strip()[:100]

    def key(self, name: str) -> int | None:
        """A primary key in the address."""
        text = self.get(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None

    def url(self, **changes: str | None) -> str:
        """The address with some filters changed; ``None`` or an empty value takes one out."""
        query = self.params.copy()
        for name, value in changes.items():
            query.pop(name, None)
            if value:
                query[name] = value
        return f"?{query.urlencode()}"

    def choice(self, name: str, label: Any, options: Iterable[Option], *, unset: Any = "") -> str:
        """The option that is set, after adding its chip; empty when none is, which the chip calls ``unset`` or 全部."""
        known = [(str(code), words) for code, words in options]
        chosen = dict(known).get(self.get(name))
        if chosen is not None:
            self.chips.append(Chip(label, chosen, remove_url=self.url(**{name: None})))
            return self.get(name)
        if known:
            offered = [(words, self.url(**{name: code})) for code, words in known]
            self.chips.append(Chip(label, unset or _("全部"), options=offered))
        return ""

    def told(self, name: str, label: Any, words: Any) -> None:
        """Add the chip of a filter that came by a link and can only be removed."""
        self.chips.append(Chip(label, words, remove_url=self.url(**{name: None})))

    @property
    def csv_url(self) -> str:
        """The address of the same list as csv."""
        return self.url(format="csv")

    def hidden(self, *shown: str) -> list[tuple[str, str]]:
        """The filters a search form has to carry along, without the ones it shows itself."""
        return [(name, self.get(name)) for name in self.params if name not in (*shown, "format")]

    @property
    def clear_url(self) -> str:
        """The address without any filter; empty when there is none."""
        return "?" if any(chip.remove_url for chip in self.chips) or self.get("q") else ""


class Places:
    """Counties and townships this person may look at, and the one the address asks for. One query."""

    def __init__(self, user: User, address: Address) -> None:
        levels = [RegionLevel.COUNTY, RegionLevel.TOWNSHIP]
        rows = Region.objects.visible_to(user).filter(level__in=levels, closed_on__isnull=True)
        self.names: dict[str, str] = dict(rows.values_list("code", "name"))
        counties = {code: name for code, name in self.names.items() if len(code) == 6}
        asked = address.get("region")
        self.code = asked if asked in self.names else ""
        county = self.code[:6] or (next(iter(counties)) if len(counties) == 1 else "")
        if self.code:
            if len(counties) > 1:
                label = counties.get(county, county)
                address.chips.append(Chip(_("县区"), label, remove_url=address.url(region=None)))
        elif len(counties) > 1:
            offered = [(name, address.url(region=code)) for code, name in counties.items()]
            address.chips.append(Chip(_("县区"), _("全部"), options=offered))
        townships = {
            c: name for c, name in self.names.items() if len(c) == 9 and county and c.startswith(county)
        }
        if self.code in townships:
            back = address.url(region=county if len(counties) > 1 else None)
            address.chips.append(Chip(_("乡镇"), townships[self.code], remove_url=back))
        elif townships:
            offered = [(name, address.url(region=code)) for code, name in townships.items()]
            address.chips.append(Chip(_("乡镇"), _("全部"), options=offered))

    def path(self, code: str) -> str:
        """County and township of a region code in words."""
        names = (self.names.get(code[:6]), self.names.get(code[:9]) if len(code) >= 9 else None)
        return " · ".join(name for name in names if name)
