"""The officers who are responsible for businesses, as a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.lists import Place, names_of, places_of
from accounts.rules.rights import Permission
from entities.choices import OfficerLevel
from entities.ledgers.officers import OfficersKind
from entities.lists.businesses import COUNT_INDEXED_TO, NONE, bound_to
from entities.models import Assignment, Officer
from entities.reports.officers import OfficerRow, officer_lines
from foodsafe_portal.lib.lists import (
    TOLD,
    Asked,
    Choice,
    Column,
    ListFilters,
    Listing,
    Search,
    ShownTab,
    Tab,
    Yes,
)
from records.ledgers import kind_of


def _pledged(rows: QuerySet, value: str, asked: Asked) -> QuerySet:
    bonds = Assignment.objects.active().filter(officer_id=OuterRef("pk"))
    owed = Exists(bonds.unpledged())
    return rows.filter(owed if value == NONE else Exists(bonds) & ~owed)


class Officers(Listing):
    """Officers at their post, the newest first; those who left where they are asked for."""

    key, url_name, title = OfficersKind.key, "officer-list", _("包保干部及责任清单")
    permission = Permission.VIEW_OFFICERS
    model = Officer
    unit = _("人")
    search_words = _("姓名、单位、电话")
    nothing = _("您能看到的范围内还没有包保干部。")
    nothing_found = _("没有符合条件的包保干部。")
    order = ("-id",)
    exported = True
    sheet = OfficersKind.columns
    tabs_keep_filters = False
    tabs = (
        Tab(_("在岗"), {}, count_to=COUNT_INDEXED_TO),
        Tab(_("未签承诺书"), {"pledge": NONE}),
        Tab(_("无包保主体"), {"bound": NONE}),
        Tab(_("已离岗"), {"post": "left"}),
    )
    columns = (
        Column("name", _("姓名"), "name", fixed=True),
        Column("unit", _("单位与职务"), "unit_name"),
        Column("level", _("包保层级"), "level"),
        Column("place", _("地区"), "region_id"),
        Column("phone", _("联系电话")),
        Column("businesses", _("包保主体"), num=True),
        Column("pledge", _("承诺书")),
    )

    class Filters(ListFilters):
        """Officers by words, place, level, bonds, pledge and whether they are at their post."""

        q = Search(fields=("name__startswith", "unit_name__contains", "phone__startswith"))
        region = Place()
        level = Choice(label=_("包保层级"), choices=OfficerLevel.choices)
        bound = Choice(
            label=_("包保主体"),
            choices=[("yes", _("有包保主体")), (NONE, _("无包保主体"))],
            narrow=bound_to("officer_id"),
        )
        pledge = Choice(
            label=_("承诺书"), choices=[("yes", _("已签订")), (NONE, _("未签订"))], narrow=_pledged
        )
        is_active = Yes(label=_("在岗"), yes=_("在岗"), no=_("已离岗"), chip=TOLD)
        post = Choice(
            label=_("岗位"),
            choices=[("left", _("已离岗"))],
            narrow=lambda rows, left, asked: rows.filter(is_active=False),
            absent=lambda rows, asked: rows if "is_active" in asked.values else rows.filter(is_active=True),
            chip=TOLD,
        )

    def rows(self, user: Any) -> QuerySet:
        """The officers this person may see."""
        return Officer.objects.visible_to(user)

    def lines(self, rows: Sequence[Officer], asked: Asked) -> tuple[OfficerRow, ...]:
        """Rows with their places, bonds and pledges."""
        return officer_lines(rows, places_of(asked))

    def more(self, asked: Asked, tabs: Sequence[ShownTab], rows: Sequence[OfficerRow]) -> dict[str, Any]:
        """Who sees the whole number."""
        own = min(asked.user.scope.regions("officer"), key=len, default="")
        return {
            "one_county": len(asked.get("region", "")) >= 6 or len(own) >= 6,
            "shows_phone": asked.user.can(Permission.EDIT_ASSIGNMENT),
        }

    def file_rows(self, rows: QuerySet, asked: Asked) -> Iterator[Sequence[Any]]:
        """One row a bond, then the officers who have no business: the ledger 包保干部及责任清单."""
        kind, officers = kind_of(OfficersKind.key), rows.order_by()
        bonds = Assignment.objects.visible_to(asked.user).active()
        number = 0
        for row in kind.export_rows(bonds.filter(officer__in=officers).order_by("officer_id", "pk")):
            number += 1
            yield row
        free = officers.filter(~Exists(bonds.filter(officer_id=OuterRef("pk")))).order_by("pk")
        people = list(free.values_list("name", "title", "level", "unit_name", "phone", "region_id"))
        places = names_of({code for person in people for code in (person[5][:6], person[5][:9])})
        words = kind.labels("officer_level")
        blank = [""] * (len(OfficersKind.columns) - 8)
        for name, title, level, unit, phone, region in people:
            number += 1
            where = [places.get(region[:6], ""), places.get(region[:9], "") if len(region) >= 9 else ""]
            yield [number, name, title, words.get(level, level), unit, phone, *where, *blank]


OFFICERS = Officers()
