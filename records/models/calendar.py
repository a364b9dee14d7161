"""The working calendar: which days differ from Monday to Friday, and for which years that is published."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from records.choices import DayKind


class WorkYear(models.Model):
    """A calendar year; until it is published, due dates that touch it are provisional."""

    year = models.PositiveSmallIntegerField(_("年份"), primary_key=True)
    published = models.BooleanField(_("已公布"), default=False)
    source = models.CharField(_("依据"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("工作日历年度")
        verbose_name_plural = _("工作日历年度")
        ordering = ["year"]

    def __str__(self) -> str:
        return str(self.year)


class WorkdayOverride(models.Model):
    """One holiday or make-up working day (调休)."""

    day = models.DateField(_("日期"), primary_key=True)
    year = models.ForeignKey(WorkYear, models.CASCADE, related_name="overrides", verbose_name=_("年份"))
    kind = models.CharField(_("类别"), max_length=8, choices=DayKind.choices)
    note = models.CharField(_("说明"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("节假日与调休")
        verbose_name_plural = _("节假日与调休")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.get_kind_display()}"
