"""What the form of a new problem tells before it is sent: by when each severity would be due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from inspections.choices import DayUnit, Severity
from inspections.deadlines import Deadlines
from inspections.rules.deadlines import NoDeadlinePolicy


@dataclass(frozen=True, slots=True)
class Hint:
    """One severity's deadline for a problem found today."""

    severity: Any
    days: int
    unit: Any
    due_on: date
    provisional: bool


def deadline_hints(today: date) -> list[Hint]:
    """The deadline of every severity that has a policy."""
    deadlines, hints = Deadlines(), []
    for severity in Severity:
        try:
            deadline = deadlines.of(severity, today)
        except NoDeadlinePolicy:
            continue
        policy = deadline.policy
        unit = DayUnit(policy.unit).label
        hints.append(Hint(severity.label, policy.days, unit, deadline.due_on, deadline.provisional))
    return hints
