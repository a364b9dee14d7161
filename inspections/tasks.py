"""Celery's way into the inspections room: each task is one line of work around ids and dates."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import RegionLevel
from accounts.models import Region
from entities.models import Business
from inspections.fulfilment import Counts, follow
from inspections.receivers import FOLLOW
from inspections.services.duties import materialise_duties
from records.choices import JobState
from records.models import Job
from records.services import jobs
from records.services.instants import writing_instant
from records.services.jobs import Progress, job_handler

MATERIALISE = "duties.materialise"
FOLLOW_AT_ONCE = 5_000


@shared_task
def materialise_current_duties() -> str:
    """Enqueue today's materialisation once, whoever asks how often; a failed one is tried again in another hour."""
    now = timezone.localtime()
    params = {"on": now.date().isoformat()}
    job = jobs.enqueue(kind=MATERIALISE, params=params, dedupe_key=f"{MATERIALISE}:{now:%Y-%m-%d}")
    if job.state == JobState.FAILED:
        job = jobs.enqueue(kind=MATERIALISE, params=params, dedupe_key=f"{MATERIALISE}:{now:%Y-%m-%dT%H}")
    return str(job.pk)


@job_handler(MATERIALISE, gettext_lazy("生成督导任务"))
def materialise_all(job: Job, progress: Progress) -> dict[str, Any]:
    """Every county in a transaction of its own, then what lies in no county; done twice it changes nothing."""
    on, total = date.fromisoformat(job.params["on"]), Counts()
    counties = list(Region.objects.filter(level=RegionLevel.COUNTY).values_list("pk", flat=True))
    above = Business.objects.filter(region__level__in=[RegionLevel.PROVINCE, RegionLevel.CITY])
    for done, code in enumerate(counties):
        progress(done, len(counties) + 1, _("正在生成督导任务"))
        total += materialise_duties(region_code=code, on=on)
    elsewhere: dict[str, list[int]] = {}
    for business_id, region_id in above.values_list("pk", "region_id"):
        elsewhere.setdefault(region_id, []).append(business_id)
    for code, business_ids in elsewhere.items():
        total += materialise_duties(region_code=code, on=on, business_ids=business_ids)
    progress(len(counties) + 1, len(counties) + 1, _("督导任务已生成"), force=True)
    return asdict(total)


@job_handler(FOLLOW, gettext_lazy("更新督导任务"))
def follow_businesses(job: Job, progress: Progress) -> dict[str, Any]:
    """Work out the duties of the businesses a large ledger touched, some thousand in a transaction; twice changes nothing."""
    ids, total = job.params["businesses"], Counts()
    for start in range(0, len(ids), FOLLOW_AT_ONCE):
        progress(start, len(ids), _("正在更新督导任务"))
        with transaction.atomic():
            progress.guard()
            total += follow(ids[start : start + FOLLOW_AT_ONCE], writing_instant())
    return asdict(total)
