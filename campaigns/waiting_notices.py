"""What of the work notices waits for a person: to sign for, to answer, returned answers, answers to accept, questions to answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.rights import Permission as P
from campaigns.choices import NoticeState, ReceiptState
from campaigns.forms import DecisionForm
from campaigns.models import Guidance, NoticeReceipt
from campaigns.services.notices import acts_for, decide_answer, sign_notice
from foodsafe_portal.lib.waiting import Kind, Line, Link, Step, register, tell_acts

COPIES = gettext_lazy("份")


def _at_own_units(user: Any, *states: str) -> QuerySet:
    """Receipts of issued notices at the units this person answers for."""
    seen = NoticeReceipt.objects.visible_to(user).filter(acts_for(user))
    return seen.filter(
        notice__state=NoticeState.ISSUED, notice__campaign__closed_on__isnull=True, state__in=states
    )


def _lines(receipts: Sequence[NoticeReceipt], user: Any, day: date) -> list[Line]:
    """Each with its unit, and the page on which it is answered."""
    lines = []
    for one in receipts:
        url = reverse("notice-detail", args=[one.notice_id])
        title = _("工作提示第 %(n)s 号：%(title)s") % {"n": one.notice.number, "title": one.notice.title}
        links = (Link(_("答复"), url, "message-circle"),)
        words = " · ".join(word for word in (str(one.unit), one.answer[:60]) if word)
        lines.append(Line(one.pk, title, url, words, one.notice.reply_by, note=one.reason, links=links))
    return lines


def _sign(receipt: NoticeReceipt, by: Any, form: Any) -> NoticeReceipt:
    return sign_notice(receipt=receipt, by=by)


COMMON: dict[str, Any] = {
    "unit": COPIES,
    "lines": _lines,
    "due": "notice__reply_by",
    "order": ("notice__reply_by", "pk"),
    "related": ("notice", "unit"),
}
register(
    Kind(
        code="notice_returned",
        label=gettext_lazy("答复被退回"),
        icon="arrow-back-up",
        place=14,
        permissions=(P.REPORT_TASK,),
        rows=lambda user, day: _at_own_units(user, ReceiptState.RETURNED),
        **COMMON,
    )
)
register(
    Kind(
        code="notice_to_sign",
        label=gettext_lazy("工作提示待签收"),
        note=gettext_lazy("签收只表示收到"),
        icon="bell",
        place=20,
        permissions=(P.REPORT_TASK,),
        rows=lambda user, day: _at_own_units(user, ReceiptState.UNSIGNED),
        steps=(
            Step(
                "sign",
                gettext_lazy("签收"),
                gettext_lazy("已签收。"),
                _sign,
                P.REPORT_TASK,
                css="btn-primary",
            ),
        ),
        **COMMON,
    )
)
register(
    Kind(
        code="notice_to_answer",
        label=gettext_lazy("工作提示待答复"),
        icon="message-circle",
        place=21,
        permissions=(P.REPORT_TASK,),
        rows=lambda user, day: _at_own_units(user, ReceiptState.SIGNED),
        **COMMON,
    )
)


def _answered(user: Any, day: date) -> QuerySet:
    waiting = NoticeReceipt.objects.visible_to(user).filter(state=ReceiptState.ANSWERED)
    return waiting.exclude(answered_by=user)


def _decision(data: Any, files: Any, *, user: Any, row: Any, **kwargs: Any) -> DecisionForm:
    kwargs.pop("day", None)
    return DecisionForm(data, **kwargs)


def _decides(accept: bool) -> Any:
    return lambda one, by, form: decide_answer(
        receipt=one, accept=accept, by=by, reason=form.cleaned_data["reason"]
    )


register(
    Kind(
        code="notice_answer",
        label=gettext_lazy("答复待接收"),
        icon="message-circle",
        place=37,
        decides=True,
        permissions=(P.MANAGE_CAMPAIGN,),
        rows=_answered,
        steps=(
            Step(
                "approve",
                gettext_lazy("接收"),
                gettext_lazy("已接收。"),
                _decides(True),
                P.MANAGE_CAMPAIGN,
                _decision,
                value="approve",
            ),
            Step(
                "return",
                gettext_lazy("退回"),
                gettext_lazy("已退回。"),
                _decides(False),
                P.MANAGE_CAMPAIGN,
                _decision,
                asks=True,
                icon="arrow-back-up",
                value="return",
            ),
        ),
        **COMMON,
    )
)


def _questions(user: Any, day: date) -> QuerySet:
    return Guidance.objects.visible_to(user).filter(answered_at__isnull=True).exclude(asked_by=user)


def _question_lines(questions: Sequence[Guidance], user: Any, day: date) -> list[Line]:
    """Each with the unit that asks."""
    url = f"{reverse('guidance-list')}?waiting=1"
    return [Line(one.pk, one.question, url, str(one.unit or one.asked_by)) for one in questions]


register(
    Kind(
        code="guidance_to_answer",
        label=gettext_lazy("口径待答复"),
        unit=gettext_lazy("条"),
        icon="message-circle",
        place=40,
        permissions=(P.MANAGE_CAMPAIGN,),
        rows=_questions,
        lines=_question_lines,
        order=("asked_at", "pk"),
        related=("unit", "asked_by"),
    )
)

tell_acts(
    {
        "notice.drafted": gettext_lazy("拟工作提示"),
        "notice.issued": gettext_lazy("印发工作提示"),
        "notice.extended": gettext_lazy("延长答复期"),
        "notice.signed": gettext_lazy("签收工作提示"),
        "notice.answered": gettext_lazy("答复工作提示"),
        "notice.accepted": gettext_lazy("接收答复"),
        "notice.returned": gettext_lazy("退回答复"),
        "guidance.asked": gettext_lazy("提问口径"),
        "guidance.answered": gettext_lazy("答复口径"),
    },
    {"campaigns.notice": "notice-detail"},
)
