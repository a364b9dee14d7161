"""Rows of the register's lists as HTML, written in plain Python: a template takes four fifths of a list page's time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from html import escape
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entities.choices import BusinessStatus, BusinessType
from entities.hooks import DutyLine
from entities.reports.businesses import BusinessRow
from foodsafe_portal.lib.formats import NO_VALUE, short_day
from foodsafe_portal.templatetags.portal import deadline_badge, scale_tag, state_badge

STATUS_TONES = {BusinessStatus.NORMAL: "ok", BusinessStatus.SUSPENDED: "warn", BusinessStatus.DORMANT: "warn"}


def status_badge(status: str) -> SafeString:
    """经营状态 as a badge; only 正常 is green, because only 正常 counts."""
    tone = STATUS_TONES.get(BusinessStatus(status), "wait")
    return state_badge(tone, "" if tone == "ok" else "circle-minus", BusinessStatus(status).label)


@lru_cache(maxsize=256)
def _scale(language: str, scale: str, letter: str) -> str:
    """A scale tag; the same few dozen come back in every row."""
    return str(scale_tag(scale, letter))


@lru_cache(maxsize=64)
def _words(language: str, kind: str, code: str) -> str:
    """Small pieces that depend on the language and a code only."""
    pieces: dict[str, Any] = {
        "type": lambda: escape(str(BusinessType(code).label)),
        "status": lambda: str(status_badge(code)),
        "high": lambda: str(state_badge("warn", "alert-triangle", _("高风险"))),
        "excluded": lambda: str(state_badge("wait", "circle-minus", _("剔除"))),
        "none": lambda: f'<span class="muted">{NO_VALUE}</span>',
        "unbound": lambda: f'<span class="muted">{escape(_("未包保"))}</span>',
        "inapplicable": lambda: f'<span class="muted">{escape(_("不适用"))}</span>',
    }
    return str(pieces[kind]())


@lru_cache(maxsize=4096)
def _duty(language: str, duty: DutyLine | None, today: date) -> SafeString:
    """A deadline badge; a page's duties fall due on the same few days."""
    if duty is None:
        return mark_safe(_words(language, "none", ""))
    if duty.part == "excluded":
        return mark_safe(_words(language, "excluded", ""))
    return deadline_badge(duty)


def duty_badge(duty: DutyLine | None) -> SafeString:
    """How a business's duty stands; nothing owed is a dash."""
    return _duty(get_language() or "", duty, timezone.localdate())


def business_rows_html(rows: Iterable[BusinessRow], *, today: date, with_county: bool) -> SafeString:
    """The body of the business list's table."""
    language = get_language() or ""
    labels = [str(_("包保")), str(_("风险")), str(_("信用")), str(_("量化"))]
    address = reverse("business-detail", args=[0])[: -len("0/")]
    wrong = str(_("信用代码校验位不符"))
    parts = [_row(row, language, labels, address, wrong, today, with_county) for row in rows]
    return mark_safe("".join(parts))


def _row(
    row: BusinessRow,
    language: str,
    labels: list[str],
    address: str,
    wrong: str,
    today: date,
    with_county: bool,
) -> str:
    codes = [
        escape(code) + mark
        for code, mark in (
            (
                row.credit_code,
                f' <i class="ti ti-alert-triangle amber" title="{escape(row.credit_code_problem)}" role="img" '
                f'aria-label="{wrong}"></i>'
                if row.credit_code_problem
                else "",
            ),
            (row.licence_no, ""),
        )
        if code
    ]
    badges = _words(language, "high", "") if row.high_risk else ""
    if row.status != "normal":
        badges += " " + _words(language, "status", row.status)
    place = escape(row.township or row.county) + (
        f"<small>{escape(row.county)}</small>" if with_county and row.township else ""
    )
    officers = escape("、".join(row.officers[:2])) + (
        f" +{len(row.officers) - 2}" if len(row.officers) > 2 else ""
    )
    catering = (
        _words(language, "inapplicable", "")
        if row.catering_grade is None
        else _scale(language, labels[3], row.catering_grade)
    )
    due_on = row.duty.due_on if row.duty else None
    return (
        f'<tr><th scope="row"><a href="{address}{row.id}/">{escape(row.name)}</a> {badges}'
        f"<small>{' · '.join(codes)}</small></th>"
        f'<td class="nowrap">{_words(language, "type", row.business_type)}</td><td class="nowrap">{place}</td>'
        f"<td>{_scale(language, labels[0], row.responsibility_grade)}</td>"
        f"<td>{_scale(language, labels[1], row.risk_grade)}</td>"
        f"<td>{_scale(language, labels[2], row.credit_grade)}</td><td>{catering}</td>"
        f'<td class="nowrap">{officers or _words(language, "unbound", "")}</td>'
        f'<td class="num">{short_day(due_on, today=today)}</td><td>{_duty(language, row.duty, today)}</td></tr>'
    )


def masked(phone: str) -> str:
    """A telephone number of which a passer-by learns nothing: ``138****5678``."""
    if len(phone) < 7:
        return "*" * len(phone)
    return f"{phone[:3]}{'*' * (len(phone) - 7)}{phone[-4:]}"
