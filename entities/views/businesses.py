"""Pages of businesses: the list, one file, and what people do to a business."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Region, User
from entities import services
from entities.errors import Refused, StaleVersion
from entities.forms import AssignForm, BusinessForm, EndForm, GradeForm, RegisterForm, StatusForm
from entities.lists import BUSINESSES
from entities.models import Assignment, Business
from entities.reports.business_file import HISTORY_GROUPS, business_file, filed
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.formats import masked_digits
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.services.evidence import EvidenceRefused
from records.views.lists import list_export, list_page

REFUSALS = (Refused, EvidenceRefused)


def rights(user: User) -> dict[str, bool]:
    """Which buttons of the register's pages a person is shown."""
    return {
        "perms_export": user.can(Permission.EXPORT),
        "perms_import": user.can(Permission.IMPORT_LEDGER)
        and bool({"businesses", "officers"} & user.import_kinds),
        "may_edit": user.can(Permission.EDIT_BUSINESS),
        "may_grade": user.can(Permission.EDIT_BUSINESS) or user.can(Permission.REVIEW_STATUS),
        "may_propose": user.can(Permission.PROPOSE_STATUS),
        "may_review": user.can(Permission.REVIEW_STATUS),
        "may_assign": user.can(Permission.EDIT_ASSIGNMENT),
        "may_see_officers": user.can(Permission.VIEW_OFFICERS),
        "may_visit": user.can(Permission.RECORD_VISIT),
    }


def crumbs_of(business: Business | None = None) -> list[tuple[Any, str]]:
    """The way back to the list and, below a business, to its file."""
    steps = [(_("经营主体"), reverse("business-list"))]
    if business is not None:
        steps.append((business.name, reverse("business-detail", args=[business.pk])))
    return steps


def _business(request: PortalRequest, pk: int) -> Business:
    return get_object_or_404(Business.objects.visible_to(request.user).select_related("region"), pk=pk)


def _list_context(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    return rights(request.user)


business_list = list_page(
    BUSINESSES,
    page="entities/business_list.html",
    fragment="entities/_business_table.html",
    context=_list_context,
)
business_export = list_export(BUSINESSES)


@require_GET
@requires(Permission.VIEW_BUSINESSES)
def business_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """One business's file; that of a merged one can still be read, and nothing be done to it."""
    seen = Business.objects.visible_to(request.user, merged=True).select_related("region", "merged_into")
    business = get_object_or_404(filed(seen, request.user), pk=pk)
    may = rights(request.user)
    if business.merged_into_id:
        may |= dict.fromkeys(
            (key for key in may if key.startswith("may_") and key != "may_see_officers"), False
        )
    group = request.GET.get("history", "")
    group = group if group in dict(HISTORY_GROUPS) else ""
    everything = request.GET.get("all") == "1"
    file = business_file(business, request.user, timezone.localdate(), group=group, everything=everything)
    context = {
        "file": file,
        "business": business,
        "groups": HISTORY_GROUPS,
        "phone": business.contact_phone if file.shows_phone else masked_digits(business.contact_phone),
        "place": " · ".join(
            str(word) for word in (file.county, file.township, business.get_business_type_display()) if word
        ),
        "crumbs": [*crumbs_of(), (_("一企一档"), "")],
        "more_url": f"?history={group}&all=1#history",
        "now": timezone.localtime(),
        **may,
    }
    return render(request, "entities/business_detail.html", context)


# --- what people do --------------------------------------------------------------------------------


def _answer(
    request: PortalRequest,
    form: BaseForm,
    act: Callable[[], Any],
    done: str,
    business: Business,
    context: dict[str, Any],
) -> HttpResponse:
    """Let a valid form act and go back to the file; a refusal is a sentence on the form."""
    if request.method == "POST" and form.is_valid():
        try:
            act()
        except REFUSALS as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, done)
            return redirect("business-detail", pk=business.pk)
    status = 422 if form.is_bound else 200
    shown = {"form": form, "business": business, "crumbs": crumbs_of(business), "grade": None, **context}
    return render(request, "entities/business_act.html", shown, status=status)


