"""The queue of businesses that look like one: list, export, one pair, and what a person decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entities import services
from entities.choices import PairState
from entities.errors import Refused
from entities.forms import DecisionForm
from entities.lists import DUPLICATES
from entities.models import Business, DuplicatePair
from entities.reports.duplicates import (
    PairFile,
    SecondLook,
    look_at_keeping_apart,
    look_at_merging,
    look_at_withdrawing,
    pair_file,
)
from entities.services.duplicates import seen_of
from entities.tasks import ask_for_duplicates
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.views.lists import list_export, list_page


def _list_context(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    return {"perms_export": request.user.can(Permission.EXPORT)}


duplicate_list = list_page(
    DUPLICATES,
    page="entities/duplicate_list.html",
    fragment="entities/_duplicate_table.html",
    context=_list_context,
)
duplicate_export = list_export(DUPLICATES)


@require_POST
@requires(Permission.REVIEW_DUPLICATES)
def duplicate_seek(request: PortalRequest) -> HttpResponse:
    """Have the whole register of this person's territory compared; a second click is the same job."""
    job = ask_for_duplicates(by=request.user)
    if job is None:
        messages.error(request, _("您的岗位没有辖区，不能查找。"))
        return redirect("duplicate-list")
    return redirect("job-detail", pk=job.pk)


# --- one pair --------------------------------------------------------------------------------------


def _pair(request: PortalRequest, pk: int) -> DuplicatePair:
    """A pair of which this person may see both businesses."""
    businesses = Business.objects.visible_to(request.user, merged=True).values("pk")
    pairs = DuplicatePair.objects.visible_to(request.user).filter(first__in=businesses, second__in=businesses)
    related = ("first__region", "second__region", "decided_by", "merger", "merger__merged_by")
    return get_object_or_404(pairs.select_related(*related), pk=pk)


def _show(
    request: PortalRequest,
    file: PairFile,
    *,
    form: DecisionForm | None = None,
    look: SecondLook | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    pair = file.pair
    merger = file.merger
    context = {
        "file": file,
        "pair": pair,
        "sides": (file.first, file.second),
        "gone": file.side(merger.business_id).business if merger else None,
        "kept": file.side(merger.survivor_id).business if merger else None,
        "third": pair.state == PairState.WAITING
        and bool(pair.first.merged_into_id or pair.second.merged_into_id),
        "form": form or DecisionForm(),
        "look": look,
        "problem": problem,
        "seen": seen_of(pair),
        "states": PairState,
        "now": timezone.localtime(),
        "crumbs": [(_("疑似重复主体"), reverse("duplicate-list")), (_("核对"), "")],
    }
    return render(request, "entities/duplicate_detail.html", context, status=status)


@require_GET
@requires(Permission.REVIEW_DUPLICATES)
def duplicate_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """Both businesses side by side."""
    return _show(request, pair_file(_pair(request, pk), request.user, timezone.localdate()))


def _decide(
    request: PortalRequest,
    pk: int,
    look_at: Callable[[PairFile, DecisionForm], SecondLook],
    act: Callable[[PairFile, dict[str, Any]], Any],
    done: Callable[[PairFile], str],
    *,
    back: str = "",
    survivor: bool = False,
    reason: bool = False,
) -> HttpResponse:
    """First what the act would do, then — with ``sure`` — the act; a refusal is a sentence above what stands now.

    ``done`` says of the pair that it is done, ``back`` is the link to where it is taken back.
    """
    file = pair_file(_pair(request, pk), request.user, timezone.localdate())
    keys = (file.pair.first_id, file.pair.second_id)
    form = DecisionForm(request.POST, businesses=keys if survivor else (), reason=reason)
    if not form.is_valid():
        return _show(request, file, form=form, status=422)
    try:
        if not form.cleaned_data["sure"]:
            return _show(request, file, form=form, look=look_at(file, form))
        said = done(file)
        act(file, form.cleaned_data)
    except Refused as refusal:
        file = pair_file(_pair(request, pk), request.user, timezone.localdate())
        return _show(request, file, problem=str(refusal), status=409)
    if back:
        place = f"{reverse('duplicate-detail', args=[pk])}#decided"
        messages.success(request, said, extra_tags=f"{place}|{back}")
    else:
        messages.success(request, said)
    return redirect("duplicate-list")


def _names_of(file: PairFile) -> dict[str, str]:
    return {"first": file.first.business.name, "second": file.second.business.name}


def _names_in_order(file: PairFile, survivor: str) -> dict[str, str]:
    """The one that stays and the one that goes; ``survivor`` is a key the form has accepted."""
    return {"kept": file.side(int(survivor)).business.name, "gone": file.other(int(survivor)).business.name}


@require_POST
@requires(Permission.REVIEW_DUPLICATES)
def duplicate_merge(request: PortalRequest, pk: int) -> HttpResponse:
    """Merge one of the two into the other."""
    today = timezone.localdate()

    def act(file: PairFile, given: dict[str, Any]) -> None:
        services.merge_businesses(
            pair=file.pair,
            survivor_id=given["survivor"],
            seen=given["seen"],
            by=request.user,
            on=today,
            note=given["note"],
        )

    return _decide(
        request,
        pk,
        lambda file, form: look_at_merging(file, form.cleaned_data["survivor"], today),
        act,
        lambda file: (
            _("“%(gone)s”已并入“%(kept)s”。") % _names_in_order(file, request.POST.get("survivor", ""))
        ),
        back=_("撤销合并"),
        survivor=True,
    )


@require_POST
@requires(Permission.REVIEW_DUPLICATES)
def duplicate_apart(request: PortalRequest, pk: int) -> HttpResponse:
    """Record that the two are not one business."""

    def act(file: PairFile, given: dict[str, Any]) -> None:
        services.keep_apart(pair=file.pair, seen=given["seen"], by=request.user, note=given["note"])

    return _decide(
        request,
        pk,
        lambda file, form: look_at_keeping_apart(file),
        act,
        lambda file: _("“%(first)s”和“%(second)s”已记为不是同一家。") % _names_of(file),
        back=_("撤销结论"),
    )


@require_POST
@requires(Permission.REVIEW_DUPLICATES)
def duplicate_withdraw(request: PortalRequest, pk: int) -> HttpResponse:
    """Take a decision back: the merger, or that they are two."""

    def act(file: PairFile, given: dict[str, Any]) -> None:
        known = {"pair": file.pair, "seen": given["seen"], "by": request.user, "note": given["note"]}
        if file.pair.state == PairState.APART:
            services.reopen_pair(**known)
        else:
            services.unmerge_businesses(**known, on=timezone.localdate())

    return _decide(
        request,
        pk,
        lambda file, form: look_at_withdrawing(file),
        act,
        lambda file: _("已撤销，“%(first)s”和“%(second)s”回到待核对。") % _names_of(file),
        reason=True,
    )
