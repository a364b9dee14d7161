"""What this room exports: its ledgers, so that what was exported can be imported again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.rules.rights import Permission
from entities.ledgers.businesses import BusinessesKind
from entities.ledgers.officers import OfficersKind
from entities.models import Assignment, Officer
from entities.reports.businesses import business_rows, names_of
from entities.reports.filters import BusinessFilter
from entities.reports.officers import OfficerFilter
from foodsafe_portal.lib.exports import ExportKind, register_export
from records.ledgers import kind_of


def _businesses(user: User, params: QueryDict) -> Iterable[Sequence[Any]]:
    rows = business_rows(user, BusinessFilter.of(params), timezone.localdate())
    return kind_of(BusinessesKind.key).export_rows(rows.order_by("-pk"))


def _businesses_described(user: User, params: QueryDict) -> list[tuple[str, str]]:
    asked = BusinessFilter.of(params)
    return asked.described(names_of([asked.region]).get(asked.region, "") if asked.region else "")


register_export(
    ExportKind(
        key=BusinessesKind.key,
        title=_("经营主体"),
        columns=BusinessesKind.columns,
        rows=_businesses,
        permission=Permission.VIEW_BUSINESSES,
        described=_businesses_described,
    )
)


def _officers(user: User, params: QueryDict) -> Iterator[Sequence[Any]]:
    """One row a bond, then the officers who have no business: the ledger 包保干部及责任清单."""
    officers = OfficerFilter.of(params).apply(Officer.objects.visible_to(user))
    bonds = Assignment.objects.visible_to(user).active()
    number = 0
    for row in kind_of(OfficersKind.key).export_rows(
        bonds.filter(officer__in=officers).order_by("officer_id", "pk")
    ):
        number += 1
        yield row
    free = officers.filter(~Exists(bonds.filter(officer_id=OuterRef("pk")))).order_by("pk")
    people = list(free.values_list("name", "title", "level", "unit_name", "phone", "region_id"))
    places = names_of({code for person in people for code in (person[5][:6], person[5][:9])})
    words = kind_of(OfficersKind.key).labels("officer_level")
    blank = [""] * (len(OfficersKind.columns) - 8)
    for name, title, level, unit, phone, region in people:
        number += 1
        where = [places.get(region[:6], ""), places.get(region[:9], "") if len(region) >= 9 else ""]
        yield [number, name, title, words.get(level, level), unit, phone, *where, *blank]


register_export(
    ExportKind(
        key=OfficersKind.key,
        title=_("包保干部及责任清单"),
        columns=OfficersKind.columns,
        rows=_officers,
        permission=Permission.VIEW_OFFICERS,
        described=lambda user, params: OfficerFilter.of(params).described(),
    )
)
