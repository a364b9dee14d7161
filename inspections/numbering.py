"""Numbers of problems: WT-YYMM-NNNN by the month in which they were found, unique whoever writes at the same time."""

from __future__ import annotations

from datetime import date

from django.db.models.functions import Length

from foodsafe_portal.lib.bulk import lock_name
from inspections.models import Problem


def next_codes(on: date, count: int = 1) -> list[str]:
    """The next free numbers of the month of ``on``; inside a transaction, which keeps other writers of that month waiting."""
    prefix = f"WT-{on:%y%m}-"
    lock_name(f"problem codes {prefix}")
    newest = (
        Problem.objects.filter(code__startswith=prefix)
        .order_by(Length("code").desc(), "-code")
        .values_list("code", flat=True)
        .first()
    )
    last = int(newest.removeprefix(prefix)) if newest else 0
    return [f"{prefix}{number:04d}" for number in range(last + 1, last + 1 + count)]
