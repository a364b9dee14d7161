"""Pages of work notices: list, draft, the matrix of receipts and answers, signing and answering; the library of answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.rules.rights import Permission
from campaigns.errors import CampaignRefused
from campaigns.forms import AnswerForm, GuidanceAnswerForm, NoticeExtendForm, NoticeForm, QuestionForm
from campaigns.lists import GUIDANCE, NOTICES
from campaigns.models import Campaign, Guidance, Notice, NoticeReceipt
from campaigns.reports.notices import notice_page
from campaigns.reports.places import campaign_of
from campaigns.services import notices
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest
from records.services.evidence import EvidenceRefused
from records.views.lists import list_export, list_page

MANAGE = Permission.MANAGE_CAMPAIGN


def _context(request: PortalRequest, found: Any) -> dict[str, Any]:
    return {"may_manage": request.user.can(MANAGE), "may_ask": request.user.can(Permission.REPORT_TASK)}


notice_list = list_page(
    NOTICES,
    page="campaigns/notice_list.html",
    fragment="campaigns/_notice_table.html",
    context=_context,
)
notice_export = list_export(NOTICES)
guidance_list = list_page(
    GUIDANCE,
    page="campaigns/guidance_list.html",
    fragment="campaigns/_guidance_table.html",
    context=_context,
)
guidance_export = list_export(GUIDANCE)


def _campaign(request: PortalRequest) -> Campaign:
    campaign = campaign_of(request.user)
    if campaign is None:
        raise Http404
    return campaign


def _notice(request: PortalRequest, pk: int) -> Notice:
    rows = Notice.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("campaign", "issued_by", "drafted_by"), pk=pk)


def _receipt(request: PortalRequest, pk: int) -> NoticeReceipt:
    rows = NoticeReceipt.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("notice__campaign", "unit"), pk=pk)


def _act(request: PortalRequest, act: Callable[[], Any], done: str) -> None:
    """Do one act; a refusal is shown as it is."""
    try:
        act()
    except (CampaignRefused, EvidenceRefused) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)


@require_http_methods(["GET", "POST"])
@requires(MANAGE)
def notice_new(request: PortalRequest) -> HttpResponse:
    """Draft a notice and choose whom it goes to, by unit or by county."""
    campaign = _campaign(request)
    form = NoticeForm(request.POST or None, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            notice = notices.draft_notice(
                campaign=campaign,
                title=given["title"],
                text=given["text"],
                reply_by=given["reply_by"],
                units=form.chosen(),
                today=timezone.localdate(),
                by=request.user,
            )
        except CampaignRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("notice-detail", pk=notice.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "campaigns/notice_form.html", {"form": form}, status=status)


@require_safe
@requires(Permission.VIEW_TASKS)
def notice_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """A notice with who has signed for it and answered."""
    return _show(request, _notice(request, pk), 200)


def _show(request: PortalRequest, notice: Notice, status: int, **forms: Any) -> HttpResponse:
    context = {
        "notice": notice,
        "report": notice_page(notice, request.user, timezone.localdate(), request.GET.get("part", "")),
        "may_manage": request.user.can(MANAGE),
        "may_ask": request.user.can(Permission.REPORT_TASK),
        "answer_form": AnswerForm(),
        "extend_form": NoticeExtendForm(),
        "question_form": QuestionForm(),
    }
    return render(request, "campaigns/notice_detail.html", context | forms, status=status)


@require_POST
@requires(MANAGE)
def notice_issue(request: PortalRequest, pk: int) -> HttpResponse:
    """Issue a draft under its number."""
    notice = _notice(request, pk)
    _act(
        request,
        lambda: notices.issue_notice(notice=notice, today=timezone.localdate(), by=request.user),
        _("已印发，各单位可以签收。"),
    )
    return redirect("notice-detail", pk=pk)


@require_POST
@requires(MANAGE)
def notice_extend(request: PortalRequest, pk: int) -> HttpResponse:
    """Give longer to answer."""
    notice = _notice(request, pk)
    form = NoticeExtendForm(request.POST)
    if form.is_valid():
        try:
            notices.extend_notice(notice=notice, by=request.user, **form.cleaned_data)
        except CampaignRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("答复期已延长。"))
            return redirect("notice-detail", pk=pk)
    return _show(request, notice, 422, extend_form=form)


@require_POST
@requires(Permission.REPORT_TASK)
def notice_sign(request: PortalRequest, pk: int) -> HttpResponse:
    """Sign for a notice."""
    receipt = _receipt(request, pk)
    _act(request, lambda: notices.sign_notice(receipt=receipt, by=request.user), _("已签收。"))
    return redirect("notice-detail", pk=receipt.notice_id)


@require_POST
@requires(Permission.REPORT_TASK)
def notice_answer(request: PortalRequest, pk: int) -> HttpResponse:
    """Answer in words, with files, or both."""
    receipt = _receipt(request, pk)
    form = AnswerForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            notices.answer_notice(receipt=receipt, by=request.user, **form.cleaned_data)
        except (CampaignRefused, EvidenceRefused) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("已答复，等待创建办接收。"))
            return redirect("notice-detail", pk=receipt.notice_id)
    return _show(request, receipt.notice, 422, answer_form=form)


@require_POST
@requires(MANAGE)
def notice_decide(request: PortalRequest, pk: int) -> HttpResponse:
    """Accept an answer or return it with a reason."""
    receipt = _receipt(request, pk)
    accept = request.POST.get("decision") == "approve"
    _act(
        request,
        lambda: notices.decide_answer(
            receipt=receipt, accept=accept, reason=request.POST.get("reason", ""), by=request.user
        ),
        _("已接收。") if accept else _("已退回。"),
    )
    return redirect("notice-detail", pk=receipt.notice_id)


@require_POST
@requires(Permission.REPORT_TASK)
def guidance_ask(request: PortalRequest) -> HttpResponse:
    """Ask the office how something is to be understood."""
    campaign, form = _campaign(request), QuestionForm(request.POST)
    number = request.POST.get("notice", "")
    notice = _notice(request, int(number)) if number.isdecimal() else None
    if form.is_valid():
        question = form.cleaned_data["question"]
        _act(
            request,
            lambda: notices.ask_guidance(
                campaign=campaign, question=question, notice=notice, by=request.user
            ),
            _("已提问，答复后进口径库。"),
        )
    else:
        messages.error(request, _("请写问题，最多 300 字。"))
    return redirect("notice-detail", pk=notice.pk) if notice else redirect("guidance-list")


@require_POST
@requires(MANAGE)
def guidance_answer(request: PortalRequest, pk: int) -> HttpResponse:
    """Answer a question."""
    guidance = get_object_or_404(Guidance.objects.visible_to(request.user).select_related("campaign"), pk=pk)
    form = GuidanceAnswerForm(request.POST)
    answer = form.cleaned_data["answer"] if form.is_valid() else ""
    _act(
        request,
        lambda: notices.answer_guidance(guidance=guidance, answer=answer, by=request.user),
        _("已答复，进口径库。"),
    )
    return redirect("guidance-list")
