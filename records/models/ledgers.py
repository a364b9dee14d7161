"""Uploaded ledgers: the file, its staged rows, what each row would do and what it did."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from records.choices import BatchState, RowVerb, RowVerdict, Verdict
from records.models.jobs import Job
from records.querysets import LedgerBatchQuerySet


def ledger_path(instance: LedgerBatch, filename: str) -> str:
    """A generated name: the name the sender chose never reaches the disk."""
    return f"ledgers/{instance.token.hex[:2]}/{instance.token.hex}{instance.suffix}"


class LedgerBatch(models.Model):
    """One uploaded workbook from upload to commit or refusal; kept with its original file."""

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("台账"), max_length=20)
    state = models.CharField(
        _("状态"), max_length=12, choices=BatchState.choices, default=BatchState.UPLOADED
    )
    verdict = models.CharField(_("结论"), max_length=8, choices=Verdict.choices, blank=True)
    reason = models.CharField(_("说明"), max_length=500, blank=True)
    file = models.FileField(_("原文件"), upload_to=ledger_path, max_length=120)
    suffix = models.CharField(_("后缀"), max_length=8)
    file_name = models.CharField(_("文件名"), max_length=200)
    size = models.PositiveIntegerField(_("字节数"))
    digest = models.CharField(_("摘要"), max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人")
    )
    uploaded_at = models.DateTimeField(_("上传时间"))
    territory = models.CharField(_("辖区"), max_length=12, blank=True)
    unit_path = models.CharField(_("单位"), max_length=200, blank=True)
    # In which role it was sent; '' is nobody's colleague: the uploader holds several roles that may import the kind.
    role = models.CharField(_("角色"), max_length=20, blank=True)
    sheet = models.CharField(_("工作表"), max_length=100, blank=True)
    header_row = models.PositiveIntegerField(_("表头行"), null=True, blank=True)
    columns = models.JSONField(_("识别的列"), default=dict)  # header as typed -> key of the kind's column
    unrecognised = models.JSONField(_("未识别的列"), default=list)
    choices = models.JSONField(
        _("选项"), default=dict
    )  # sheet and mapping chosen by the uploader; what is asked of them
    counts = models.JSONField(_("计数"), default=dict)
    groups = models.JSONField(_("问题归类"), default=list)
    seconds = models.JSONField(_("用时"), default=dict)
    ledger_date = models.DateField(_("填报日期"), null=True, blank=True)
    checked_at = models.DateTimeField(_("检查时间"), null=True, blank=True)
    check_job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    commit_job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("确认人"),
    )
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    # Above a size set by the campaign office a second person says yes or no.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("批准人"),
    )
    decided_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    decision_reason = models.CharField(_("不批准的原因"), max_length=300, blank=True)
    committed_at = models.DateTimeField(_("导入时间"), null=True, blank=True)
    # Above that size an undo, too, is asked for by one person and decided by another.
    undo_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("申请撤销人"),
    )
    undo_asked_at = models.DateTimeField(_("申请撤销时间"), null=True, blank=True)
    undo_decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("撤销批准人"),
    )
    undo_decided_at = models.DateTimeField(_("撤销批准时间"), null=True, blank=True)
    undo_decision_reason = models.CharField(_("不批准撤销的原因"), max_length=300, blank=True)
    accept_partial = models.BooleanField(_("只导入合格行"), default=False)

    objects = LedgerBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("台账批次")
        verbose_name_plural = _("台账批次")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["kind", "digest"], name="batch_by_digest"),
            models.Index(fields=["uploaded_by", "-id"], name="batch_of_person"),
            models.Index(
                fields=["territory"], name="batch_awaiting_approval", condition=models.Q(state="awaiting")
            ),
            models.Index(
                fields=["territory"],
                name="batch_undo_asked",
                condition=models.Q(state="committed", undo_asked_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["uploaded_by", "kind", "digest"],
                condition=models.Q(state__in=["uploaded", "checking", "checked", "awaiting", "committing"]),
                name="batch_open_once_per_person_and_file",
                violation_error_message=_("同一个文件正在处理中。"),
            ),
            models.CheckConstraint(
                condition=models.Q(undo_asked_by__isnull=True, undo_asked_at__isnull=True)
                | models.Q(undo_asked_by__isnull=False, undo_asked_at__isnull=False),
                name="batch_undo_asked_by_and_at_together",
            ),
            models.CheckConstraint(
                condition=models.Q(undo_asked_by__isnull=True)
                | models.Q(undo_decided_by__isnull=True)
                | ~models.Q(undo_decided_by=models.F("undo_asked_by")),
                name="batch_undo_decided_by_another_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.file_name}"

    @property
    def number(self) -> str:
        """The number people quote, e.g. ``PC-000042``."""
        return f"PC-{self.pk or 0:06d}"


class LedgerRow(models.Model):
    """One staged row: typed values, verdict, verb, the register's values before, and its issues.

    ``values`` holds what the cells were understood as, by column key, blanks left out; ``before`` the register's values of
    exactly the fields the row changes.
    """

    # Rows are written by the hundred thousand and only ever with their batch: checking each one's batch again is not worth it.
    batch = models.ForeignKey(
        LedgerBatch, models.CASCADE, related_name="rows", db_index=False, db_constraint=False
    )
    row_no = models.PositiveIntegerField(_("行"))
    verdict = models.CharField(_("结论"), max_length=8, choices=RowVerdict.choices)
    verb = models.CharField(_("处理"), max_length=12, choices=RowVerb.choices, blank=True)
    key = models.CharField(_("匹配键"), max_length=200, blank=True)
    values = models.JSONField(_("内容"), default=dict)
    before = models.JSONField(_("原值"), null=True)
    target_id = models.BigIntegerField(_("对象"), null=True)
    base_version = models.IntegerField(_("底数版本"), null=True)
    issues = models.JSONField(_("问题"), default=list)
    has_issues = models.BooleanField(default=False)
    has_error = models.BooleanField(default=False)
    has_warning = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("台账行")
        verbose_name_plural = _("台账行")
        ordering = ["batch", "row_no"]
        indexes = [
            models.Index(fields=["batch", "row_no"], name="ledger_row_in_order"),
            models.Index(
                fields=["batch", "row_no"], name="ledger_row_with_issues", condition=models.Q(has_issues=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.row_no}"
