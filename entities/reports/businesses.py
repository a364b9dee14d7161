"""The business list: saved views, filters, fifty rows and what they owe, in a dozen queries whatever the size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import RegionLevel
from accounts.models import Region, User
from entities.choices import BusinessStatus, BusinessType
from entities.hooks import DutyLine, supervision
from entities.models import Assignment, Business
from entities.reports.filters import FACETS, NONE, BusinessFilter
from foodsafe_portal.lib.identifiers import uscc_problem
from foodsafe_portal.lib.paging import (
    COUNT_TO,
    AtLeast,
    Page,
    capped_count,
    counts_of,
    page_of,
    without_cursor,
)

# Saved views count further than lists, for the register of a whole city is one of them: as far as this from an index, and
# to the end where the territory is no bigger than that of a city.
COUNT_INDEXED_TO: Final = 100_000
WHOLE_CITY: Final = 50_000
CATERING_TYPES: Final = frozenset({BusinessType.CATERING, BusinessType.CANTEEN, BusinessType.SMALL_CATERING})
COLUMNS: Final = (
    "id",
    "name",
    "credit_code",
    "licence_no",
    "business_type",
    "region_id",
    "responsibility_grade",
    "risk_grade",
    "credit_grade",
    "catering_grade",
    "high_risk",
    "status",
)
# Filters that the saved views offer already; a chip shows them only while they are on.
OFFERED_AS_VIEWS: Final = ("bound", "high", "waiting")
OPERATING: Final = BusinessStatus.NORMAL.value  # what waits for a grade or an officer is in business
# Label, conditions, and whether an index counts them at once.
VIEWS: Final[tuple[tuple[Any, dict[str, str], bool], ...]] = (
    (gettext_lazy("全部"), {}, True),
    (gettext_lazy("本季逾期"), {"duty": "overdue"}, False),
    (gettext_lazy("未定级"), {"grade": NONE, "status": OPERATING}, True),
    (gettext_lazy("未包保"), {"bound": NONE, "status": OPERATING}, False),
    (gettext_lazy("高风险"), {"high": "1"}, True),
    (gettext_lazy("变更待审核"), {"waiting": "1"}, False),
)


@dataclass(frozen=True, slots=True)
class View:
    """A saved view as a tab."""

    label: Any
    url: str
    count: int | None
    active: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter: on (``remove_url``) or offered (``options`` of word and address)."""

    label: Any
    value: Any
    remove_url: str = ""
    options: tuple[tuple[Any, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BusinessRow:
    """One line of the list."""

    id: int
    name: str
    credit_code: str
    credit_code_problem: str
    licence_no: str
    business_type: str
    county: str
    township: str
    responsibility_grade: str
    risk_grade: str
    credit_grade: str
    catering_grade: str | None
    high_risk: bool
    status: str
    officers: tuple[str, ...]
    duty: DutyLine | None


@dataclass(frozen=True, slots=True)
class BusinessPage:
    """Everything the list page shows."""

    page: Page
    rows: tuple[BusinessRow, ...]
    views: tuple[View, ...]
    chips: tuple[Chip, ...]
    filter: BusinessFilter
    hidden: tuple[tuple[str, str], ...]
    scope: str
    one_county: bool
    period: str
    query: str
    has_code_warning: bool

    @property
    def is_filtered(self) -> bool:
        """Whether any condition narrows the list."""
        return bool(self.filter.as_params())


def business_rows(user: User, asked: BusinessFilter, day: date) -> QuerySet:
    """The rows of the list for exports: the same question, the same rows."""
    return asked.apply(Business.objects.visible_to(user), day).rows


def business_page(user: User, params: QueryDict, day: date) -> BusinessPage:
    """The list as ``params`` ask for it, in at most nine queries."""
    asked = BusinessFilter.of(params)
    visible = Business.objects.visible_to(user)
    found = asked.apply(visible, day)
    views = _views(visible, asked, day)
    active = next((view for view in views if view.active), None)
    total = active.count if active and active.count is not None else capped_count(found.counted)
    rows, order = found.rows, "-id"
    columns: tuple[str, ...] = COLUMNS
    if asked.duty in ("overdue", "unvisited") and not isinstance(total, AtLeast):
        rows, order = rows.annotate(duty_due=supervision().due_day(day)), "duty_due"
        columns = (*COLUMNS, "duty_due")
    page = page_of(rows.values_list(*columns), params, order=order, total=total)
    lines = _lines(page.rows, day)
    if active is None:
        views = (*views, View(_("当前条件"), f"?{urlencode(asked.as_params())}", total, True))
    regions = region_options(user, asked.region)
    return BusinessPage(
        page=page,
        rows=lines,
        views=views,
        chips=_chips(asked, regions),
        filter=asked,
        hidden=tuple((key, value) for key, value in asked.as_params().items() if key != "q"),
        scope=_scope(user, regions),
        one_county=len(asked.region) >= 6
        or len(min(user.scope.regions("business"), key=len, default="")) >= 6,
        period=supervision().period_label(day),
        query=without_cursor(params).urlencode(),
        has_code_warning=any(line.credit_code_problem for line in lines),
    )


def _views(visible: QuerySet, asked: BusinessFilter, day: date) -> tuple[View, ...]:
    """The saved views with their counts: two queries, in a register of millions still short ones."""
    filters = [BusinessFilter(**conditions) for _label, conditions, _indexed in VIEWS]
    found = [one.apply(visible, day).counted for one in filters]
    quick = [place for place, view in enumerate(VIEWS) if view[2]]
    slow = [place for place, view in enumerate(VIEWS) if not view[2]]
    counts = dict(zip(quick, counts_of([found[place] for place in quick], to=COUNT_INDEXED_TO), strict=True))
    limit = WHOLE_CITY if counts[0] <= WHOLE_CITY else COUNT_TO
    counts |= dict(zip(slow, counts_of([found[place] for place in slow], to=limit), strict=True))
    return tuple(
        View(label, f"?{urlencode(conditions)}", counts[place], asked == filters[place])
        for place, (label, conditions, _indexed) in enumerate(VIEWS)
    )


# --- rows ------------------------------------------------------------------------------------------


def _lines(rows: Iterable[tuple[Any, ...]], day: date) -> tuple[BusinessRow, ...]:
    """Rows with the names of their places, their officers and what they owe: five queries for a page."""
    rows = list(rows)
    ids = [row[0] for row in rows]
    places = names_of({code for row in rows for code in (row[5][:6], row[5][:9])})
    officers = officers_of(ids)
    duties = supervision().duties(ids, day) if ids else {}
    return tuple(
        BusinessRow(
            id=row[0],
            name=row[1],
            credit_code=row[2],
            credit_code_problem=(uscc_problem(row[2]) or "") if row[2] else "",
            licence_no=row[3],
            business_type=row[4],
            county=places.get(row[5][:6], ""),
            township=places.get(row[5][:9], "") if len(row[5]) > 6 else "",
            responsibility_grade=row[6],
            risk_grade=row[7],
            credit_grade=row[8],
            catering_grade=row[9] if row[4] in CATERING_TYPES else None,
            high_risk=row[10],
            status=row[11],
            officers=officers.get(row[0], ()),
            duty=duties.get(row[0]),
        )
        for row in rows
    )


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """Names of regions by code."""
    return dict(Region.objects.filter(code__in=set(codes)).values_list("code", "name"))


def officers_of(business_ids: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """The officers in charge of businesses today, the highest level first."""
    order = {"city": 0, "county": 1, "township": 2, "village": 3}
    held = Assignment.objects.active().filter(business_id__in=list(business_ids))
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for business_id, level, name in held.values_list("business_id", "level", "officer__name"):
        found[business_id].append((order.get(level, 9), name))
    return {
        business_id: tuple(name for _level, name in sorted(pairs)) for business_id, pairs in found.items()
    }


# --- filters ---------------------------------------------------------------------------------------


def region_options(user: User, chosen: str, resource: str = "business") -> tuple[Region, ...]:
    """The regions to choose from: counties, the townships of a chosen county, and those above what was chosen."""
    regions = user.scope.regions(resource)
    own = min(regions, key=len, default="")
    county = chosen[:6] if len(chosen) >= 6 else own if len(own) == 6 else ""
    visible = Region.objects.visible_to(user).filter(closed_on__isnull=True)
    options = visible.filter(level=RegionLevel.COUNTY)
    if county:
        options = options | visible.in_territory(county).filter(level=RegionLevel.TOWNSHIP)
    if chosen or own:
        options = options | visible.filter(code__in={chosen, own})
    return tuple(options.order_by("code"))


def _scope(user: User, regions: tuple[Region, ...]) -> str:
    """The name of the widest territory this person sees businesses of."""
    own = min(user.scope.regions("business"), key=len, default="")
    return next((region.name for region in regions if region.code == own), "")


def _chips(asked: BusinessFilter, regions: tuple[Region, ...]) -> tuple[Chip, ...]:
    params = asked.as_params()

    def address(**changes: str) -> str:
        return f"?{urlencode({key: value for key, value in {**params, **changes}.items() if value})}"

    chips = region_chips(asked.region, regions, address)
    for facet in FACETS:
        value = getattr(asked, facet.key)
        if value:
            chips.append(Chip(facet.label, facet.words[value], address(**{facet.key: ""})))
        elif facet.key not in OFFERED_AS_VIEWS:
            options = tuple((word, address(**{facet.key: code})) for code, word in facet.words.items())
            chips.append(Chip(facet.label, _("全部"), options=options))
    if asked.code:
        chips.append(Chip(_("信用代码"), asked.code, address(code="")))
    return tuple(sorted(chips, key=lambda chip: not chip.remove_url))


def region_chips(chosen: str, regions: tuple[Region, ...], address: Callable[..., str]) -> list[Chip]:
    """The chosen region with ×, and below it what may be chosen next."""
    chips: list[Chip] = []
    name = next((region.name for region in regions if region.code == chosen), chosen)
    if chosen:
        chips.append(Chip(_("地区"), name, address(region=chosen[:6] if len(chosen) > 6 else "")))
    townships = [
        region for region in regions if region.level == RegionLevel.TOWNSHIP and region.code != chosen
    ]
    counties = [region for region in regions if region.level == RegionLevel.COUNTY]
    if townships:
        options = tuple((region.name, address(region=region.code)) for region in townships)
        chips.append(Chip(_("乡镇（街道）"), _("全部") if len(chosen) <= 6 else _("改选"), options=options))
    if not chosen and len(counties) > 1:
        options = tuple((region.name, address(region=region.code)) for region in counties)
        chips.append(Chip(_("地区"), _("全部"), options=options))
    return chips
