"""Deadlines of problems as the city's policy and calendar give them now: read once, asked often."""

from __future__ import annotations

from datetime import date

from inspections.models import DeadlinePolicy
from inspections.rules.deadlines import Deadline, DeadlinePolicyRow, due_for
from records.services.calendar import current_calendar


class Deadlines:
    """The deadline policy and the working calendar, held for as long as one piece of work lasts. Three queries."""

    def __init__(self) -> None:
        rows = DeadlinePolicy.objects.values_list("severity", "effective_from", "days", "unit")
        self.policies = tuple(DeadlinePolicyRow(*row) for row in rows)  # type: ignore[arg-type]
        self.calendar = current_calendar()

    def of(self, severity: str, found_on: date) -> Deadline:
        """When a problem found on that day must be put right; raises ``NoDeadlinePolicy``."""
        return due_for(severity, found_on, self.policies, self.calendar)
