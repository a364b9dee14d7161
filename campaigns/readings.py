"""What feeds each clause on a Sunday: figures the portal counts, else the standing reading somebody gave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db.models import Q

from campaigns.measures import Five
from campaigns.models import Campaign, Reading, Rulebook


def rate(part: int, whole: int) -> str:
    """A percentage as decimal text, cut (never rounded up, 99.99996 is not 100) after twelve places."""
    return f"{(Decimal(part) * 100 / Decimal(whole)).quantize(Decimal('1e-12'), ROUND_DOWN):f}"  # str() would say 0E-12


# How a clause's ``measure`` binding {"measure": "visits", "value": "done_rate"} becomes a reading.
VALUES = {
    "done_rate": lambda five: {"value": rate(five.done, five.expected)},
    "on_time_rate": lambda five: {"value": rate(five.on_time, five.expected)},
    "overdue_rate": lambda five: {"value": rate(five.overdue, five.expected)},
    "overdue": lambda five: {"occurrences": five.overdue},
    "done": lambda five: {"value": str(five.done)},
    "none_overdue": lambda five: {"met": five.overdue == 0},
}


def computed_reading(binding: Mapping[str, Any], totals: Mapping[str, Five]) -> dict[str, Any] | None:
    """The reading of a bound clause; nothing (unassessed) while nothing is expected."""
    five = totals.get(str(binding.get("measure")))
    value = VALUES.get(str(binding.get("value")))
    if five is None or value is None or not five.expected:
        return None
    return value(five)


def standing_readings(campaign: Campaign, sunday: date, known_at: datetime) -> dict[str, dict[str, Any]]:
    """The newest reading of each clause dated up to ``sunday``, as known then."""
    known = Q(voided_at__isnull=True) | Q(voided_at__gt=known_at)
    rows = (
        Reading.objects.filter(
            known, campaign=campaign, assessment__isnull=True, on__lte=sunday, recorded_at__lte=known_at
        )
        .order_by("on", "pk")
        .values_list("clause__no", "value")
    )
    return dict(rows)


def week_readings(
    campaign: Campaign, rulebook: Rulebook, *, sunday: date, known_at: datetime, totals: Mapping[str, Five]
) -> dict[str, dict[str, Any]]:
    """All readings of a week by clause number; a bound clause is counted, never typed."""
    readings = standing_readings(campaign, sunday, known_at)
    for no, binding in rulebook.clauses.exclude(measure={}).values_list("no", "measure"):
        readings.pop(no, None)
        found = computed_reading(binding, totals)
        if found is not None:
            readings[no] = found
    return readings
