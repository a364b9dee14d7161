"""Proof as a download: only through the object it belongs to, under a generated name."""

from __future__ import annotations

import uuid

from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.requests import PortalRequest
from inspections.reports.evidence import LOOKS, evidence_seen
from records.models import EvidenceFile

INLINE = frozenset({"image/jpeg", "image/png", "image/webp"})


@require_safe
@requires(*LOOKS)
def evidence_file(request: PortalRequest, pk: uuid.UUID) -> HttpResponseBase:
    """One file: a photo to look at, anything else (and a photo with ``?download=1``) as an attachment.

    Out of the object's scope answers like absent.
    """
    file = evidence_seen(request.user, pk)
    answer = file_answer(file, inline="download" not in request.GET) if file else None
    if answer is None:
        raise Http404
    return answer


def file_answer(file: EvidenceFile, *, inline: bool) -> FileResponse | None:
    """The file's bytes; photos may be shown ``inline``. ``None`` when the storage has lost them.

    The file's type is the one its bytes were found to have; a sandbox keeps whatever it holds from acting as a page.
    """
    try:
        content = file.file.open("rb")
    except FileNotFoundError:
        return None
    shown = inline and file.content_type in INLINE
    name = f"evidence-{file.pk.hex[:12]}{file.suffix}"
    response = FileResponse(content, as_attachment=not shown, filename=name, content_type=file.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
