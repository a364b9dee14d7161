"""Proof: what clauses ask for, the pieces of the library with their versions, what each piece proves, and uploads being sorted."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Region, Unit
from campaigns.choices import BatchState, DraftOutcome, EvidenceKind, EvidenceState, Secrecy
from campaigns.models.campaign import Campaign
from campaigns.models.rulebook import Clause
from campaigns.models.tasks import TaskItem
from campaigns.querysets import (
    EvidenceBatchQuerySet,
    EvidencePartQuerySet,
    EvidenceQuerySet,
)
from records.models import EvidenceFile


class EvidenceRequest(models.Model):
    """What one clause of an edition asks to see: ``count`` pieces of a kind.

    ``since``: proof that covers nothing from that day on is too old (none = the piece's own end decides).
    """

    clause = models.ForeignKey(Clause, models.CASCADE, related_name="evidence_asked", verbose_name=_("条款"))
    kind = models.CharField(_("类别"), max_length=10, choices=EvidenceKind.choices)
    title = models.CharField(_("要求"), max_length=150)
    count = models.PositiveSmallIntegerField(_("份数"), default=1)
    since = models.DateField(_("须覆盖自"), null=True, blank=True)
    order = models.PositiveSmallIntegerField(_("次序"), default=0)

    class Meta:
        verbose_name = _("佐证要求")
        verbose_name_plural = _("佐证要求")
        ordering = ["clause", "order", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["clause", "kind", "title"], name="evidence_asked_once_per_clause"
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="evidence_asked_at_least_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.title}"


class EvidencePiece(models.Model):
    """One piece of proof (a document, ledger, picture, report or link); its content stands in its versions.

    ``newest`` is the last version, ``accepted`` the last one a second person has passed; both are set by the services.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="evidence", verbose_name=_("创建"))
    kind = models.CharField(_("类别"), max_length=10, choices=EvidenceKind.choices)
    title = models.CharField(_("标题"), max_length=150)
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("来源单位")
    )
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("地区"))
    secrecy = models.CharField(_("密级标记"), max_length=10, choices=Secrecy.choices, default=Secrecy.OPEN)
    newest = models.ForeignKey(
        "EvidenceVersion",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("最新版"),
    )
    accepted = models.ForeignKey(
        "EvidenceVersion",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("现行版"),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人")
    )
    created_at = models.DateTimeField(_("上传时间"))

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("佐证资料")
        verbose_name_plural = _("佐证资料")
        ordering = ["-id"]
        indexes = [models.Index(fields=["campaign", "region"], name="evidence_of_place")]

    def __str__(self) -> str:
        return self.title


class EvidenceVersion(models.Model):
    """One version of a piece: a file (or an address), the period it covers, until when it holds, and who looked at it.

    ``digest`` is the SHA-256 of the bytes that were sent; the kept file may be smaller, because a photo loses what it tells
    about its camera and place.
    """

    piece = models.ForeignKey(
        EvidencePiece, models.CASCADE, related_name="versions", verbose_name=_("佐证资料")
    )
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="+", verbose_name=_("创建"))
    number = models.PositiveSmallIntegerField(_("版"))
    file = models.OneToOneField(
        EvidenceFile,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("文件"),
    )
    address = models.URLField(_("链接"), max_length=500, blank=True)
    digest = models.CharField(_("校验码"), max_length=64)
    covers_from = models.DateField(_("覆盖自"), null=True, blank=True)
    covers_to = models.DateField(_("覆盖至"), null=True, blank=True)
    valid_until = models.DateField(_("有效期至"), null=True, blank=True)
    text = models.TextField(_("可读文字"), blank=True)
    state = models.CharField(
        _("状态"), max_length=10, choices=EvidenceState.choices, default=EvidenceState.WAITING
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人")
    )
    submitted_at = models.DateTimeField(_("上传时间"))
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("审核人"),
    )
    reviewed_at = models.DateTimeField(_("审核时间"), null=True, blank=True)
    reason = models.CharField(_("退回理由"), max_length=300, blank=True)

    objects = EvidencePartQuerySet.as_manager()

    class Meta:
        verbose_name = _("佐证版本")
        verbose_name_plural = _("佐证版本")
        ordering = ["piece", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["piece", "number"], name="evidence_number_once_per_piece"),
            models.UniqueConstraint(fields=["campaign", "digest"], name="evidence_stored_once_per_campaign"),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("submitted_by")),
                name="evidence_reviewed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[EvidenceState.WAITING, EvidenceState.SUPERSEDED],
                    reviewed_by__isnull=True,
                    reviewed_at__isnull=True,
                )
                | Q(
                    state__in=[EvidenceState.ACCEPTED, EvidenceState.RETURNED],
                    reviewed_by__isnull=False,
                    reviewed_at__isnull=False,
                ),
                name="evidence_decided_by_and_at_together",
            ),
            models.CheckConstraint(
                condition=~Q(state=EvidenceState.RETURNED) | ~Q(reason=""),
                name="evidence_returned_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(covers_from__isnull=True)
                | Q(covers_to__isnull=True)
                | Q(covers_to__gte=F("covers_from")),
                name="evidence_covers_forwards",
            ),
            models.CheckConstraint(
                condition=Q(file__isnull=False, address="") | (Q(file__isnull=True) & ~Q(address="")),
                name="evidence_file_or_address",
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "submitted_at"],
                name="evidence_waiting",
                condition=Q(state=EvidenceState.WAITING),
            )
        ]

    def __str__(self) -> str:
        return f"{self.piece} · {_('第 %(number)s 版') % {'number': self.number}}"

    @property
    def term(self) -> str:
        """The period it covers in words; empty where nobody said."""
        days = {"a": self.covers_from, "b": self.covers_to}
        if self.covers_from and self.covers_to:
            return gettext("%(a)s 至 %(b)s") % days
        if self.covers_from:
            return gettext("%(a)s 起") % days
        return gettext("至 %(b)s") % days if self.covers_to else ""


