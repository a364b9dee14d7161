"""Proof as a download: only through the object it belongs to, under a generated name."""

from __future__ import annotations

import uuid

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.rules.rights import Permission
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest
from inspections.reports.evidence import LOOKS, evidence_seen
from records.models import EvidenceFile
from records.services.evidence import shown_copy, take_original


@require_safe
@requires(*LOOKS)
def evidence_file(request: PortalRequest, pk: uuid.UUID) -> HttpResponseBase:
    """One file: a photo to look at (``?small=1`` its thumbnail), anything else, and with ``?download=1``, as an attachment.

    Out of the object's scope answers like absent.
    """
    file = evidence_seen(request.user, pk)
    asked = request.GET
    answer = file_answer(file, inline="download" not in asked, small="small" in asked) if file else None
    if answer is None:
        raise Http404
    return answer


@require_safe
@requires(Permission.VIEW_ORIGINALS)
def evidence_original(request: PortalRequest, pk: uuid.UUID) -> HttpResponseBase:
    """A file as it was sent, with all that a picture tells about place and device; the trail says who took it."""
    file = evidence_seen(request.user, pk)
    answer = original_answer(file, by=request.user) if file else None
    if answer is None:
        raise Http404
    return answer


def file_answer(file: EvidenceFile, *, inline: bool, small: bool = False) -> FileResponse | None:
    """What others see of a file: of a photo the copy, ``small`` the thumbnail, of a document its bytes.

    Photos may be shown ``inline``. ``None`` when the storage has lost the file or the picture cannot be read any more.
    """
    seen = shown_copy(file)
    if seen is None:
        return None
    if not seen.is_picture:
        return _answer(seen.file, seen, content_type=seen.content_type, inline=False)
    content = seen.thumbnail if small else seen.shown
    kind = "image/jpeg" if small else seen.content_type
    return _answer(content, seen, content_type=kind, inline=inline)


def original_answer(file: EvidenceFile, *, by: User) -> FileResponse | None:
    """The file as it was sent, as an attachment; ``None`` when the storage has lost it."""
    answer = _answer(file.file, file, content_type=file.content_type, inline=False)
    if answer is not None:
        take_original(file=file, by=by)
    return answer


def _answer(
    content: FieldFile, file: EvidenceFile, *, content_type: str, inline: bool
) -> FileResponse | None:
    """Bytes under a generated name and the type they were found to have; a sandbox keeps them from acting as a page."""
    try:
        stream = content.open("rb")
    except FileNotFoundError:
        return None
    suffix = ".jpg" if content_type == "image/jpeg" else file.suffix
    name = f"evidence-{file.pk.hex[:12]}{suffix}"
    response = FileResponse(stream, as_attachment=not inline, filename=name, content_type=content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
