"""The clause explorer: points saved and lost per clause, from the frozen week, with reasons and parallel assessments."""

from __future__ import annotations

from django.contrib import messages
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
from campaigns.reports.clauses import ClauseRow, clause_rows, parallels
from campaigns.reports.evidence import ClauseProof, clause_proofs
from campaigns.reports.places import campaign_of
from campaigns.reports.remedies import remedied
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
        "proof": _proof(request.user, report, chosen),
        "may_submit": request.user.can(Permission.SUBMIT_EVIDENCE),
        "remedied": remedied(report, chosen.clause, request.user, timezone.localdate())
        if chosen and chosen.leaf and request.user.can(Permission.VIEW_ASSESSMENTS)
        else None,
        "may_remedy": request.user.can(Permission.MANAGE_ASSESSMENTS),
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


def _proof(user: User, report: WeeklyReport, chosen: ClauseRow | None) -> ClauseProof | None:
    """What the chosen clause asks to see and what is there, for those who may see proof."""
    if chosen is None or not chosen.leaf or not user.can(Permission.VIEW_EVIDENCE):
        return None
    found = clause_proofs(
        user=user, campaign=report.campaign, today=timezone.localdate(), clauses=[chosen.clause]
    )
    return found[0]


def _tasks(user: User, chosen: ClauseRow | None) -> list[TaskItem]:
    """Tasks that the clause's lead unit leads."""
    if chosen is None or chosen.clause.lead_unit_id is None:
        return []
    tasks = TaskItem.objects.visible_to(user).filter(lead_unit_id=chosen.clause.lead_unit_id)
    return list(tasks.exclude(state="done").order_by("due_on")[:5])


@require_POST
@requires(Permission.MANAGE_RULEBOOK)
def reading_new(request: PortalRequest, pk: int) -> HttpResponse:
    """The office's standing reading of one clause."""
    clause = get_object_or_404(
        Clause.objects.visible_to(request.user).select_related("rulebook").filter(children__isnull=True),
        pk=pk,
    )
    campaign = campaign_of(request.user)
    if campaign is None:
        raise Http404
    back = redirect(f"{reverse('clause-list')}?no={clause.no}")
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
            source=ReadingSource.REPORTED,
            note=data["note"],
            by=request.user,
        )
    except (CampaignRefused, EntryRefused) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已登记，下次冻结周报时计入得分。"))
    return back
