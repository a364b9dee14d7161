"""Keeping files that prove something: checked by content, stored under a generated name."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.pictures import BrokenPicture, NoPicture, Picture, TooManyPixels, read_picture
from foodsafe_portal.lib.refusals import Refusal
from records.models import EvidenceFile
from records.services import audit
from records.services.quota import QuotaReached, check_quota

MAX_BYTES = 10 * 1024 * 1024


class EvidenceRefused(Refusal):
    """The file cannot serve as proof; the sentence says what to send instead."""


@transaction.atomic
def store_evidence(*, upload: UploadedFile, target: models.Model, by: Any) -> EvidenceFile:
    """Attach a photo or PDF (at most 10 MB) to ``target``; raises ``EvidenceRefused`` with a sentence.

    A picture is decoded to its last pixel first; what others will see of it are copies made here.
    """
    if not upload.size:
        raise EvidenceRefused(_("“%(upload)s”是空文件，请重新选择。") % {"upload": upload.name})
    if upload.size > MAX_BYTES:
        raise EvidenceRefused(_("“%(upload)s”超过 10 MB，请压缩后再上传。") % {"upload": upload.name})
    picture = _picture_of(upload)
    try:
        check_quota(by=by, size=upload.size, on=timezone.localdate())
    except QuotaReached as full:
        raise EvidenceRefused(str(full)) from None
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    evidence = EvidenceFile(
        id=uuid.uuid4(),
        suffix=picture.suffix if picture else ".pdf",
        original_name=(upload.name or "")[-200:],
        content_type=picture.content_type if picture else "application/pdf",
        size=upload.size,
        digest=digest.hexdigest(),
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        uploaded_by=by,
        uploaded_at=timezone.now(),
    )
    try:
        evidence.file.save(upload.name or "evidence", upload, save=False)
        if picture:
            _keep_copies(evidence, picture)
    except OSError as problem:
        _forget_files(evidence)
        raise EvidenceRefused(
            _("服务器存不下“%(upload)s”，没有保存；请稍后再试或联系系统管理员。") % {"upload": upload.name}
        ) from problem
    evidence.save()
    audit.record(
        by=by,
        action="evidence.stored",
        target=target,
        after={"file": evidence.original_name, "sha256": evidence.digest},
    )
    return evidence


def _picture_of(upload: UploadedFile) -> Picture | None:
    """The picture that an upload holds by its own bytes, never by its name; ``None`` for a PDF. Raises ``EvidenceRefused``."""
    upload.seek(0)
    head = upload.read(8)
    upload.seek(0)
    if head.startswith(b"%PDF-"):
        return None
    limit = settings.PICTURE_MEGAPIXELS
    try:
        return read_picture(upload, most_pixels=limit * 1_000_000)
    except NoPicture:
        sentence = _("“%(upload)s”不是照片或 PDF；请上传 jpg、png、webp 或 pdf。")
    except BrokenPicture:
        sentence = _("“%(upload)s”不完整，图像读不到底；请重新拍照或重新选择后再上传。")
    except TooManyPixels:
        sentence = _("“%(upload)s”的像素太多，最多 %(limit)s 百万像素；请缩小后再上传。")
    raise EvidenceRefused(sentence % {"upload": upload.name, "limit": limit})


def _keep_copies(evidence: EvidenceFile, picture: Picture) -> None:
    """Store what others may see of a picture; raises ``OSError`` when the storage is full."""
    evidence.width, evidence.height = picture.width, picture.height
    evidence.shown_size = len(picture.shown)
    evidence.shown_digest = hashlib.sha256(picture.shown).hexdigest()
    evidence.shown.save("shown", ContentFile(picture.shown), save=False)
    evidence.thumbnail.save("small", ContentFile(picture.thumbnail), save=False)


def _forget_files(evidence: EvidenceFile) -> None:
    """Leave nothing behind of a file that could not be stored whole."""
    for kept in (evidence.file, evidence.shown, evidence.thumbnail):
        if kept:
            with contextlib.suppress(OSError):
                kept.delete(save=False)


def shown_copy(file: EvidenceFile) -> EvidenceFile | None:
    """The file with the copies that others may see; ``None`` when the picture cannot be read any more.

    Pictures stored before copies were made get theirs here, once. A document needs none.
    """
    if not file.is_picture or (file.shown and file.thumbnail):
        return file
    try:
        with file.file.open("rb") as original:
            _keep_copies(file, read_picture(original, most_pixels=settings.PICTURE_MEGAPIXELS * 1_000_000))
    except (OSError, NoPicture, BrokenPicture, TooManyPixels):
        return None
    file.save(update_fields=["shown", "shown_size", "shown_digest", "thumbnail", "width", "height"])
    return file


def take_original(*, file: EvidenceFile, by: Any) -> EvidenceFile:
    """Note in the trail that a person takes a picture as it was sent, with all that it tells about place and device."""
    audit.record(
        by=by,
        action="evidence.original_taken",
        target=file,
        after={
            "file": file.original_name,
            "sha256": file.digest,
            "of": f"{file.target_type}:{file.target_id}",
        },
    )
    return file


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
