"""The reviewers' page: status and grade changes that wait for a second person, the oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from accounts.models import User
from entities.models import GradeChange, StatusChange
from entities.reports.business_file import Waiting, waiting_change
from entities.reports.businesses import View, names_of
from foodsafe_portal.lib.paging import Page, counts_of, page_of
from records.rules.workdays import WorkCalendar
from records.services.evidence import evidence_by_object

REPORT_WITHIN: Final = 15  # working days from the change to its report (广元; campaign default)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One waiting change with the place of its business and how long it has waited, in working days."""

    waiting: Waiting
    county: str
    township: str
    waited: int
    reported_late: int


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Everything the reviewers' page shows."""

    page: Page
    rows: tuple[ChangeRow, ...]
    views: tuple[View, ...]
    kind: str


def change_page(user: User, params: QueryDict, day: date, calendar: WorkCalendar) -> ChangePage:
    """Waiting changes the person may see; ``kind`` in the address is status (the default) or grade."""
    kind = "grade" if params.get("kind") == "grade" else "status"
    statuses = StatusChange.objects.visible_to(user).waiting()
    grades = GradeChange.objects.visible_to(user).waiting()
    counts = counts_of([statuses, grades])
    asked: QuerySet = grades if kind == "grade" else statuses
    page = page_of(
        asked.select_related("business", "proposed_by"),
        params,
        order="id",
        total=counts[1 if kind == "grade" else 0],
    )
    changes = list(page.rows)
    proof = evidence_by_object(StatusChange, [change.pk for change in changes]) if kind == "status" else {}
    places = names_of(
        {code for each in changes for code in (each.business.region_id[:6], each.business.region_id[:9])}
    )
    rows = tuple(
        ChangeRow(
            waiting=waiting_change(change, user, proof.get(change.pk, ())),
            county=places.get(change.business.region_id[:6], ""),
            township=places.get(change.business.region_id[:9], "")
            if len(change.business.region_id) > 6
            else "",
            waited=calendar.working_days_between(change.proposed_at.date(), day),
            reported_late=max(
                calendar.working_days_between(change.effective_on, change.proposed_at.date()) - REPORT_WITHIN,
                0,
            ),
        )
        for change in changes
    )
    views = (
        View(gettext_lazy("状态变更"), "?kind=status", counts[0], kind == "status"),
        View(gettext_lazy("包保等级变更"), "?kind=grade", counts[1], kind == "grade"),
    )
    return ChangePage(page, rows, views, kind)
