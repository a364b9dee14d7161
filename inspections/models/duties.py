"""Expected work, materialised and versioned: what is owed, by which day, fulfilled when.

A row is never changed after it was written except that ``superseded_at`` is set once; the new truth is a new row. A figure
of a past week therefore finds exactly the rows it counted, however much was written since.

A row is a slice of days: from ``arises_on`` until ``ceases_on``. Where a grade or a place changes inside a period, one slice
ends and the next begins on that day; what held on the Sundays before is still to be read from the first.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region, Unit
from entities.choices import ResponsibilityGrade
from entities.models import Business, Officer
from inspections.choices import Exclusion
from inspections.models.policies import FrequencyPolicy
from inspections.models.problems import Problem
from inspections.models.visits import Visit
from inspections.querysets import RectificationDutyQuerySet, VisitDutyQuerySet


class Duty(models.Model):
    """What both kinds of expected work share."""

    region = models.ForeignKey(
        Region, models.PROTECT, related_name="+", db_index=False, verbose_name=_("地区")
    )
    grade = models.CharField(_("包保等级"), max_length=1, choices=ResponsibilityGrade.choices, blank=True)
    arises_on = models.DateField(_("产生日期"))
    ceases_on = models.DateField(_("接续日期"), null=True, blank=True)
    due_on = models.DateField(_("到期日"))
    fulfilled_on = models.DateField(_("完成日期"), null=True, blank=True)
    delivered_on = models.DateField(_("交付日期"), null=True, blank=True)
    excluded_on = models.DateField(_("剔除日期"), null=True, blank=True)
    exclusion = models.CharField(_("剔除原因"), max_length=14, choices=Exclusion.choices, blank=True)
    recorded_at = models.DateTimeField(_("登记时间"))
    superseded_at = models.DateTimeField(_("被取代时间"), null=True, blank=True)

    class Meta:
        abstract = True


class VisitDuty(Duty):
    """This business, in this period, owes a visit by this day; or is excluded, from when and why.

    With ``times`` > 1 it is fulfilled on the day of the last visit needed. ``delivered_on`` equals ``fulfilled_on``.
    """

    business = models.ForeignKey(Business, models.CASCADE, related_name="duties", verbose_name=_("经营主体"))
    officer = models.ForeignKey(
        Officer, models.SET_NULL, null=True, blank=True, related_name="duties", verbose_name=_("包保干部")
    )
    period = models.CharField(_("统计期"), max_length=8)  # Period.code, e.g. 2026Q4
    period_start = models.DateField(_("期初"))
    period_end = models.DateField(_("期末"))
    times = models.PositiveSmallIntegerField(_("应督导次数"), default=1)
    visits_made = models.PositiveSmallIntegerField(_("已督导次数"), default=0)
    visit = models.ForeignKey(
        Visit, models.SET_NULL, null=True, blank=True, related_name="duties", verbose_name=_("完成的督导")
    )
    policy = models.ForeignKey(
        FrequencyPolicy,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("频次规则"),
        db_index=False,
    )

    objects = VisitDutyQuerySet.as_manager()

    class Meta:
        verbose_name = _("督导任务")
        verbose_name_plural = _("督导任务")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "period"],
                condition=Q(superseded_at__isnull=True, ceases_on__isnull=True),
                name="visit_duty_one_live_per_business_and_period",
            ),
            models.CheckConstraint(
                condition=Q(excluded_on__isnull=True, exclusion="")
                | (Q(excluded_on__isnull=False) & ~Q(exclusion="")),
                name="visit_duty_excluded_on_and_why_together",
            ),
            models.CheckConstraint(
                condition=Q(ceases_on__isnull=True) | Q(ceases_on__gt=F("arises_on")),
                name="visit_duty_ceases_after_it_arises",
            ),
        ]
        indexes = [
            models.Index(fields=["period", "region", "grade"], name="visit_duty_of_period"),
            models.Index(
                fields=["region", "due_on"],
                name="visit_duty_open_by_region",
                condition=Q(superseded_at__isnull=True, fulfilled_on__isnull=True, excluded_on__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business} {self.period}"


class RectificationDuty(Duty):
    """This problem owes a fix by this day. ``fulfilled_on`` = closed, ``delivered_on`` = the fix that was accepted."""

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="duties", verbose_name=_("问题"))
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", verbose_name=_("责任单位"))
    original_due_on = models.DateField(_("原定期限"))

    objects = RectificationDutyQuerySet.as_manager()

    class Meta:
        verbose_name = _("整改任务")
        verbose_name_plural = _("整改任务")
        constraints = [
            models.UniqueConstraint(
                fields=["problem"],
                condition=Q(superseded_at__isnull=True, ceases_on__isnull=True),
                name="rectification_duty_one_live_per_problem",
            ),
            models.CheckConstraint(
                condition=Q(ceases_on__isnull=True) | Q(ceases_on__gt=F("arises_on")),
                name="rectification_duty_ceases_after_it_arises",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "region", "grade"], name="rectification_duty_by_due_day"),
            # Everything the five figures of a live page ask, so that they are counted on the index alone.
            models.Index(
                fields=[
                    "region",
                    "due_on",
                    "fulfilled_on",
                    "delivered_on",
                    "excluded_on",
                    "arises_on",
                    "ceases_on",
                    "id",
                ],
                name="rectification_duty_live",
                condition=Q(superseded_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.problem} {self.due_on}"
