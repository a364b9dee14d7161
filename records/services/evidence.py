"""Keeping files that prove something: checked by content, stored under a generated name."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from records.models import EvidenceFile
from records.services import audit

MAX_BYTES = 10 * 1024 * 1024
IMAGE_TYPES = {"JPEG": (".jpg", "image/jpeg"), "PNG": (".png", "image/png"), "WEBP": (".webp", "image/webp")}


class EvidenceRefused(Exception):
    """The file cannot serve as proof; the sentence says what to send instead."""


def _kind_of(upload: UploadedFile) -> tuple[str, str]:
    """Suffix and content type by the file's own bytes, never by its name."""
    upload.seek(0)
    head = upload.read(8)
    upload.seek(0)
    if head.startswith(b"%PDF-"):
        return ".pdf", "application/pdf"
    try:
        with Image.open(upload) as image:
            kind = IMAGE_TYPES.get(image.format or "")
            image.verify()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        kind = None
    upload.seek(0)
    if kind is None:
        raise EvidenceRefused(
            _("“%(upload)s”不是照片或 PDF；请上传 jpg、png、webp 或 pdf。") % {"upload": upload.name}
        )
    return kind


@transaction.atomic
def store_evidence(*, upload: UploadedFile, target: models.Model, by: Any) -> EvidenceFile:
    """Attach a photo or PDF (at most 10 MB) to ``target``; raises ``EvidenceRefused`` with a sentence."""
    if not upload.size:
        raise EvidenceRefused(_("“%(upload)s”是空文件，请重新选择。") % {"upload": upload.name})
    if upload.size > MAX_BYTES:
        raise EvidenceRefused(_("“%(upload)s”超过 10 MB，请压缩后再上传。") % {"upload": upload.name})
    suffix, content_type = _kind_of(upload)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    evidence = EvidenceFile(
        id=uuid.uuid4(),
        suffix=suffix,
        original_name=(upload.name or "")[-200:],
        content_type=content_type,
        size=upload.size,
        digest=digest.hexdigest(),
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        uploaded_by=by,
        uploaded_at=timezone.now(),
    )
    evidence.file.save(upload.name or "evidence", upload, save=False)
    evidence.save()
    audit.record(
        by=by,
        action="evidence.stored",
        target=target,
        after={"file": evidence.original_name, "sha256": evidence.digest},
    )
    return evidence


def evidence_by_object(model: type[models.Model], keys: Iterable[int]) -> dict[int, list[EvidenceFile]]:
    """The files that hang on rows of ``model``, by the row's key, the oldest first; one query, none for no key."""
    asked = [str(key) for key in keys]
    if not asked:
        return {}
    files = EvidenceFile.objects.filter(target_type=model._meta.label_lower, target_id__in=asked)
    found: dict[int, list[EvidenceFile]] = {}
    for file in files.order_by("uploaded_at"):
        found.setdefault(int(file.target_id), []).append(file)
    return found
