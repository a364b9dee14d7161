"""Pages of escalation: the steps, one step with its decision, and the rules."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.rules.rights import Permission
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.requests import PortalRequest
from inspections.errors import InspectionRefused
from inspections.forms.escalation import DecisionForm, OutcomeForm, RuleForm
from inspections.lists.escalation import ESCALATION_STEPS, thing_title
from inspections.models import EscalationRule, EscalationStep
from inspections.services.escalation import decide_step, record_outcome, save_escalation_rule
from inspections.services.overdue_things import overdue_thing
from records.services.rows import RowRefused
from records.views.lists import list_export, list_page


def _around(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    return {"thing_title": thing_title, "may_export": request.user.can(Permission.EXPORT)}


escalation_list = list_page(
    ESCALATION_STEPS,
    page="inspections/escalation_list.html",
    fragment="inspections/_escalation_table.html",
    context=_around,
)
escalation_export = list_export(ESCALATION_STEPS)


def _step(request: PortalRequest, pk: int) -> EscalationStep:
    named = ("recipient", "unit", "region", "rule", "decided_by")
    return get_object_or_404(EscalationStep.objects.visible_to(request.user).select_related(*named), pk=pk)


def _shown(request: PortalRequest, step: EscalationStep, form: Any = None, status: int = 200) -> HttpResponse:
    thing = overdue_thing(step.thing)
    deciding = step.state == "proposed" and request.user.can(Permission.DECIDE_ESCALATION)
    holding = (
        step.state == "approved" and step.held_on is None and request.user.can(Permission.DECIDE_ESCALATION)
    )
    earlier = EscalationStep.objects.visible_to(request.user).filter(
        thing=step.thing, object_id=step.object_id, due=step.due
    )
    today = timezone.localdate()
    context = {
        "step": step,
        "title": thing_title(step.thing),
        "object_url": thing.address(step.page_id) if thing else "",
        "deciding": deciding,
        "holding": holding,
        "form": form or (DecisionForm() if deciding else OutcomeForm(initial={"held_on": today})),
        "earlier": earlier.select_related("recipient").order_by("stepped_on", "pk"),
    }
    return render(request, "inspections/escalation_detail.html", context, status=status)


@require_safe
@requires(Permission.VIEW_ESCALATION)
def escalation_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One step, what was done before it about the same thing, and what may be decided."""
    return _shown(request, _step(request, pk))


@require_POST
@requires(Permission.DECIDE_ESCALATION)
def escalation_decide(request: PortalRequest, pk: int) -> HttpResponse:
    """Decide what the portal has proposed."""
    step, form = _step(request, pk), DecisionForm(request.POST)
    if not form.is_valid():
        return _shown(request, step, form, 422)
    try:
        decide_step(
            step=step, approve=request.POST.get("way") == "approve", by=request.user, **form.cleaned_data
        )
    except InspectionRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("escalation-detail", pk=pk)


@require_POST
@requires(Permission.DECIDE_ESCALATION)
def escalation_outcome(request: PortalRequest, pk: int) -> HttpResponse:
    """Record that it took place and what came of it."""
    step, form = _step(request, pk), OutcomeForm(request.POST)
    if not form.is_valid():
        return _shown(request, step, form, 422)
    try:
        record_outcome(step=step, by=request.user, **form.cleaned_data)
    except InspectionRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("escalation-detail", pk=pk)


@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW_ESCALATION)
def escalation_rules(request: PortalRequest) -> HttpResponse:
    """The rules of the ladder; the office enters how a rung stands from a day to come."""
    today, status = timezone.localdate(), 200
    may_edit = request.user.can(Permission.MANAGE_POLICIES)
    form = RuleForm(request.POST or None, initial={"effective_from": today})
    if request.method == "POST" and may_edit:
        if form.is_valid():
            try:
                save_escalation_rule(by=request.user, **form.cleaned_data)
                messages.info(request, _("规则已保存，从生效日期起执行。"))
                return redirect("escalation-rules")
            except (InspectionRefused, RowRefused) as refusal:
                form.add_error(None, str(refusal))
        status = 422
    rows = EscalationRule.objects.visible_to(request.user).order_by("thing", "grace_days", "-effective_from")
    known = [(thing_title(row.thing), row) for row in rows if overdue_thing(row.thing)]
    context = {"rules": known, "form": form, "may_edit": may_edit, "today": today}
    return render(request, "inspections/escalation_rules.html", context, status=status)
