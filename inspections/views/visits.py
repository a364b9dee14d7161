"""Pages for recording visits and reading them: an officer's own list, the form, the list, one visit."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.rules.rights import Permission
from entities.models import Business
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.formats import full_day
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.requests import PortalRequest
from inspections.errors import InspectionRefused, VisitRefused
from inspections.forms.visits import VisitForm, VoidForm, new_number
from inspections.lists import VISITS
from inspections.models import Visit
from inspections.reports import duties as duty_reports
from inspections.reports import visits as visit_reports
from inspections.services.visits import record_visit, void_visit
from records.services.evidence import EvidenceRefused
from records.views.lists import list_export, list_page

UNDO_REASON = "误点，当天撤销"


def wants_document(request: PortalRequest) -> bool:
    """Whether a phone's queue is asking, which reads JSON instead of a page."""
    return request.headers.get("Accept") == "application/json"


def _refused(request: PortalRequest, sentences: list[str]) -> JsonResponse:
    return JsonResponse({"errors": sentences}, status=422)


def _recorded(visit: Visit) -> JsonResponse:
    return JsonResponse({"visit": visit.pk, "url": reverse("visit-detail", args=[visit.pk])}, status=201)


@require_safe
@requires(Permission.MY_VISITS)
def my_visits(request: PortalRequest) -> HttpResponse:
    """What this officer's businesses owe, most urgent first."""
    report = duty_reports.my_visits(request.user, request.GET, timezone.now())
    template = (
        "inspections/_my_list.html"
        if request.htmx and not request.htmx.boosted
        else "inspections/my_visits.html"
    )
    return render(request, template, {"my": report, "new_number": new_number})


@require_POST
@requires(Permission.RECORD_VISIT)
def visit_quick(request: PortalRequest, business_id: int) -> HttpResponse:
    """No problem, in one tap."""
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=business_id)
    officers = visit_reports.officers_for(request.user, business)
    form = VisitForm(request.POST, request.FILES, officers=officers, items=(), today=timezone.localdate())
    refusals: list[str] = []
    if form.is_valid():
        try:
            visit = record_visit(
                business=business,
                officer=form.cleaned_data["officer"],
                on=form.cleaned_data["on"],
                mode=form.cleaned_data["mode"],
                client_uuid=form.cleaned_data["client_uuid"],
                by=request.user,
            )
        except VisitRefused as refusal:
            refusals = [str(refusal)]
        else:
            if wants_document(request):
                return _recorded(visit)
    else:
        refusals = form.sentences()
    if wants_document(request):
        return _refused(request, refusals)
    return _card(request, business, refusals)


def _card(request: PortalRequest, business: Business, refusals: list[str]) -> HttpResponse:
    """The business's card as it stands now with the figures; for a browser without scripts, the list again."""
    if not request.htmx:
        for sentence in refusals:
            messages.error(request, sentence)
        return redirect("my-visits")
    card, figures = duty_reports.my_card(request.user, business.pk, timezone.now())
    context = {"card": card, "figures": figures, "refusals": refusals, "new_number": new_number, "oob": True}
    return render(request, "inspections/_my_card.html", context, status=422 if refusals else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_VISIT)
def visit_new(request: PortalRequest, business_id: int) -> HttpResponse:
    """The form of one visit; answers a page, or JSON to a phone's queue."""
    business = get_object_or_404(
        Business.objects.visible_to(request.user).select_related("region"), pk=business_id
    )
    page = visit_reports.visit_form(request.user, business, timezone.localdate())
    if request.method != "POST":
        return render(request, "inspections/visit_form.html", {"page": page, "client_uuid": new_number()})
    form = VisitForm(request.POST, request.FILES, officers=page.officers, items=page.items, today=page.today)
    if not form.is_valid():
        return _form_again(request, page, form, form.sentences())
    try:
        visit = record_visit(
            business=business,
            officer=form.cleaned_data["officer"],
            on=form.cleaned_data["on"],
            mode=form.cleaned_data["mode"],
            answers=form.answers,
            problems=form.problems,
            checklist=page.checklist,
            client_uuid=form.cleaned_data["client_uuid"],
            by=request.user,
        )
    except (VisitRefused, EvidenceRefused) as refusal:
        return _form_again(request, page, form, [str(refusal)])
    if wants_document(request):
        return _recorded(visit)
    messages.success(request, _("已登记 %(name)s 的督导。") % {"name": business.name})
    return redirect("my-visits" if request.user.can(Permission.MY_VISITS) else visit_url(visit))


def visit_url(visit: Visit) -> str:
    """A visit's page."""
    return reverse("visit-detail", args=[visit.pk])


def _form_again(
    request: PortalRequest, page: visit_reports.VisitForm, form: VisitForm, sentences: list[str]
) -> HttpResponse:
    if wants_document(request):
        return _refused(request, sentences)
    context: dict[str, Any] = {
        "page": visit_reports.typed_again(page, request.POST, form.item_errors),
        "form": form,
        "refusals": sentences,
        "client_uuid": form.cleaned_data.get("client_uuid")
        or request.POST.get("client_uuid")
        or uuid.uuid4(),
    }
    return render(request, "inspections/visit_form.html", context, status=422)


def _list_context(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    return {
        "may_import": "visits" in request.user.import_kinds,
        "export_url": reverse("visit-export"),
    }


visit_list = list_page(
    VISITS,
    page="inspections/visit_list.html",
    fragment="inspections/_visit_table.html",
    context=_list_context,
)
visit_export = list_export(VISITS)


def _visit(request: PortalRequest, pk: int) -> Visit:
    visits = Visit.objects.visible_to(request.user).select_related(
        "business", "region", "officer", "checklist"
    )
    return get_object_or_404(visits.select_related("recorded_by"), pk=pk)


@require_safe
@requires(Permission.VIEW_VISITS)
def visit_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One visit: its answers, its problems, what it fulfilled."""
    return _detail(request, _visit(request, pk), VoidForm(), [])


def _detail(request: PortalRequest, visit: Visit, form: VoidForm, refusals: list[str]) -> HttpResponse:
    context = {
        "detail": visit_reports.visit_detail(request.user, visit, timezone.localdate()),
        "form": form,
        "refusals": refusals,
        "crumbs": [(_("督导记录"), reverse("visit-list")), (full_day(visit.visited_on), "")],
    }
    return render(request, "inspections/visit_detail.html", context, status=422 if refusals else 200)


@require_POST
@requires(Permission.RECORD_VISIT)
def visit_void(request: PortalRequest, pk: int) -> HttpResponse:
    """Take a visit back: from an officer's card without a word, from its page with a reason."""
    visit = get_object_or_404(
        Visit.objects.visible_to(request.user).select_related("business", "region"), pk=pk
    )
    from_card = bool(request.htmx)
    form = VoidForm({"reason": UNDO_REASON} if from_card else request.POST)
    refusals = [] if form.is_valid() else [str(m) for errors in form.errors.values() for m in errors]
    if not refusals:
        try:
            void_visit(visit=visit, reason=form.cleaned_data["reason"], by=request.user)
        except InspectionRefused as refusal:
            refusals = [str(refusal)]
    if from_card:
        return _card(request, visit.business, refusals)
    if refusals:
        return _detail(request, _visit(request, pk), form, refusals)
    messages.success(request, _("已撤销，督导任务重新计为未完成。"))
    return redirect(visit_url(visit))
