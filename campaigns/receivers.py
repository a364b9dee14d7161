"""Frozen weeks keep what they counted: an undo may not take a business out that a closed week has in its lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from campaigns.models import WeeklyReport
from entities.hooks import businesses_forgotten
from entities.models import Business
from foodsafe_portal.lib.bulk import among


@receiver(businesses_forgotten, dispatch_uid="frozen_weeks_keep_businesses")
def frozen_weeks_keep_businesses(
    sender: Any, business_ids: Sequence[int], since: datetime, **kwargs: Any
) -> dict[int, str]:
    """Every business of a campaign's territory, once a week has been closed there since they came in."""
    frozen = set(
        WeeklyReport.objects.filter(known_at__gte=since).values_list("campaign__region_id", flat=True)
    )
    if not frozen:
        return {}
    places = among(Business.objects.all(), "id", business_ids).values_list("pk", "region_id")
    return {
        key: "已计入冻结的周报，没有删除；如确已不存在，请提出状态变更"
        for key, region in places
        if any(region.startswith(code) for code in frozen)
    }
