"""Entering a year of the working calendar and publishing it, which settles the due dates that waited for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from records.hooks import work_year_published
from records.models import WorkYear
from records.services.rows import RowRefused, save_row


@transaction.atomic
def save_work_year(
    *,
    year: WorkYear,
    published: bool,
    source: str,
    days: Sequence[tuple[date, str, str]],
    by: Any,
    seen: str = "",
) -> WorkYear:
    """Save a year with the days that differ from Monday to Friday (day, ``DayKind``, note); publishing it is for good.

    Raises ``RowRefused`` for a published year, a day of another year, a day given twice, or a publication without its source.
    """
    number = year.year
    if WorkYear.objects.filter(pk=number, published=True).exists():
        raise RowRefused(_("%(year)s 年的放假安排已公布，期限已按它计算，不能再改。") % {"year": number})
    if not 2000 <= number <= 2100:
        raise RowRefused(_("年份要在 2000 到 2100 之间，填的是 %(year)s。") % {"year": number})
    for day, _kind, _note in days:
        if day.year != number:
            raise RowRefused(
                _("%(day)s 不在 %(year)s 年；请填到它自己的年份里。") % {"day": day, "year": number}
            )
    if len({day for day, *_rest in days}) < len(days):
        raise RowRefused(_("同一天填了两次；每天只能是放假或调休上班之一。"))
    if published and not (source.strip() and days):
        raise RowRefused(_("公布要写明依据（通知名称），并至少填一个放假日。"))
    saved = save_row(
        row=year,
        values={"year": number, "published": published, "source": source.strip()},
        by=by,
        noun="work_year",
        seen=seen,
        lines={"overrides": [{"day": day, "kind": kind, "note": note} for day, kind, note in sorted(days)]},
    )
    if published:
        work_year_published.send(sender=WorkYear, year=number, by=by)
    return saved
