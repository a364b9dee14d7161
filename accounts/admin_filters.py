"""Filters of admin lists by place."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.choices import RegionLevel
from accounts.models import Region
from foodsafe_portal.lib.scope import in_territory

MOST_COUNTIES = 200


def county_filter(path: str = "region_id") -> type[SimpleListFilter]:
    """A filter by county for rows whose region code stands at ``path``."""

    class CountyFilter(SimpleListFilter):
        title = _("县(市、区)")
        parameter_name = "county"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            counties = Region.objects.visible_to(request.user).filter(level=RegionLevel.COUNTY)
            return list(counties.order_by("code").values_list("code", "name")[:MOST_COUNTIES])

        def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
            code = self.value()
            return queryset.filter(in_territory(code, path)) if code and code.isdecimal() else queryset

    return CountyFilter
