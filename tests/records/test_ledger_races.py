"""Two uploads at the same instant, two imports of the same keys, and a worker killed in the middle of a commit."""

from __future__ import annotations

import csv
import io
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from entities.models import Business
from records.choices import BatchState, JobState
from records.ledgers import batches, kind_of
from records.models import AuditEvent, Job, LedgerBatch
from records.services import jobs
from tests.factories.ledgers import business_row, checked, make_liaison, send, take_in, workbook

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 120
ROWS = 10_000
WORKER = """
import os, sys, django
django.setup()
from records.services import jobs
from records.tasks import run_job
print("ready", flush=True)
sys.stdin.readline()
run_job(os.environ["JOB"])
print("done", flush=True)
"""


@pytest.fixture(autouse=True)
def one_server() -> None:
    """Two writers at once need a database that lets them in."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")


def at_once(*acts: Any) -> list[Any]:
    """Do several things at the same instant, each over a connection of its own; what each gave or raised."""
    start, found = threading.Barrier(len(acts)), [None] * len(acts)

    def work(place: int, act: Any) -> None:
        try:
            start.wait(PATIENCE)
            found[place] = act()
        except Exception as fault:
            found[place] = fault
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return found


# --- the same file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("round_", range(3))
def test_the_same_file_twice_at_the_same_instant_is_one_batch(liaison, round_):
    content = workbook("businesses", [business_row()]).read()
    people = [type(liaison).objects.get(pk=liaison.pk) for _ in range(2)]

    def upload(by):
        return lambda: batches.receive_upload(
            kind="businesses", file=ContentFile(content, name="a.xlsx"), by=by
        )

    found = at_once(*map(upload, people))
    batch = LedgerBatch.objects.get()
    assert [getattr(received, "batch", received) for received in found] == [batch, batch]
    assert Job.objects.filter(kind="ledger.check").count() == 1
    assert AuditEvent.objects.filter(action="ledger.uploaded").count() == 1
    kept = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert [str(path) for path in kept] == [batch.file.path]


# --- the same keys -----------------------------------------------------------------------------------------


def commit_at_once(*sent):
    for batch in sent:
        batches.confirm_batch(batch=batch, by=batch.uploaded_by, digest=batch.digest)
    at_once(*(lambda job=batch.commit_job: jobs.run(job.pk) for batch in sent))
    return [LedgerBatch.objects.select_related("uploaded_by").get(pk=batch.pk) for batch in sent]


def second_of(sent):
    """The batch that came too late: sent back to its check, which its uploader confirms again."""
    assert sorted(batch.state for batch in sent) == [BatchState.COMMITTED, BatchState.UPLOADED]
    (late,) = [batch for batch in sent if batch.state == BatchState.UPLOADED]
    return checked(late)


@pytest.mark.parametrize("round_", range(3))
def test_two_imports_that_change_one_business_at_once_lose_no_update(liaison, round_):
    row = business_row()
    take_in(send(liaison, "businesses", [row]))
    mine = send(liaison, "businesses", [row | {"legal_person": "李四", "contact_phone": None}])
    theirs = send(
        make_liaison(), "businesses", [row | {"legal_person": None, "contact_phone": "13999999999"}]
    )
    late = second_of(commit_at_once(mine, theirs))
    assert late.counts["updated"] == 1
    assert take_in(late).state == BatchState.COMMITTED
    saved = Business.objects.get()
    assert (saved.legal_person, saved.contact_phone) == ("李四", "13999999999")


def test_two_imports_that_create_one_business_at_once_create_it_once(liaison):
    row = business_row()
    mine = send(liaison, "businesses", [row])
    theirs = send(make_liaison(), "businesses", [row | {"scale": "大"}])
    late = second_of(commit_at_once(mine, theirs))
    assert (late.counts["created"], Business.objects.count()) == (0, 1)
    assert take_in(late).state == BatchState.COMMITTED
    assert (Business.objects.count(), AuditEvent.objects.filter(action="ledger.committed").count()) == (1, 2)


def test_two_confirms_at_the_same_instant_are_one_import(liaison):
    batch = send(liaison, "businesses", [business_row()])

    def confirm():
        seen = LedgerBatch.objects.select_related("uploaded_by").get(pk=batch.pk)
        return batches.confirm_batch(batch=seen, by=seen.uploaded_by, digest=seen.digest)

    found = at_once(confirm, confirm)
    assert sorted(type(answer).__name__ for answer in found) == ["LedgerBatch", "LedgerRefused"]
    assert Job.objects.filter(kind="ledger.commit").count() == 1


# --- a killed worker ---------------------------------------------------------------------------------------


def long_ledger(size: int) -> ContentFile:
    """A ledger of businesses nobody has imported yet, as a text file."""
    columns = kind_of("businesses").column_of
    rows = [business_row() for _ in range(size)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([columns[key].header for key in rows[0]])
    writer.writerows(row.values() for row in rows)
    return ContentFile(text.getvalue().encode(), name="一万家.csv")


class Worker:
    """A process of its own that does one job; it can be killed as power cuts and memory killers do."""

    def __init__(self, job_id: Any) -> None:
        server = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
        environment = {
            **os.environ,
            "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
            "DJANGO_SETTINGS_MODULE": "foodsafe_portal.settings",
            "JOB": str(job_id),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.hears("ready")

    def go(self) -> None:
        """Let it take the job."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def hears(self, word: str) -> bool:
        """Whether it says ``word`` before long."""
        stream = self.process.stdout
        assert stream is not None
        ready, _, _ = select.select([stream], [], [], PATIENCE)
        return bool(ready) and stream.readline().strip() == word

    def kill(self) -> None:
        """SIGKILL; a second time does nothing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def test_a_worker_killed_at_any_point_of_a_commit_leaves_no_row_or_all_and_the_job_is_taken_up(liaison):
    seed = random.randrange(10**6)
    dice, took = random.Random(seed), 1.0
    for round_ in range(3):
        before = Business.objects.count()
        batch = send(liaison, "businesses", long_ledger(ROWS))
        assert batch.counts["created"] == ROWS, batch.reason
        batches.confirm_batch(batch=batch, by=liaison, digest=batch.digest)
        job = batch.commit_job
        first = Worker(job.pk)
        try:
            first.go()
            wait = dice.uniform(0, took)
            time.sleep(wait)
        finally:
            first.kill()
        where = f"seed {seed}, round {round_}, killed after {wait:.2f} s"
        assert Business.objects.count() - before in (0, ROWS), where
        # What the minutes after the kill do: the lease ends. Any message then makes a worker take the job up.
        Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
            lease_until=timezone.now() - timedelta(seconds=1)
        )
        second = Worker(job.pk)
        try:
            started = time.monotonic()
            second.go()
            assert second.hears("done"), where
            took = max(time.monotonic() - started, 0.5)
        finally:
            second.kill()
        batch = LedgerBatch.objects.get(pk=batch.pk)
        assert (Business.objects.count() - before, batch.state) == (ROWS, BatchState.COMMITTED), where
        assert Job.objects.get(pk=job.pk).state == JobState.DONE, where
        successes = AuditEvent.objects.filter(action="ledger.committed", target_id=str(batch.pk))
        assert successes.count() == 1, where
