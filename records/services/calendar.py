"""Read the working calendar that due dates are counted by."""

from __future__ import annotations

from datetime import date

from records.choices import DayKind
from records.models import WorkdayOverride, WorkYear
from records.rules.workdays import WorkCalendar


def current_calendar() -> WorkCalendar:
    """The calendar as it stands now, in two queries; hold it for as long as one piece of work lasts, no longer."""
    days: dict[str, set[date]] = {kind: set() for kind in DayKind.values}
    for day, kind in WorkdayOverride.objects.values_list("day", "kind"):
        days[kind].add(day)
    published = WorkYear.objects.filter(published=True).values_list("year", flat=True)
    return WorkCalendar(
        holidays=frozenset(days[DayKind.HOLIDAY]),
        makeup_days=frozenset(days[DayKind.MAKEUP]),
        published_years=frozenset(published),
    )
