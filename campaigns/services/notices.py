"""Work notices: drafted, issued once with their number, signed for, answered, accepted or returned, urged; questions answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Post, Unit
from accounts.querysets import in_force
from accounts.rules.rights import Role
from campaigns.choices import NoticeState, ReceiptState
from campaigns.errors import CampaignRefused
from campaigns.models import Campaign, Guidance, Notice, NoticeReceipt
from foodsafe_portal.lib.scope import NO_ROWS, in_territory
from records.services import audit, evidence

WHO_ANSWER = (Role.UNIT_LIAISON, Role.COUNTY_LIAISON)


class NoticeRefused(CampaignRefused):
    """A notice cannot take this step; the sentence says why."""


class AlreadyIssued(NoticeRefused):
    """Somebody issued the notice first."""


@transaction.atomic
def draft_notice(
    *, campaign: Campaign, title: str, text: str, reply_by: date, units: Sequence[Unit], today: date, by: Any
) -> Notice:
    """Write down a notice with the units it goes to; nothing is sent yet. Raises ``NoticeRefused``."""
    if not title.strip() or not text.strip():
        raise NoticeRefused(_("工作提示要有标题和正文。"))
    if reply_by < today:
        raise NoticeRefused(_("答复期限 %(day)s 已经过去；请填今天或以后的日期。") % {"day": reply_by})
    chosen = list(dict.fromkeys(units))
    if not chosen:
        raise NoticeRefused(_("还没有选发给谁；请选单位或地区。"))
    notice = Notice.objects.create(
        campaign=campaign,
        title=title.strip(),
        text=text.strip(),
        reply_by=reply_by,
        drafted_by=by,
        drafted_at=timezone.now(),
    )
    NoticeReceipt.objects.bulk_create(NoticeReceipt(notice=notice, unit=unit) for unit in chosen)
    _record(notice, "notice.drafted", by, after={"units": len(chosen)})
    return notice


@transaction.atomic
def issue_notice(*, notice: Notice, today: date, by: Any) -> Notice:
    """Send a draft out under the next number of the year; of two who press at once one is told so. Raises ``AlreadyIssued``."""
    if notice.reply_by < today:
        raise NoticeRefused(_("答复期限 %(day)s 已经过去；请改期后再印发。") % {"day": notice.reply_by})
    Campaign.objects.select_for_update(of=("self",)).get(pk=notice.campaign_id)
    last = Notice.objects.filter(campaign_id=notice.campaign_id, year=today.year).aggregate(Max("number"))
    issued = Notice.objects.filter(pk=notice.pk, state=NoticeState.DRAFT).update(
        state=NoticeState.ISSUED,
        year=today.year,
        number=(last["number__max"] or 0) + 1,
        issued_by=by,
        issued_at=timezone.now(),
    )
    if not issued:
        raise AlreadyIssued(_("这份工作提示已经印发，没有再发一次；请刷新后再看。"))
    notice.refresh_from_db()
    _record(notice, "notice.issued", by, after={"number": notice.number, "year": notice.year})
    return notice


@transaction.atomic
def extend_notice(*, notice: Notice, to: date, reason: str, by: Any) -> Notice:
    """Give the units longer to answer; the reason is kept in the trail."""
    if not reason.strip():
        raise NoticeRefused(_("延长答复期要写理由。"))
    if to <= notice.reply_by:
        raise NoticeRefused(_("新的答复期限应晚于 %(day)s。") % {"day": notice.reply_by})
    before = notice.reply_by
    if not Notice.objects.filter(pk=notice.pk, state=NoticeState.ISSUED, reply_by=before).update(reply_by=to):
        raise NoticeRefused(_("这份工作提示刚被别人改过，请刷新后再看。"))
    notice.refresh_from_db()
    _record(
        notice,
        "notice.extended",
        by,
        before={"reply_by": str(before)},
        after={"reply_by": str(to)},
        reason=reason,
    )
    return notice


def acts_for(by: Any, path: str = "unit") -> Q:
    """Receipts at the units a person answers for: their own body, or every body of their county."""
    own = NO_ROWS
    for post in by.posts_today:
        if post.unit:
            own |= Q(**{f"{path}__path__startswith": post.unit.path})
        elif post.role == Role.COUNTY_LIAISON:
            own |= in_territory(post.region_id, f"{path}__region_id")
    return own


def _own(receipt: NoticeReceipt, by: Any) -> NoticeReceipt:
    """The receipt under lock, if the person answers for its unit."""
    found = NoticeReceipt.objects.filter(acts_for(by), pk=receipt.pk, notice__state=NoticeState.ISSUED)
    row = found.select_for_update(of=("self",)).select_related("notice__campaign", "unit").first()
    if row is None:
        raise NoticeRefused(_("这份工作提示不是发给本单位的，不能签收或答复。"))
    return row


@transaction.atomic
def sign_notice(*, receipt: NoticeReceipt, by: Any) -> NoticeReceipt:
    """Sign for a notice: it was received, nothing more. Signing twice is refused."""
    row = _own(receipt, by)
    signed = NoticeReceipt.objects.filter(pk=row.pk, state=ReceiptState.UNSIGNED).update(
        state=ReceiptState.SIGNED, signed_by=by, signed_at=timezone.now()
    )
    if not signed:
        raise NoticeRefused(_("本单位已经签收，请刷新后再看。"))
    row.refresh_from_db()
    _record(row.notice, "notice.signed", by, after={"unit": row.unit.name})
    return row


@transaction.atomic
def answer_notice(*, receipt: NoticeReceipt, answer: str, uploads: Iterable[Any], by: Any) -> NoticeReceipt:
    """Answer a notice in words, with files, or both; answering signs for it as well. Raises ``NoticeRefused``."""
    files = list(uploads)
    if not answer.strip() and not files:
        raise NoticeRefused(_("答复不能为空，请写文字或附文件。"))
    row, now = _own(receipt, by), timezone.now()
    open_for = (ReceiptState.UNSIGNED, ReceiptState.SIGNED, ReceiptState.RETURNED)
    if row.state not in open_for:
        raise NoticeRefused(_("本单位已经答复，退回后可以再答。"))
    row.signed_by, row.signed_at = row.signed_by or by, row.signed_at or now
    row.state, row.answer, row.reason = ReceiptState.ANSWERED, answer.strip(), ""
    row.answered_by, row.answered_at, row.decided_by, row.decided_at = by, now, None, None
    row.save()
    for upload in files:
        evidence.store_evidence(upload=upload, target=row, by=by)
    _record(
        row.notice,
        "notice.answered",
        by,
        after={"unit": row.unit.name, "files": len(files), "answer": row.answer},
    )
    return row


@transaction.atomic
def decide_answer(*, receipt: NoticeReceipt, accept: bool, reason: str = "", by: Any) -> NoticeReceipt:
    """Accept an answer or return it with a reason."""
    if not accept and not reason.strip():
        raise NoticeRefused(_("退回要写理由，单位才知道补什么。"))
    decided = NoticeReceipt.objects.filter(pk=receipt.pk, state=ReceiptState.ANSWERED).exclude(answered_by=by)
    if not decided.update(
        state=ReceiptState.ACCEPTED if accept else ReceiptState.RETURNED,
        decided_by=by,
        decided_at=timezone.now(),
        reason="" if accept else reason.strip(),
    ):
        raise NoticeRefused(_("这份答复已有人审阅，或是您自己答的，请刷新后再看。"))
    receipt.refresh_from_db()
    action = "notice.accepted" if accept else "notice.returned"
    _record(receipt.notice, action, by, after={"unit": receipt.unit.name}, reason=reason.strip())
    return receipt


def accounts_of(receipts: Sequence[NoticeReceipt], day: date) -> dict[int, tuple[int, ...]]:
    """Receipt → the accounts that can answer it on ``day``; an empty tuple where nobody has an account."""
    posts = _posts(day)
    return {
        one.pk: tuple(
            {
                user
                for user, path, region in posts
                if (one.unit.path.startswith(path) if path else (one.unit.region_id or "").startswith(region))
            }
        )
        for one in receipts
    }


def _posts(day: date) -> list[tuple[int, str, str]]:
    posts = Post.objects.filter(in_force(day), role__in=WHO_ANSWER, user__is_active=True)
    found = posts.values_list("user_id", "unit__path", "region_id", "role")
    return [
        (user, path or "", region or "")
        for user, path, region, role in found
        if path or role == Role.COUNTY_LIAISON
    ]


@transaction.atomic
def ask_guidance(*, campaign: Campaign, question: str, notice: Notice | None, by: Any) -> Guidance:
    """Ask the office how something is to be understood."""
    if not question.strip():
        raise NoticeRefused(_("问题不能为空。"))
    unit = next((post.unit for post in by.posts_today if post.unit), None)
    asked = Guidance.objects.create(
        campaign=campaign,
        notice=notice,
        question=question.strip(),
        unit=unit,
        asked_by=by,
        asked_at=timezone.now(),
    )
    audit.record(by=by, action="guidance.asked", target=asked, territory=campaign.region_id)
    return asked


@transaction.atomic
def answer_guidance(*, guidance: Guidance, answer: str, by: Any) -> Guidance:
    """Answer a question; from then on the answer stands in the library. A second answer is refused."""
    if not answer.strip():
        raise NoticeRefused(_("口径不能为空。"))
    done = Guidance.objects.filter(pk=guidance.pk, answered_at__isnull=True).update(
        answer=answer.strip(), answered_by=by, answered_at=timezone.now()
    )
    if not done:
        raise NoticeRefused(_("这个问题已有人答复，请刷新后再看。"))
    guidance.refresh_from_db()
    audit.record(by=by, action="guidance.answered", target=guidance, territory=guidance.campaign.region_id)
    return guidance


def _record(
    notice: Notice, action: str, by: Any, *, before: Any = None, after: Any = None, reason: str = ""
) -> None:
    audit.record(
        by=by,
        action=action,
        target=notice,
        territory=notice.campaign.region_id,
        before=before,
        after=after,
        reason=reason,
    )
