"""Who was given an assessment, and the sheet they fill: what was typed for each clause, whether it makes a reading yet or not."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.rulebook import Assessment, Clause, Reading
from campaigns.querysets import OfAssessmentQuerySet


class AssessmentSeat(models.Model):
    """A person who was given an assessment to fill."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="seats", verbose_name=_("测评"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="assessment_seats", verbose_name=_("评估人")
    )
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("交办人")
    )
    given_at = models.DateTimeField(_("交办时间"))

    objects = OfAssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("测评交办")
        verbose_name_plural = _("测评交办")
        ordering = ["assessment", "id"]
        constraints = [
            models.UniqueConstraint(fields=["assessment", "user"], name="assessment_given_once_to_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.assessment} · {self.user}"


class SheetEntry(models.Model):
    """What somebody typed for one clause of an assessment, kept as it was typed.

    ``typed`` holds the cells (value, words, sites, na). ``reading`` is what they say in the shape of the clause's method; where they
    say nothing yet, ``trouble`` tells why in a sentence. ``version`` counts the saves: whoever saves over another one sees both.
    """

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="entries", verbose_name=_("测评"))
    clause = models.ForeignKey(Clause, models.PROTECT, related_name="+", verbose_name=_("条款"))
    typed = models.JSONField(_("填写内容"), default=dict)
    trouble = models.CharField(_("填写有误"), max_length=300, blank=True)
    reading = models.ForeignKey(
        Reading, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("结果")
    )
    version = models.PositiveIntegerField(_("版次"), default=1, editable=False)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("填写人")
    )
    saved_at = models.DateTimeField(_("保存时间"))

    objects = OfAssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("测评填写")
        verbose_name_plural = _("测评填写")
        ordering = ["assessment", "clause"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "clause"], name="sheet_entry_once_per_clause_and_assessment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.assessment} · {self.clause.no}"
