"""What the campaign office and the uploaders have settled about ledgers: remembered columns, approvals, owned columns."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerHabit(models.Model):
    """What an uploader last answered about the columns and the sheet of a kind, kept for their unit and territory.

    ``mapping`` is header as typed → column key, an empty key for a column that is left out. ``sheet`` is the name of the
    sheet to take where several would do.
    """

    kind = models.CharField(_("台账"), max_length=20)
    territory = models.CharField(_("辖区"), max_length=12, blank=True)
    unit_path = models.CharField(_("单位"), max_length=200, blank=True)
    mapping = models.JSONField(_("列的对应"), default=dict)
    sheet = models.CharField(_("工作表"), max_length=100, blank=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("修改人")
    )
    updated_at = models.DateTimeField(_("修改时间"))

    class Meta:
        verbose_name = _("台账列的对应")
        verbose_name_plural = _("台账列的对应")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "territory", "unit_path"], name="habit_once_per_kind_and_owner"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.territory} {self.unit_path}".strip()


class ApprovalRule(models.Model):
    """Above how many rows an import needs the approval of a second person; no rule means that none does.

    ``kind`` is a ledger's key, empty for all kinds; the rule of a kind goes before the rule for all.
    """

    kind = models.CharField(
        _("台账"),
        max_length=20,
        blank=True,
        unique=True,
        help_text=_("空着表示所有台账；某种台账自己的规定优先。"),
    )
    rows = models.PositiveIntegerField(
        _("超过几行"), help_text=_("合格行数超过它时，要由另一人批准后才导入；0 表示每次都要。")
    )

    class Meta:
        verbose_name = _("台账批准规定")
        verbose_name_plural = _("台账批准规定")
        ordering = ["kind"]

    def __str__(self) -> str:
        return f"{self.kind or _('所有台账')} > {self.rows}"


class OwnedColumn(models.Model):
    """A column whose value the city keeps: a county's or township's ledger cannot overwrite it in a registered object."""

    kind = models.CharField(_("台账"), max_length=20)
    column = models.CharField(_("列"), max_length=60)

    class Meta:
        verbose_name = _("市级管理的列")
        verbose_name_plural = _("市级管理的列")
        ordering = ["kind", "column"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "column"],
                name="owned_column_once",
                violation_error_message=_("这一列已经由市级管理。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}.{self.column}"
