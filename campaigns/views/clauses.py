"""The clause explorer: points saved and lost per clause, from the frozen week, with reasons and parallel assessments."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from campaigns.choices import ReadingSource
from campaigns.clause_export import READINGS, RULEBOOK
from campaigns.errors import CampaignRefused
from campaigns.forms import ReadingForm
from campaigns.models import Assessment, Clause, TaskItem, WeeklyReport
from campaigns.reports.clauses import ClauseRow, clause_rows, parallels, reading_in_words
from campaigns.reports.places import campaign_of
from campaigns.reports.score import score_card
from campaigns.rules.entry import EntryRefused, asked, reading_from
from campaigns.services.rulebooks import record_reading
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.views.exports import export_response


def _report(user: User, week: str) -> WeeklyReport | None:
    """The frozen week asked for (the newest when none is), within scope."""
    campaign = campaign_of(user)
    reports = WeeklyReport.objects.newest_seen_by(user).filter(campaign=campaign)
    if week:
        reports = reports.filter(week=week)
    return reports.select_related("campaign", "rulebook").first()


def _kept(row: ClauseRow, show: str, words: str) -> bool:
    if words and words not in row.clause.title and words not in row.clause.no:
        return False
    match show:
        case "lost":
            return row.leaf and row.lost > 0
        case "waiting":
            return row.leaf and row.state == "unassessed"
        case "key":
            return row.key
    return True


@require_safe
@requires(Permission.VIEW_RULEBOOK)
def clause_list(request: PortalRequest) -> HttpResponse:
    """The tree with points per clause; beside it the clause that was chosen."""
    report = _report(request.user, request.GET.get("week", ""))
    if report is None or report.rulebook is None:
        given = Assessment.objects.visible_to(request.user).filter(assessor=request.user)
        return render(
            request,
            "campaigns/clause_empty.html",
            {"report": report, "assessments": given.select_related("rulebook").order_by("-held_on", "-pk")},
        )
    card, _tree = (
        score_card(report.rulebook, report.score, week=report.week) if report.score else (None, None)
    )
    rows = clause_rows(report, frozenset(card.key_nos if card else ()))
    leaves = [row for row in rows if row.leaf]
    show, words = request.GET.get("show", ""), request.GET.get("q", "").strip()
    chosen = next((row for row in rows if row.clause.no == request.GET.get("no")), None)
    context = {
        "report": report,
        "card": card,
        "rows": [row for row in rows if _kept(row, show, words)],
        "tabs": [
            ("", _("全部"), len(leaves)),
            ("lost", _("失分"), sum(1 for row in leaves if row.lost > 0)),
            ("waiting", _("未评"), sum(1 for row in leaves if row.state == "unassessed")),
            ("key", _("关键"), sum(1 for row in rows if row.key)),
        ],
        "show": show,
        "params": request.GET,
        "chosen": chosen,
        "parallels": parallels(report, chosen, request.user) if chosen and chosen.leaf else [],
        "tasks": _tasks(request.user, chosen),
        "may_export": request.user.can(Permission.EXPORT),
        "may_read": request.user.can(Permission.MANAGE_RULEBOOK),
        "asked": asked(chosen.clause.method, chosen.clause.params) if chosen and chosen.leaf else "",
        "today": timezone.localdate(),
    }
    return render(request, "campaigns/clause_list.html", context)


@require_safe
@requires(Permission.EXPORT)
def reading_export(request: PortalRequest) -> HttpResponseBase:
    """What was found for clauses, as the ledger that can be imported again."""
    return export_response(request, READINGS)


@require_safe
@requires(Permission.EXPORT)
def rulebook_export(request: PortalRequest) -> HttpResponseBase:
    """Editions of the rulebook, as the ledger that can be imported again."""
    return export_response(request, RULEBOOK)


def _tasks(user: User, chosen: ClauseRow | None) -> list[TaskItem]:
    """Tasks that the clause's lead unit leads."""
    if chosen is None or chosen.clause.lead_unit_id is None:
        return []
    tasks = TaskItem.objects.visible_to(user).filter(lead_unit_id=chosen.clause.lead_unit_id)
    return list(tasks.exclude(state="done").order_by("due_on")[:5])


@require_safe
@requires(Permission.ASSESS, Permission.MANAGE_RULEBOOK)
def assessment_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One assessment's clauses and what was found, for the assessor it was given to."""
    assessment = get_object_or_404(
        Assessment.objects.visible_to(request.user).select_related("rulebook", "campaign"), pk=pk
    )
    readings = {
        reading.clause_id: reading
        for reading in assessment.readings.filter(voided_at__isnull=True).select_related("recorded_by")
    }
    clauses = Clause.objects.filter(rulebook=assessment.rulebook, children__isnull=True).order_by("order")
    if not clauses:
        raise Http404
    context = {
        "assessment": assessment,
        "rows": [
            (
                clause,
                reading_in_words(readings[clause.pk].value) if clause.pk in readings else "",
                asked(clause.method, clause.params),
            )
            for clause in clauses.select_related("parent")
        ],
        "today": timezone.localdate(),
    }
    return render(request, "campaigns/assessment.html", context)


@require_POST
@requires(Permission.ASSESS, Permission.MANAGE_RULEBOOK)
def reading_new(request: PortalRequest, pk: int) -> HttpResponse:
    """What was found for one clause: the office's standing reading, or an assessor's inside their assessment."""
    clause = get_object_or_404(
        Clause.objects.visible_to(request.user).select_related("rulebook").filter(children__isnull=True),
        pk=pk,
    )
    assessment = None
    if chosen := request.POST.get("assessment", ""):
        assessments = Assessment.objects.visible_to(request.user).select_related("campaign")
        assessment = get_object_or_404(
            assessments, pk=chosen if chosen.isdecimal() else 0, closed_at__isnull=True
        )
    elif not request.user.can(Permission.MANAGE_RULEBOOK):
        raise PermissionDenied
    campaign = assessment.campaign if assessment else campaign_of(request.user)
    if campaign is None:
        raise Http404
    back = (
        redirect("assessment-detail", pk=assessment.pk)
        if assessment
        else redirect(f"{reverse('clause-list')}?no={clause.no}")
    )
    form = ReadingForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请写结果和日期。"))
        return back
    data = form.cleaned_data
    try:
        record_reading(
            campaign=campaign,
            clause=clause,
            value=reading_from(clause.method, clause.params, data["value"], data["note"]),
            on=data["on"],
            source=ReadingSource.ASSESSED if assessment else ReadingSource.REPORTED,
            note=data["note"],
            by=request.user,
            assessment=assessment,
        )
    except (CampaignRefused, EntryRefused) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已登记，下次冻结周报时计入得分。"))
    return back
