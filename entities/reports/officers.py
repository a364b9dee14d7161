"""The officer list and one officer's file: their businesses, pledges and visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Region, User
from accounts.rules.rights import Permission
from entities.choices import OfficerLevel
from entities.hooks import DutyLine, supervision
from entities.models import Assignment, Business, Officer, Pledge
from entities.reports.businesses import (
    COUNT_INDEXED_TO,
    WHOLE_CITY,
    Chip,
    View,
    names_of,
    region_chips,
    region_options,
)
from foodsafe_portal.lib.paging import COUNT_TO, Page, capped_count, counts_of, page_of, without_cursor

NONE: Final = "none"
BOUND_WORDS: Final = {"yes": gettext_lazy("有包保主体"), NONE: gettext_lazy("无包保主体")}
PLEDGE_WORDS: Final = {"yes": gettext_lazy("已签订"), NONE: gettext_lazy("未签订")}
POST_WORDS: Final = {"left": gettext_lazy("已离岗")}
VIEWS: Final[tuple[tuple[Any, dict[str, str]], ...]] = (
    (gettext_lazy("在岗"), {}),
    (gettext_lazy("未签承诺书"), {"pledge": NONE}),
    (gettext_lazy("无包保主体"), {"bound": NONE}),
    (gettext_lazy("已离岗"), {"post": "left"}),
)
FACETS: Final[tuple[tuple[str, Any, Mapping[str, Any]], ...]] = (
    ("level", gettext_lazy("包保层级"), dict(OfficerLevel.choices)),
    ("bound", gettext_lazy("包保主体"), BOUND_WORDS),
    ("pledge", gettext_lazy("承诺书"), PLEDGE_WORDS),
)


@dataclass(frozen=True, slots=True)
class OfficerFilter:
    """What the address of the officer list asks for; a value it cannot mean counts as not given."""

    q: str = ""
    region: str = ""
    level: str = ""
    bound: str = ""
    pledge: str = ""
    post: str = ""

    @classmethod
    def of(cls, params: Mapping[str, Any] | QueryDict) -> Self:
        """Read an address."""
        known = {
            key: str(params.get(key, "")) for key, _label, words in FACETS if params.get(key, "") in words
        }
        region = str(params.get("region", ""))
        region = region if region.isascii() and region.isdigit() and len(region) in (2, 4, 6, 9, 12) else ""
        post = "left" if params.get("post") == "left" else ""
        return cls(
            q=str(params.get("q", "")).replace("\0", "").strip()[:60], region=region, post=post, **known
        )

    def as_params(self) -> dict[str, str]:
        """The filter as it stands in an address."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    def apply(self, officers: QuerySet) -> QuerySet:
        """The rows this filter keeps."""
        officers = officers.filter(is_active=self.post != "left")
        if self.region:
            officers = officers.in_territory(self.region)  # type: ignore[attr-defined]
        if self.level:
            officers = officers.filter(level=self.level)
        if self.bound:
            bound = Exists(Assignment.objects.active().filter(officer_id=OuterRef("pk")))
            officers = officers.filter(~bound if self.bound == NONE else bound)
        if self.pledge:
            bonds = Assignment.objects.active().filter(officer_id=OuterRef("pk"))
            owed = Exists(bonds.unpledged())
            officers = officers.filter(owed if self.pledge == NONE else Exists(bonds) & ~owed)
        if self.q:
            officers = officers.filter(
                Q(name__startswith=self.q) | Q(unit_name__contains=self.q) | Q(phone__startswith=self.q)
            )
        return officers

    def described(self) -> list[tuple[str, str]]:
        """Label and value of every condition, for the cover of an export."""
        said = [(str(_("搜索")), self.q)] if self.q else []
        if self.region:
            said.append((str(_("地区")), names_of([self.region]).get(self.region, self.region)))
        if self.post:
            said.append((str(_("在岗")), str(POST_WORDS[self.post])))
        return said + [
            (str(label), str(words[value])) for key, label, words in FACETS if (value := getattr(self, key))
        ]


@dataclass(frozen=True, slots=True)
class OfficerRow:
    """One line of the officer list."""

    officer: Officer
    county: str
    township: str
    businesses: int
    unpledged: int
    pledged_on: date | None


@dataclass(frozen=True, slots=True)
class OfficerPage:
    """Everything the officer list shows."""

    page: Page
    rows: tuple[OfficerRow, ...]
    views: tuple[View, ...]
    chips: tuple[Chip, ...]
    filter: OfficerFilter
    hidden: tuple[tuple[str, str], ...]
    query: str
    one_county: bool
    shows_phone: bool

    @property
    def is_filtered(self) -> bool:
        """Whether any condition narrows the list."""
        return bool(self.filter.as_params())


