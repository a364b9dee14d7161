"""The long fault runs: the tests marked so, then real processes killed at the worst moments.

    make soak
    .venv/bin/python scripts/services.py run -- .venv/bin/python -m scripts.soak --rounds 2 --rows 2500 --skip-tests

A worker is killed at random points of a commit: the register holds none of the rows or all of them, and in the end all, with
one event in the trail. The web server is killed right after it has answered an upload: nothing of it is lost. Redis forgets
everything: the sweeper sends the work again. Two beats wake at once: a week is closed once. Ten hostile files of one county
wait in the queue: another county's file is checked within a minute. Needs DATABASE_URL and REDIS_URL.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import psycopg2

from scripts.services import free_port, tie_to_this_process
from scripts.web import web_command

ROOT = Path(__file__).resolve().parent.parent
COUNTY = "990102"
PATIENCE_SECONDS = 300
CELERY = [sys.executable, "-m", "celery", "--app", "foodsafe_portal.celery:app"]
WORKER = [
    *CELERY,
    "worker",
    "--pool",
    "solo",
    "--loglevel",
    "WARNING",
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
]
NO_TESTS_FOUND = 5
LEDGERS_OF_CHANCE = "tests/campaigns/test_ledger_properties.py"
HOSTILE_FILES = 10
HOSTILE_BYTES = 380 * 1024 * 1024
MOST_DELAY_SECONDS = 60


class Broken(Exception):
    """A promise did not hold; the sentence says which."""


def say(text: str) -> None:
    """One line for whoever watches."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def hold(promise: bool, sentence: str) -> None:
    """Raise ``Broken`` unless the promise holds."""
    if not promise:
        raise Broken(sentence)


def until(question: Callable[[], bool], what: str) -> None:
    """Ask again and again, for minutes if need be."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if question():
            return
        time.sleep(0.1)
    raise Broken(f"waited {PATIENCE_SECONDS} s in vain: {what}")


class Killed:
    """A process group of our own that ends with SIGKILL, as power cuts and memory killers do."""

    def __init__(self, command: list[str], log: Path) -> None:
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                preexec_fn=tie_to_this_process(signal.SIGKILL),
            )  # fmt: skip

    def __enter__(self) -> Killed:
        return self

    def __exit__(self, *failure: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Kill the whole group; a second time does nothing."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


# --- the portal --------------------------------------------------------------------------------------


def prepare(folder: Path) -> None:
    """A database of our own with a small city; children inherit its address."""
    server = os.environ["DATABASE_URL"]
    connection = psycopg2.connect(server.replace("postgres://", "postgresql://", 1))
    connection.autocommit = True
    name = f"soak_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    os.environ.update(
        DATABASE_URL=f"{server.rsplit('/', 1)[0]}/{name}",
        PORTAL_VAR=str(folder),
        EMBEDDED="true",
        JOB_LEASE_SECONDS="5",
        DJANGO_SETTINGS_MODULE="foodsafe_portal.settings",
    )
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.models import User
    from foodsafe_portal.demo.load import load_city

    call_command("migrate", verbosity=0)
    load_city(businesses=60, weeks=2, seed=1, until=date(2026, 11, 15), now=timezone.localtime())
    User.objects.update(must_change_password=False)


def write_ledger(path: Path, rows: int, seed: int, county: str = COUNTY) -> Path:
    """A clean ledger nobody has imported yet."""
    from foodsafe_portal.demo.ledger_writer.businesses import write_businesses
    from foodsafe_portal.demo.ledger_writer.draft import desk_for
    from foodsafe_portal.demo.ledger_writer.workbook import write_workbook

    desk = desk_for(county, on=date(2026, 11, 16), size=rows, seed=seed)
    if desk is None:
        raise Broken("the city has no county to write a ledger of")
    write_workbook(write_businesses(desk, 0), desk, path)
    return path


def uploaded(path: Path, username: str = "county_liaison") -> Any:
    """Upload; a worker is told through Redis."""
    from django.core.files import File

    from accounts.models import User
    from records.ledgers import batches

    user = User.objects.get(username=username)
    with path.open("rb") as source:
        return batches.receive_upload(kind="businesses", file=File(source, name=path.name), by=user).batch


def checked(path: Path, rows: int) -> Any:
    """Upload and check in this process; the batch waits for its confirmation."""
    from records.services import jobs

    batch = uploaded(path)
    assert batch.check_job is not None
    jobs.run_inline(batch.check_job)
    batch.refresh_from_db()
    new = batch.counts.get("created", 0)
    hold(new == rows, f"{new} of {rows} rows of {path.name} are new; it must share none with earlier ones")
    return batch


def confirm(batch: Any) -> Any:
    """Let it be imported; a worker is told through Redis."""
    from records.ledgers import batches

    return batches.confirm_batch(batch=batch, by=batch.uploaded_by, digest=batch.digest, accept_partial=True)


def let_lease_run_out(job_id: Any) -> None:
    """What the minutes after a kill do: the lease ends."""
    from django.utils import timezone

    from records.choices import JobState
    from records.models import Job

    Job.objects.filter(pk=job_id, state=JobState.RUNNING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def sweep() -> int:
    """The beat's sweeper."""
    from django.utils import timezone

    from records.services import jobs

    return jobs.sweep(timezone.now())


