"""Versioned policies: how often a grade is visited, how long a fix may take."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from entities.choices import ResponsibilityGrade
from inspections.choices import DayUnit, DueMode, PeriodKind, Severity
from inspections.querysets import PolicyQuerySet


class FrequencyPolicy(models.Model):
    """How often businesses of a grade are visited from a day on; ``source`` says whose rule that is."""

    grade = models.CharField(_("包保等级"), max_length=1, choices=ResponsibilityGrade.choices)
    effective_from = models.DateField(_("生效日期"))
    times = models.PositiveSmallIntegerField(_("次数"), default=1)
    per = models.CharField(_("周期"), max_length=8, choices=PeriodKind.choices, default=PeriodKind.QUARTER)
    due_mode = models.CharField(
        _("到期方式"), max_length=12, choices=DueMode.choices, default=DueMode.PERIOD_END
    )
    source = models.CharField(_("依据"), max_length=200)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("督导频次")
        verbose_name_plural = _("督导频次")
        ordering = ["grade", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["grade", "effective_from"], name="frequency_one_rule_per_grade_and_day"
            ),
            models.CheckConstraint(condition=models.Q(times__gte=1), name="frequency_at_least_once"),
        ]

    def __str__(self) -> str:
        return _("包保 %(grade)s：每%(per)s %(times)s 次") % {
            "grade": self.grade,
            "per": self.get_per_display(),
            "times": self.times,
        }


class DeadlinePolicy(models.Model):
    """How long a fix may take, by severity, from a day on."""

    severity = models.CharField(_("严重程度"), max_length=10, choices=Severity.choices)
    effective_from = models.DateField(_("生效日期"))
    days = models.PositiveSmallIntegerField(_("天数"))
    unit = models.CharField(_("计日方式"), max_length=8, choices=DayUnit.choices, default=DayUnit.WORKING)
    source = models.CharField(_("依据"), max_length=200)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("整改时限")
        verbose_name_plural = _("整改时限")
        ordering = ["severity", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["severity", "effective_from"], name="deadline_one_rule_per_severity_and_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_severity_display()}:{self.days}{self.get_unit_display()}"
