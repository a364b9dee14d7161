"""What this room exports: its ledgers, so that what was exported can be imported again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Region, User
from accounts.rules.rights import Permission
from entities.ledgers.businesses import BusinessesKind
from entities.ledgers.officers import OfficersKind
from entities.models import Assignment, Officer
from entities.reports.businesses import business_rows, names_of
from entities.reports.duplicates import PairFilter, pairs_shown
from entities.reports.filters import BusinessFilter
from entities.reports.officers import OfficerFilter
from foodsafe_portal.lib.exports import ExportKind, register_export
from foodsafe_portal.lib.ledger import Column
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


DUPLICATE_COLUMNS = (
    Column("number", gettext_noop("序号"), "int", width=8),
    Column("county", gettext_noop("县(市、区)")),
    Column("township", gettext_noop("乡镇(街道)")),
    Column("likeness", gettext_noop("相似度(%)"), "int", width=12),
    Column("first_name", gettext_noop("主体一名称"), width=30),
    Column("first_code", gettext_noop("主体一信用代码"), "code", width=22),
    Column("first_licence", gettext_noop("主体一许可证号"), "code", width=22),
    Column("first_address", gettext_noop("主体一经营场所"), width=34),
    Column("second_name", gettext_noop("主体二名称"), width=30),
    Column("second_code", gettext_noop("主体二信用代码"), "code", width=22),
    Column("second_licence", gettext_noop("主体二许可证号"), "code", width=22),
    Column("second_address", gettext_noop("主体二经营场所"), width=34),
    Column("state", gettext_noop("核对"), width=12),
    Column("kept", gettext_noop("保留的主体"), width=30),
    Column("decided_by", gettext_noop("核对人"), width=14),
    Column("decided_on", gettext_noop("核对日期"), "date", width=12),
    Column("note", gettext_noop("说明"), width=30),
)


def _duplicates(user: User, params: QueryDict) -> Iterator[Sequence[Any]]:
    """The rows of the queue, in its order."""
    asked = PairFilter.of(params)
    pairs = pairs_shown(user, asked).select_related("first", "second", "decided_by", "merger__survivor")
    places = dict(Region.objects.filter(level__in=("county", "township")).values_list("code", "name"))
    for number, pair in enumerate(pairs.order_by(*asked.order).iterator(chunk_size=2_000), 1):
        sides = [
            value
            for each in (pair.first, pair.second)
            for value in (each.name, each.credit_code, each.licence_no, each.premises_address)
        ]
        yield [
            number,
            places.get(pair.region_id[:6], ""),
            places.get(pair.region_id, ""),
            pair.likeness,
            *sides,
            str(pair.get_state_display()),
            pair.merger.survivor.name if pair.merger else "",
            str(pair.decided_by or ""),
            timezone.localdate(pair.decided_at) if pair.decided_at else None,
            pair.note,
        ]


register_export(
    ExportKind(
        key="duplicates",
        title=_("疑似重复主体"),
        columns=DUPLICATE_COLUMNS,
        rows=_duplicates,
        permission=Permission.REVIEW_DUPLICATES,
        described=lambda user, params: PairFilter.of(params).described(),
        translated=True,
    )
)
