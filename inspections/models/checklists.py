"""Checklists: what an officer looks at, by level, in editions that never change once published."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from entities.choices import OfficerLevel
from inspections.choices import Severity
from inspections.querysets import PolicyQuerySet


class Checklist(models.Model):
    """An edition of a task list (任务清单) for one level of officers."""

    level = models.CharField(_("包保层级"), max_length=10, choices=OfficerLevel.choices)
    edition = models.CharField(_("版本"), max_length=30)
    title = models.CharField(_("名称"), max_length=100)
    effective_from = models.DateField(_("生效日期"))
    source = models.CharField(_("依据"), max_length=200)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("任务清单")
        verbose_name_plural = _("任务清单")
        ordering = ["level", "-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["level", "edition"], name="checklist_edition_once_per_level")
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.edition}"


class ChecklistItem(models.Model):
    """One thing to look at, with the findings people usually make there."""

    checklist = models.ForeignKey(Checklist, models.CASCADE, related_name="items", verbose_name=_("任务清单"))
    number = models.PositiveSmallIntegerField(_("序号"))
    text = models.CharField(_("检查内容"), max_length=100)
    findings = models.JSONField(_("常见问题"), default=list, blank=True)
    severity = models.CharField(
        _("默认严重程度"), max_length=10, choices=Severity.choices, default=Severity.MINOR
    )

    class Meta:
        verbose_name = _("检查项")
        verbose_name_plural = _("检查项")
        ordering = ["checklist", "number"]
        constraints = [
            models.UniqueConstraint(fields=["checklist", "number"], name="checklist_item_number_once")
        ]

    def __str__(self) -> str:
        return self.text
