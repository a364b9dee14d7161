"""The list of visits owed."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.rules.rights import Permission
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.requests import PortalRequest
from inspections.lists import DUTIES
from records.views.lists import list_export, list_page


def _context(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    return {
        "may_record": request.user.can(Permission.RECORD_VISIT),
        "export_url": reverse("duty-export"),
    }


duty_list = list_page(
    DUTIES, page="inspections/duty_list.html", fragment="inspections/_duty_table.html", context=_context
)
duty_export = list_export(DUTIES)
