"""Pages of problems: the list and the board, one problem's file, opening one, and every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.rules.rights import Permission
from entities.models import Business
from foodsafe_portal.lib.acts import Act, Way
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.requests import PortalRequest
from inspections.acts import ACT
from inspections.choices import ProblemKind
from inspections.errors import InspectionRefused, SomebodyWasFirst
from inspections.forms.problems import ProblemForm, StepForm
from inspections.lists import PROBLEMS
from inspections.models import Problem
from inspections.reports.problem_file import ProblemFile, problem_file
from inspections.reports.problem_forms import deadline_hints
from inspections.rules.states import StepRefused
from inspections.services import problems as opening
from records.services.evidence import EvidenceRefused
from records.views.lists import list_export, list_page

REFUSALS = (StepRefused, InspectionRefused, EvidenceRefused)


def _list_context(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    return _rights(request)


problem_list = list_page(
    PROBLEMS,
    page="inspections/problem_list.html",
    fragment="inspections/_problem_results.html",
    context=_list_context,
)
problem_export = list_export(PROBLEMS)


def _rights(request: PortalRequest) -> dict[str, bool]:
    user = request.user
    return {
        "may_export": user.can(Permission.EXPORT),
        "may_create": user.can(Permission.CREATE_PROBLEM),
        "may_import": user.can(Permission.IMPORT_LEDGER) and "problems" in user.import_kinds,
    }


# --- opening -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CREATE_PROBLEM)
def problem_new(request: PortalRequest) -> HttpResponse:
    """Open a problem, or one for each unit."""
    today = timezone.localdate()
    sent = request.method == "POST"
    form = ProblemForm(
        request.POST if sent else None,
        request.FILES if sent else None,
        user=request.user,
        today=today,
        initial=_asked(request),
    )
    if sent and form.is_valid():
        try:
            return _opened(request, form)
        except REFUSALS as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "hints": deadline_hints(today)}
    return render(request, "inspections/problem_form.html", context, status=422 if sent else 200)


def _asked(request: PortalRequest) -> dict[str, Any]:
    """The business the address names, for a link from its page."""
    key = request.GET.get("business", "")
    if not (key.isascii() and key.isdigit() and len(key) < 16):
        return {}
    business = Business.objects.visible_to(request.user).filter(pk=key).first()
    return {"business": business.licence_no or business.name} if business else {}


def _opened(request: PortalRequest, form: ProblemForm) -> HttpResponse:
    if form.cleaned_data["kind"] == ProblemKind.COMMON:
        opened = opening.open_common_problem(by=request.user, **form.opening)
        messages.success(request, _("已向 %(n)s 个单位派发共性问题。") % {"n": len(opened)})
        return redirect(f"{reverse('problem-list')}?group={opened[0].group}")
    problem = opening.open_problem(by=request.user, **form.opening)
    messages.success(request, _("已登记问题 %(code)s。") % {"code": problem.code})
    return redirect("problem-detail", pk=problem.pk)


# --- one problem -------------------------------------------------------------------------------------


def _problem(request: PortalRequest, pk: int) -> Problem:
    problems = Problem.objects.visible_to(request.user)
    return get_object_or_404(
        problems.select_related("business", "unit", "region", "visit", "recorded_by"), pk=pk
    )


@require_safe
@requires(Permission.VIEW_PROBLEMS)
def problem_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One problem, with the acts of this person alone."""
    return _page(request, _problem(request, pk))


@dataclass(frozen=True, slots=True)
class Panel:
    """One form of the page: its title, address and buttons; ``open`` shows it without a click."""

    name: str
    title: Any
    form: StepForm
    url: str
    buttons: tuple[Way, ...]
    open: bool


def _panels(request: PortalRequest, file: ProblemFile, bound: StepForm | None) -> list[Panel]:
    """The forms of the acts this person may take now; the one that was refused comes back as it was typed."""
    panels = []
    for number, name in enumerate(file.acts.panels):
        act = ACT[name]
        refused = bound is not None and type(bound) is act.form
        initial = {"on": file.today} if act.dated else {}
        form = bound if bound is not None and refused else _form(request, act, file.problem, initial=initial)
        url = reverse(f"problem-{name}", args=[file.problem.pk])
        shown = (number == 0 and bool(file.turn)) or refused
        panels.append(Panel(name, act.title, form, url, act.buttons(file.problem), shown))
    return panels


def _form(request: PortalRequest, act: Act, problem: Problem, *sent: Any, **kwargs: Any) -> StepForm:
    return act.form(*sent, user=request.user, problem=problem, auto_id=f"{act.code}_%s", **kwargs)


def _page(
    request: PortalRequest,
    problem: Problem,
    *,
    bound: StepForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page or, for a step taken in it, its body."""
    file = problem_file(request.user, problem, timezone.localdate())
    context = {
        "file": file,
        "problem": problem,
        "panels": _panels(request, file, bound),
        "refusal": refusal,
        "now": timezone.localtime(),
        "crumbs": [(_("问题整改"), reverse("problem-list")), (problem.code, "")],
        "may_visit": request.user.can(Permission.VIEW_VISITS),
        "may_business": request.user.can(Permission.VIEW_BUSINESSES),
    }
    part = request.htmx and request.htmx.target == "problem"
    template = "inspections/_problem_body.html" if part else "inspections/problem_detail.html"
    return render(request, template, context, status=status)


# --- steps -------------------------------------------------------------------------------------------


def act_view(act: Act) -> Callable[..., HttpResponseBase]:
    """The view that takes one step."""

    @require_POST
    @requires(act.permission)
    def view(request: PortalRequest, pk: int) -> HttpResponse:
        return _step(request, pk, act)

    return view


def _step(request: PortalRequest, pk: int, act: Act) -> HttpResponse:
    """Take one step: find the problem in scope, read the form, call the service, show the page again."""
    problem = _problem(request, pk)
    form = _form(request, act, problem, request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, problem, bound=form, status=422)
    if form.data.get("version") and form["version"].value() != str(problem.version):
        return _page(request, problem, refusal=str(SomebodyWasFirst()), status=409)
    way = act.way(form.do)
    try:
        way.do(problem, request.user, form)
    except SomebodyWasFirst as refusal:
        return _page(request, _problem(request, pk), refusal=str(refusal), status=409)
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _page(request, _problem(request, pk), bound=form, status=422)
    messages.success(request, f"{problem.code}：{way.done}")
    if not request.htmx:
        return redirect("problem-detail", pk=pk)
    if not Problem.objects.visible_to(request.user).filter(pk=pk).exists():
        response = HttpResponse(status=204)  # handed to somebody else: there is nothing more to show
        response["HX-Redirect"] = reverse("problem-list")
        return response
    return _page(request, _problem(request, pk))
