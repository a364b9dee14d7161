"""Background work whose truth is its row: claiming, leases, progress, waking and sweeping.

A Celery message only wakes a worker; losing it loses nothing, because the sweeper wakes again every half minute. A job is done
by whoever holds its lease token; every step that matters checks the token in its own transaction.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.permissions import Permission
from records.choices import JobState
from records.models import Job
from records.services import audit
from records.services.context import Origin, origin

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
_TURNS_TRIED = 10
_REMEMBERED_TURNS = timedelta(hours=1)
WRITE_EVERY_SECONDS = 0.4


class JobStopped(Exception):
    """The lease was lost to another worker or the job was cancelled; whatever was not committed is void."""


class JobRefused(Exception):
    """The work cannot be done as asked; the sentence is shown to the person and the job ends as failed."""


Handler = Callable[[Job, "Progress"], dict[str, Any] | None]
_handlers: dict[str, Handler] = {}
_titles: dict[str, Any] = {}
Stopped = Callable[[Job, str], bool]
_stopped: dict[str, Stopped] = {}
_asked: ContextVar[list[uuid.UUID] | None] = ContextVar("asked", default=None)


class _TooLate(Exception):
    """The work has been done; there is nothing left to stop."""


def job_handler(kind: str, title: Any) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of ``kind``; it may run twice and must then change nothing the second time.

    ``title`` is what people call such a job. What the function answers is kept as the job's result; its ``said``, where it has
    one, is the Chinese sentence that stands beside the finished job.
    """

    def register(function: Handler) -> Handler:
        _handlers[kind], _titles[kind] = function, title
        return function

    return register


def title_of(kind: str) -> str:
    """What people call a job of ``kind``; the kind itself where nobody does such jobs any more."""
    return str(_titles.get(kind, kind))


def kinds_called(words: str) -> list[str]:
    """The kinds whose title has ``words`` in it."""
    return [kind for kind, title in _titles.items() if words.casefold() in str(title).casefold()]


def when_stopped(kind: str) -> Callable[[Stopped], Stopped]:
    """Register what to put right when a job of ``kind`` ends without having been done.

    It is given the job and a Chinese clause that says why, inside the transaction that ends the job, and answers False when the
    work has been done after all, so that it cannot be cancelled.
    """

    def register(function: Stopped) -> Stopped:
        _stopped[kind] = function
        return function

    return register


class Progress:
    """What a handler holds: it reports rows done, keeps the lease alive and learns when it must stop."""

    def __init__(self, job: Job, token: uuid.UUID) -> None:
        self.job_id = job.pk
        self.token = token
        self._written = 0.0

    def __call__(self, done: int, total: int, message: str = "", *, force: bool = False) -> None:
        """Report ``done`` of ``total`` rows; raises ``JobStopped`` when the lease is gone."""
        now = time.monotonic()
        if not force and now - self._written < WRITE_EVERY_SECONDS:
            return
        self._written = now
        fields: dict[str, Any] = {"done": done, "total": total, "lease_until": _lease_end(timezone.now())}
        if message:
            fields["message"] = message
        self._mine(fields)

    def extend(self, seconds: int) -> None:
        """Keep the lease for a long step that cannot report (a commit on SQLite blocks every other writer)."""
        self._mine({"lease_until": timezone.now() + timedelta(seconds=seconds)})

    def guard(self) -> None:
        """Inside the committing transaction: lock the row and make sure the work is still ours."""
        self._mine({"lease_until": _lease_end(timezone.now())})

    def _mine(self, fields: dict[str, Any]) -> None:
        held = Job.objects.filter(pk=self.job_id, lease_token=self.token, state=JobState.RUNNING)
        if not held.update(**fields):
            raise JobStopped(str(self.job_id))


def _lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.JOB_LEASE_SECONDS)


