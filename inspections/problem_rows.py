"""Rows and cards of problems as HTML, written in plain Python: a template takes four fifths of a list page's time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from foodsafe_portal.lib.formats import short_day
from foodsafe_portal.templatetags.portal import deadline_badge, scale_tag, state_badge
from inspections.models import Problem
from inspections.reports.problems import ProblemRow


def problem_rows(rows: Sequence[ProblemRow], today: date) -> SafeString:
    """The body of the table of problems."""
    return format_html_join("\n", "{}", ((_row(row, today),) for row in rows))


def _row(row: ProblemRow, today: date) -> SafeString:
    problem = row.problem
    answers = " · ".join(name for name in (problem.leader_name, problem.owner_name) if name)
    return format_html(
        '<tr><th scope="row" class="problem-what"><a href="{}">{}</a><small>{}{}</small>'
        '<span class="row-line phone-only">{}{}</span></th>'
        "<td>{}<small>{}</small></td><td>{}<small>{}</small></td>"
        '<td class="nowrap">{}</td><td class="nowrap"><span class="{}">{}</span></td><td class="nowrap">{}</td>'
        '<td class="nowrap">{}</td><td class="nowrap">{} {}</td></tr>',
        reverse("problem-detail", args=[problem.pk]),
        shortened(problem.description, 46),
        problem.code,
        counted(problem),
        state_badge(row.tone, row.icon, row.state),
        deadline_badge(row.badge),
        where(problem),
        row.place or _("市本级"),
        problem.unit or format_html('<span class="muted">{}</span>', _("未定")),
        answers,
        scale_tag(_("包保"), problem.grade) if problem.grade else mark_safe('<span class="muted">—</span>'),
        row.severity_tone,
        problem.get_severity_display(),
        problem.get_source_display(),
        state_badge(row.tone, row.icon, row.state),
        short_day(problem.due_on, today=today),
        deadline_badge(row.badge),
    )


def problem_card(row: ProblemRow, today: date) -> SafeString:
    """One problem on the board."""
    problem = row.problem
    return format_html(
        '<li class="board-card"><a href="{}">{}</a><span class="note">{}</span>'
        '<span class="row-line"><span class="soft">{}</span></span>'
        '<span class="row-line"><span class="{}">{}</span><span>{} {}</span></span></li>',
        reverse("problem-detail", args=[problem.pk]),
        shortened(problem.description, 40),
        " · ".join(str(part) for part in (problem.code, where(problem)) if part),
        problem.unit or _("责任单位未定"),
        row.severity_tone,
        problem.get_severity_display(),
        short_day(problem.due_on, today=today),
        deadline_badge(row.badge),
    )


def where(problem: Problem) -> str:
    """The business or spot, as a list names it."""
    return problem.business.name if problem.business else problem.place


def shortened(words: str, most: int) -> str:
    """The first words of a description, with an ellipsis where there are more."""
    line = " ".join(words.split())
    return line if len(line) <= most else f"{line[:most]}…"


def counted(problem: Problem) -> Any:
    """How often it came back, was extended or reopened; nothing where it never was."""
    said = [
        words % {"n": count}
        for words, count in (
            (_("退回 %(n)s 次"), problem.return_count),
            (_("延期 %(n)s 次"), problem.extension_count),
            (_("反弹 %(n)s 次"), problem.reopen_count),
        )
        if count
    ]
    return format_html(' <span class="amber">{}</span>', " ".join(said)) if said else ""
