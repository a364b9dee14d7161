"""The comparison of assessments, and the step from a lost point to a problem or a task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import RegionLevel
from accounts.models import Region
from campaigns.choices import AssessmentKind
from campaigns.errors import CampaignRefused
from campaigns.exports import MATRIX
from campaigns.forms import RemedyForm
from campaigns.models import Assessment, Clause, WeeklyReport
from campaigns.reports.matrix import OWN, Matrix, MatrixRow, matrix_asked, shown_rows
from campaigns.reports.own_score import by_no, own_score, scores_of
from campaigns.reports.places import campaign_of
from campaigns.reports.sentences import said
from campaigns.rules.numbers import rounded
from campaigns.rules.rulebook import parse_rulebook
from campaigns.rules.scoring import ClauseScore
from campaigns.services.remedies import note_lost, remedy_by_problems, remedy_by_task
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.refusals import Refusal
from foodsafe_portal.lib.requests import PortalRequest
from records.views.exports import export_response


@require_safe
@requires(Permission.VIEW_ASSESSMENTS)
def assessment_matrix(request: PortalRequest) -> HttpResponse:
    """Our own score beside those of others, clause by clause."""
    today = timezone.localdate()
    matrix = matrix_asked(request.user, request.GET, today)
    if matrix is None:
        return render(request, "campaigns/matrix_empty.html", {})
    rows = shown_rows(matrix, request.GET)
    leaves = matrix.leaves
    may_manage = request.user.can(Permission.MANAGE_ASSESSMENTS)
    context = {
        "matrix": matrix,
        "rows": rows,
        "params": request.GET,
        "show": request.GET.get("show", ""),
        "tabs": [
            ("", _("全部"), len(leaves)),
            ("high", _("自评偏高"), sum(row.optimistic for row in leaves)),
            ("low", _("自评偏低"), sum(row.pessimistic for row in leaves)),
            ("open", _("有未评"), sum(row.open for row in leaves)),
            ("key", _("关键"), sum(row.key for row in leaves)),
            ("none", _("没有人在办"), len(matrix.nobody)),
        ],
        "chapters": [row.clause for row in matrix.rows if row.chapter],
        "units": sorted({row.unit for row in leaves if row.unit}),
        "bulk": [row for row in matrix.red if row.nobody] if may_manage else [],
        "may_manage": may_manage,
        "may_export": request.user.can(Permission.EXPORT),
        "days_left": (matrix.campaign.review_on - today).days,
        "now": timezone.localtime(),
    }
    template = "campaigns/_matrix_table.html" if request.htmx.target == "results" else "campaigns/matrix.html"
    return render(request, template, context)


@require_safe
@requires(Permission.VIEW_ASSESSMENTS)
@requires(Permission.EXPORT)
def matrix_export(request: PortalRequest) -> HttpResponseBase:
    """The comparison as shown, as a workbook or csv."""
    return export_response(request, MATRIX.key)


# --- from a lost point to a problem or a task -------------------------------------------------------


def _found(request: PortalRequest) -> tuple[Clause, Assessment | None, ClauseScore, str]:
    """The clause and assessment in the address with what was lost there; 404 for what this person does not see."""
    clauses = Clause.objects.visible_to(request.user).select_related("rulebook", "lead_unit")
    key, of = (request.POST.get(name) or request.GET.get(name, "") for name in ("clause", "assessment"))
    clause = get_object_or_404(clauses, pk=key if key.isdecimal() else 0)
    tree = parse_rulebook(clause.rulebook.document)
    if of and of != OWN:
        assessment = get_object_or_404(
            Assessment.objects.visible_to(request.user).select_related("campaign"),
            pk=of if of.isdecimal() else 0,
            rulebook=clause.rulebook,
        )
        results, notes = scores_of([assessment], clause.rulebook, tree)
        scored = by_no(results[assessment.pk]).get(clause.no)
        note = notes[assessment.pk].get(clause.no, "")
    else:
        assessment, note = None, ""
        report = _report(request, clause)
        scored = by_no(own_score(report, tree)).get(clause.no)
    if scored is None:
        raise Http404
    return clause, assessment, scored, note


def _report(request: PortalRequest, clause: Clause) -> WeeklyReport:
    reports = WeeklyReport.objects.newest_seen_by(request.user).filter(
        campaign=campaign_of(request.user), rulebook=clause.rulebook
    )
    report = reports.select_related("campaign", "rulebook").first()
    if report is None:
        raise Http404
    return report


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_ASSESSMENTS)
def lost_remedy(request: PortalRequest) -> HttpResponse:
    """Turn what a clause lost into a problem or a task, for one body or for every county."""
    clause, assessment, scored, note = _found(request)
    campaign = assessment.campaign if assessment else campaign_of(request.user)
    if campaign is None:
        raise Http404
    counties = Region.objects.visible_to(request.user).filter(
        level=RegionLevel.COUNTY, closed_on__isnull=True, code__startswith=campaign.region_id
    )
    lost, why = rounded(scored.lost, 3), said(scored.why)
    about = note or scored.facts
    form = RemedyForm(
        request.POST or None,
        counties=counties,
        initial={
            "kind": "problem",
            "words": f"{clause.title}：{about}" if about else clause.title,
            "unit": clause.lead_unit_id,
            "regained": lost,
        },
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            noted = note_lost(
                campaign=campaign, clause=clause, assessment=assessment, points=lost, why=about or why,
                regained=given["regained"], by=request.user,
            )  # fmt: skip
            made = _remedy(noted, given, timezone.localdate(), request.user)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("已转 %(n)s 项，失分与整改已互相关联。") % {"n": len(made)})
            return redirect(f"{reverse('assessment-matrix')}?q={clause.no}")
    context = {
        "form": form,
        "clause": clause,
        "assessment": assessment,
        "lost": lost,
        "why": why,
        "note": note,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "campaigns/remedy_form.html", context, status=status)


def _remedy(noted: Any, given: dict[str, Any], today: date, by: Any) -> list[Any]:
    if given["kind"] == "task":
        return remedy_by_task(
            lost=noted,
            title=given["words"],
            starts_on=today,
            due_on=given["due_on"],
            unit=given["unit"],
            by=by,
        )
    counties = list(given["counties"]) if given["kind"] == "counties" else []
    return remedy_by_problems(
        lost=noted, description=given["words"], found_on=today, due_on=given["due_on"], unit=given["unit"],
        counties=counties, severity=given["severity"], by=by,
    )  # fmt: skip


@require_POST
@requires(Permission.MANAGE_ASSESSMENTS)
def lost_remedies(request: PortalRequest) -> HttpResponse:
    """Open a problem for each clause whose own score is far above the outside one and on which nobody works."""
    today = timezone.localdate()
    matrix = matrix_asked(request.user, request.GET, today)
    if matrix is None:
        raise Http404
    rows = [row for row in matrix.red if row.nobody]
    _each(request, rows, lambda row: _open_problem(matrix, row, today, request.user))
    return redirect("assessment-matrix")


def _each(request: PortalRequest, rows: list[MatrixRow], act: Callable[[MatrixRow], Any]) -> None:
    done = 0
    for row in rows:
        try:
            act(row)
        except CampaignRefused as refusal:
            messages.error(request, f"{row.clause.no}：{refusal}")
        except Refusal as refusal:
            messages.error(request, f"{row.clause.no}：{refusal}")
        else:
            done += 1
    messages.success(request, _("已转 %(n)s 个问题。") % {"n": done})


def _open_problem(matrix: Matrix, row: MatrixRow, today: date, by: Any) -> None:
    """A problem for the assessment against which the gap is largest."""
    place = max(range(len(row.exact)), key=lambda n: -1 if row.exact[n] is None else row.exact[n] or 0)
    column = matrix.others[place]
    scored = column.scored[row.clause.no]
    assessment = Assessment.objects.visible_to(by).get(pk=column.key)
    about = column.notes.get(row.clause.no, "") or scored.facts
    noted = note_lost(
        campaign=matrix.campaign, clause=row.clause, assessment=assessment, points=rounded(scored.lost, 3),
        why=about, by=by,
    )  # fmt: skip
    kind = AssessmentKind(assessment.kind).label
    remedy_by_problems(lost=noted, description=f"{kind}：{row.clause.title}：{about}", found_on=today, by=by)