@transaction.atomic
def enqueue(
    *,
    kind: str,
    params: dict[str, Any],
    by: Any = None,
    dedupe_key: str | None = None,
    total: int = 0,
    lane: str = "",
) -> Job:
    """Write the job's row and wake a worker once the transaction is committed; the same ``dedupe_key`` is one job.

    ``lane`` names whose work it is (a county, say); lanes are served in turn. Without one it is the person's own, or the
    portal's where nobody asked for it.
    """
    if dedupe_key:
        existing = Job.objects.filter(dedupe_key=dedupe_key).first()
        if existing:
            return existing
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                params=params,
                created_by=by,
                created_at=timezone.now(),
                dedupe_key=dedupe_key,
                total=total,
                lane=lane or (f"person {by.pk}" if by is not None else ""),
            )
    except IntegrityError:
        return Job.objects.get(dedupe_key=dedupe_key)
    transaction.on_commit(lambda: wake(job.pk), robust=True)
    if (asked := _asked.get()) is not None:
        asked.append(job.pk)
    return job


def wake(job_id: uuid.UUID) -> None:
    """Send the message; when the broker is down the sweeper does it later."""
    try:
        current_app.send_task("records.tasks.run_job", args=[str(job_id)], retry=False)
    except Exception as error:
        log.warning("broker unreachable, job %s waits for the sweeper: %s", job_id, error)


def whose_turn(now: datetime) -> uuid.UUID | None:
    """The job to be done next: the oldest of the lane with the least work under way, then of the one served longest ago.

    So a county that sends a hundred files waits for its own files, and nobody else does.
    """
    first = Window(RowNumber(), partition_by=[F("lane")], order_by=[F("created_at"), F("id")])
    waiting = list(
        Job.objects.without_live_lease(now)
        .annotate(place=first)
        .filter(place=1)
        .values_list("lane", "created_at", "pk")
    )
    lanes = [lane for lane, _created, _pk in waiting]
    under_way = Counter(
        Job.objects.filter(state=JobState.RUNNING, lease_until__gte=now, lane__in=lanes).values_list(
            "lane", flat=True
        )
    )
    served = dict(
        Job.objects.filter(lane__in=lanes, started_at__gte=now - _REMEMBERED_TURNS)
        .order_by()
        .values_list("lane")
        .annotate(last=Max("started_at"))
    )
    long_ago = now - _REMEMBERED_TURNS
    turns = [(under_way[lane], served.get(lane, long_ago), created, pk) for lane, created, pk in waiting]
    return min(turns)[-1] if turns else None


def run_next(job_id: uuid.UUID | str) -> Job | None:
    """Do the job whose turn it is; ``job_id``, whose message woke this worker, when no other waits."""
    for _attempt in range(_TURNS_TRIED):
        chosen = whose_turn(timezone.now())
        if chosen is None:
            break
        done = run(chosen)
        if done is not None:  # else another worker was faster
            return done
    return run(job_id)


def claim(job_id: uuid.UUID | str) -> tuple[Job, uuid.UUID] | None:
    """Take the lease of a job that nobody is doing; nothing when it is taken, ended or unknown."""
    now = timezone.now()
    token = uuid.uuid4()
    free = Job.objects.without_live_lease(now).filter(pk=job_id)
    job = free.first()
    if job is None:
        return None
    taken = free.filter(attempts=job.attempts).update(
        state=JobState.RUNNING,
        lease_token=token,
        lease_until=_lease_end(now),
        started_at=job.started_at or now,
        attempts=job.attempts + 1,
    )
    if not taken:
        return None
    job.refresh_from_db()
    return job, token


def run(job_id: uuid.UUID | str) -> Job | None:
    """Do a job if it is free. Running it twice does it once."""
    claimed = claim(job_id)
    if claimed is None:
        return None
    job, token = claimed
    where = origin.set(Origin(request_id=str(job.pk), channel="worker"))
    try:
        return _run(job, token)
    finally:
        origin.reset(where)


