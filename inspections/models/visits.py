"""Supervision visits (督导): facts with their own date, voided by a later act, never overwritten."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from entities.choices import OfficerLevel, ResponsibilityGrade, Source
from entities.models import Business, Officer
from inspections.choices import VisitMode
from inspections.models.checklists import Checklist
from inspections.querysets import VisitQuerySet


class Visit(models.Model):
    """An officer's supervision visit to a business. ``client_uuid`` makes a repeated submit one visit."""

    client_uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # The indexes below begin with both.
    business = models.ForeignKey(
        Business, models.PROTECT, related_name="visits", verbose_name=_("经营主体"), db_index=False
    )
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="+", verbose_name=_("地区"), db_index=False
    )
    grade = models.CharField(_("包保等级"), max_length=1, choices=ResponsibilityGrade.choices, blank=True)
    officer = models.ForeignKey(
        Officer, models.PROTECT, null=True, blank=True, related_name="visits", verbose_name=_("包保干部")
    )
    officer_name = models.CharField(_("督导干部"), max_length=60)
    officer_level = models.CharField(_("包保层级"), max_length=10, choices=OfficerLevel.choices, blank=True)
    visited_on = models.DateField(_("督导日期"))
    mode = models.CharField(_("督导方式"), max_length=8, choices=VisitMode.choices, default=VisitMode.ON_SITE)
    checklist = models.ForeignKey(
        Checklist, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("任务清单")
    )
    answers = models.JSONField(
        _("逐项结果"), default=dict, blank=True
    )  # {item number: "fail"|"na"}; others passed
    problem_count = models.PositiveSmallIntegerField(_("发现问题数"), default=0)
    finding = models.TextField(_("发现问题"), blank=True)
    remedy = models.TextField(_("整改情况"), blank=True)
    national_record_no = models.CharField(
        _("国家平台记录号"), max_length=60, null=True, blank=True, unique=True
    )
    source = models.CharField(
        _("来源"), max_length=8, choices=Source.choices, default=Source.PAGE, editable=False
    )
    batch_id = models.BigIntegerField(_("批次"), null=True, blank=True, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("登记人")
    )
    recorded_at = models.DateTimeField(_("登记时间"), editable=False)
    voided_at = models.DateTimeField(_("作废时间"), null=True, blank=True, editable=False)
    void_reason = models.CharField(_("作废原因"), max_length=200, blank=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("督导记录")
        verbose_name_plural = _("督导记录")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["business", "officer_name", "visited_on"],
                condition=Q(voided_at__isnull=True),
                name="visit_once_per_business_officer_and_day",
            )
        ]
        indexes = [
            models.Index(fields=["business", "visited_on"], name="visit_of_business"),
            models.Index(fields=["region", "visited_on"], name="visit_by_region"),
        ]

    def __str__(self) -> str:
        return f"{self.business} {self.visited_on}"
