"""A row of the table, how often a job is timed, and the set-up every part shares."""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One job: ours, the stock peer and the bare floor, in ``unit``; None where there is nothing to compare with."""

    job: str
    ours: float
    peer: float | None = None
    floor: float | None = None
    unit: str = "s"

    def as_document(self) -> dict[str, Any]:
        """``vs_peer``: how many times faster than the peer; ``vs_floor``: how many times the floor's time."""
        return {
            "job": self.job,
            "ours": _short(self.ours),
            "peer": _short(self.peer),
            "floor": _short(self.floor),
            "vs_peer": _short(self.peer / self.ours) if self.peer is not None and self.ours else None,
            "vs_floor": _short(self.ours / self.floor) if self.floor else None,
            "unit": self.unit,
        }


def _short(value: float | None) -> float | None:
    """Three digits that count; more would pretend to know."""
    return None if value is None else float(f"{value:.3g}")


def tell(text: str) -> None:
    """A line about what is being measured, beside the figures on standard output."""
    print(f"  {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def seconds(
    job: Callable[[], Any], *, runs: int = 3, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The least of a few runs: what disturbs a run only ever makes it longer."""
    best = float("inf")
    gc.collect()
    for _run in range(runs):
        begun = clock()
        job()
        best = min(best, clock() - begun)
    return best


def milliseconds(
    job: Callable[[], Any], *, runs: int = 5, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The same in thousandths."""
    return seconds(job, runs=runs, clock=clock) * 1000


@contextmanager
def portal() -> Iterator[Path]:
    """Django with an empty, migrated database (``DATABASE_URL``) and a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        os.environ["PORTAL_VAR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "foodsafe_portal.settings"
        import django
        from django.conf import settings

        settings.INSTALLED_APPS.append("bench")
        django.setup()
        # Jobs run here, one after the other: no broker, no collected assets, no slow hashing of demonstration passwords.
        settings.CELERY_BROKER_URL = "memory://"
        settings.STORAGES["staticfiles"] = {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        settings.ALLOWED_HOSTS = ["*"]
        from celery import current_app
        from django.core.management import call_command

        current_app.conf.broker_url = "memory://"
        call_command("migrate", verbosity=0)
        yield Path(folder)


def load_city(businesses: int, weeks: int) -> float:
    """The demonstration city; seconds it took."""
    from datetime import date

    from django.utils import timezone

    from accounts.models import User
    from foodsafe_portal.demo.load import load_city as load

    begun = time.perf_counter()
    load(businesses=businesses, weeks=weeks, seed=1, until=date(2026, 11, 15), now=timezone.localtime())
    spent = time.perf_counter() - begun
    User.objects.update(must_change_password=False)
    return spent


def hand_over(rows: Iterable[Row]) -> None:
    """Figures on standard output, a line each, as soon as they are known: what breaks later takes nothing away."""
    for row in rows:
        print(json.dumps(row.as_document(), ensure_ascii=False), flush=True)