def registered() -> int:
    """Businesses in the register."""
    from entities.models import Business

    return int(Business.objects.count())


def state_of(job_id: Any) -> str:
    """A job's state now."""
    from records.models import Job

    return str(Job.objects.values_list("state", flat=True).get(pk=job_id))


def events(action: str, target: Any) -> int:
    """How often the trail tells of it."""
    from records.models import AuditEvent

    return AuditEvent.objects.filter(action=action, target_id=str(target.pk)).count()


# --- faults ------------------------------------------------------------------------------------------


def _seed_of(at: int) -> int:
    """A seed whose ledger of up to 10,000 rows shares no number with those of the other rounds.

    The writer's numbers begin at seed × 100,003 modulo 800,000: eight seeds in a row lie 100,003 apart, and a seed 3,336 further on
    begins 10,008 further on.
    """
    return at % 8 + 3_336 * (at // 8)


def kill_committing_workers(folder: Path, rounds: int, rows: int, seed: int) -> None:
    """SIGKILL at a random moment after the worker took the job: before, within or after its transaction."""
    from records.choices import JobState

    dice = random.Random(seed)
    longest = 1.0
    for at in range(1, rounds + 1):
        batch = checked(write_ledger(folder / f"kill-{at}.xlsx", rows, _seed_of(at)), rows)
        before = registered()
        batch = confirm(batch)
        job = batch.commit_job_id
        with Killed(WORKER, folder / "worker.log") as worker:
            until(lambda: state_of(job) != JobState.QUEUED, "a worker takes the job")  # noqa: B023
            wait = dice.uniform(0, longest)
            time.sleep(wait)
            worker.kill()
        found = registered() - before
        hold(found in (0, rows), f"round {at}: {found} of {rows} rows after a kill {wait:.2f} s into the job")
        begun = time.monotonic()
        with Killed(WORKER, folder / "worker.log"):
            let_lease_run_out(job)
            sweep()
            until(lambda: state_of(job) == JobState.DONE, "another worker finishes the job")  # noqa: B023
        if found == 0:
            longest = max(longest, min(time.monotonic() - begun, 20.0))
        after = registered() - before
        hold(after == rows, f"round {at}: {after} of {rows} rows in the end")
        hold(events("ledger.committed", batch) == 1, f"round {at}: not exactly one success in the trail")
        say(
            f"round {at}: killed after {wait:.2f} s with {found:,} rows saved, in the end {after:,}, one success"
        )


def kill_web_after_reply(folder: Path, rows: int) -> None:
    """The answer to an upload means: it is safe."""
    from django.conf import settings
    from django.test import Client

    from accounts.models import User
    from records.choices import JobState
    from records.models import LedgerBatch

    path = write_ledger(folder / "web.xlsx", rows, _seed_of(60))
    client = Client()
    client.force_login(
        User.objects.get(username="county_liaison"), backend=settings.AUTHENTICATION_BACKENDS[0]
    )
    session, token, port = client.cookies[settings.SESSION_COOKIE_NAME], secrets.token_hex(16), free_port()
    border = secrets.token_hex(16)
    fields = "".join(
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("csrfmiddlewaretoken", token), ("kind", "businesses"))
    )
    head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="web.xlsx"\r\nContent-Type: application/octet-stream\r\n\r\n'
    body = (fields + head).encode() + path.read_bytes() + f"\r\n--{border}--\r\n".encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/ledgers/upload/",
        data=body,
        headers={
            "Content-Type": f"multipart/form-data; boundary={border}",
            "Cookie": f"{session.key}={session.value}; {settings.CSRF_COOKIE_NAME}={token}",
        },
    )
    with Killed(web_command(port, "--workers", "1"), folder / "web.log") as server:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the web server answers")
        where = urllib.request.build_opener(_NoRedirect).open(request, timeout=60).headers["Location"]
        server.kill()
    batch = LedgerBatch.objects.get(pk=int(where.rstrip("/").rsplit("/", 1)[1]))
    with Killed(WORKER, folder / "worker.log"):
        sweep()
        until(lambda: state_of(batch.check_job_id) == JobState.DONE, "the uploaded ledger is checked")
    batch.refresh_from_db()
    hold(batch.counts["accepted"] == rows, f"the upload lost rows: {batch.counts}")
    say(f"web killed after its reply: batch {batch.pk} was checked, {rows:,} rows accepted")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The reply itself is what counts, not the page behind it."""

    def http_error_302(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any) -> Any:
        return fp


def answers(address: str) -> bool:
    """Whether somebody listens."""
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def wipe_redis(folder: Path, rows: int) -> None:
    """Losing Redis loses no work."""
    import redis

    from records.choices import JobState

    batch = confirm(checked(write_ledger(folder / "redis.xlsx", rows, _seed_of(61)), rows))
    before = registered()
    redis.from_url(os.environ["REDIS_URL"]).flushall()
    with Killed(WORKER, folder / "worker.log"):
        time.sleep(5)
        hold(
            state_of(batch.commit_job_id) == JobState.QUEUED,
            "the message was not lost, so nothing was proven",
        )
        sweep()
        until(lambda: state_of(batch.commit_job_id) == JobState.DONE, "the sweeper brings the job back")
    hold(registered() - before == rows, "rows are missing after Redis was wiped")
    say(f"Redis wiped: the sweeper brought the import back, {rows:,} rows saved")


def two_beats() -> None:
    """Two beats close the missing weeks at the same instant; each week has one report."""
    from campaigns.models import WeeklyReport

    newest = WeeklyReport.objects.latest("week").week
    WeeklyReport.objects.filter(week=newest).delete()
    work = (
        "import django, time; django.setup(); from campaigns.tasks import close_due_weeks; "
        f"time.sleep(max(0, {time.time() + 8} - time.time())); close_due_weeks(); close_due_weeks()"
    )
    beats = [subprocess.Popen([sys.executable, "-c", work], cwd=ROOT) for _beat in range(2)]
    hold(all(beat.wait(PATIENCE_SECONDS) == 0 for beat in beats), "a beat broke beside the other")
    reports = WeeklyReport.objects.filter(week=newest).count()
    hold(reports == 1, f"two beats wrote {reports} reports of {newest}")
    say(f"two beats: {newest} was closed once")


def write_hostile(path: Path) -> Path:
    """A file that keeps its reader busy: as many rows as fit into the megabytes that may be unpacked."""
    plain = path.with_suffix(".plain.xlsx")
    openpyxl.Workbook().save(plain)
    dice = random.Random(1)
    rows = b"".join(
        b'<row><c t="inlineStr"><is><t>%04x</t></is></c><c><v>%d</v></c></row>'
        % (dice.randrange(1 << 16), dice.randrange(10**6))
        for _row in range(20_000)
    )
    with (
        zipfile.ZipFile(plain) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for member in source.namelist():
            if not member.startswith("xl/worksheets/"):
                target.writestr(member, source.read(member))
                continue
            with target.open(member, "w", force_zip64=True) as sheet:
                sheet.write(
                    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
                )
                for _block in range(HOSTILE_BYTES // len(rows)):
                    sheet.write(rows)
                sheet.write(b"</sheetData></worksheet>")
    return path


def hostile_heap(folder: Path, rows: int) -> None:
    """One county sends ten files that take long to refuse; the next county's file does not wait for them."""
    from accounts.models import User
    from records.choices import JobState
    from records.models import Job

    hostile, heap = write_hostile(folder / "hostile.xlsx"), []
    for number in range(HOSTILE_FILES):
        with zipfile.ZipFile(hostile, "a") as file:
            file.comment = f"{number}".encode()  # another file, and yet the same
        heap.append(uploaded(hostile))
    county = User.objects.get(username="county_liaison_2").territory_for_import("businesses")
    path = write_ledger(folder / "normal.xlsx", rows, _seed_of(62), county)
    waiting = Job.objects.filter(pk__in=[sent.check_job_id for sent in heap], state=JobState.QUEUED)
    with Killed(WORKER, folder / "worker.log"):
        until(lambda: waiting.count() < HOSTILE_FILES, "a worker takes the first hostile file")
        begun = time.monotonic()
        batch = uploaded(path, "county_liaison_2")
        until(lambda: state_of(batch.check_job_id) == JobState.DONE, "the other county's ledger is checked")
        took, left = time.monotonic() - begun, waiting.count()
    batch.refresh_from_db()
    hold(batch.counts.get("accepted") == rows, f"the other county's ledger lost rows: {batch.counts}")
    hold(took < MOST_DELAY_SECONDS, f"ten hostile files delayed another county's file for {took:.0f} s")
    say(
        f"ten hostile files: another county's file was checked after {took:.1f} s, {left} of them still waiting"
    )


