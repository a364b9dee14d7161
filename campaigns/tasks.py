"""Celery's way into the campaign room."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.services.weeks import close_week, weeks_to_close
from foodsafe_portal.lib.weeks import Week


@shared_task(acks_late=True, reject_on_worker_lost=True)
def close_due_weeks() -> list[str]:
    """Close every campaign's ended weeks, from Monday 00:30 on, catching up what was missed; running it twice changes nothing."""
    now = timezone.now()
    local = timezone.localtime(now)
    if local.isoweekday() == 1 and (local.hour, local.minute) < (0, 30):
        return []
    closed = []
    for campaign in Campaign.objects.filter(closed_on__isnull=True):
        for week in weeks_to_close(campaign, now):
            close_week(campaign=campaign, week=week)
            closed.append(f"{campaign.code} {week}")
    return closed


@shared_task(acks_late=True, reject_on_worker_lost=True)
def close_campaign_week(campaign_id: int, week: str) -> None:
    """Freeze one campaign's week. Running it twice changes nothing."""
    close_week(campaign=Campaign.objects.get(pk=campaign_id), week=Week.parse(week))
