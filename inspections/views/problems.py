"""Pages of problems: the list and the board, one problem's file, opening one, and every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.rules.rights import Permission
from entities.models import Business
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.requests import PortalRequest
from inspections.choices import ExtensionState, ProblemKind
from inspections.errors import InspectionRefused, SomebodyWasFirst
from inspections.forms.problems import STEP_FORMS, ProblemForm, StepForm
from inspections.lists import PROBLEMS
from inspections.models import Problem
from inspections.problem_rows import problem_card, problem_rows
from inspections.reports.problem_file import ProblemFile, problem_file
from inspections.reports.problem_forms import deadline_hints
from inspections.rules.states import Act, StepRefused
from inspections.services import extensions, rectifying, referrals
from inspections.services import problems as opening
from records.services.evidence import EvidenceRefused
from records.views.lists import list_export, list_page

REFUSALS = (StepRefused, InspectionRefused, EvidenceRefused)


def _list_context(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "rows": problem_rows(found.rows, today),
        "columns": [(one, [problem_card(row, today) for row in one.rows]) for one in found.columns],
        **_rights(request),
    }


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
class Button:
    """One way to send a form; ``value`` tells the form which."""

    value: str
    words: Any
    css: str = "btn-primary"
    icon: str = "check"


@dataclass(frozen=True, slots=True)
class Panel:
    """One form of the page: its title, address and buttons; ``open`` shows it without a click."""

    name: str
    title: Any
    form: StepForm
    url: str
    buttons: tuple[Button, ...]
    open: bool


TITLES = {
    "sign": gettext_lazy("签收"),
    "plan": gettext_lazy("整改方案"),
    "submit": gettext_lazy("报送整改"),
    "check": gettext_lazy("审核"),
    "verify": gettext_lazy("复核"),
    "extend": gettext_lazy("申请延期"),
    "extension": gettext_lazy("延期申请"),
    "transfer": gettext_lazy("改派"),
    "refer": gettext_lazy("移交监管"),
    "referral": gettext_lazy("移交结果"),
    "revisit": gettext_lazy("回头看"),
    "void": gettext_lazy("作废"),
}
RED = "btn-danger"
BUTTONS = {
    "sign": (Button("", gettext_lazy("签收")),),
    "plan": (Button("", gettext_lazy("保存方案"), "btn-primary", "device-floppy"),),
    "submit": (Button("", gettext_lazy("报送整改，送审核"), "btn-primary", "upload"),),
    "check": (
        Button("pass", gettext_lazy("审核通过，送复核")),
        Button("return", gettext_lazy("退回整改"), RED, "arrow-back-up"),
    ),
    "verify": (
        Button("close", gettext_lazy("复核合格，销号")),
        Button("return", gettext_lazy("退回整改"), RED, "arrow-back-up"),
    ),
    "extend": (Button("", gettext_lazy("申请延期"), "", "clock"),),
    "extension": (
        Button("approve", gettext_lazy("批准延期")),
        Button("refuse", gettext_lazy("不批准"), RED, "x"),
    ),
    "transfer": (Button("", gettext_lazy("改派"), "", "arrows-exchange"),),
    "refer": (Button("", gettext_lazy("移交监管"), "", "shield"),),
    "revisit": (
        Button("pass", gettext_lazy("回头看合格")),
        Button("fail", gettext_lazy("不合格，重新打开"), RED, "refresh"),
    ),
    "void": (Button("", gettext_lazy("作废"), RED, "x"),),
}
DECISION = (
    Button("file", gettext_lazy("立案"), "btn-primary", "shield"),
    Button("decline", gettext_lazy("不立案"), "", "x"),
)
CONCLUSION = (Button("conclude", gettext_lazy("结案"), "btn-primary", "circle-check"),)


def _panels(request: PortalRequest, file: ProblemFile, bound: StepForm | None) -> list[Panel]:
    """The forms of the acts this person may take now; the one that was refused comes back as it was typed."""
    panels = []
    for number, name in enumerate(file.acts.panels):
        refused = type(bound) is STEP_FORMS[name]
        initial = {"on": file.today} if name in ("submit", "referral", "revisit") else {}
        if bound is not None and refused:
            form = bound
        else:
            form = STEP_FORMS[name](
                user=request.user, problem=file.problem, initial=initial, auto_id=f"{name}_%s"
            )
        buttons = BUTTONS.get(name) or (DECISION if file.problem.state == "referred" else CONCLUSION)
        url = reverse(f"problem-{name}", args=[file.problem.pk])
        panels.append(
            Panel(name, TITLES[name], form, url, buttons, (number == 0 and bool(file.turn)) or refused)
        )
    return panels


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

Doing = Callable[[Problem, Any, StepForm], Any]


def _step(request: PortalRequest, pk: int, name: str, do: Doing, done: Any) -> HttpResponse:
    """Take one step: find the problem in scope, read the form, call the service, show the page again."""
    problem = _problem(request, pk)
    form = STEP_FORMS[name](
        request.POST, request.FILES, user=request.user, problem=problem, auto_id=f"{name}_%s"
    )
    if not form.is_valid():
        return _page(request, problem, bound=form, status=422)
    if form.data.get("version") and form["version"].value() != str(problem.version):
        return _page(request, problem, refusal=str(SomebodyWasFirst()), status=409)
    try:
        do(problem, request.user, form)
    except SomebodyWasFirst as refusal:
        return _page(request, _problem(request, pk), refusal=str(refusal), status=409)
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _page(request, _problem(request, pk), bound=form, status=422)
    words = done[form.do] if isinstance(done, dict) else done
    messages.success(request, f"{problem.code}：{words}")
    if not request.htmx:
        return redirect("problem-detail", pk=pk)
    seen = Problem.objects.visible_to(request.user).filter(pk=pk).exists()
    if not seen:  # handed to somebody else: there is nothing more to show
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("problem-list")
        return response
    return _page(request, _problem(request, pk))


@require_POST
@requires(Permission.RECTIFY_PROBLEM)
def problem_sign(request: PortalRequest, pk: int) -> HttpResponse:
    """The responsible unit takes it on."""
    return _step(
        request, pk, "sign", lambda p, by, f: rectifying.sign_problem(problem=p, by=by), _("已签收。")
    )


@require_POST
@requires(Permission.RECTIFY_PROBLEM)
def problem_plan(request: PortalRequest, pk: int) -> HttpResponse:
    """Measures and leader."""

    def plan(problem: Problem, by: Any, form: StepForm) -> None:
        rectifying.plan_rectification(problem=problem, by=by, **form.cleaned_data)

    return _step(request, pk, "plan", plan, _("整改方案已保存。"))


@require_POST
@requires(Permission.RECTIFY_PROBLEM)
def problem_submit(request: PortalRequest, pk: int) -> HttpResponse:
    """The fix with its proof."""

    def submit(problem: Problem, by: Any, form: StepForm) -> None:
        rectifying.submit_rectification(problem=problem, by=by, **form.cleaned_data)

    return _step(request, pk, "submit", submit, _("已报送整改，等待审核。"))


@require_POST
@requires(Permission.FIRST_CHECK)
def problem_check(request: PortalRequest, pk: int) -> HttpResponse:
    """First check."""

    def check(problem: Problem, by: Any, form: StepForm) -> None:
        words = form.cleaned_data["note"]
        if form.do == "pass":
            rectifying.pass_first_check(problem=problem, by=by, note=words)
        else:
            rectifying.return_problem(problem=problem, by=by, reason=words)

    return _step(
        request, pk, "check", check, {"pass": _("审核通过，已送复核。"), "return": _("已退回整改。")}
    )


@require_POST
@requires(Permission.SECOND_CHECK)
def problem_verify(request: PortalRequest, pk: int) -> HttpResponse:
    """Second check."""

    def verify(problem: Problem, by: Any, form: StepForm) -> None:
        words = form.cleaned_data["note"]
        if form.do == "close":
            rectifying.close_problem(problem=problem, by=by, note=words)
        else:
            rectifying.return_problem(problem=problem, by=by, reason=words)

    return _step(request, pk, "verify", verify, {"close": _("已销号。"), "return": _("已退回整改。")})


@require_POST
@requires(Permission.RECTIFY_PROBLEM)
def problem_extend(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask for a later deadline."""

    def extend(problem: Problem, by: Any, form: StepForm) -> None:
        extensions.request_extension(problem=problem, by=by, **form.cleaned_data)

    return _step(request, pk, "extend", extend, _("已申请延期，等待批准。"))


