"""Work of the register that takes longer than a page or an import may: the search for businesses that look like one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from entities.services.duplicates import Sought, seek_among_newcomers, seek_duplicates
from entities.services.likeness import SEEK_AMONG
from records.choices import JobState
from records.models import Job, LedgerBatch
from records.services import jobs
from records.services.jobs import Progress, job_handler

SEEK: Final = "duplicates.seek"


def ask_for_duplicates(*, by: User) -> Job | None:
    """Have the register of a person's territory compared; None for a person without one. While it runs, it is the same job."""
    region = min(by.scope.regions("duplicate"), key=len, default="")
    if not region:
        return None
    running = Job.objects.filter(
        kind=SEEK, params__region=region, state__in=(JobState.QUEUED, JobState.RUNNING)
    )
    found = running.filter(created_by=by).first()
    if found is not None:
        return found
    key = f"{SEEK}:{region}:{by.pk}:{timezone.now():%Y%m%d%H%M}"
    return jobs.enqueue(kind=SEEK, params={"region": region, "by": by.pk}, by=by, dedupe_key=key)


@job_handler(SEEK, gettext_lazy("全册查找疑似重复"))
def seek(job: Job, progress: Progress) -> dict[str, Any]:
    """Compare township by township; done twice it changes nothing."""
    by = User.objects.filter(pk=job.params.get("by")).first()
    found = seek_duplicates(region_code=job.params["region"], by=by, progress=_told(progress))
    return _answered(found, progress)


@job_handler(SEEK_AMONG, gettext_lazy("在新主体中查找疑似重复"))
def seek_among(job: Job, progress: Progress) -> dict[str, Any]:
    """Compare what a ledger brought in with itself; done twice it changes nothing."""
    batch = LedgerBatch.objects.get(pk=job.params["batch"])
    at = datetime.fromisoformat(job.params["at"])
    found = seek_among_newcomers(batch=batch, at=at, by=job.created_by, progress=_told(progress))
    return _answered(found, progress)


def _told(progress: Progress) -> Callable[[int, int], None]:
    return lambda done, total: progress(done, total, "正在比对主体")


def _answered(found: Sought, progress: Progress) -> dict[str, Any]:
    progress(found.businesses, found.businesses, f"新发现 {found.new} 对疑似重复", force=True)
    return asdict(found)
