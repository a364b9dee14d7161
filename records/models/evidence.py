"""Files that prove something, always read through the object they belong to."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


def evidence_path(instance: EvidenceFile, filename: str) -> str:
    """A generated name: the name the sender chose never reaches the disk."""
    return f"evidence/{instance.id.hex[:2]}/{instance.id.hex}{instance.suffix}"


class EvidenceFile(models.Model):
    """A photo or document attached to a fact (``target_type`` + ``target_id``); its scope is that fact's scope."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.FileField(_("文件"), upload_to=evidence_path, max_length=120)
    suffix = models.CharField(_("后缀"), max_length=8)
    original_name = models.CharField(_("原文件名"), max_length=200)
    content_type = models.CharField(_("类型"), max_length=80)
    size = models.PositiveIntegerField(_("字节数"))
    digest = models.CharField(_("摘要"), max_length=64)
    target_type = models.CharField(_("对象类别"), max_length=60)
    target_id = models.CharField(_("对象编号"), max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("上传人")
    )
    uploaded_at = models.DateTimeField(_("上传时间"))

    class Meta:
        verbose_name = _("佐证文件")
        verbose_name_plural = _("佐证文件")
        indexes = [models.Index(fields=["target_type", "target_id"], name="evidence_of_object")]

    def __str__(self) -> str:
        return self.original_name