@require_POST
@requires(Permission.APPROVE_EXTENSION)
def problem_extension(request: PortalRequest, pk: int) -> HttpResponse:
    """Decide the extension that waits."""

    def decide(problem: Problem, by: Any, form: StepForm) -> None:
        waiting = problem.extensions.filter(state=ExtensionState.REQUESTED).first()
        if waiting is None:
            raise SomebodyWasFirst
        words = form.cleaned_data["note"]
        extensions.decide_extension(extension=waiting, approve=form.do == "approve", by=by, note=words)

    return _step(
        request, pk, "extension", decide, {"approve": _("已批准延期。"), "refuse": _("未批准延期。")}
    )


@require_POST
@requires(Permission.FIRST_CHECK)
def problem_transfer(request: PortalRequest, pk: int) -> HttpResponse:
    """Another responsible unit."""

    def transfer(problem: Problem, by: Any, form: StepForm) -> None:
        rectifying.transfer_problem(problem=problem, by=by, **form.cleaned_data)

    return _step(request, pk, "transfer", transfer, _("已改派，等待新的责任单位签收。"))


@require_POST
@requires(Permission.REFER_PROBLEM)
def problem_refer(request: PortalRequest, pk: int) -> HttpResponse:
    """Hand over to the market regulator."""

    def refer(problem: Problem, by: Any, form: StepForm) -> None:
        referrals.refer_problem(problem=problem, by=by, **form.cleaned_data)

    return _step(request, pk, "refer", refer, _("已移交监管所。"))


