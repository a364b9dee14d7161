"""Asking for a week to be frozen or checked again: the work itself runs in the background."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.errors import CampaignRefused, WeekNotOver
from campaigns.models import Campaign
from foodsafe_portal.lib.weeks import Week
from records.choices import JobState
from records.models import Job
from records.services import audit, jobs

KIND = "week.close"


@transaction.atomic
def ask_to_close_week(*, campaign: Campaign, week: Week, by: Any, at: datetime | None = None) -> Job:
    """The background work that freezes a week; asked twice while it runs, it is the same work.

    ``at`` stands for now. Raises ``WeekNotOver`` before Sunday 24:00 and ``CampaignRefused`` outside the campaign's run.
    """
    now = at or timezone.now()
    if not week.has_ended(now):
        raise WeekNotOver(
            _("%(week)s 到 %(sunday)s 24:00 才结束，现在不能冻结。请在下周一以后再试。")
            % {"week": week, "sunday": week.sunday}
        )
    if week.sunday < campaign.started_on:
        raise CampaignRefused(
            _("%(week)s 在创建启动（%(day)s）之前，没有数据可冻结。")
            % {"week": week, "day": campaign.started_on}
        )
    if campaign.closed_on and week.monday > campaign.closed_on:
        raise CampaignRefused(_("创建已于 %(day)s 结束，之后的周不再冻结。") % {"day": campaign.closed_on})
    Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    params = {"campaign": campaign.pk, "week": str(week)}
    waiting = Job.objects.filter(
        kind=KIND, params=params, created_by=by, state__in=[JobState.QUEUED, JobState.RUNNING]
    ).first()
    if waiting is not None:
        return waiting
    job = jobs.enqueue(kind=KIND, params=params, by=by)
    audit.record(
        by=by,
        action="week.close_asked",
        target=campaign,
        territory=campaign.region_id,
        after={"week": str(week), "job": str(job.pk)},
    )
    return job
