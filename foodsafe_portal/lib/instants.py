"""Print instants the one way every output does: in the zone of Shanghai, with +08:00 (contracts.md, "Time and place in outputs")."""

from __future__ import annotations

from datetime import date, datetime

from foodsafe_portal.lib.weeks import SHANGHAI


def in_shanghai(moment: datetime) -> datetime:
    """The same instant on the clock of Shanghai; a moment without a zone is read as one of that clock already."""
    return moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment.astimezone(SHANGHAI)


def stamp(moment: datetime) -> str:
    """An instant in full, as documents and digests of answers carry it: ``2026-11-30T00:00:00+08:00``."""
    return in_shanghai(moment).isoformat()


def printed_stamp(moment: datetime) -> str:
    """An instant to the second, as exported cells and papers carry it: ``2026-11-30T09:42:07+08:00``."""
    return in_shanghai(moment).isoformat(timespec="seconds")


def json_text(value: object) -> str:
    """What a JSON document prints for a value JSON does not know: instants as ``stamp``, days in ISO form, the rest as text."""
    if isinstance(value, datetime):
        return stamp(value)
    return value.isoformat() if isinstance(value, date) else str(value)
