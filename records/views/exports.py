"""Answers an export button with the file itself."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.downloads import download
from foodsafe_portal.lib.exports import FORMATS, export_kind
from foodsafe_portal.lib.requests import PortalRequest
from records.services.exports import ExportRefused, export_rows


def export_response(request: PortalRequest, key: str) -> HttpResponseBase:
    """The rows of the list whose address this is (``format``: xlsx, the default, or csv) as an attachment."""
    params = request.GET.copy()
    suffix = (params.pop("format", None) or ["xlsx"])[-1]
    if suffix not in FORMATS:
        return HttpResponseBadRequest(_("只能导出 xlsx 或 csv。"), content_type="text/plain; charset=utf-8")
    kind = export_kind(key)
    name = f"{kind.title}_{timezone.localtime():%Y%m%d_%H%M}.{suffix}"
    try:
        return download(
            name,
            FORMATS[suffix],
            lambda target: export_rows(
                kind=kind, params=params, by=request.user, target=target, suffix=suffix
            ),
        )
    except ExportRefused as refusal:
        raise PermissionDenied(str(refusal)) from refusal
