"""How much one person may send to the portal in a day, ledgers and evidence together."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _

from foodsafe_portal.lib.refusals import Refusal
from foodsafe_portal.lib.weeks import SHANGHAI
from records.models import EvidenceFile, LedgerBatch

MEGABYTE = 1024 * 1024


class QuotaReached(Refusal):
    """The person has sent as much today as one may; the sentence says when to go on."""


def sent_on(day: date, by: Any) -> int:
    """The bytes that a person has sent on ``day``, ledgers and evidence together."""
    since = datetime.combine(day, time.min, SHANGHAI)
    own = {"uploaded_by": by, "uploaded_at__gte": since}
    sums = (
        model.objects.filter(**own).aggregate(sent=Sum("size"))["sent"]
        for model in (EvidenceFile, LedgerBatch)
    )
    return sum(sent or 0 for sent in sums)


def check_quota(*, by: Any, size: int, on: date) -> None:
    """Let ``size`` more bytes in; raises ``QuotaReached`` above ``UPLOAD_MEGABYTES_A_DAY`` (an installation's choice)."""
    limit = settings.UPLOAD_MEGABYTES_A_DAY
    if sent_on(on, by) + size > limit * MEGABYTE:
        raise QuotaReached(
            _(
                "您今天上传的文件已接近 %(limit)s MB 的上限，这一份放不下；请明天再传，或联系系统管理员调高上限。"
            )
            % {"limit": limit}
        )
