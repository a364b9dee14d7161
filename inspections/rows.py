"""Rows of this room's lists as HTML, written in plain Python: a template takes four fifths of a list page's time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from foodsafe_portal.lib.formats import full_day
from foodsafe_portal.templatetags.portal import deadline_badge, scale_tag, state_badge
from inspections.reports.duties import DutyRow
from inspections.reports.visits import VisitRow

PART_TONES = {
    "overdue": ("bad", ""),
    "open": ("info", ""),
    "done": ("ok", ""),
    "excluded": ("wait", "circle-minus"),
}


def duty_rows(rows: Sequence[DutyRow], *, may_record: bool) -> SafeString:
    """The body of the table of duties."""
    return format_html_join("\n", "{}", ((_duty(row, may_record),) for row in rows))


def _duty(row: DutyRow, may_record: bool) -> SafeString:
    duty, business = row.duty, row.duty.business
    tone, icon_name = PART_TONES[row.part]
    standing: Any = deadline_badge(row.badge) if row.badge else state_badge(tone, icon_name, row.exclusion)
    since = duty.excluded_on if row.part == "excluded" else duty.fulfilled_on if row.part == "done" else None
    act: Any = ""
    if may_record:
        word = _("登记督导")
        link = format_html('<a href="{}">{}</a>', reverse("visit-new", args=[business.pk]), word)
        act = format_html('<td class="nowrap">{}</td>', link if row.part in ("overdue", "open") else "")
    return format_html(
        '<tr><th scope="row" class="visit-name"><a href="{}">{}</a><small>{}</small></th><td class="nowrap">{}</td><td>{}</td>'
        '<td class="nowrap">{}</td><td class="nowrap">{}</td><td class="nowrap">{} <span class="note">{}</span></td>'
        '<td class="num">{} / {}</td>{}</tr>',
        reverse("business-detail", args=[business.pk]),
        business.name,
        business.premises_address,
        row.place or _("市本级"),
        scale_tag(_("包保"), duty.grade),
        duty.officer.name if duty.officer else format_html('<span class="muted">{}</span>', _("未包保")),
        full_day(duty.due_on),
        standing,
        full_day(since) if since and row.part == "excluded" else "",
        duty.visits_made,
        duty.times,
        act,
    )


def visit_rows(rows: Sequence[VisitRow]) -> SafeString:
    """The body of the table of visits."""
    return format_html_join("\n", "{}", ((_visit(row),) for row in rows))


def _visit(row: VisitRow) -> SafeString:
    visit = row.visit
    if visit.voided_at:
        result = state_badge("wait", "circle-minus", _("已撤销"))
    elif visit.problem_count:
        result = state_badge("warn", "flag", _("%(n)s 个问题") % {"n": visit.problem_count})
    else:
        result = state_badge("ok", "", _("无问题"))
    return format_html(
        '<tr><th scope="row" class="visit-name"><a href="{}">{}</a></th><td class="nowrap">{}</td><td class="nowrap">{}</td><td>{}</td>'
        '<td class="nowrap">{}<small>{}</small></td><td class="nowrap">{}</td><td class="nowrap">{}</td></tr>',
        reverse("visit-detail", args=[visit.pk]),
        visit.business.name,
        full_day(visit.visited_on),
        row.place or _("市本级"),
        scale_tag(_("包保"), visit.grade),
        visit.officer_name,
        visit.get_officer_level_display() if visit.officer_level else "",
        visit.get_mode_display(),
        result,
    )
