"""Work notices (工作提示) with their receipts and answers, and the answers to questions that become the house's line (口径)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from campaigns.choices import NoticeState, ReceiptState
from campaigns.models.campaign import Campaign
from campaigns.querysets import CampaignPartQuerySet, NoticeQuerySet, ReceiptQuerySet


class Notice(models.Model):
    """A numbered notice to chosen units; it gets its number when it is issued, one after the other within its year."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="notices", verbose_name=_("创建"))
    year = models.PositiveSmallIntegerField(_("年度"), null=True, blank=True)
    number = models.PositiveSmallIntegerField(_("编号"), null=True, blank=True)
    title = models.CharField(_("标题"), max_length=120)
    text = models.TextField(_("正文"))
    reply_by = models.DateField(_("答复期限"))
    state = models.CharField(_("状态"), max_length=10, choices=NoticeState.choices, default=NoticeState.DRAFT)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("拟稿人")
    )
    drafted_at = models.DateTimeField(_("拟稿时间"))
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("印发人"),
    )
    issued_at = models.DateTimeField(_("印发时间"), null=True, blank=True)
    is_demo = models.BooleanField(_("演示数据"), default=False, editable=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("工作提示")
        verbose_name_plural = _("工作提示")
        ordering = ["-year", "-number", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "year", "number"], name="notice_number_once_a_year"),
            models.CheckConstraint(
                condition=Q(state=NoticeState.DRAFT, number__isnull=True, issued_at__isnull=True)
                | Q(
                    ~Q(state=NoticeState.DRAFT),
                    number__isnull=False,
                    year__isnull=False,
                    issued_at__isnull=False,
                ),
                name="notice_numbered_when_issued",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}" if self.number else self.title


class NoticeReceipt(models.Model):
    """A notice at one unit: signed for, answered, and the answer accepted or returned with a reason."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="receipts", verbose_name=_("工作提示"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="notice_receipts", verbose_name=_("单位"))
    state = models.CharField(
        _("状态"), max_length=10, choices=ReceiptState.choices, default=ReceiptState.UNSIGNED
    )
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("签收人"),
    )
    signed_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    answer = models.TextField(_("答复"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("答复人"),
    )
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("审阅人"),
    )
    decided_at = models.DateTimeField(_("审阅时间"), null=True, blank=True)
    reason = models.CharField(_("退回理由"), max_length=300, blank=True)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = _("签收与答复")
        verbose_name_plural = _("签收与答复")
        ordering = ["notice", "unit__region_id", "unit__name"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "unit"], name="notice_once_per_unit"),
            models.CheckConstraint(
                condition=~Q(state=ReceiptState.RETURNED) | ~Q(reason=""), name="notice_returned_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(state=ReceiptState.UNSIGNED) | Q(signed_at__isnull=False),
                name="notice_signed_before_answered",
            ),
        ]
        indexes = [models.Index(fields=["unit", "state"], name="notice_receipt_by_unit")]

    def __str__(self) -> str:
        return f"{self.notice} {self.unit}"


class Guidance(models.Model):
    """A question of a unit and the office's answer to it; once answered, everybody in the campaign may look it up."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="guidance", verbose_name=_("创建"))
    notice = models.ForeignKey(
        Notice, models.SET_NULL, null=True, blank=True, related_name="guidance", verbose_name=_("工作提示")
    )
    question = models.CharField(_("问题"), max_length=300)
    answer = models.TextField(_("口径"), blank=True)
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("提问单位")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("提问人")
    )
    asked_at = models.DateTimeField(_("提问时间"))
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("答复人"),
    )
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True)

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("口径")
        verbose_name_plural = _("口径库")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True)
                | Q(~Q(answer=""), answered_at__isnull=False),
                name="guidance_answered_with_its_time",
            )
        ]

    def __str__(self) -> str:
        return self.question[:60]
