"""Whether the portal can do its work, and its figures for a monitoring system; seen from inside the network only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min
from django.utils import timezone
from kombu import Connection
from prometheus_client.core import GaugeMetricFamily

from campaigns.models import WeeklyReport
from records.choices import JobState
from records.models import AuditEvent, Job
from records.services.pulses import last_pulses

LATE = 5
"""A periodic duty is missed when its last pulse is this many of its intervals old."""

SEAL_AGE = timedelta(minutes=10)
"""Events of the trail are sealed every minute; ten minutes without a seal mean that nobody seals."""

BROKER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the installation and its answer."""

    name: str
    ok: bool
    detail: str


def readiness(now: datetime | None = None) -> list[Check]:
    """Every check, whatever the ones before it said; a check that breaks is one that failed."""
    at = now or timezone.now()
    checks: dict[str, Callable[[datetime], tuple[bool, str]]] = {
        "database": _database,
        "migrations": _migrations,
        "broker": _broker,
        "beat": _beat,
        "disk": _disk,
        "seal": _seal,
    }
    return [_asked(name, check, at) for name, check in checks.items()]


def _asked(name: str, check: Callable[[datetime], tuple[bool, str]], at: datetime) -> Check:
    try:
        return Check(name, *check(at))
    except (DatabaseError, OSError) as error:
        return Check(name, False, type(error).__name__)


def _database(_at: datetime) -> tuple[bool, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,), connection.vendor


def _migrations(_at: datetime) -> tuple[bool, str]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return not missing, f"{len(missing)} missing"


def _broker(_at: datetime) -> tuple[bool, str]:
    """A broker of files is a folder; any other is asked whether it lets us in."""
    url = settings.CELERY_BROKER_URL
    if url.startswith("filesystem:"):
        return True, "files"
    try:
        with Connection(url, connect_timeout=BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except Exception as error:  # every transport raises its own
        return False, type(error).__name__
    return True, "connected"


def _beat(at: datetime) -> tuple[bool, str]:
    pulses = last_pulses()
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    missed = [
        name
        for name, entry in schedule.items()
        if name in pulses and at - pulses[name] > LATE * entry["schedule"]
    ]
    if not pulses:
        return False, "no periodic duty was ever done"
    return not missed, f"missed: {', '.join(missed)}" if missed else f"{len(pulses)} duties"


def _disk(_at: datetime) -> tuple[bool, str]:
    free = shutil.disk_usage(settings.VAR_DIR).free // 2**20
    return free >= settings.READY_FREE_MEGABYTES, f"{free} MiB free"


def _seal(at: datetime) -> tuple[bool, str]:
    oldest = _oldest_unsealed()
    age = at - oldest if oldest else timedelta(0)
    return age <= SEAL_AGE, f"oldest unsealed event {int(age.total_seconds())} s"


def _oldest_unsealed() -> datetime | None:
    return AuditEvent.objects.filter(link__isnull=True).aggregate(first=Min("at"))["first"]


class PortalCollector:
    """The figures of the database at the moment of asking: jobs, the seal's lag, closed weeks, periodic duties."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What a monitoring system draws and watches; seconds and counts, no name of a person or a place."""
        now = timezone.now()
        yield from self._jobs(now)
        oldest = _oldest_unsealed()
        yield _gauge("portal_seal_lag_seconds", "Age of the oldest unsealed audit event", _age(oldest, now))
        closed = WeeklyReport.objects.aggregate(last=Max("known_at"))["last"]
        yield _gauge("portal_week_closed_age_seconds", "Time since a week was last closed", _age(closed, now))
        pulse = GaugeMetricFamily(
            "portal_duty_age_seconds", "Time since a periodic duty was last done", labels=["duty"]
        )
        for name, at in last_pulses().items():
            pulse.add_metric([name], _age(at, now))
        yield pulse
        free = shutil.disk_usage(settings.VAR_DIR).free
        yield _gauge("portal_disk_free_bytes", "Free space below PORTAL_VAR", free)

    @staticmethod
    def _jobs(now: datetime) -> Iterator[GaugeMetricFamily]:
        waiting = Job.objects.filter(state=JobState.QUEUED)
        running = Job.objects.filter(state=JobState.RUNNING)
        yield _gauge("portal_jobs_queued", "Jobs that wait for a worker", waiting.count())
        oldest = waiting.aggregate(first=Min("created_at"))["first"]
        yield _gauge("portal_queue_age_seconds", "Age of the oldest waiting job", _age(oldest, now))
        lost = running.filter(lease_until__lt=now).count()
        yield _gauge("portal_leases_lost", "Running jobs whose lease has run out", lost)


def _age(at: datetime | None, now: datetime) -> float:
    return max((now - at).total_seconds(), 0.0) if at else 0.0


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)