class EvidenceLink(models.Model):
    """What a piece proves: a clause (perhaps one of its requests) or a task; one piece serves many."""

    piece = models.ForeignKey(EvidencePiece, models.CASCADE, related_name="links", verbose_name=_("佐证资料"))
    clause = models.ForeignKey(
        Clause,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="evidence_links",
        verbose_name=_("条款"),
    )
    request = models.ForeignKey(
        EvidenceRequest,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="links",
        verbose_name=_("佐证要求"),
    )
    task = models.ForeignKey(
        TaskItem,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="evidence_links",
        verbose_name=_("任务"),
    )
    linked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人")
    )
    linked_at = models.DateTimeField(_("登记时间"))

    objects = EvidencePartQuerySet.as_manager()

    class Meta:
        verbose_name = _("佐证用途")
        verbose_name_plural = _("佐证用途")
        ordering = ["piece", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(clause__isnull=False, task__isnull=True)
                | Q(clause__isnull=True, task__isnull=False, request__isnull=True),
                name="evidence_link_of_clause_or_task",
            ),
            models.UniqueConstraint(
                fields=["piece", "clause"],
                condition=Q(clause__isnull=False),
                name="evidence_clause_once_per_piece",
            ),
            models.UniqueConstraint(
                fields=["piece", "task"],
                condition=Q(task__isnull=False),
                name="evidence_task_once_per_piece",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.piece} → {self.clause or self.task}"


def draft_path(instance: EvidenceDraft, filename: str) -> str:
    """A generated name: the name the sender chose never reaches the disk."""
    return f"evidence-in/{instance.batch_id}/{uuid.uuid4().hex}"


class EvidenceBatch(models.Model):
    """Files somebody has sent at once, being sorted and shown before anything is saved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="+", verbose_name=_("创建"))
    clause = models.ForeignKey(
        Clause, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("条款")
    )
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("来源单位")
    )
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("地区"))
    state = models.CharField(_("状态"), max_length=10, choices=BatchState.choices, default=BatchState.SORTING)
    job_id = models.UUIDField(_("后台任务"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人")
    )
    created_at = models.DateTimeField(_("上传时间"))

    objects = EvidenceBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("佐证上传")
        verbose_name_plural = _("佐证上传")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.created_by} {self.created_at:%Y-%m-%d}"


class EvidenceDraft(models.Model):
    """One file of an upload: what it is, the clause its name means, and what will become of it.

    ``piece``: the piece it is a new version of, or, for ``same``, the one that already holds these very bytes.
    """

    batch = models.ForeignKey(
        EvidenceBatch, models.CASCADE, related_name="drafts", verbose_name=_("佐证上传")
    )
    name = models.CharField(_("文件名"), max_length=300)
    file = models.FileField(_("文件"), upload_to=draft_path, max_length=120, blank=True)
    size = models.PositiveBigIntegerField(_("字节数"), default=0)
    digest = models.CharField(_("校验码"), max_length=64, blank=True)
    suffix = models.CharField(_("后缀"), max_length=8, blank=True)
    content_type = models.CharField(_("类型"), max_length=80, blank=True)
    kind = models.CharField(_("类别"), max_length=10, choices=EvidenceKind.choices, blank=True)
    title = models.CharField(_("标题"), max_length=150, blank=True)
    clause = models.ForeignKey(
        Clause, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("条款")
    )
    request = models.ForeignKey(
        EvidenceRequest,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("佐证要求"),
    )
    piece = models.ForeignKey(
        EvidencePiece,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("佐证资料"),
    )
    outcome = models.CharField(
        _("结果"), max_length=10, choices=DraftOutcome.choices, default=DraftOutcome.RAW
    )
    reason = models.CharField(_("说明"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("待归入文件")
        verbose_name_plural = _("待归入文件")
        ordering = ["batch", "id"]

    def __str__(self) -> str:
        return self.name
