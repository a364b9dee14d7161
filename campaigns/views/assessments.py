"""Assessments: their list, opening and giving them, and the sheet that is saved as one types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import RegionLevel
from accounts.models import Region
from campaigns.errors import CampaignRefused
from campaigns.forms import AssessmentForm, SeatsForm
from campaigns.lists import ASSESSMENTS
from campaigns.models import Assessment, Campaign, Clause
from campaigns.reports.places import campaign_of
from campaigns.reports.sheets import sheet_of
from campaigns.rules.typed import Typed, cut
from campaigns.services.assessments import (
    SheetConflict,
    close_assessment,
    give_assessment,
    hand_in,
    may_fill,
    missing_words,
    open_assessment,
    open_county_assessments,
    return_assessment,
    save_entry,
)
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.views.lists import list_export, list_page


def _list_context(request: PortalRequest, found: Any) -> dict[str, Any]:
    return {"may_manage": request.user.can(Permission.MANAGE_ASSESSMENTS)}


assessment_list = list_page(
    ASSESSMENTS,
    page="campaigns/assessment_list.html",
    fragment="campaigns/_assessment_table.html",
    context=_list_context,
)
assessment_export = list_export(ASSESSMENTS)


def _assessment(request: PortalRequest, pk: int) -> Assessment:
    rows = Assessment.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("campaign", "rulebook", "region", "handed_in_by"), pk=pk)


def _campaign(request: PortalRequest) -> Campaign:
    campaign = campaign_of(request.user)
    if campaign is None:
        raise Http404
    return campaign


# --- opening and giving ----------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_ASSESSMENTS)
def assessment_new(request: PortalRequest) -> HttpResponse:
    """Open an assessment of the city, or one of every county."""
    campaign, today = _campaign(request), timezone.localdate()
    form = AssessmentForm(
        request.POST or None, campaign=campaign, day=today, initial={"held_on": today, "kind": "mock"}
    )
    if request.method == "POST" and form.is_valid():
        try:
            opened = _open(request, campaign, form.cleaned_data)
        except CampaignRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("已开 %(n)s 份测评。") % {"n": len(opened)})
            return (
                redirect("assessment-detail", pk=opened[0].pk)
                if len(opened) == 1
                else redirect("assessment-list")
            )
    status = 422 if request.method == "POST" else 200
    return render(
        request, "campaigns/assessment_form.html", {"form": form, "campaign": campaign}, status=status
    )


def _open(request: PortalRequest, campaign: Campaign, given: dict[str, Any]) -> list[Assessment]:
    if given["each_county"]:
        counties = Region.objects.visible_to(request.user).filter(
            level=RegionLevel.COUNTY, closed_on__isnull=True, code__startswith=campaign.region_id
        )
        return open_county_assessments(
            campaign=campaign,
            title=given["title"],
            held_on=given["held_on"],
            counties=counties.order_by("code"),
            by=request.user,
        )
    names = ("kind", "title", "held_on", "people")
    return [open_assessment(campaign=campaign, by=request.user, **{name: given[name] for name in names})]


# --- the sheet -------------------------------------------------------------------------------------


@require_safe
@requires(Permission.ASSESS, Permission.VIEW_ASSESSMENTS)
def assessment_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """The sheet: to be filled by whoever it was given to, to be read by the others who see it."""
    return _show(request, _assessment(request, pk))


def _show(
    request: PortalRequest, assessment: Assessment, *, problem: str = "", status: int = 200
) -> HttpResponse:
    manages = request.user.can(Permission.MANAGE_ASSESSMENTS)
    today = timezone.localdate()
    people = [seat.user for seat in assessment.seats.select_related("user")]
    initial = {"people": [user.pk for user in people]}
    sheet = sheet_of(assessment)
    context = {
        "assessment": assessment,
        "sheet": sheet,
        "fills": may_fill(assessment, request.user),
        "manages": manages,
        "people": people or ([assessment.assessor] if assessment.assessor else []),
        "seats": SeatsForm(campaign=assessment.campaign, day=today, initial=initial) if manages else None,
        "missing_words": missing_words(sheet.missing),
        "problem": problem,
        "compares": request.user.can(Permission.VIEW_ASSESSMENTS),
    }
    return render(request, "campaigns/assessment.html", context, status=status)


@require_POST
@requires(Permission.ASSESS)
def assessment_save(request: PortalRequest, pk: int) -> HttpResponse:
    """Save the clauses that were sent: one as it is typed, or all of the sheet at once."""
    assessment = _assessment(request, pk)
    clauses = assessment.rulebook.clauses.in_bulk(list(_sent(request.POST)))
    conflicts: list[SheetConflict] = []
    saved: list[Clause] = []
    for key, clause in clauses.items():
        try:
            done = save_entry(
                assessment=assessment,
                clause=clause,
                typed=_typed(request.POST, key),
                seen=request.POST.get(f"seen-{key}", ""),
                by=request.user,
            )
        except SheetConflict as conflict:
            conflicts.append(conflict)
        except CampaignRefused as refusal:
            if request.htmx:
                return render(
                    request,
                    "campaigns/_sheet_refused.html",
                    {"problem": str(refusal), "key": key},
                    status=409,
                )
            return _show(request, assessment, problem=str(refusal), status=409)
        else:
            saved += [clause] if done.changed else []
    if request.htmx and len(clauses) == 1:
        sheet = sheet_of(assessment)
        context = {
            "assessment": assessment,
            "sheet": sheet,
            "row": sheet.row(next(iter(clauses))),
            "conflict": conflicts[0] if conflicts else None,
            "missing_words": missing_words(sheet.missing),
            "fills": True,
            "oob": True,
        }
        return render(request, "campaigns/_sheet_saved.html", context, status=409 if conflicts else 200)
    if conflicts:
        words = "、".join(
            f"{one.clause.no}（{_spoken(one.stands)}／{_spoken(one.typed)}）" for one in conflicts
        )
        return _show(
            request,
            assessment,
            problem=_("别人在您之后先保存了：%(words)s；括号里先是现在的，后是您写的，请重填。")
            % {"words": words},
            status=409,
        )
    messages.success(request, _("已保存 %(n)s 条。") % {"n": len(saved)})
    return redirect("assessment-detail", pk=pk)


def _spoken(typed: Typed) -> str:
    values = [value for _name, value, _found in typed.sites]
    return _("不适用") if typed.na else typed.value or "、".join(values) or _("空")


def _sent(data: QueryDict) -> Iterator[int]:
    """The clauses whose cells were sent."""
    for name in data:
        key = name.removeprefix("seen-")
        if key != name and key.isdecimal():
            yield int(key)


def _typed(data: QueryDict, key: int) -> Typed:
    names, values, found = (data.getlist(f"{part}-{key}") for part in ("site", "site_value", "site_found"))
    sites = list(zip(names, values, found, strict=False))
    return cut(
        data.get(f"value-{key}", ""), data.get(f"words-{key}", ""), sites, na=bool(data.get(f"na-{key}"))
    )


# --- its way ---------------------------------------------------------------------------------------


def _step(request: PortalRequest, pk: int, act: Callable[[Assessment], Any], done: str) -> HttpResponse:
    assessment = _assessment(request, pk)
    try:
        act(assessment)
    except CampaignRefused as refusal:
        return _show(request, _assessment(request, pk), problem=str(refusal), status=422)
    messages.success(request, done)
    return redirect("assessment-detail", pk=pk)


@require_POST
@requires(Permission.ASSESS)
def assessment_hand_in(request: PortalRequest, pk: int) -> HttpResponse:
    """Hand the sheet in; what is missing is said and needs a second yes."""
    incomplete = bool(request.POST.get("incomplete"))
    return _step(
        request,
        pk,
        lambda assessment: hand_in(assessment=assessment, by=request.user, incomplete=incomplete),
        _("已交卷并锁定。"),
    )


@require_POST
@requires(Permission.MANAGE_ASSESSMENTS)
def assessment_give(request: PortalRequest, pk: int) -> HttpResponse:
    """Say who fills it."""
    assessment = _assessment(request, pk)
    form = SeatsForm(request.POST, campaign=assessment.campaign, day=timezone.localdate())
    if not form.is_valid():
        return _show(request, assessment, problem=_("请从名单里选人。"), status=422)
    people = list(form.cleaned_data["people"])
    return _step(
        request,
        pk,
        lambda one: give_assessment(assessment=one, people=people, by=request.user),
        _("已交办。"),
    )


@require_POST
@requires(Permission.MANAGE_ASSESSMENTS)
def assessment_return(request: PortalRequest, pk: int) -> HttpResponse:
    """Open it again with a reason."""
    reason = request.POST.get("reason", "")[:300]
    return _step(
        request,
        pk,
        lambda assessment: return_assessment(assessment=assessment, reason=reason, by=request.user),
        _("已退回，可以再改。"),
    )


@require_POST
@requires(Permission.MANAGE_ASSESSMENTS)
def assessment_close(request: PortalRequest, pk: int) -> HttpResponse:
    """End it."""
    return _step(
        request,
        pk,
        lambda assessment: close_assessment(assessment=assessment, by=request.user),
        _("测评已结束。"),
    )
