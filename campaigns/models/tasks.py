"""The task list (任务清单): who leads, who helps, by when, and the weekly reports."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from campaigns.choices import DueAnchor, ExtensionState, TaskKind, TaskReportState, TaskState
from campaigns.models.campaign import Campaign, Phase
from campaigns.models.rulebook import Clause
from campaigns.querysets import TaskPartQuerySet, TaskQuerySet


class TaskItem(models.Model):
    """One task or milestone: its lead and its person, what is to be done and proved, its day and the rule the day comes from.

    ``due_days`` working days before the review day or the end of the phase (``due_anchor``); ``lasts_days`` working days from
    the beginning to the due day, empty where the beginning is fixed. The baseline keeps the day as it stood before it was
    first moved (re-planned or extended) and is empty while nothing has moved.
    """

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
    kind = models.CharField(_("类别"), max_length=10, choices=TaskKind.choices, default=TaskKind.TASK)
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="parts", verbose_name=_("上级任务")
    )
    person = models.CharField(_("经办人"), max_length=60, blank=True)
    text = models.TextField(_("工作内容"), blank=True)
    measures = models.TextField(_("措施"), blank=True)
    proof = models.TextField(_("佐证要求"), blank=True)
    due_anchor = models.CharField(
        _("期限算法"), max_length=8, choices=DueAnchor.choices, default=DueAnchor.FIXED
    )
    due_days = models.PositiveSmallIntegerField(_("提前工作日"), default=0)
    lasts_days = models.PositiveSmallIntegerField(_("工期(工作日)"), null=True, blank=True)
    due_provisional = models.BooleanField(_("期限暂定"), default=False)
    baseline_starts_on = models.DateField(_("基线开始"), null=True, blank=True, editable=False)
    baseline_due_on = models.DateField(_("基线期限"), null=True, blank=True, editable=False)
    percent = models.PositiveSmallIntegerField(_("进度(%)"), default=0)
    is_example = models.BooleanField(_("示例"), default=False, editable=False)
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
            models.CheckConstraint(
                condition=models.Q(due_days=0) | ~models.Q(due_anchor=DueAnchor.FIXED),
                name="task_fixed_day_counts_from_nothing",
            ),
            models.CheckConstraint(condition=models.Q(percent__lte=100), name="task_percent_up_to_100"),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(kind=TaskKind.MILESTONE),
                name="task_milestone_has_no_parent",
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


class TaskLink(models.Model):
    """A task and one that has to be finished before it."""

    task = models.ForeignKey(TaskItem, models.CASCADE, related_name="links", verbose_name=_("任务"))
    before = models.ForeignKey(TaskItem, models.CASCADE, related_name="followers", verbose_name=_("前置任务"))

    objects = TaskPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("前置任务")
        verbose_name_plural = _("前置任务")
        ordering = ["task", "id"]
        constraints = [
            models.UniqueConstraint(fields=["task", "before"], name="task_link_once"),
            models.CheckConstraint(
                condition=~models.Q(task=models.F("before")), name="task_link_to_another_task"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.before.number} → {self.task.number}"


class TaskClause(models.Model):
    """A clause of the rulebook that a task serves."""

    task = models.ForeignKey(TaskItem, models.CASCADE, related_name="serves", verbose_name=_("任务"))
    clause = models.ForeignKey(Clause, models.CASCADE, related_name="served_by", verbose_name=_("条款"))

    objects = TaskPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("对应条款")
        verbose_name_plural = _("对应条款")
        ordering = ["task", "id"]
        constraints = [models.UniqueConstraint(fields=["task", "clause"], name="task_clause_once")]

    def __str__(self) -> str:
        return f"{self.clause.no}"


class TaskExtension(models.Model):
    """A new due day that a unit proposes for a task; decided by another person, the baseline stays."""

    task = models.ForeignKey(TaskItem, models.CASCADE, related_name="extensions", verbose_name=_("任务"))
    due_from = models.DateField(_("原期限"))
    due_to = models.DateField(_("新期限"))
    reason = models.CharField(_("理由"), max_length=300)
    state = models.CharField(
        _("状态"), max_length=10, choices=ExtensionState.choices, default=ExtensionState.REQUESTED
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("申请人")
    )
    asked_at = models.DateTimeField(_("申请时间"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("审批人"),
    )
    decided_at = models.DateTimeField(_("审批时间"), null=True, blank=True)
    note = models.CharField(_("审批意见"), max_length=300, blank=True)

    objects = TaskPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("任务延期")
        verbose_name_plural = _("任务延期")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task"],
                condition=models.Q(state=ExtensionState.REQUESTED),
                name="task_extension_one_waiting",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("asked_by")),
                name="task_extension_decided_by_another_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.due_from} → {self.due_to}"


class TaskReport(models.Model):
    """A unit's weekly report on a task with its proof; approved or returned with a reason by another person."""

    task = models.ForeignKey(TaskItem, models.CASCADE, related_name="reports", verbose_name=_("任务"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="task_reports", verbose_name=_("报送单位"))
    week = models.CharField(_("周"), max_length=8)
    progress = models.TextField(_("进展"))
    claims_done = models.BooleanField(_("申请办结"), default=False)
    percent = models.PositiveSmallIntegerField(_("进度(%)"), null=True, blank=True)
    hindrance = models.CharField(_("困难"), max_length=300, blank=True)
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
    again_by = models.DateField(_("重报期限"), null=True, blank=True)

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
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True) | models.Q(percent__lte=100),
                name="task_report_percent_up_to_100",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.week}"
