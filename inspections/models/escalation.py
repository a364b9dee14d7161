"""The ladder of escalation: its dated rules, every step that was taken, and the days on which it ran."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region, Unit
from inspections.choices import EscalationPaper, EscalationState, EscalationStepKind, EscalationTo
from inspections.models.problems import person
from inspections.querysets import EscalationStepQuerySet, PolicyQuerySet


class EscalationRule(models.Model):
    """From a day on: which step follows for which overdue thing after how many working days, to whom, with which paper."""

    thing = models.CharField(_("事项"), max_length=20)
    step = models.CharField(_("措施"), max_length=16, choices=EscalationStepKind.choices)
    effective_from = models.DateField(_("生效日期"))
    grace_days = models.PositiveSmallIntegerField(_("逾期工作日数"))
    to = models.CharField(_("发给"), max_length=10, choices=EscalationTo.choices)
    paper = models.CharField(_("文书"), max_length=10, choices=EscalationPaper.choices, blank=True)
    active = models.BooleanField(_("启用"), default=True)
    source = models.CharField(_("依据"), max_length=200)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("督办规则")
        verbose_name_plural = _("督办规则")
        ordering = ["thing", "grace_days", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["thing", "step", "effective_from"], name="escalation_one_rule_per_step_and_day"
            ),
            models.CheckConstraint(condition=Q(grace_days__gte=1), name="escalation_after_a_working_day"),
        ]

    def __str__(self) -> str:
        return f"{self.thing} {self.get_step_display()} {self.grace_days}"


class EscalationStep(models.Model):
    """One step towards one person about one overdue thing; unique per rule, object, recipient and due day.

    ``step`` and ``thing`` are kept beside the rule, so that a new edition of it repeats nothing. A proposal has no recipient:
    it waits for a person's decision.
    """

    rule = models.ForeignKey(
        EscalationRule, models.PROTECT, related_name="+", db_index=False, verbose_name=_("规则")
    )
    thing = models.CharField(_("事项"), max_length=20)
    step = models.CharField(_("措施"), max_length=16, choices=EscalationStepKind.choices)
    object_id = models.BigIntegerField(_("对象编号"))
    page_id = models.BigIntegerField(_("页面编号"))
    object_name = models.CharField(_("对象"), max_length=200)
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="+", db_index=False, verbose_name=_("地区")
    )
    unit = models.ForeignKey(
        Unit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("责任单位"),
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("接收人"),
    )
    due = models.DateField(_("期限"))
    stepped_on = models.DateField(_("采取日期"))
    recorded_at = models.DateTimeField(_("登记时间"))
    state = models.CharField(_("状态"), max_length=10, choices=EscalationState.choices)
    stopped_on = models.DateField(_("停止日期"), null=True, blank=True)
    decided_by = person(_("决定人"))
    decided_on = models.DateField(_("决定日期"), null=True, blank=True)
    reason = models.CharField(_("理由"), max_length=300, blank=True)
    held_on = models.DateField(_("实施日期"), null=True, blank=True)
    outcome = models.CharField(_("结果"), max_length=500, blank=True)

    objects = EscalationStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("督办措施")
        verbose_name_plural = _("督办措施")
        ordering = ["-stepped_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["thing", "object_id", "step", "due", "recipient"],
                condition=Q(recipient__isnull=False),
                name="escalation_once_per_rule_object_recipient_and_due",
            ),
            models.UniqueConstraint(
                fields=["thing", "object_id", "step", "due"],
                condition=Q(recipient__isnull=True),
                name="escalation_proposed_once_per_rule_object_and_due",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "declined"])
                | Q(decided_by__isnull=False, decided_on__isnull=False) & ~Q(reason=""),
                name="escalation_decided_by_a_person_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(step__in=["interview", "accountability"]) | ~Q(state="sent"),
                name="escalation_interviews_are_proposed_only",
            ),
        ]
        indexes = [
            models.Index(
                fields=["thing"], name="escalation_running", condition=Q(state__in=["sent", "proposed"])
            ),
            models.Index(fields=["region", "stepped_on"], name="escalation_by_region"),
            models.Index(fields=["unit", "stepped_on"], name="escalation_by_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.object_name}"


class EscalationRun(models.Model):
    """A day on which the ladder ran to its end."""

    day = models.DateField(_("日期"), unique=True)
    finished_at = models.DateTimeField(_("完成时间"))
    sent = models.PositiveIntegerField(_("发出"))
    stopped = models.PositiveIntegerField(_("停止"))

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("督办运行")
        verbose_name_plural = _("督办运行")
        ordering = ["-day"]

    def __str__(self) -> str:
        return str(self.day)
