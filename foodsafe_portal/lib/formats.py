"""Print numbers, rates, scores, days and weeks the one way the portal prints them everywhere."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from foodsafe_portal.lib.instants import in_shanghai
from foodsafe_portal.lib.periods import Period
from foodsafe_portal.lib.weeks import Week

NO_VALUE = "—"


def thousands(value: int | None) -> str:
    """``27748`` -> ``27,748``; no value is a dash, never a zero."""
    return f"{value:,}" if isinstance(value, int) else NO_VALUE


def percent(part: int | None, whole: int | None) -> str:
    """``percent(582, 1000)`` -> ``58.2%``, rounded half up; a dash where there is nothing to divide by."""
    if part is None or not whole:
        return NO_VALUE
    exact = Decimal(part) * 100 / Decimal(whole)
    return f"{exact.quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


def rate(part: int | None, whole: int | None) -> str:
    """A percentage with its denominator, because none stands alone: ``58.2% / 27,124``."""
    share = percent(part, whole)
    return share if share == NO_VALUE else f"{share} / {thousands(whole)}"


def score(value: Decimal | float | str | None) -> str:
    """Points with two decimals, rounded half up: ``82.5`` -> ``82.50``; not assessed is a dash."""
    if value is None or value == "":
        return NO_VALUE
    return str(Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def score_band(low: Decimal | float | None, high: Decimal | float | None) -> str:
    """The worst and best score that are still possible, one number once they meet: ``82.50–91.00``."""
    least, most = score(low), score(high)
    return least if least == most else f"{least}–{most}"


def full_day(day: date | None) -> str:
    """``2026-11-16``."""
    return NO_VALUE if not day else f"{day:%Y-%m-%d}"


def short_day(day: date | None, *, today: date) -> str:
    """``11-16`` for a day of this year, ``2027-03-16`` for any other."""
    if not day:
        return NO_VALUE
    return f"{day:%m-%d}" if day.year == today.year else f"{day:%Y-%m-%d}"


def minute(moment: datetime | None) -> str:
    """``2026-11-16 09:42``; on the clock of Shanghai, whatever zone the moment came in."""
    return NO_VALUE if not moment else f"{in_shanghai(moment):%Y-%m-%d %H:%M}"


def masked_phone(number: str | None) -> str:
    """``13812345678`` -> ``138****5678``; short or missing numbers show nothing of themselves."""
    digits = (number or "").strip()
    if not digits:
        return NO_VALUE
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 9 else "****"


def masked_digits(phone: str) -> str:
    """A telephone number of which a passer-by learns nothing, as long as it was: ``138****5678``."""
    if len(phone) < 7:
        return "*" * len(phone)
    return f"{phone[:3]}{'*' * (len(phone) - 7)}{phone[-4:]}"


def pretty_json(value: object) -> str:
    """A JSON value as indented text with its Chinese readable; nothing is a dash."""
    return (
        NO_VALUE
        if value in (None, "", {}, [])
        else json.dumps(value, ensure_ascii=False, indent=1, default=str)
    )


def week_label(week: Week | str) -> str:
    """``2026-W46`` -> ``2026 年第 46 周（11-09 至 11-15）``; full dates where the week crosses New Year."""
    asked = week if isinstance(week, Week) else Week.parse(str(week))
    pattern = "%m-%d" if asked.monday.year == asked.sunday.year == asked.year else "%Y-%m-%d"
    return _("%(year)s 年第 %(number)s 周（%(monday)s 至 %(sunday)s）") % {
        "year": asked.year,
        "number": asked.number,
        "monday": asked.monday.strftime(pattern),
        "sunday": asked.sunday.strftime(pattern),
    }


def period_label(period: Period | str) -> str:
    """A period or its code in the reader's language: 2026 年第四季度, Q4 2026."""
    period = Period.parse(period) if isinstance(period, str) else period
    sentences: tuple[str, ...]
    match period.kind:
        case "month":
            return _("%(year)s 年 %(month)s 月") % {"year": period.year, "month": period.number}
        case "quarter":
            sentences = (
                _("%(year)s 年第一季度"),
                _("%(year)s 年第二季度"),
                _("%(year)s 年第三季度"),
                _("%(year)s 年第四季度"),
            )
        case "half":
            sentences = (_("%(year)s 年上半年"), _("%(year)s 年下半年"))
        case "year":
            sentences = (_("%(year)s 年"),)
    return sentences[period.number - 1] % {"year": period.year}


def deadline_words(kind: str, days: int, unit: str, on: str = "") -> str:
    """What a deadline badge says in the reader's language (look.md): 还剩 3 个工作日, 今日到期, 逾期 6 个工作日, 按时, 超期 2 天.

    ``kind``: left, today, overdue, on_time, late; ``unit``: working_days or days; ``on``: the day it was done, as the page prints it.
    """
    match kind:
        case "left":
            sentence = _("还剩 %(n)s %(unit)s")
        case "today":
            return _("今日到期")
        case "overdue":
            sentence = _("逾期 %(n)s %(unit)s")
        case "on_time":
            return (_("按时 %(day)s") % {"day": on}).strip()
        case _late:
            sentence = _("超期 %(n)s %(unit)s")
    return sentence % {"n": days, "unit": _("天") if unit == "days" else _("个工作日")}
