"""A list, said once: its rows, filters, views, columns, search and words. Page, export, API and bulk acts follow from it.

A room declares its lists in ``lists.py``:

    class Duties(Listing):
        key, url_name, title, permission = "duties", "duty-list", _("督导任务"), Permission.VIEW_VISITS
        columns = (Column("business", _("经营主体"), sort="business__name", fixed=True), …)
        tabs = (Tab(_("全部"), {}), Tab(_("逾期"), {"part": "overdue"}), …)

        class Filters(ListFilters):
            grade = Choice(label=_("包保等级"), choices=…)

        def rows(self, user): return VisitDuty.objects.visible_to(user).live()
        def lines(self, rows, asked): return [...]     # what the template's macros print
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Final

from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foodsafe_portal.lib.exports import ExportKind, register_export
from foodsafe_portal.lib.ledger import Column as SheetColumn
from foodsafe_portal.lib.lists.address import Chip
from foodsafe_portal.lib.lists.asked import Asked, ShownTab, Tab
from foodsafe_portal.lib.lists.columns import Column
from foodsafe_portal.lib.lists.filters import ListFilters
from foodsafe_portal.lib.paging import COUNT_TO, AtLeast, Page, capped_count, counts_of, page_of

WHOLE_CITY: Final = 50_000
"""Views are counted to the end where the whole list is no longer than that of a city, else to 1,000."""
CHUNK: Final = 2_000

_listings: dict[str, Listing] = {}


@dataclass(slots=True)
class ListPage:
    """One page of a list as its template shows it."""

    listing: Listing
    asked: Asked
    page: Page | None
    rows: Sequence[Any]
    tabs: Sequence[ShownTab]
    total: int
    more: Mapping[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """What the list itself adds to its page."""
        try:
            return object.__getattribute__(self, "more")[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def chips(self) -> Sequence[Chip]:
        """The filters."""
        return self.asked.chips

    @property
    def address(self) -> Asked:
        """What the address asks."""
        return self.asked

    @property
    def q(self) -> str:
        """The words in the search box."""
        return self.asked.address.get("q")

    @property
    def views(self) -> Sequence[ShownTab]:
        """The tabs; a list of several kinds shows those instead."""
        return self.more.get("views") or self.tabs

    @property
    def filter(self) -> Mapping[str, Any]:
        """What is asked for, by filter."""
        return self.asked.values

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the list beside the view that is open."""
        return self.asked.narrowed or bool(self.asked.values and not self.listing.tabs_keep_filters)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the search form carries along."""
        return self.asked.address.hidden("q")

    @property
    def query(self) -> str:
        """The address of the list, for its export."""
        return self.asked.address.params.urlencode()


class Listing:
    """One list; see the module."""

    key: ClassVar[str] = ""
    url_name: ClassVar[str] = ""
    title: ClassVar[Any] = ""
    permission: ClassVar[Any]
    model: ClassVar[type[Model]]
    unit: ClassVar[Any] = gettext_lazy("条")
    search_words: ClassVar[Any] = ""
    nothing: ClassVar[Any] = gettext_lazy("这里还没有内容。")
    nothing_found: ClassVar[Any] = gettext_lazy("没有符合条件的内容。")
    template: ClassVar[str] = ""
    order: ClassVar[tuple[str, ...]] = ("-pk",)
    size: ClassVar[int] = 50
    columns: ClassVar[tuple[Column, ...]] = ()
    related: ClassVar[tuple[str, ...]] = ()
    """What the rows of the page bring along."""
    tabs: ClassVar[tuple[Tab, ...]] = ()
    tabs_keep_filters: ClassVar[bool] = True
    """Whether a tab narrows what is asked; else it is a question of its own and replaces it."""
    tabs_reset: ClassVar[tuple[str, ...]] = ()
    """Filters that a tab takes out of the address."""
    beside_tabs: ClassVar[tuple[str, ...]] = ()
    """Filters that are a view of their own: no tab is counted within them."""
    usual: ClassVar[Mapping[str, str]] = {}
    """The view that is open where the address names none."""
    count_to: ClassVar[int | None] = None
    """How far views are counted; None: to the end for a list no longer than a city's, else to 1,000."""
    exported: ClassVar[bool] = False
    sheet: ClassVar[tuple[SheetColumn, ...]] = ()
    """The columns of a ledger, so that an exported file can be imported again; else the list's own go into the file."""

    class Filters(ListFilters):
        """None."""

    def __init__(self) -> None:
        self.Filters = type(f"{type(self).__name__}Filters", (self.Filters,), {"listing": self})  # type: ignore[misc,assignment]
        _listings[self.key] = self
        if self.exported:
            register_export(
                ExportKind(
                    key=self.key,
                    title=self.title,
                    columns=self.sheet or (_NUMBER, *(c.in_sheet() for c in self.columns if c.value)),
                    rows=self.export_rows,
                    permission=self.permission,
                    described=lambda user, params: self.asked(user, params, timezone.localdate()).described,
                    translated=not self.sheet,
                )
            )

    # --- what a list says ---

    def rows(self, user: Any) -> QuerySet:
        """The rows this person may see, through ``visible_to``."""
        raise NotImplementedError

    def standing(self, rows: QuerySet, asked: Asked) -> QuerySet:
        """What the list holds of them before its filters."""
        return rows

    def printed(self, rows: QuerySet) -> QuerySet:
        """The rows with what a line prints of other tables."""
        return rows.select_related(*self.related) if self.related else rows

    def lines(self, rows: Sequence[Any], asked: Asked) -> Sequence[Any]:
        """The rows of one page with everything a line prints; a fixed number of queries."""
        return rows

    def tabs_for(self, asked: Asked) -> Sequence[Tab]:
        """The named views this person is offered."""
        return self.tabs

    def order_of(self, asked: Asked) -> tuple[str, ...]:
        """The order nobody chose."""
        return (asked.tab.order if asked.tab else ()) or self.order

    def counts(self, asked: Asked, tabs: Sequence[Tab], found: Sequence[QuerySet]) -> Sequence[int]:
        """How many rows each view holds, in one query or two."""
        if self.count_to is not None:
            return counts_of(found, to=self.count_to)
        first = counts_of([found[0]], to=tabs[0].count_to or WHOLE_CITY)[0]
        limit = COUNT_TO if isinstance(first, AtLeast) or first > WHOLE_CITY else WHOLE_CITY
        limits = [tab.count_to or limit for tab in tabs[1:]]
        counted: dict[int, int] = {}
        for each in dict.fromkeys(limits):
            places = [place for place, one in enumerate(limits, 1) if one == each]
            counted |= dict(zip(places, counts_of([found[p] for p in places], to=each), strict=True))
        return [first, *(counted[place] for place in range(1, len(found)))]

    def to_count(self, rows: QuerySet, asked: Asked) -> QuerySet:
        """The same rows in the way that counts fastest."""
        return rows

    def more(self, asked: Asked, tabs: Sequence[ShownTab], rows: Any) -> dict[str, Any]:
        """What else the page shows."""
        return {}

    def file_rows(self, rows: QuerySet, asked: Asked) -> Iterable[Sequence[Any]]:
        """The lines of an exported file, as a stream."""
        printed = [column.value for column in self.columns if column.value]
        number = 0
        for chunk in _chunks(self.printed(rows).iterator(chunk_size=CHUNK)):
            for line in self.lines(chunk, asked):
                number += 1
                yield [number, *(value(line) for value in printed)]

    # --- what follows ---

    def asked(self, user: Any, params: Any, today: date, *, filters: ListFilters | None = None) -> Asked:
        """The question in an address."""
        return Asked(self, user, _as_query(params), today, filters=filters)

    def column(self, key: str) -> Column | None:
        """The column with this key."""
        return next((column for column in self.columns if column.key == key), None)

    def narrowed(self, asked: Asked, rows: QuerySet | None = None) -> QuerySet:
        """The rows that are asked for, without an order."""
        rows = self.standing(self.rows(asked.user) if rows is None else rows, asked)
        return self.narrow(rows, asked.filters.filters, asked.values, asked)

    def narrow(
        self, rows: QuerySet, names: Iterable[str], values: Mapping[str, Any], asked: Asked
    ) -> QuerySet:
        """Apply these filters, or what holds in their absence."""
        for name in names:
            one = asked.filters.filters[name]
            if (value := values.get(name)) is not None:
                rows = one.filter(rows, value)
            elif one.absent is not None:
                rows = one.absent(rows, asked)
        return rows

    def ordered(self, rows: QuerySet, asked: Asked) -> tuple[QuerySet, tuple[str, ...]]:
        """The rows with what they are ordered by, and the names of the order."""
        if asked.sort is None:
            return rows, self.order_of(asked)
        column, down = asked.sort
        if not isinstance(column.sort, str):
            rows = rows.annotate(**{column.order: column.sort})
        return rows, (f"-{column.order}" if down else column.order, "-pk" if down else "pk")

    def page(self, user: Any, params: Any, today: date) -> ListPage:
        """The page that an address asks for."""
        given = _as_query(params)
        asked = self.asked(user, given, today)
        standing = self.standing(self.rows(user), asked)
        names = asked.filters.filters
        tab_names = asked.tab_names if self.tabs_keep_filters else frozenset(names)
        base = self.narrow(standing, [name for name in names if name not in tab_names], asked.values, asked)
        asked.base = base
        kept = [name for name in names if name in tab_names]
        shown = self.narrow(base, kept, asked.values, asked)
        tabs, total = self._tabs(asked, base, kept), None
        active = next((tab for tab in tabs if tab.active), None)
        if active is not None:
            total = active.count
        if total is None:
            total = self.total(asked, shown)
            if tabs and active is None and not self.tabs_keep_filters:
                tabs.append(ShownTab(_("当前条件"), asked.address.url(), total, True))
        asked.total = total
        rows, order = self.ordered(self.printed(shown), asked)
        if not self.paged(asked):
            return ListPage(self, asked, None, (), tabs, total, self.more(asked, tabs, shown))
        page = page_of(rows, given, order=order, size=self.size, total=total)
        lines = self.lines(page.rows, asked)
        return ListPage(self, asked, page, lines, tabs, total, self.more(asked, tabs, lines))

    def paged(self, asked: Asked) -> bool:
        """Whether the page shows rows at all."""
        return True

    def total(self, asked: Asked, rows: QuerySet) -> int:
        """How long a list is that no view has counted."""
        return capped_count(self.to_count(rows, asked))

    def _tabs(self, asked: Asked, base: QuerySet, kept: Sequence[str]) -> list[ShownTab]:
        if not asked.tabs:
            return []
        found = [
            self.to_count(self.narrow(base, kept, asked.read(tab.where), asked), asked) for tab in asked.tabs
        ]
        counts = self.counts(asked, asked.tabs, found)
        return [
            ShownTab(tab.label, asked.tab_url(tab), count, tab is asked.tab)
            for tab, count in zip(asked.tabs, counts, strict=True)
        ]

    def export_rows(self, user: Any, params: Any) -> Iterable[Sequence[Any]]:
        """The lines of a file: exactly the rows of the list, in its order."""
        asked = self.asked(user, params, timezone.localdate())
        rows, order = self.ordered(self.narrowed(asked), asked)
        return self.file_rows(rows.order_by(*order), asked)


_NUMBER: Final = SheetColumn("number", "序号", "int", width=8)


def _as_query(params: Any) -> QueryDict:
    """Parameters as an address holds them."""
    if isinstance(params, QueryDict):
        return params
    query = QueryDict(mutable=True)
    query.update(params or {})
    return query


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def all_listings() -> tuple[Listing, ...]:
    """Every list of the portal."""
    return tuple(_listings.values())


def listing(key: str) -> Listing:
    """The list with this key."""
    return _listings[key]
