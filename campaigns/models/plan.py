"""What was done to the plan as a whole: every re-planning with the dates it moved, so that it can be taken back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from campaigns.querysets import CampaignPartQuerySet


class Replan(models.Model):
    """One reviewed re-planning: the review day before and after, every date moved, and the plan's digest on either side."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="replans", verbose_name=_("创建"))
    review_from = models.DateField(_("原迎检日"))
    review_to = models.DateField(_("新迎检日"))
    reason = models.CharField(_("依据"), max_length=300)
    moves = models.JSONField(_("移动的日期"), default=list)
    restore = models.JSONField(_("原来的日期"), default=dict)
    digest_before = models.CharField(_("之前的摘要"), max_length=64)
    digest_after = models.CharField(_("之后的摘要"), max_length=64)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("执行人")
    )
    applied_at = models.DateTimeField(_("执行时间"))
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("撤销人")
    )
    reversed_at = models.DateTimeField(_("撤销时间"), null=True)

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("倒排记录")
        verbose_name_plural = _("倒排记录")
        ordering = ["-applied_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reversed_at__isnull=False) | Q(reversed_by__isnull=True),
                name="replan_reversed_by_and_at_together",
            )
        ]

    def __str__(self) -> str:
        return f"{self.review_from} → {self.review_to}"