@require_POST
@requires(Permission.RECORD_REFERRAL)
def problem_referral(request: PortalRequest, pk: int) -> HttpResponse:
    """What the regulator did."""
    outcomes = {"file": Act.FILE_CASE, "decline": Act.DECLINE_CASE, "conclude": Act.CLOSE_CASE}

    def result(problem: Problem, by: Any, form: StepForm) -> None:
        given = form.cleaned_data
        referrals.record_referral_result(
            problem=problem,
            outcome=outcomes[form.do],
            by=by,
            on=given["on"],
            case_no=given.get("case_no", ""),
            reason=given["note"],
        )

    done = {"file": _("已登记立案。"), "decline": _("已登记不立案。"), "conclude": _("已结案。")}
    return _step(request, pk, "referral", result, done)


@require_POST
@requires(Permission.REVISIT_PROBLEM)
def problem_revisit(request: PortalRequest, pk: int) -> HttpResponse:
    """Look back after closure."""

    def revisit(problem: Problem, by: Any, form: StepForm) -> None:
        referrals.revisit_problem(problem=problem, by=by, passed=form.do == "pass", **form.cleaned_data)

    return _step(
        request, pk, "revisit", revisit, {"pass": _("已登记回头看合格。"), "fail": _("已重新打开。")}
    )


@require_POST
@requires(Permission.CREATE_PROBLEM)
def problem_void(request: PortalRequest, pk: int) -> HttpResponse:
    """Void what was entered by mistake."""

    def void(problem: Problem, by: Any, form: StepForm) -> None:
        opening.void_problem(problem=problem, by=by, **form.cleaned_data)

    return _step(request, pk, "void", void, _("已作废。"))
