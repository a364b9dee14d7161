"""Answers an export button with the file itself."""

from __future__ import annotations

import tempfile
from typing import IO

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.exports import FORMATS, export_kind
from foodsafe_portal.lib.requests import PortalRequest
from records.services.exports import ExportRefused, export_rows


def export_response(request: PortalRequest, key: str) -> HttpResponseBase:
    """The rows of the list whose address this is (``format``: xlsx, the default, or csv) as an attachment.

    The file is written whole before the first byte is sent: a broken export is an error page, never half a workbook.
    """
    params = request.GET.copy()
    suffix = (params.pop("format", None) or ["xlsx"])[-1]
    if suffix not in FORMATS:
        return HttpResponseBadRequest(_("只能导出 xlsx 或 csv。"), content_type="text/plain; charset=utf-8")
    kind = export_kind(key)
    target: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it when it is sent)
    try:
        export_rows(kind=kind, params=params, by=request.user, target=target, suffix=suffix)  # type: ignore[arg-type]
    except ExportRefused as refusal:
        target.close()
        raise PermissionDenied(str(refusal)) from refusal
    except BaseException:
        target.close()
        raise
    target.seek(0)
    name = f"{kind.title}_{timezone.localtime():%Y%m%d_%H%M}.{suffix}"
    return FileResponse(target, as_attachment=True, filename=name, content_type=FORMATS[suffix])
