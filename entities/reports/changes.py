"""The reviewers' page: status and grade changes that wait for a second person, the oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from accounts.lists import Places
from accounts.models import User
from entities.models import StatusChange
from entities.reports.business_file import Waiting, waiting_change
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


def change_lines(
    changes: Sequence[Any], user: User, places: Places, day: date, calendar: WorkCalendar
) -> tuple[ChangeRow, ...]:
    """Changes of one kind with their proof, their place and how long they have waited."""
    keys = [change.pk for change in changes if isinstance(change, StatusChange)]
    proof = evidence_by_object(StatusChange, keys) if keys else {}
    return tuple(
        ChangeRow(
            waiting=waiting_change(change, user, proof.get(change.pk, ())),
            county=places.county(change.business.region_id),
            township=places.township(change.business.region_id),
            waited=calendar.working_days_between(change.proposed_at.date(), day),
            reported_late=max(
                calendar.working_days_between(change.effective_on, change.proposed_at.date()) - REPORT_WITHIN,
                0,
            ),
        )
        for change in changes
    )
