"""Celery's way into the campaign room."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.errors import CampaignRefused
from campaigns.models import Campaign
from campaigns.services.closing import KIND
from campaigns.services.weeks import close_week, weeks_to_close
from foodsafe_portal.lib.weeks import Week
from records.models import Job
from records.services.jobs import JobRefused, Progress, job_handler

CLOSING_SECONDS = 900  # the lease over the one statement that cannot report: counting a million businesses


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


@job_handler(KIND, gettext_lazy("冻结周报"))
def close_week_job(job: Job, progress: Progress) -> dict[str, Any]:
    """Freeze the week that a person asked for; a second run finds nothing new and answers the same report."""
    campaign = Campaign.objects.get(pk=job.params["campaign"])
    week = Week.parse(job.params["week"])
    progress(0, 1, _("正在清点和核对"), force=True)
    progress.extend(CLOSING_SECONDS)
    try:
        report = close_week(campaign=campaign, week=week, by=job.created_by)
    except CampaignRefused as refusal:
        raise JobRefused(str(refusal)) from None
    progress(1, 1, force=True)
    return {"report": report.pk, "revision": report.revision, "digest": report.digest}