def run_inline(job: Job) -> Job:
    """Do a job in this process, for commands and tests; the row is returned as it stands afterwards."""
    run(job.pk)
    job.refresh_from_db()
    return job


@contextmanager
def followers_inline() -> Iterator[None]:
    """Do in this process what the block has left to jobs of its own, and no other work; for commands, which need no worker."""
    asked: list[uuid.UUID] = []
    token = _asked.set(asked)
    try:
        yield
        for job_id in asked:  # grows while they ask for more
            run(job_id)
    finally:
        _asked.reset(token)


def _run(job: Job, token: uuid.UUID) -> Job:
    handler = _handlers.get(job.kind)
    if job.attempts > MAX_ATTEMPTS:
        return _finish(job, token, JobState.FAILED, _("多次中断，已停止；请重新提交。"), None)
    if handler is None:
        return _finish(
            job, token, JobState.FAILED, _("没有处理“%(kind)s”的程序。") % {"kind": job.kind}, None
        )
    try:
        result = handler(job, Progress(job, token))
    except JobStopped:
        job.refresh_from_db()
        return job
    except JobRefused as refusal:
        return _finish(job, token, JobState.FAILED, str(refusal), None)
    except Exception:
        log.exception("job %s (%s) broke", job.pk, job.kind)
        return _finish(
            job,
            token,
            JobState.FAILED,
            _("处理中出错（编号 %(number)s）；没有保存任何内容。") % {"number": job.pk},
            None,
        )
    return _finish(job, token, JobState.DONE, (result or {}).get("said", ""), result)


@transaction.atomic
def _finish(job: Job, token: uuid.UUID, state: JobState, message: str, result: dict[str, Any] | None) -> Job:
    fields: dict[str, Any] = {
        "state": state,
        "finished_at": timezone.now(),
        "lease_until": None,
        "result": result,
    }
    if message:
        fields["message"] = message[:300]
    ended = Job.objects.filter(pk=job.pk, lease_token=token, state=JobState.RUNNING).update(**fields)
    job.refresh_from_db()
    if ended and state == JobState.FAILED and job.kind in _stopped:
        _stopped[job.kind](job, message.rstrip("。").partition("；")[0] or "没有完成")
    if ended and state == JobState.DONE and job.total and job.done != job.total:
        Job.objects.filter(pk=job.pk).update(done=job.total)
        job.done = job.total
    return job


def may_cancel(job: Job, by: Any) -> bool:
    """Whether this person may stop a job: whoever asked for it, and those who look after background work."""
    return job.created_by_id == by.pk or by.can(Permission.MANAGE_JOBS)


def cancel_job(*, job: Job, by: Any) -> bool:
    """Stop a job before its commit; the worker learns it at its next report. False when it had already ended.

    Raises ``JobRefused`` for somebody who sees the job and may not stop it.
    """
    if not may_cancel(job, by):
        raise JobRefused(_("这个任务是别人提交的，您只能查看；请提交人或系统管理员取消。"))
    try:
        with transaction.atomic():
            return _cancel(job, by)
    except _TooLate:
        return False


def _cancel(job: Job, by: Any) -> bool:
    stopped = Job.objects.filter(pk=job.pk, state__in=[JobState.QUEUED, JobState.RUNNING]).update(
        state=JobState.CANCELLED, finished_at=timezone.now(), lease_token=None, lease_until=None
    )
    if not stopped:
        return False
    if job.kind in _stopped and not _stopped[job.kind](job, "已取消"):
        raise _TooLate
    audit.record(by=by, action="job.cancelled", target=job)
    return True


def sweep(now: datetime) -> int:
    """Wake a worker for every job that nobody is doing; returns how many."""
    waiting = list(
        Job.objects.without_live_lease(now).order_by("created_at").values_list("pk", flat=True)[:200]
    )
    for job_id in waiting:
        wake(job_id)
    return len(waiting)
