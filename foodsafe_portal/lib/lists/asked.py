"""One person's question to a list: the address as its filters read it, and what follows from it on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.http import QueryDict

from foodsafe_portal.lib.lists.address import Address, Chip
from foodsafe_portal.lib.lists.columns import Column, ColumnChoice, Head
from foodsafe_portal.lib.lists.filters import ELSEWHERE, ListFilters

if TYPE_CHECKING:
    from foodsafe_portal.lib.lists.listing import Listing


def _in_order(params: QueryDict, names: Iterable[str]) -> QueryDict:
    """The same address, however it was typed: the filters in the list's own order, then the rest."""
    ordered = QueryDict(mutable=True)
    for name in (
        *(name for name in names if name in params),
        *(name for name in params if name not in names),
    ):
        ordered.setlist(name, params.getlist(name))
    return ordered


@dataclass(frozen=True, slots=True)
class Tab:
    """A named view of a list: the filters it sets. ``order`` replaces the list's, ``count_to`` its limit of counting."""

    label: Any
    where: Mapping[str, str]
    order: tuple[str, ...] = ()
    count_to: int | None = None


@dataclass(frozen=True, slots=True)
class ShownTab:
    """A tab on the page; ``count`` is None where nobody counted."""

    label: Any
    url: str
    count: int | None
    active: bool


class Asked:
    """What ``user`` asks of ``listing`` on ``today``. Everything is worked out once, when it is needed."""

    def __init__(
        self,
        listing: Listing,
        user: Any,
        params: Any,
        today: date,
        *,
        filters: ListFilters | None = None,
    ) -> None:
        self.listing, self.user, self.today = listing, user, today
        self.address = Address(_in_order(params, listing.Filters.base_filters))
        self.filters = filters if filters is not None else listing.Filters(self.address.params, asked=self)
        self.base: Any = None
        """The rows before the views, once the page has asked for them."""
        self.total: int | None = None
        """How many rows there are, once the page has counted them."""
        self._kept: dict[Any, Any] = {}

    @cached_property
    def values(self) -> dict[str, Any]:
        """Filter → value, of those that are asked."""
        return self.filters.values()

    def get(self, name: str, default: Any = None) -> Any:
        """One value that is asked."""
        return self.values.get(name, default)

    def kept(self, key: Any, work: Callable[[], Any]) -> Any:
        """What ``work`` answers, asked once."""
        if key not in self._kept:
            self._kept[key] = work()
        return self._kept[key]

    @property
    def params(self) -> Any:
        """The parameters of the address."""
        return self.address.params

    def url(self, **changes: str | None) -> str:
        """The address with some filters changed."""
        return self.address.url(**changes)

    @property
    def csv_url(self) -> str:
        """The address of the same list as csv."""
        return self.address.csv_url

    # --- views ---

    @cached_property
    def tabs(self) -> Sequence[Tab]:
        """The named views this person is offered."""
        return self.listing.tabs_for(self)

    @cached_property
    def tab_names(self) -> frozenset[str]:
        """The filters that the tabs set, and those that stand in their place."""
        return frozenset((*self.listing.beside_tabs, *(name for tab in self.tabs for name in tab.where)))

    @cached_property
    def tab(self) -> Tab | None:
        """The view that is open: the one whose filters are those of the address."""
        relevant = self.tab_names if self.listing.tabs_keep_filters else frozenset(self.filters.filters)
        asked = {name: value for name, value in self.values.items() if name in relevant}
        asked = asked or self.read(self.listing.usual)
        return next((tab for tab in self.tabs if self.read(tab.where) == asked), None)

    def read(self, where: Mapping[str, str]) -> dict[str, Any]:
        """The filters of a view as its filters read them."""
        return {name: self.filters.filters[name].read(value) for name, value in where.items()}

    def tab_url(self, tab: Tab) -> str:
        """The address of a view."""
        if self.listing.tabs_keep_filters:
            return self.address.url(
                **dict.fromkeys((*self.tab_names, *self.listing.tabs_reset)) | dict(tab.where)
            )
        return self.only(**tab.where)

    def only(self, **where: str) -> str:
        """An address with these filters alone; order and columns stay as they were chosen."""
        return self.address.url(**dict.fromkeys(self.filters.filters) | where)

    # --- chips ---

    @cached_property
    def chips(self) -> list[Chip]:
        """The filters as the page shows them, set ones first."""
        told = self.tab.where if self.tab and self.listing.tabs_keep_filters else {}
        found = [
            chip
            for name, one in self.filters.filters.items()
            if one.chip != ELSEWHERE and name not in told
            for chip in one.chips(name, self.get(name), self)
        ]
        return sorted(found, key=lambda chip: not chip.remove_url)

    @property
    def described(self) -> list[tuple[str, str]]:
        """Label and value of every condition, for the cover of an export."""
        said = [(str(chip.label), str(chip.value)) for chip in self.chips if chip.remove_url]
        words = self.get("q")
        return [*said, *([(str(self.filters.filters["q"].label), words)] if words else [])]

    @property
    def narrowed(self) -> bool:
        """Whether any filter beside the view's own is set."""
        own = self.tab.where if self.tab else {}
        return any(name not in own for name in self.values)

    @property
    def clear_url(self) -> str:
        """The address without any filter; empty where there is none."""
        return self.only() if self.narrowed else ""

    # --- order and columns ---

    @cached_property
    def sort(self) -> tuple[Column, bool] | None:
        """The column the address sorts by, and whether downwards."""
        key = self.address.get("sort")
        column = self.listing.column(key.removeprefix("-"))
        if column is None or not column.sort or not self.sees(column):
            return None
        return column, key.startswith("-")

    def sees(self, column: Column) -> bool:
        """Whether this person meets the column at all."""
        return column.seen is None or column.seen(self.user)

    @cached_property
    def columns(self) -> list[Column]:
        """The columns of the page: those the address names, else the usual ones."""
        named = [key for key in self.address.get("columns").split(",") if key]
        mine = [column for column in self.listing.columns if column.page and self.sees(column)]
        chosen = [column for column in mine if column.fixed or column.key in named] if named else []
        return chosen if any(not column.fixed for column in chosen) else [c for c in mine if c.shown]

    @property
    def heads(self) -> list[Head]:
        """What stands above the columns."""
        by, down = self.sort or (None, False)
        return [
            Head(
                column,
                column.heading(),
                sort_url=self.address.url(sort=f"-{column.key}" if column is by and not down else column.key)
                if column.sort
                else "",
                sorted=("desc" if down else "asc") if column is by else "",
            )
            for column in self.columns
        ]

    @property
    def column_choices(self) -> list[ColumnChoice]:
        """Every column that may be shown or hidden."""
        shown = [column.key for column in self.columns]
        choices = []
        for column in self.listing.columns:
            if column.fixed or not column.page or not column.label or not self.sees(column):
                continue
            keys = {*shown} ^ {column.key}
            wanted = ",".join(one.key for one in self.listing.columns if one.key in keys)
            choices.append(
                ColumnChoice(column.heading(), column.key in shown, self.address.url(columns=wanted))
            )
        return choices
