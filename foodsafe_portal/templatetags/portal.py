"""The pieces every page is built from; those that stand in table rows are plain Python, without a template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.apps import apps
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foodsafe_portal.lib import formats, strips
from foodsafe_portal.lib.sentences import told
from foodsafe_portal.lib.strips import Composition, field_of, words_of

register = template.Library()

MARK_OF_KEY = re.compile(r"^[A-Z]+:")
"""What a natural key is made of (``entities.rules.matching``); it says nothing to a reader."""

# --- numbers and dates -------------------------------------------------------------------------

register.filter("thousands", formats.thousands)
register.filter("percent", formats.percent)
register.filter("rate", formats.rate)
register.filter("score", formats.score)
register.filter("full_day", formats.full_day)
register.filter("week_label", formats.week_label)
register.filter("masked_phone", formats.masked_phone)
register.filter("pretty_json", formats.pretty_json)


@register.filter(expects_localtime=True)
def minute(value: datetime | None) -> str:
    """``{{ job.finished_at|minute }}`` -> ``2026-11-16 09:42`` in the portal's time zone."""
    return formats.minute(value)


@register.filter(expects_localtime=True)
def day(value: date | datetime | None) -> str:
    """``{{ problem.due_on|day }}`` -> ``11-16`` in the current year, the full date in any other."""
    return formats.short_day(value, today=timezone.localdate())


@register.filter(expects_localtime=True)
def moment(value: date | datetime | None) -> str:
    """``{{ event.at|moment }}`` -> ``11-13 16:20`` for an instant, ``11-13`` for a day."""
    if isinstance(value, datetime):
        return f"{day(value)} {value:%H:%M}"
    return day(value)


@register.filter
def plain_key(value: str) -> str:
    """``{{ row.key|plain_key }}``: ``L:JY1…`` -> ``JY1…``, ``N:name|premises`` -> ``name · premises``."""
    return MARK_OF_KEY.sub("", value).replace("|", " · ")


@register.filter
def of_one(share: Any) -> str:
    """``{{ "0.60"|of_one }}`` -> ``60.0%``: a share of one as a percentage with one decimal, rounded half up."""
    if share in (None, ""):
        return formats.NO_VALUE
    return f"{(Decimal(str(share)) * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


register.filter("told", told)


@register.filter
def codes_told(codes: str | None, field: str) -> str:
    """``{{ event.roles|codes_told:"accounts.Post.role" }}``: codes kept as text, comma by comma, in the words of a model's field."""
    room, model, name = field.split(".")
    words = dict(apps.get_model(room, model)._meta.get_field(name).flatchoices)
    return "、".join(str(words.get(code, code)) for code in (codes or "").split(",") if code)


CHANNELS = {
    "page": gettext_lazy("页面"),
    "api": gettext_lazy("接口"),
    "admin": gettext_lazy("后台"),
    "command": gettext_lazy("命令行"),
    "worker": gettext_lazy("后台任务"),
}
"""Where an act came from (``records.services.context.Origin.channel``), in words."""


@register.filter
def channel_told(channel: str) -> str:
    """``{{ event.channel|channel_told }}``: ``worker`` -> ``后台任务``."""
    return str(CHANNELS.get(channel, channel))


@register.filter
def change(now: Any, before: Any) -> Any:
    """``{{ now|change:before }}`` -> the difference, or None when either is missing."""
    return None if now is None or before is None else now - before


# --- icons, badges and tags (cheap: used in every table row) ------------------------------------