def main() -> int:
    """Tests first, then the faults; 1 as soon as a promise does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20, help="how often a committing worker is killed")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each ledger")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="chance of the moments of the kills"
    )
    parser.add_argument("--skip-tests", action="store_true", help="leave the marked tests out")
    options = parser.parse_args()
    if not options.skip_tests:
        many = os.environ | {"HYPOTHESIS_PROFILE": "soak"}
        for chosen in (["-m", "soak"], [LEDGERS_OF_CHANCE]):
            code = subprocess.run(
                [sys.executable, "-m", "pytest", *chosen], cwd=ROOT, check=False, env=many
            ).returncode
            if code not in (0, NO_TESTS_FOUND):
                return code
    with tempfile.TemporaryDirectory(prefix="portal-soak-") as place:
        folder = Path(place)
        prepare(folder)
        say(f"moments by seed {options.seed}")
        try:
            kill_committing_workers(folder, options.rounds, options.rows, options.seed)
            kill_web_after_reply(folder, min(options.rows, 2_000))
            wipe_redis(folder, min(options.rows, 2_000))
            two_beats()
            hostile_heap(folder, min(options.rows, 2_000))
        except Broken as broken:
            say(f"broken: {broken}")
            for log in ("worker.log", "web.log"):
                if (folder / log).exists():
                    say(f"the end of {log}:\n{(folder / log).read_text(errors='replace')[-2000:]}")
            return 1
    say("every promise held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
