"""The task list (任务清单): who leads, who helps, by when, and the weekly reports."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from campaigns.choices import TaskReportState, TaskState
from campaigns.models.campaign import Campaign, Phase
from campaigns.querysets import TaskQuerySet


class TaskItem(models.Model):
    """One task with its leading unit, deadline and numeric targets."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="tasks", verbose_name=_("创建"))
    number = models.PositiveSmallIntegerField(_("序号"))
    system = models.CharField(_("体系"), max_length=40, blank=True)
    title = models.CharField(_("任务"), max_length=200)
    phase = models.ForeignKey(
        Phase, models.PROTECT, null=True, blank=True, related_name="tasks", verbose_name=_("阶段")
    )
    lead_unit = models.ForeignKey(Unit, models.PROTECT, related_name="led_tasks", verbose_name=_("牵头单位"))
    starts_on = models.DateField(_("开始日期"))
    due_on = models.DateField(_("完成期限"))
    targets = models.JSONField(_("目标"), default=list, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=TaskState.choices, default=TaskState.OPEN)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("认领人"),
    )
    claimed_at = models.DateTimeField(_("认领时间"), null=True, blank=True)
    done_on = models.DateField(_("完成日期"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("任务")
        verbose_name_plural = _("任务")
        ordering = ["campaign", "number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="task_number_once_per_campaign"),
            models.CheckConstraint(
                condition=models.Q(done_on__isnull=False, state="done") | ~models.Q(state="done"),
                name="task_done_with_its_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class TaskSupport(models.Model):
    """A cooperating unit of a task."""

    task = models.ForeignKey(TaskItem, models.CASCADE, related_name="supports", verbose_name=_("任务"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="supported_tasks", verbose_name=_("配合单位"))

    class Meta:
        verbose_name = _("配合单位")
        verbose_name_plural = _("配合单位")
        ordering = ["task", "id"]
        constraints = [models.UniqueConstraint(fields=["task", "unit"], name="task_support_once")]

    def __str__(self) -> str:
        return f"{self.unit}"


class TaskReport(models.Model):
    """A unit's weekly report on a task with its proof; approved or returned with a reason by another person."""

    task = models.ForeignKey(TaskItem, models.CASCADE, related_name="reports", verbose_name=_("任务"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="task_reports", verbose_name=_("报送单位"))
    week = models.CharField(_("周"), max_length=8)
    progress = models.TextField(_("进展"))
    claims_done = models.BooleanField(_("申请办结"), default=False)
    state = models.CharField(
        _("状态"), max_length=10, choices=TaskReportState.choices, default=TaskReportState.SUBMITTED
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("报送人")
    )
    submitted_at = models.DateTimeField(_("报送时间"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("审核人"),
    )
    decided_at = models.DateTimeField(_("审核时间"), null=True, blank=True)
    reason = models.CharField(_("退回理由"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("任务周报")
        verbose_name_plural = _("任务周报")
        ordering = ["-submitted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "unit", "week"],
                condition=models.Q(state__in=["submitted", "approved"]),
                name="task_report_once_per_unit_and_week",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("submitted_by")),
                name="task_report_decided_by_another_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="returned") | ~models.Q(reason=""),
                name="task_report_returned_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.week}"