@require_http_methods(["GET", "POST"])
@requires(Permission.EDIT_BUSINESS)
def business_new(request: PortalRequest) -> HttpResponse:
    """Enter a business by hand; whole registers come by ledger."""
    form = RegisterForm(request.POST or None, user=request.user, today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        try:
            business = services.register_business(
                by=request.user, values=form.values(), registered_on=form.cleaned_data["registered_on"]
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("已入册，尚未定级。"))
            return redirect("business-detail", pk=business.pk)
    context = {"form": form, "crumbs": crumbs_of()}
    return render(request, "entities/business_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@requires(Permission.EDIT_BUSINESS)
def business_edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Correct fields; the second of two sessions is shown both values (409) and decides."""
    business = _business(request, pk)
    form = BusinessForm(request.POST or None, instance=business, user=request.user)
    clashes: list[dict[str, Any]] = []
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                services.update_business(
                    business=business,
                    version=form.cleaned_data["version"] or 0,
                    changes=form.values(),
                    by=request.user,
                    on=timezone.localdate(),
                )
            except StaleVersion as stale:
                status, clashes = 409, _both_values(form, stale)
                form.data = {**request.POST.dict(), "version": str(stale.saved_version)}
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("已保存。"))
                return redirect("business-detail", pk=business.pk)
    context = {"form": form, "business": business, "clashes": clashes, "crumbs": crumbs_of(business)}
    return render(request, "entities/business_form.html", context, status=status)


def _both_values(form: BusinessForm, stale: StaleVersion) -> list[dict[str, Any]]:
    """Field by field what the other person saved and what was typed here, in words."""

    def words(name: str, value: Any) -> str:
        if isinstance(value, Region):
            return value.name
        if isinstance(value, bool):
            return _("是") if value else _("否")
        choices = dict(getattr(form.fields[name], "choices", None) or {}) if name != "region" else {}
        return str(choices.get(value, value) if value not in (None, "") else "")

    return [
        {"label": form.fields[name].label, "saved": words(name, saved), "typed": words(name, typed)}
        for name, (saved, typed) in stale.clashes.items()
    ]


@require_http_methods(["GET", "POST"])
@requires(Permission.PROPOSE_STATUS)
def business_status(request: PortalRequest, pk: int) -> HttpResponse:
    """Propose another 经营状态."""
    business = _business(request, pk)
    form = StatusForm(
        request.POST or None, request.FILES or None, business=business, today=timezone.localdate()
    )

    def act() -> None:
        given = form.cleaned_data
        services.propose_status_change(
            business=business,
            to_status=given["to_status"],
            effective_on=given["effective_on"],
            reason=given["reason"],
            by=request.user,
            uploads=(given["evidence"],) if given["evidence"] else (),
        )

    context = {
        "title": _("申请变更状态"),
        "verb": _("提请审核"),
        "note": _("审核通过前仍按原状态计入应督导；由另一人审核。"),
        "shows_status": True,
    }
    return _answer(request, form, act, _("已提请审核。"), business, context)


@require_http_methods(["GET", "POST"])
@requires(Permission.EDIT_BUSINESS, Permission.REVIEW_STATUS)
def business_grade(request: PortalRequest, pk: int) -> HttpResponse:
    """Set the 包保等级 by hand; it waits for a reviewer unless a reviewer sets it."""
    business = _business(request, pk)
    decides = request.user.can(Permission.REVIEW_STATUS)
    form = GradeForm(request.POST or None, business=business, today=timezone.localdate())

    def act() -> None:
        services.regrade_business(business=business, by=request.user, **form.cleaned_data)

    context = {
        "title": _("调整包保等级"),
        "verb": _("调整") if decides else _("提请审核"),
        "note": _("人工调整后，台账里的等级不再改动它。"),
        "grade": business.responsibility_grade,
    }
    return _answer(
        request, form, act, _("包保等级已调整。") if decides else _("已提请审核。"), business, context
    )


@require_http_methods(["GET", "POST"])
@requires(Permission.EDIT_ASSIGNMENT)
def business_assign(request: PortalRequest, pk: int) -> HttpResponse:
    """Bind an officer; the one who held the same level is relieved."""
    business = _business(request, pk)
    form = AssignForm(request.POST or None, business=business, user=request.user, today=timezone.localdate())

    def act() -> None:
        officer = form.cleaned_data["officer"]
        held = business.assignments.active().filter(level=officer.level).select_related("officer").first()
        services.assign_officer(
            officer=officer,
            business=business,
            valid_from=form.cleaned_data["valid_from"],
            by=request.user,
            replacing=held,
        )

    context = {
        "title": _("指定包保干部"),
        "verb": _("指定"),
        "note": _("同一层级原有的干部到起始日前一天终止，历史保留。"),
    }
    return _answer(request, form, act, _("已指定包保干部。"), business, context)


@require_http_methods(["GET", "POST"])
@requires(Permission.EDIT_ASSIGNMENT)
def assignment_end(request: PortalRequest, pk: int) -> HttpResponse:
    """End a bond between officer and business."""
    assignment = get_object_or_404(
        Assignment.objects.visible_to(request.user).select_related("business", "officer"),
        pk=pk,
        voided_at__isnull=True,
    )
    form = EndForm(request.POST or None, today=timezone.localdate())

    def act() -> None:
        services.end_assignment(assignment=assignment, by=request.user, **form.cleaned_data)

    context = {
        "title": _("终止包保：%(officer)s") % {"officer": assignment.officer.name},
        "verb": _("终止"),
        "note": _("终止后这家主体没有该层级的包保干部，须在 7 个工作日内调整。"),
    }
    return _answer(request, form, act, _("包保关系已终止。"), assignment.business, context)