TONE_ICONS = {
    "ok": "circle-check",
    "warn": "alert-triangle",
    "bad": "alert-circle",
    "info": "clock",
    "wait": "circle-half",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """``{% icon "upload" %}`` -> a decorative Tabler icon; the word beside it carries the meaning."""
    return format_html('<i class="ti ti-{}" aria-hidden="true"></i>', name)


@register.simple_tag
def state_badge(tone: str, icon_name: str, word: Any) -> SafeString:
    """``{% state_badge "ok" "" "已销号" %}``: tone ok, warn, bad, info, wait; empty icon: the tone's own."""
    return format_html(
        '<span class="state state-{}">{}{}</span>', tone, icon(icon_name or TONE_ICONS[tone]), word
    )


@register.simple_tag
def deadline_badge(badge: Any = None, **fields: Any) -> SafeString:
    """``{% deadline_badge badge %}`` or ``{% deadline_badge kind="overdue" days=6 %}``; nothing without a kind.

    ``kind``: left, today, overdue, on_time, late; ``days``: a count; ``unit``: working_days (default) or days;
    ``provisional`` adds *; ``on``: the day it was done; ``soon``: amber from this many days left (tasks: 10).
    """
    told = {
        name: field_of(badge, name) for name in ("kind", "days", "unit", "provisional", "on", "soon")
    } | fields
    if not told.get("kind"):
        return mark_safe("")
    count = told.get("days") or 0
    done_on = day(told["on"]) if told.get("on") else ""
    tone, icon_name = {
        "left": ("warn" if count <= (told.get("soon") or 3) else "info", "clock"),
        "today": ("warn", "clock"),
        "overdue": ("bad", "alert-circle"),
        "on_time": ("ok", "circle-check"),
        "late": ("warn", "clock-exclamation"),
    }[told["kind"]]
    text = formats.deadline_words(told["kind"], count, told.get("unit") or "working_days", done_on)
    if told.get("provisional"):
        note = _("暂定日期，放假安排公布后重算")
        return format_html(
            '<span class="state state-{}" title="{}">{}{}*</span>', tone, note, icon(icon_name), text
        )
    return state_badge(tone, icon_name, text)


@register.simple_tag
def scale_tag(scale: Any, letter: Any) -> SafeString:
    """``{% scale_tag "包保" business.responsibility_grade %}``: a letter never stands alone; none is 未评."""
    if not letter:
        return format_html('<span class="muted">{}</span>', _("未评"))
    return format_html('<span class="scale"><i>{}</i><b>{}</b></span>', scale, letter)


@register.simple_tag
def figure(value: int | None, url: str = "", tone: str = "", label: str = "", text: str = "") -> SafeString:
    """``{% figure row.overdue url "red" label="逾期" %}``: a count that opens its rows; tone red, amber or none.

    ``text`` overrides what is printed (for example a score); ``label`` is read aloud before the number.
    """
    if value is None:
        return format_html('<span class="muted">{}</span>', formats.NO_VALUE)
    shown = text or formats.thousands(value)
    css = "n n-zero" if not value else f"n n-{tone}" if tone else "n"
    if not url:
        return format_html('<span class="{} n-still">{}</span>', css, shown)
    spoken = format_html(' aria-label="{} {}"', label, shown) if label else ""
    return format_html('<a class="{}" href="{}"{}>{}</a>', css, url, spoken, shown)


@register.simple_tag
def change_badge(difference: Any, better: str = "up", points: bool = False) -> SafeString:
    """``{% change_badge now|change:before better="down" %}`` -> ``↓ 22 好转``; ``points``: two decimals.

    ``better``: up, down, or empty when the direction is neither good nor bad.
    """
    if difference is None:
        return format_html('<span class="muted">{}</span>', formats.NO_VALUE)
    if not difference:
        return format_html('<span class="muted">{}</span>', _("持平"))
    rises = difference > 0
    size = formats.score(abs(Decimal(str(difference)))) if points else formats.thousands(abs(difference))
    arrow = "↑" if rises else "↓"
    if not better:
        return format_html('<span class="soft">{} {}</span>', arrow, size)
    good = rises == (better == "up")
    word = _("好转") if good else _("变差")
    return format_html(
        '<span class="{} nowrap">{} {} {}</span>', "good" if good else "ill", arrow, size, word
    )


@register.simple_tag
def diff(old: Any, new: Any, protected: bool = False, reason: str = "") -> SafeString:
    """``{% diff row.old row.new %}``: old struck through, new on tint; ``protected``: 不改 with lock and reason."""
    before, after = (value if value not in (None, "") else _("（空）") for value in (old, new))
    if protected:
        return format_html(
            '<span class="diff">{} {} <span class="note">{}</span></span>',
            before,
            state_badge("wait", "lock", _("不改")),
            reason,
        )
    return format_html(
        '<span class="diff"><del>{}</del> {} <ins>{}</ins></span>', before, icon("arrow-right"), after
    )


@register.simple_tag
def typed_value(value: Any, tone: str = "") -> SafeString:
    """``{% typed_value issue.value %}``: what a person typed and must mend, on red; nothing typed is （空）.

    ``tone="warn"``: what is taken as it is and only to be looked at, on ochre.
    """
    css = f"typed typed-{tone}" if tone else "typed"
    return format_html('<span class="{}">{}</span>', css, value if value not in (None, "") else _("（空）"))


@register.simple_tag
def error_line(place: Any, value: Any, advice: Any) -> SafeString:
    """``{% error_line "第 128 行 K 列" issue.value issue.message %}``: place, what was typed, what to do."""
    return format_html(
        '<p class="error-line"><span class="soft">{}</span> {} <span>{}</span></p>',
        place,
        typed_value(value),
        advice,
    )


@register.simple_tag
def refused_action(label: Any, reason: Any) -> SafeString:
    """``{% refused_action "销号" "须先审核通过，由创建办复核" %}``: an act this role expects, and why not now."""
    return format_html(
        '<p class="refused">{}<span><b>{}</b>{}{}</span></p>', icon("lock"), label, _("："), reason
    )


# --- five figures and strips -------------------------------------------------------------------


@register.simple_tag
def strip(
    figures: Any = None, measure: str | Mapping[str, Any] = "visits", height: int = 8, **given: Any
) -> SafeString:
    """``{% strip row %}``: on time, late, overdue, open, excluded hatched; an object, a mapping or keywords."""
    return strips.strip(Composition.of(figures, given), measure=measure, height=height)


@register.simple_tag
def score_strip(low: Any, high: Any, points: Any) -> SafeString:
    """``{% score_strip clause.low clause.high clause.points %}``: scored, unassessed hatched, lost."""
    return strips.score_strip(low, high, points)


@register.inclusion_tag("components/five_figures.html")
def five_figures(
    figures: Any = None,
    url_base: str = "",
    measure: str | Mapping[str, Any] = "visits",
    compact: bool = False,
    notes: Mapping[str, Any] | None = None,
    urls: Mapping[str, str] | None = None,
    **given: Any,
) -> dict[str, Any]:
    """``{% five_figures report.visits url_base=list_url measure="visits" %}``, or five keywords for the object.

    Prints 应督导 已督导 按时 逾期 剔除, the strip, the sentence and the rate with its denominator. Each number
    opens ``url_base`` plus ``part=expected``, done, on_time, overdue, excluded, late or open. ``notes``: part ->
    small line below. ``compact``: the phone's centred row. ``measure``: visits, problems, tasks, or the words themselves. ``urls``: part ->
    address, where the part is not a parameter.
    """
    whole, words = Composition.of(figures, given), words_of(measure)

    def opens(part: str) -> str:
        if urls is not None:
            return urls.get(part, "")
        return with_query(url_base, part=part) if url_base else ""

    def cell(part: str, tone: str = "") -> dict[str, Any]:
        value = getattr(whole, part)
        tone = tone if value else ""
        return {
            "label": words[part],
            "tone": tone,
            "number": figure(value, opens(part), tone, label=str(words[part])),
            "note": (notes or {}).get(part, ""),
        }

    return {
        "cells": [cell("expected"), cell("done"), cell("on_time"), cell("overdue", "red"), cell("excluded")],
        "strip": strips.strip(whole, measure=measure, height=10),
        "legend": [
            ("s-on-time", words["on_time"]),
            ("s-late", words["late"]),
            ("s-overdue", words["overdue_long"]),
            ("s-open", words["open"]),
            ("s-excluded", words["excluded"]),
        ],
        "words": words,
        "open": figure(whole.open, opens("open")),
        "late": figure(whole.late, opens("late")),
        "excluded": figure(whole.excluded, opens("excluded")),
        "has_late": whole.late > 0 and "on_time" not in (notes or {}),
        "rate": formats.percent(whole.done, whole.expected),
        "expected": formats.thousands(whole.expected),
        "compact": compact,
    }


@register.inclusion_tag("components/score_band.html")
def score_band(
    low: Any, high: Any, pass_line: Any = 90, start: int = 60, end: int = 100, height: int = 62
) -> dict[str, Any]:
    """``{% score_band report.low report.high pass_line=90 %}``: worst to best on a printed axis, pass line named."""

    def at(value: Any) -> Decimal:
        share = (Decimal(str(value)) - start) * 100 / (end - start)
        return round(min(max(share, Decimal(0)), Decimal(100)), 2)

    step = (end - start) // 4
    return {
        "low": formats.score(low),
        "high": formats.score(high),
        "low_at": f"{at(low)}%",
        "band": f"{at(high) - at(low)}%",
        "pass_at": f"{at(pass_line)}%",
        "pass_line": pass_line,
        "ticks": [(value, f"{at(value)}%") for value in range(start, end + 1, step)],
        "height": height,
    }


# --- page furniture ----------------------------------------------------------------------------


def with_query(url: str, **changes: Any) -> str:
    """Add parameters to an address that may already have some."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(changes)}"


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """``{% query_with sort="name" after=None %}`` -> this page's query with changes; None takes a key out."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


@register.simple_block_tag
def page_header(
    content: str,
    title: Any,
    crumbs: Iterable[tuple[Any, str]] = (),
    as_of: date | datetime | str | None = None,
    live: bool = True,
    period: Any = "",
    scope: Any = "",
    week: Any = None,
    revision: int | None = None,
    badge: Any = "",
    note: Any = "",
) -> SafeString:
    """``{% page_header title as_of=now period="2026 年第四季度" scope="示例市" %}buttons{% endpage_header %}``.

    ``crumbs``: (words, address) pairs. ``week`` and ``revision`` make it a frozen page with lock. ``badge``: a
    state badge beside the title (``{% state_badge … as badge %}``). ``note``: more words on the line below.
    One primary button, last.
    """
    if isinstance(as_of, datetime):
        as_of = formats.minute(timezone.localtime(as_of) if timezone.is_aware(as_of) else as_of)
    elif isinstance(as_of, date):
        as_of = formats.full_day(as_of)
    frozen = formats.week_label(week) if week else ""
    return mark_safe(
        render_to_string(
            "components/page_header.html",
            {
                "title": title,
                "crumbs": crumbs,
                "as_of": as_of,
                "live": live and not week,
                "period": period,
                "scope": scope,
                "frozen": frozen,
                "revision": revision,
                "badge": badge,
                "note": note,
                "actions": mark_safe(content.strip()),
            },
        )
    )


@register.simple_block_tag
def card(
    content: str,
    title: Any = "",
    note: Any = "",
    span: int = 12,
    link: str = "",
    link_text: Any = "",
    css: str = "",
) -> SafeString:
    """``{% card "失分最多的 5 条" note="已失 8.50 分" span=8 link=url link_text="全部" %}…{% endcard %}``."""
    head: str = SafeString("")
    if title:
        more = '<span class="card-side"><a href="{}">{} {}</a></span>'
        right = format_html(more, link, link_text, icon("chevron-right")) if link else ""
        head = format_html('<h2 class="card-head">{} <small>{}</small>{}</h2>', title, note, right)
    return format_html('<section class="card span-{} {}">{}{}</section>', span, css, head, mark_safe(content))


@register.inclusion_tag("components/pager.html")
def pager(page: Any, unit: Any = "", target: str = "") -> dict[str, Any]:
    """``{% pager page unit="家" target="#results" %}``: 上一页 / 下一页 and the total; no page numbers.

    ``page`` has ``previous_url``, ``next_url`` (empty at the ends), ``total``, if known ``first`` and ``last``.
    With ``target`` the links swap that element and push the address.
    """
    return {
        "previous_url": field_of(page, "previous_url", ""),
        "next_url": field_of(page, "next_url", ""),
        "total": field_of(page, "total"),
        "first": field_of(page, "first"),
        "last": field_of(page, "last"),
        "unit": unit,
        "target": target,
    }


@register.inclusion_tag("components/view_tabs.html")
def view_tabs(views: Iterable[Any], target: str = "") -> dict[str, Any]:
    """``{% view_tabs views %}``: saved views as tabs; each has ``label``, ``url``, ``count``, ``active``."""
    return {"views": views, "target": target}


@register.inclusion_tag("components/filter_chips.html")
def filter_chips(chips: Iterable[Any], clear_url: str = "", target: str = "") -> dict[str, Any]:
    """``{% filter_chips chips clear_url="?" %}``: each chip has ``label``, ``value`` and either

    ``remove_url`` (active, blue, with ×) or ``options``: a list of (words, address) opened by the chip.
    """
    return {"chips": chips, "clear_url": clear_url, "target": target}


@register.inclusion_tag("components/progress.html")
def progress(job: Any, url: str = "", verb: Any = "", unit: Any = "") -> dict[str, Any]:
    """``{% progress job url=fragment_url verb="已检查" unit="行" %}``: rows done / rows, asked every two seconds.

    ``url`` answers this same fragment; once the job has ended the answer has no trigger, so the asking stops.
    """
    state = field_of(job, "state", "")
    return {
        "job": job,
        "done": field_of(job, "done", 0),
        "total": field_of(job, "total", 0),
        "message": field_of(job, "message", ""),
        "running": state in ("queued", "running"),
        "queued": state == "queued",
        "tone": {"done": "ok", "failed": "bad", "cancelled": "wait"}.get(state, "info"),
        "word": field_of(job, "get_state_display", ""),
        "url": url,
        "verb": verb or _("已处理"),
        "unit": unit or _("行"),
    }


@register.inclusion_tag("components/empty.html")
def empty(sentence: Any, url: str = "", label: Any = "", icon_name: str = "inbox") -> dict[str, Any]:
    """``{% empty "还没有经营主体。" url "导入台账" %}``: one sentence why, one button what next."""
    return {"sentence": sentence, "url": url, "label": label, "icon_name": icon_name}


@register.inclusion_tag("components/timeline.html")
def timeline(events: Iterable[Any], more_url: str = "", more_label: Any = "") -> dict[str, Any]:
    """``{% timeline events %}``: each has ``at``, ``verb``, if known ``what``, ``icon``, ``tone`` red/green, ``url``."""
    return {"events": events, "more_url": more_url, "more_label": more_label}


IMPORT_STEPS = (gettext_lazy("上传"), gettext_lazy("检查"), gettext_lazy("确认"), gettext_lazy("完成"))


@register.inclusion_tag("components/steps.html")
def steps(
    current: int, labels: Iterable[Any] | None = None, notes: Iterable[Any] = (), stacked: bool = False
) -> dict[str, Any]:
    """``{% steps 3 %}``: 上传-检查-确认-完成 with step 3 at hand; ``labels`` for other roads, ``notes`` below.

    ``current`` one beyond the last marks all as done. ``stacked`` puts the words under the dots.
    """
    below = list(notes)
    rows = [
        {
            "number": number,
            "label": label,
            "note": below[number - 1] if number <= len(below) else "",
            "state": "done" if number < current else "now" if number == current else "next",
        }
        for number, label in enumerate(labels or IMPORT_STEPS, start=1)
    ]
    return {"steps": rows, "stacked": stacked or bool(below)}


@register.inclusion_tag("components/field.html")
def field(bound: Any, hint: Any = "", icon_name: str = "") -> dict[str, Any]:
    """``{% field form.name %}``: label, control, hint and errors of a bound field, tied for screen readers."""
    return {"field": bound, "hint": hint or bound.help_text, "icon_name": icon_name}
