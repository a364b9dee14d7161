"""The list behind a figure, and the same rows as a file."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.rules.rights import Permission
from campaigns.reports.cells import Openers
from campaigns.reports.figure_list import Asked, NoSuchFigure, RowsRefused, figure_asked, figure_page, rows_of
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest
from records.views.exports import export_response


def _crumbs(asked: Asked) -> list[tuple[Any, str]]:
    """Where a list stands: frozen weeks, this week, the measure."""
    week = _("第 %(number)s 周") % {"number": asked.question.week.number}
    return [
        (_("周报"), reverse("report-list")),
        (week, reverse("report-detail", args=[asked.report.pk])),
        (asked.measure.label, ""),
    ]


@require_GET
@requires(Permission.VIEW_DASHBOARD)
def figure_list(
    request: PortalRequest, report: int, measure: str, level: str, code: str, part: str
) -> HttpResponse:
    """The rows of one frozen figure, as known when the week was frozen."""
    question = {"report": str(report), "measure": measure, "level": level, "code": code, "part": part}
    narrowed = {name: request.GET.get(name, "") for name in ("grade", "unit")}
    try:
        asked = figure_asked(request.user, question | narrowed)
        try:
            page = figure_page(request.user, asked, request.GET, Openers(report))
        except RowsRefused as refusal:
            context = {"asked": asked, "sentence": str(refusal), "crumbs": _crumbs(asked)}
            return render(request, "campaigns/figure_refused.html", context, status=403)
    except RowsRefused:
        raise Http404 from None
    except NoSuchFigure:
        raise Http404 from None
    fragment = request.htmx and request.htmx.target == "results"
    template = "campaigns/_figure_rows.html" if fragment else "campaigns/figure_list.html"
    return render(request, template, {"list": page, "asked": asked, "crumbs": _crumbs(asked)})


@require_GET
@requires(Permission.VIEW_DASHBOARD)
@requires(Permission.EXPORT)
def figure_export(request: PortalRequest) -> HttpResponseBase:
    """Exactly the rows of the list whose question the parameters repeat."""
    try:
        asked = figure_asked(request.user, request.GET)
        rows_of(asked, request.user)
    except NoSuchFigure:
        raise Http404 from None
    except RowsRefused as refusal:
        context = {"asked": asked, "sentence": str(refusal), "crumbs": _crumbs(asked)}
        return render(request, "campaigns/figure_refused.html", context, status=403)
    return export_response(request, asked.measure.listing.key)