def officer_page(user: User, params: QueryDict) -> OfficerPage:
    """The officer list as ``params`` ask for it."""
    asked = OfficerFilter.of(params)
    visible = Officer.objects.visible_to(user)
    found = asked.apply(visible)
    views = _views(visible, asked)
    active = next((view for view in views if view.active), None)
    total = active.count if active and active.count is not None else capped_count(found)
    if active is None:
        views = (*views, View(_("当前条件"), f"?{urlencode(asked.as_params())}", total, True))
    page = page_of(found, params, order="-id", total=total)
    return OfficerPage(
        page=page,
        rows=_rows(list(page.rows)),
        views=views,
        chips=_chips(asked, region_options(user, asked.region, "officer")),
        filter=asked,
        hidden=tuple((key, value) for key, value in asked.as_params().items() if key != "q"),
        query=without_cursor(params).urlencode(),
        one_county=len(asked.region) >= 6
        or len(min(user.scope.regions("officer"), key=len, default="")) >= 6,
        shows_phone=user.can(Permission.EDIT_ASSIGNMENT),
    )


def _views(visible: QuerySet, asked: OfficerFilter) -> tuple[View, ...]:
    """The saved views with their counts, in two queries."""
    saved = [OfficerFilter(**conditions) for _label, conditions in VIEWS]
    everybody, *others = [one.apply(visible) for one in saved]
    total = capped_count(everybody, to=COUNT_INDEXED_TO)
    counts = [total, *counts_of(others, to=WHOLE_CITY if total <= WHOLE_CITY else COUNT_TO)]
    return tuple(
        View(label, f"?{urlencode(conditions)}", count, asked == one)
        for (label, conditions), one, count in zip(VIEWS, saved, counts, strict=True)
    )


def _rows(officers: list[Officer]) -> tuple[OfficerRow, ...]:
    keys = [officer.pk for officer in officers]
    held = dict(
        Assignment.objects.active()
        .filter(officer_id__in=keys)
        .values_list("officer_id")
        .annotate(Count("pk"))
    )
    owed = dict(
        Assignment.objects.active()
        .unpledged()
        .filter(officer_id__in=keys)
        .values_list("officer_id")
        .annotate(Count("pk"))
    )
    pledged = dict(
        Pledge.objects.filter(officer_id__in=keys).values_list("officer_id").annotate(Max("signed_on"))
    )
    places = names_of(
        {code for officer in officers for code in (officer.region_id[:6], officer.region_id[:9])}
    )
    return tuple(
        OfficerRow(
            officer=officer,
            county=places.get(officer.region_id[:6], ""),
            township=places.get(officer.region_id[:9], "") if len(officer.region_id) > 6 else "",
            businesses=held.get(officer.pk, 0),
            unpledged=owed.get(officer.pk, 0),
            pledged_on=pledged.get(officer.pk),
        )
        for officer in officers
    )


def _chips(asked: OfficerFilter, regions: tuple[Region, ...]) -> tuple[Chip, ...]:
    params = asked.as_params()

    def address(**changes: str) -> str:
        return f"?{urlencode({key: value for key, value in {**params, **changes}.items() if value})}"

    chips = region_chips(asked.region, regions, address)
    for key, label, words in FACETS:
        value = getattr(asked, key)
        if value:
            chips.append(Chip(label, words[value], address(**{key: ""})))
        else:
            options = tuple((word, address(**{key: code})) for code, word in words.items())
            chips.append(Chip(label, _("全部"), options=options))
    if asked.post:
        chips.append(Chip(_("岗位"), POST_WORDS[asked.post], address(post="")))
    return tuple(sorted(chips, key=lambda chip: not chip.remove_url))


# --- one officer -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldBusiness:
    """A business in an officer's charge, with what it owes now."""

    assignment: Assignment
    duty: DutyLine | None


@dataclass(frozen=True, slots=True)
class OfficerFile:
    """Everything the page of one officer shows."""

    officer: Officer
    county: str
    township: str
    held: int
    unpledged: int
    page: Page
    businesses: tuple[HeldBusiness, ...]
    former: int
    pledges: tuple[Pledge, ...]
    period: str
    visits_made: int
    still_owing: int
    shows_phone: bool


def officer_file(officer: Officer, viewer: User, params: QueryDict, day: date) -> OfficerFile:
    """One officer with the businesses in their charge that ``viewer`` may see."""
    assignments = Assignment.objects.visible_to(viewer).filter(officer=officer, voided_at__isnull=True)
    active = assignments.active()
    page = page_of(active.select_related("business"), params, order="-id", exact=True)
    held = list(page.rows)
    duties = supervision().duties([each.business_id for each in held], day) if held else {}
    made, owing = supervision().of_officer(officer.pk, day)
    places = names_of({officer.region_id[:6], officer.region_id[:9]})
    return OfficerFile(
        officer=officer,
        county=places.get(officer.region_id[:6], ""),
        township=places.get(officer.region_id[:9], "") if len(officer.region_id) > 6 else "",
        held=page.total,
        unpledged=active.unpledged().count(),
        page=page,
        businesses=tuple(HeldBusiness(each, duties.get(each.business_id)) for each in held),
        former=assignments.exclude(valid_to__isnull=True).count(),
        pledges=tuple(
            Pledge.objects.filter(officer=officer)
            .filter(Q(business__isnull=True) | Q(business__in=Business.objects.visible_to(viewer)))
            .select_related("business")[:20]
        ),
        period=supervision().period_label(day),
        visits_made=made,
        still_owing=owing,
        shows_phone=viewer.can(Permission.EDIT_ASSIGNMENT),
    )
