"""Taking rows out of the portal: rights, the file, and the event that says who took what."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.exports import FORMATS, ExportKind, write_export
from records.services import audit


class ExportRefused(Exception):
    """The export was not made; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows went out and how long it took."""

    rows: int
    seconds: float


@transaction.atomic
def export_rows(*, kind: ExportKind, params: QueryDict, by: Any, target: BinaryIO, suffix: str) -> Exported:
    """Write what ``by`` may see of ``kind`` to an open file as xlsx or csv, with its audit event.

    Raises ``ExportRefused`` for another format or a person without the right. One transaction: on PostgreSQL the rows
    come through a server-side cursor, which lives in it.
    """
    if suffix not in FORMATS:
        raise ExportRefused(_("只能导出 xlsx 或 csv。"))
    if not (by.can("export") and by.can(kind.permission)):
        raise ExportRefused(_("您的岗位不能导出“%(title)s”。") % {"title": kind.title})
    started = time.perf_counter()
    rows = write_export(kind, by, params, target=target, suffix=suffix, now=timezone.localtime())
    seconds = round(time.perf_counter() - started, 3)
    audit.record(
        by=by,
        action=f"{kind.key}.exported",
        target_type="export",
        target_name=str(kind.title),
        after={"rows": rows, "format": suffix, "filter": params.urlencode()},
    )
    return Exported(rows, seconds)
