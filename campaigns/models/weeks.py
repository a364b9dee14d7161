"""The frozen week: an immutable report with its figures, in revisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from campaigns.choices import Level, ReportState
from campaigns.models.campaign import Campaign
from campaigns.models.rulebook import Rulebook
from campaigns.querysets import FigureQuerySet, ReportQuerySet


class WeeklyReport(models.Model):
    """One campaign's week, as of Sunday 24:00 Asia/Shanghai, known at the instant of closing.

    Immutable but for publishing and for ``is_latest``, which the next revision takes away.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="reports", verbose_name=_("创建"))
    week = models.CharField(_("周"), max_length=8)  # 2026-W46
    sunday = models.DateField(_("周日"))
    revision = models.PositiveSmallIntegerField(_("版次"), default=1)
    is_latest = models.BooleanField(_("最新版"), default=True)
    as_of = models.DateTimeField(_("截至"))
    known_at = models.DateTimeField(_("冻结时间"))
    digest = models.CharField(_("校验码"), max_length=64)
    rulebook = models.ForeignKey(
        Rulebook, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("评价细则")
    )
    score = models.JSONField(_("得分"), null=True, blank=True)
    lost_by_unit = models.JSONField(_("各单位失分"), default=list, blank=True)
    ranking = models.JSONField(_("排名"), default=list, blank=True)
    difference = models.JSONField(_("与上一版的差别"), default=list, blank=True)
    state = models.CharField(
        _("状态"), max_length=10, choices=ReportState.choices, default=ReportState.FROZEN
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("冻结人"),
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("发布人"),
    )
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("周报")
        verbose_name_plural = _("周报")
        ordering = ["-week", "-revision"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "week", "revision"], name="report_revision_once_per_week"
            ),
            models.UniqueConstraint(
                fields=["campaign", "week"],
                condition=models.Q(is_latest=True),
                name="report_one_latest_per_week",
            ),
        ]

    def __str__(self) -> str:
        return _("%(campaign)s %(week)s 第 %(revision)s 版") % {
            "campaign": self.campaign,
            "week": self.week,
            "revision": self.revision,
        }


class WeeklyFigure(models.Model):
    """Five integers for one measure, region and grade ('' = total); the list behind each re-asks the same question."""

    report = models.ForeignKey(WeeklyReport, models.CASCADE, related_name="figures", verbose_name=_("周报"))
    measure = models.CharField(_("指标"), max_length=24)
    level = models.CharField(_("层级"), max_length=10, choices=Level.choices)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("地区"))
    grade = models.CharField(_("包保等级"), max_length=1, blank=True)
    expected = models.PositiveIntegerField(_("应完成"))
    done = models.PositiveIntegerField(_("已完成"))
    on_time = models.PositiveIntegerField(_("按时"))
    overdue = models.PositiveIntegerField(_("逾期"))
    excluded = models.PositiveIntegerField(_("剔除"))

    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("周数据")
        verbose_name_plural = _("周数据")
        ordering = ["report", "measure", "region_id", "grade"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "measure", "level", "region", "grade"], name="figure_once_per_question"
            ),
            models.CheckConstraint(
                condition=models.Q(done__gte=models.F("on_time"))
                & models.Q(expected__gte=models.F("done") + models.F("overdue")),
                name="figure_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.region_id} {self.grade or _('合计')}"
