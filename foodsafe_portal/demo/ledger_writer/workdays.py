"""A ledger of the holidays and make-up days of years whose calendar is not published yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Final

from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft, new_draft
from foodsafe_portal.demo.ledger_writer.faults import (
    Recipe,
    Row,
    bad_date,
    blank,
    changed,
    soil,
    twins,
    typed,
)
from records.choices import DayKind
from records.models import WorkdayOverride, WorkYear

_PER_YEAR: Final = 33
_LAST_YEAR: Final = 2050
_MAKEUP: Final = 0.45
_SATURDAY: Final = 5
_NAMES: Final = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
_SOURCE: Final = "国务院办公厅关于{year}年部分节假日安排的通知（征求意见稿）"


def write_workdays(desk: Desk, share: float) -> Draft:
    """``desk.size`` days, some thirty a year, more when the years run out; none of them is published by this ledger."""
    random = desk.random("workdays")
    published = set(WorkYear.objects.filter(published=True).values_list("year", flat=True))
    years = [year for year in range(desk.on.year + 1, _LAST_YEAR) if year not in published]
    used = years[: max(1, -(-desk.size // _PER_YEAR))]
    each = min(365, -(-desk.size // len(used)))
    days = [
        date(year, 1, 1) + timedelta(days=offset)
        for year in used
        for offset in sorted(random.sample(range(365), each))
    ][: desk.size]
    rows = [_row(day, random) for day in days]
    draft = new_draft(desk, "workdays", rows, always=("note", "source", "published"))
    soil(draft, _recipes(max(published, default=0)), desk.random("faults"), share)
    return draft


def _row(day: date, random: Random) -> Row:
    makeup = day.weekday() >= _SATURDAY and random.random() < _MAKEUP
    return {
        "day": day,
        "kind": str(DayKind.MAKEUP if makeup else DayKind.HOLIDAY),
        "note": None if makeup else random.choice(_NAMES),
        "source": _SOURCE.format(year=day.year),
        "published": False if random.random() < 0.5 else None,
    }


def _saturdays(year: int) -> Iterator[str]:
    """Saturdays of a published year about which its calendar says nothing."""
    told = set(WorkdayOverride.objects.filter(year_id=year).values_list("day", flat=True))
    day = date(year, 1, 1) if year else date.max
    while day.year == year:
        if day.weekday() == _SATURDAY and day not in told:
            yield day.isoformat()
        day += timedelta(days=1)


def _recipes(published: int) -> list[Recipe]:
    long_ago, settled = count(), _saturdays(published)

    def on_weekday(row: Row, random: Random) -> str | None:
        return "调休上班" if row["day"].weekday() < _SATURDAY else None

    return [
        blank("day"),
        blank("kind"),
        bad_date("day"),
        changed(
            "day",
            "implausible_year",
            lambda row, random: (date(1995, 1, 1) + timedelta(days=next(long_ago))).isoformat(),
        ),
        changed("day", "year_published", lambda row, random: next(settled, None)),
        typed("kind", "unknown_choice", "加班", "值班"),
        changed("kind", "makeup_on_weekday", on_weekday),
        typed("published", "not_yes_or_no", "也许", "看情况"),
        typed("source", "too_long", "通" * 201),
        twins("duplicate_conflict", lambda row, random: {"note": f"{row['note'] or ''}又一个"}),
    ]
