"""What the pieces of the pages show, worked out before a template prints it: days, deadlines, changes, axes, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.utils import timezone
from django.utils.translation import gettext_lazy

from foodsafe_portal.lib import formats
from foodsafe_portal.lib.strips import FIVE, Composition, field_of, words_of

MARK_OF_KEY = re.compile(r"^[A-Z]+:")
"""What a natural key is made of (``entities.rules.matching``); it says nothing to a reader."""

CHANNELS = {
    "page": gettext_lazy("页面"),
    "api": gettext_lazy("接口"),
    "admin": gettext_lazy("后台"),
    "command": gettext_lazy("命令行"),
    "worker": gettext_lazy("后台任务"),
}
"""Where an act came from (``records.services.context.Origin.channel``), in words."""

IMPORT_STEPS = (gettext_lazy("上传"), gettext_lazy("检查"), gettext_lazy("确认"), gettext_lazy("完成"))


def _local(value: Any) -> Any:
    """An instant in the portal's time zone; anything else as it is."""
    return timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value


# --- filters -----------------------------------------------------------------------------------


def minute(value: datetime | None) -> str:
    """``{{ job.finished_at|minute }}`` -> ``2026-11-16 09:42`` in the portal's time zone."""
    return formats.minute(_local(value) or None)


def day(value: date | datetime | None) -> str:
    """``{{ problem.due_on|day }}`` -> ``11-16`` in the current year, the full date in any other."""
    return formats.short_day(_local(value), today=date.today()) if value else formats.NO_VALUE


def moment(value: date | datetime | None) -> str:
    """``{{ event.at|moment }}`` -> ``11-13 16:20`` for an instant, ``11-13`` for a day."""
    local = _local(value)
    return f"{day(local)} {local:%H:%M}" if isinstance(local, datetime) else day(local)


def strftime(value: date | datetime | None, pattern: str) -> str:
    """``{{ page.on|strftime("%Y-%m-%d") }}`` -> ``2026-11-16``; nothing for no value."""
    return _local(value).strftime(pattern) if value else ""


def plain_key(value: str) -> str:
    """``{{ row.key|plain_key }}``: ``L:JY1…`` -> ``JY1…``, ``N:name|premises`` -> ``name · premises``."""
    return MARK_OF_KEY.sub("", value).replace("|", " · ")


def of_one(share: Any) -> str:
    """``{{ "0.60"|of_one }}`` -> ``60.0%``: a share of one as a percentage with one decimal, rounded half up."""
    if share in (None, ""):
        return formats.NO_VALUE
    return f"{(Decimal(str(share)) * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


def codes_told(codes: str | None, field: str) -> str:
    """``{{ event.roles|codes_told("accounts.Post.role") }}``: codes kept as text, comma by comma, in a model field's words."""
    room, model, name = field.split(".")
    words = dict(apps.get_model(room, model)._meta.get_field(name).flatchoices)
    return "、".join(str(words.get(code, code)) for code in (codes or "").split(",") if code)


def channel_told(channel: str) -> str:
    """``{{ event.channel|channel_told }}``: ``worker`` -> ``后台任务``."""
    return str(CHANNELS.get(channel, channel))


def change(now: Any, before: Any) -> Any:
    """``{{ now|change(before) }}`` -> the difference, or None when either is missing."""
    return None if now is None or before is None else now - before


# --- deadlines and changes ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline badge in words: tone ok, warn, bad or info, its icon, and whether the day is provisional."""

    tone: str
    icon: str
    words: str
    provisional: bool


