"""Rulebook editions with their clause tree, the readings that feed clauses, and parallel assessments."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region, Unit
from campaigns.choices import AssessmentKind, ClauseKind, EditionState, ReadingSource
from campaigns.querysets import AssessmentQuerySet, ClauseQuerySet, ReadingQuerySet, RulebookQuerySet


class Rulebook(models.Model):
    """One edition of evaluation rules (评价细则); immutable once published, pinned by whatever used it.

    ``document`` is the whole edition in the shape of the scoring contract; the ``Clause`` rows mirror it for pages.
    """

    code = models.CharField(_("代码"), max_length=40, unique=True)
    title = models.CharField(_("名称"), max_length=150)
    edition = models.CharField(_("版本"), max_length=40)
    is_demo = models.BooleanField(_("演示数据"), default=False)
    source = models.CharField(_("依据"), max_length=300, blank=True)
    document = models.JSONField(_("全文"))
    digest = models.CharField(_("摘要"), max_length=64, blank=True)
    state = models.CharField(
        _("状态"), max_length=10, choices=EditionState.choices, default=EditionState.DRAFT
    )
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("发布人"),
    )

    objects = RulebookQuerySet.as_manager()

    class Meta:
        verbose_name = _("评价细则")
        verbose_name_plural = _("评价细则")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.title}({self.edition})"


class Clause(models.Model):
    """One clause of the tree. ``measure`` binds it to a figure the portal computes (see campaigns/readings)."""

    rulebook = models.ForeignKey(Rulebook, models.CASCADE, related_name="clauses", verbose_name=_("评价细则"))
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children", verbose_name=_("上级条款")
    )
    no = models.CharField(_("编号"), max_length=20)
    title = models.CharField(_("条款"), max_length=300)
    kind = models.CharField(_("类别"), max_length=6, choices=ClauseKind.choices)
    points = models.DecimalField(_("分值"), max_digits=7, decimal_places=2, null=True, blank=True)
    method = models.CharField(_("计分方法"), max_length=20, blank=True)
    params = models.JSONField(_("参数"), default=dict, blank=True)
    measure = models.JSONField(_("取数"), default=dict, blank=True)
    lead_unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("牵头单位")
    )
    order = models.PositiveIntegerField(_("次序"))

    objects = ClauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("条款")
        verbose_name_plural = _("条款")
        ordering = ["rulebook", "order"]
        constraints = [
            models.UniqueConstraint(fields=["rulebook", "no"], name="clause_number_once_per_rulebook")
        ]

    def __str__(self) -> str:
        return f"{self.no} {self.title}"


class Assessment(models.Model):
    """A parallel scoring of the same clauses: self, mock, provincial or national.

    ``region`` names the part that was looked at (a county's 自评); none = the whole campaign.
    """

    campaign = models.ForeignKey(
        "campaigns.Campaign", models.CASCADE, related_name="assessments", verbose_name=_("创建")
    )
    rulebook = models.ForeignKey(Rulebook, models.PROTECT, related_name="+", verbose_name=_("评价细则"))
    kind = models.CharField(_("类别"), max_length=12, choices=AssessmentKind.choices)
    title = models.CharField(_("名称"), max_length=100)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("测评地区")
    )
    held_on = models.DateField(_("日期"))
    assessor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("评估人"),
    )
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("测评")
        verbose_name_plural = _("测评")
        ordering = ["-held_on", "-id"]

    def __str__(self) -> str:
        return self.title


class Reading(models.Model):
    """What was found for one clause, in the shape its method asks for; replaced by a later row, never overwritten.

    ``assessment`` null = the standing reading that the weekly score uses.
    """

    campaign = models.ForeignKey(
        "campaigns.Campaign", models.CASCADE, related_name="readings", verbose_name=_("创建")
    )
    clause = models.ForeignKey(Clause, models.PROTECT, related_name="readings", verbose_name=_("条款"))
    assessment = models.ForeignKey(
        Assessment, models.CASCADE, null=True, blank=True, related_name="readings", verbose_name=_("测评")
    )
    on = models.DateField(_("日期"))
    value = models.JSONField(_("结果"))
    source = models.CharField(_("来源"), max_length=10, choices=ReadingSource.choices)
    note = models.CharField(_("说明"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("登记人")
    )
    recorded_at = models.DateTimeField(_("登记时间"))
    voided_at = models.DateTimeField(_("被取代时间"), null=True, blank=True)

    objects = ReadingQuerySet.as_manager()

    class Meta:
        verbose_name = _("指标结果")
        verbose_name_plural = _("指标结果")
        ordering = ["-on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "clause", "on"],
                condition=Q(voided_at__isnull=True, assessment__isnull=True),
                name="reading_one_standing_per_clause_and_day",
            ),
            models.UniqueConstraint(
                fields=["assessment", "clause"],
                condition=Q(voided_at__isnull=True, assessment__isnull=False),
                name="reading_one_per_clause_and_assessment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.clause.no} {self.on}"
