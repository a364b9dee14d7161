"""The queue of businesses that look like one, as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.lists import Place, places_of
from accounts.rules.rights import Permission
from entities.choices import PairState
from entities.models import DuplicatePair
from entities.reports.duplicates import PairRow
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
)

DECIDED = [(state.value, state.label) for state in (PairState.MERGED, PairState.APART)]


def _said(rows: QuerySet, words: str, asked: Asked) -> QuerySet:
    number, said = words.upper(), Q()
    for side in ("first", "second"):
        said |= Q(**{f"{side}__name__contains": words}) | Q(**{f"{side}__premises_address__contains": words})
        said |= Q(**{f"{side}__licence_no": number}) | Q(**{f"{side}__credit_code": number})
    return rows.filter(said)


class Duplicates(Listing):
    """Pairs to decide on, the most alike first; decisions with the newest first."""

    key, url_name, title = "duplicates", "duplicate-list", _("疑似重复主体")
    permission = Permission.REVIEW_DUPLICATES
    model = DuplicatePair
    unit = _("对")
    search_words = _("名称、地址、代码、证号")
    nothing = _("没有待核对的疑似重复主体。")
    nothing_found = _("没有符合条件的疑似重复主体。")
    order = ("-likeness", "-id")
    related = ("first", "second", "decided_by", "merger__survivor")
    count_to = 10_000
    exported = True
    tabs = (
        Tab(_("待核对"), {}),
        *(Tab(words, {"state": code}, order=("-decided_at", "-id")) for code, words in DECIDED),
    )
    columns = (
        Column("first", _("主体一"), "first__name", fixed=True),
        Column("second", _("主体二"), "second__name"),
        Column("place", _("乡镇（街道）"), "region_id"),
        Column("county", gettext_noop("县(市、区)"), "", lambda row: row.county, page=False),
        Column("township", gettext_noop("乡镇(街道)"), "", lambda row: row.township, page=False),
        Column("likeness", gettext_noop("相似度(%)"), "likeness", lambda row: row.pair.likeness, "int", 12, num=True),
        Column("first_name", gettext_noop("主体一名称"), "", lambda row: row.pair.first.name, width=30, page=False),
        Column("first_code", gettext_noop("主体一信用代码"), "", lambda row: row.pair.first.credit_code, "code", 22, page=False),
        Column("first_licence", gettext_noop("主体一许可证号"), "", lambda row: row.pair.first.licence_no, "code", 22, page=False),
        Column("first_address", gettext_noop("主体一经营场所"), "", lambda row: row.pair.first.premises_address, width=34, page=False),
        Column("second_name", gettext_noop("主体二名称"), "", lambda row: row.pair.second.name, width=30, page=False),
        Column("second_code", gettext_noop("主体二信用代码"), "", lambda row: row.pair.second.credit_code, "code", 22, page=False),
        Column("second_licence", gettext_noop("主体二许可证号"), "", lambda row: row.pair.second.licence_no, "code", 22, page=False),
        Column("second_address", gettext_noop("主体二经营场所"), "", lambda row: row.pair.second.premises_address, width=34, page=False),
        Column("state", gettext_noop("核对"), "", lambda row: str(row.pair.get_state_display()), width=12),
        Column("kept", gettext_noop("保留的主体"), "", lambda row: row.pair.merger.survivor.name if row.pair.merger else "",
               width=30, page=False),
        Column("decided_by", gettext_noop("核对人"), "", lambda row: str(row.pair.decided_by or ""), width=14, page=False),
        Column("decided_on", gettext_noop("核对日期"), "",
               lambda row: timezone.localdate(row.pair.decided_at) if row.pair.decided_at else None, "date", 12, page=False),
        Column("note", gettext_noop("说明"), "", lambda row: row.pair.note, width=30, page=False),
        Column("act", ""),
    )  # fmt: skip

    class Filters(ListFilters):
        """Pairs by words, place and decision."""

        q = Search(narrow=_said)
        region = Place()
        state = Choice(
            label=_("核对"),
            choices=DECIDED,
            absent=lambda rows, asked: rows.waiting(),
            chip=TOLD,
        )

    def rows(self, user: Any) -> QuerySet:
        """The pairs this person may decide on."""
        return DuplicatePair.objects.visible_to(user)

    def lines(self, rows: Sequence[DuplicatePair], asked: Asked) -> tuple[PairRow, ...]:
        """Each with its place."""
        places = places_of(asked)
        return tuple(
            PairRow(pair, places.county(pair.region_id), places.township(pair.region_id)) for pair in rows
        )

    def more(self, asked: Asked, tabs: Sequence[ShownTab], rows: Sequence[PairRow]) -> dict[str, Any]:
        """Whether the county has to be named."""
        own = min(asked.user.scope.regions("duplicate"), key=len, default="")
        return {"one_county": len(asked.get("region", "")) >= 6 or len(own) >= 6}


DUPLICATES = Duplicates()
