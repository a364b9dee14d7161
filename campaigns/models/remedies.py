"""What is done about lost points: each lost point with the tasks and problems that are to bring it back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.choices import TaskState
from campaigns.models.campaign import Campaign
from campaigns.models.rulebook import Assessment, Clause
from campaigns.models.tasks import TaskItem
from campaigns.querysets import CampaignPartQuerySet, RemedyQuerySet
from inspections.models import Problem
from inspections.rules.states import ENDED


class LostPoint(models.Model):
    """Points that a clause lost in an assessment (none = in the city's own weekly score) and that somebody is to bring back.

    ``points`` is what was lost when it was noted, ``regained`` what its remedies are to bring back together.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="lost_points", verbose_name=_("创建"))
    clause = models.ForeignKey(Clause, models.PROTECT, related_name="lost_points", verbose_name=_("条款"))
    assessment = models.ForeignKey(
        Assessment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lost_points",
        verbose_name=_("测评"),
    )
    points = models.DecimalField(_("失分"), max_digits=8, decimal_places=3)
    regained = models.DecimalField(_("可追回"), max_digits=8, decimal_places=3)
    why = models.CharField(_("失分原因"), max_length=300, blank=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人")
    )
    noted_at = models.DateTimeField(_("登记时间"))

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("失分项")
        verbose_name_plural = _("失分项")
        ordering = ["clause", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "clause", "assessment"],
                condition=Q(assessment__isnull=False),
                name="lost_point_once_per_clause_and_assessment",
            ),
            models.UniqueConstraint(
                fields=["campaign", "clause"],
                condition=Q(assessment__isnull=True),
                name="lost_point_once_per_clause_of_the_own_score",
            ),
            models.CheckConstraint(
                condition=Q(regained__gt=0, regained__lte=models.F("points")),
                name="lost_point_regains_at_most_what_was_lost",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.clause.no} {self.points}"


class Remedy(models.Model):
    """One task or one problem by which a lost point is to come back; a fan-out to counties is one remedy each."""

    lost = models.ForeignKey(LostPoint, models.CASCADE, related_name="remedies", verbose_name=_("失分项"))
    task = models.ForeignKey(
        TaskItem, models.PROTECT, null=True, blank=True, related_name="remedies", verbose_name=_("任务")
    )
    problem = models.ForeignKey(
        Problem, models.PROTECT, null=True, blank=True, related_name="remedies", verbose_name=_("问题")
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("发起人")
    )
    started_at = models.DateTimeField(_("发起时间"))

    objects = RemedyQuerySet.as_manager()

    class Meta:
        verbose_name = _("失分整改")
        verbose_name_plural = _("失分整改")
        ordering = ["lost", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(task__isnull=False, problem__isnull=True)
                | Q(task__isnull=True, problem__isnull=False),
                name="remedy_is_a_task_or_a_problem",
            ),
            models.UniqueConstraint(fields=["lost", "task"], name="remedy_task_once_per_lost_point"),
            models.UniqueConstraint(fields=["lost", "problem"], name="remedy_problem_once_per_lost_point"),
        ]

    def __str__(self) -> str:
        return f"{self.lost} → {self.task or self.problem}"

    @property
    def done(self) -> bool:
        """Whether the task is finished or the problem closed."""
        if self.task is not None:
            return self.task.state == TaskState.DONE
        return self.problem is not None and self.problem.state in ENDED

    @property
    def dropped(self) -> bool:
        """Whether its problem was voided, so that nobody works on it any more."""
        return self.problem is not None and self.problem.voided_at is not None
