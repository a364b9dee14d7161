"""Celery's way into the registers: each task is one line of work around ids."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import task_success
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.ledgers import batches
from records.models import Job
from records.services import jobs, seal, trail_watch
from records.services.pulses import leave_pulse


@shared_task
def run_job(job_id: str) -> None:
    """Do one job if nobody is doing it: this one, or another whose turn comes before."""
    jobs.run_next(job_id)


@shared_task
def sweep_jobs() -> int:
    """Wake workers for jobs without a live lease."""
    return jobs.sweep(timezone.now())


@shared_task
def seal_trail() -> int:
    """Chain the audit events written since the last time."""
    return seal.seal_events()


@shared_task
def watch_trail() -> bool:
    """Once a day: verify the trail and send its anchor out of the house."""
    return trail_watch.watch_trail(timezone.localtime())


@task_success.connect
def note_periodic_duty(sender: Any = None, **_signal: Any) -> None:
    """Leave the pulse of a periodic duty that has just been done, so that its silence can be seen from outside."""
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        if entry["task"] == getattr(sender, "name", ""):
            leave_pulse(name=name, at=timezone.now())


@jobs.job_handler("ledger.check", _("检查台账"))
def check_ledger(job: Job, progress: jobs.Progress) -> dict[str, Any]:
    """Check an uploaded ledger."""
    return batches.check_batch(batch_id=job.params["batch"], job=job, progress=progress)


@jobs.job_handler("ledger.commit", _("导入台账"))
def commit_ledger(job: Job, progress: jobs.Progress) -> dict[str, Any]:
    """Import a confirmed ledger."""
    return batches.commit_batch(batch_id=job.params["batch"], job=job, progress=progress)


@jobs.when_stopped("ledger.check")
def check_stopped(job: Job, why: str) -> bool:
    """A check that will not be done."""
    return batches.check_stopped(job, f"检查{why}")


@jobs.when_stopped("ledger.commit")
def commit_stopped(job: Job, why: str) -> bool:
    """An import that will not be done."""
    return batches.commit_stopped(job, f"导入{why}")