def deadline_of(badge: Any, given: Mapping[str, Any]) -> Deadline | None:
    """How a deadline stands; None without a kind.

    ``kind``: left, today, overdue, on_time, late; ``days``: a count; ``unit``: working_days (default) or days;
    ``provisional`` adds *; ``on``: the day it was done; ``soon``: amber from this many days left (tasks: 10).
    Each is taken from ``given``, else from ``badge``, an object or a mapping.
    """

    def told(name: str) -> Any:
        return given.get(name, field_of(badge, name) if badge else None)

    kind = told("kind")
    if not kind:
        return None
    count = told("days") or 0
    tone, icon = {
        "left": ("warn" if count <= (told("soon") or 3) else "info", "clock"),
        "today": ("warn", "clock"),
        "overdue": ("bad", "alert-circle"),
        "on_time": ("ok", "circle-check"),
        "late": ("warn", "clock-exclamation"),
    }[kind]
    done_on = day(told("on")) if told("on") else ""
    words = formats.deadline_words(kind, count, told("unit") or "working_days", done_on)
    return Deadline(tone, icon, words, bool(told("provisional")))


@dataclass(frozen=True, slots=True)
class Change:
    """A difference in words: ``↑ 1.75``; ``good`` is None where the direction is neither good nor bad."""

    arrow: str
    size: str
    good: bool | None


def change_of(difference: Any, better: str, points: bool) -> Change:
    """A difference that is not zero; ``better``: up, down or empty; ``points``: two decimals."""
    rises = difference > 0
    size = formats.score(abs(Decimal(str(difference)))) if points else formats.thousands(abs(difference))
    return Change("↑" if rises else "↓", size, rises == (better == "up") if better else None)


# --- figures -----------------------------------------------------------------------------------


def composition(figures: Any, given: Mapping[str, Any]) -> Composition:
    """Five figures from an object, a mapping or keywords."""
    return Composition.of(figures, given)


def cells_of(
    whole: Composition,
    measure: str | Mapping[str, Any],
    url_base: str,
    urls: Mapping[str, str] | None,
    notes: Mapping[str, Any] | None,
) -> dict[str, dict[str, Any]]:
    """Each part of the five figures and of the two that follow: value, label, tone, address of its rows, small line below.

    Each number opens ``url_base`` plus ``part=…``, or its address in ``urls`` where the part is not a parameter.
    """
    words = words_of(measure)

    def opens(part: str) -> str:
        if urls is not None:
            return urls.get(part, "")
        return with_query(url_base, part=part) if url_base else ""

    return {
        part: {
            "value": getattr(whole, part),
            "label": words[part],
            "tone": "red" if part == "overdue" and whole.overdue else "",
            "url": opens(part),
            "note": (notes or {}).get(part, ""),
        }
        for part in (*FIVE, "late", "open")
    }


@dataclass(frozen=True, slots=True)
class Axis:
    """Where the band between two scores and the pass line stand on a printed axis, in percent of its length."""

    low_at: str
    band: str
    pass_at: str
    ticks: tuple[tuple[int, str], ...]


def axis_of(low: Any, high: Any, pass_line: Any, start: int, end: int) -> Axis:
    """Worst to best score between ``start`` and ``end``, with five ticks; what lies outside stands at the edge."""

    def at(value: Any) -> Decimal:
        share = (Decimal(str(value)) - start) * 100 / (end - start)
        return round(min(max(share, Decimal(0)), Decimal(100)), 2)

    ticks = tuple((value, f"{at(value)}%") for value in range(start, end + 1, (end - start) // 4))
    return Axis(f"{at(low)}%", f"{at(high) - at(low)}%", f"{at(pass_line)}%", ticks)


# --- page furniture ----------------------------------------------------------------------------


def with_query(url: str, **changes: Any) -> str:
    """Add parameters to an address that may already have some."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(changes)}"


def as_of_words(value: date | datetime | str | None) -> str | None:
    """What a page header prints as 截至: an instant to the minute, a day in full, words as they are."""
    if isinstance(value, datetime):
        return minute(value)
    return formats.full_day(value) if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a road: done, now or next."""

    number: int
    label: Any
    note: Any
    state: str


def steps_of(current: int, labels: Iterable[Any] | None, notes: Iterable[Any]) -> list[Step]:
    """The steps of a road, by default of an import; ``current`` one beyond the last marks all as done."""
    below = list(notes)
    return [
        Step(
            number,
            label,
            below[number - 1] if number <= len(below) else "",
            "done" if number < current else "now" if number == current else "next",
        )
        for number, label in enumerate(labels or IMPORT_STEPS, start=1)
    ]
