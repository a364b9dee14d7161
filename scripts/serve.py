"""Serve the portal on this machine: web, worker and beat as children, restarted when they die, ended together.

    .venv/bin/python -m scripts.serve foreground   what `make run` starts: it ends when make is killed
    .venv/bin/python -m scripts.serve              the same, but it outlives the shell that started it
    .venv/bin/python -m scripts.serve stop         what `make stop` does

Standard library only. Whatever is started carries a random run id in its environment, and only processes that carry the
recorded id are ever ended: a process id that now belongs to somebody else is left alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from scripts.services import tie_to_parent, tie_to_this_process
from scripts.set_up import VENV_PYTHON, var_folder
from scripts.web import web_command

ROOT = Path(__file__).resolve().parent.parent
RUN_ID = "PORTAL_RUN_ID"
STOP_SECONDS = 20  # a worker may finish a short job; longer ones are taken up again at the next start
FIRST_PAGE_SECONDS = 90
LONGEST_PAUSE = 30
STEADY_SECONDS = 60
LOG_BYTES = 20_000_000


class CannotServe(Exception):
    """The portal cannot start; the message says why and what to do."""


def say(text: str) -> None:
    """One line for whoever watches; the portal goes on when nobody does any more."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


# --- processes ---------------------------------------------------------------------------------


def start_time(pid: int) -> str | None:
    """When a process started, in the kernel's own ticks; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()
    return None if state == "Z" else rest[18]


def boot_id() -> str:
    """Which start of the machine this is: process ids and ticks mean nothing across two of them."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def processes_of(run_id: str) -> list[int]:
    """Every process that carries this run id in its environment."""
    mark = f"{RUN_ID}={run_id}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0") and start_time(int(folder.name)):
                    found.append(int(folder.name))
    return found


def end_processes(run_id: str, *, seconds: float) -> int:
    """Ask every process of a run to end, make those that do not, and return how many there were."""
    first = processes_of(run_id)
    send(first, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while (left := processes_of(run_id)) and time.monotonic() < deadline:
        time.sleep(0.1)
    send(left, signal.SIGKILL)
    return len(first)


def send(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes, some of which may just have ended."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def locked(lock: TextIO) -> bool:
    """Take the lock of the one run there may be; False while another run holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# --- the record of a run -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """What var/run/portal.json says: the supervisor of a run and the mark its children carry."""

    pid: int
    started: str
    boot: str
    run_id: str
    address: str
    children: dict[str, int] = field(default_factory=dict)
    ending: bool = False

    @staticmethod
    def file() -> Path:
        """Where the record is kept."""
        return var_folder() / "run" / "portal.json"

    @classmethod
    def read(cls) -> Run | None:
        """The recorded run, if there is a readable record."""
        try:
            return cls(**json.loads(cls.file().read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self) -> None:
        """Keep the record, whole or not at all."""
        part = self.file().with_suffix(".part")
        part.write_text(json.dumps({name: getattr(self, name) for name in self.__slots__}, indent=1))
        part.replace(self.file())

    def supervisor_lives(self) -> bool:
        """Whether the recorded process is still that very process."""
        return self.boot == boot_id() and start_time(self.pid) == self.started


# --- children ----------------------------------------------------------------------------------


class Child:
    """One part of the portal, its log and its restarts."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self.command = command
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self.born = 0.0
        self.due = 0.0

    @property
    def log(self) -> Path:
        """Where the child's output goes."""
        return var_folder() / "log" / f"{self.name}.log"

    def start(self) -> None:
        """Start the process in a group of its own, so that the terminal's Ctrl-C reaches only the supervisor."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=tie_to_this_process(signal.SIGTERM),
            )
        self.born = time.monotonic()

    def watch(self) -> bool:
        """Start the process again after it died, each time after a longer pause; True when it was started."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return False
            # Whatever the dead process left behind in its own group goes too.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.failures = 1 if now - self.born > STEADY_SECONDS else self.failures + 1
            pause = min(2 ** (self.failures - 1), LONGEST_PAUSE)
            self.due, self.process = now + pause, None
            how = f"signal {-code}" if code < 0 else f"code {code}"
            say(f"{self.name} ended ({how}), starting it again in {pause} s; see {shown(self.log)}")
        if now < self.due:
            return False
        self.start()
        return True

    def last_words(self) -> str:
        """The end of the log, for a failure at the start."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def shown(path: Path) -> str:
    """A path as the reader would type it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def children(port: int, environment: dict[str, str]) -> list[Child]:
    """Web, worker and beat. SQLite has one writer at a time, so two of each suffice."""
    python = str(VENV_PYTHON)
    celery = [python, "-m", "celery", "--app", "foodsafe_portal.celery:app"]
    threads = ["--workers", "2", "--worker-class", "gthread", "--threads", "4", "--preload"]
    patience = ["--timeout", "120", "--graceful-timeout", "10"]
    web = web_command(port, *threads, *patience, "--access-logfile", "-", python=python)
    worker = ["worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    beat = ["beat", "--loglevel", "INFO", "--pidfile="]
    return [
        Child("web", web, environment),
        Child("worker", [*celery, *worker], environment),
        Child("beat", [*celery, *beat], environment),
    ]


# --- serving -----------------------------------------------------------------------------------


class Supervisor:
    """One `make run`, from the free port to the last child's end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self.run_id = secrets.token_hex(16)
        self.ending = threading.Event()
        self.environment = {**os.environ, RUN_ID: self.run_id, "PYTHONUNBUFFERED": "1"}
        self.children: list[Child] = []

    def end(self, number: int, frame: object) -> None:
        """A signal asks the portal to end; a second one does not hurry it."""
        self.ending.set()

    def serve(self) -> int:
        """Serve until a signal comes; returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.end)
        if (
            signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        ):  # nohup asks to stay when the terminal closes
            signal.signal(signal.SIGHUP, self.end)
        for folder in ("run", "log"):
            (var_folder() / folder).mkdir(parents=True, exist_ok=True)
        with (var_folder() / "run" / "lock").open("w") as lock:
            self.claim(lock)
            self.record()
            try:
                self.prepare()
                if not self.ending.is_set():
                    self.start()
                while not self.ending.wait(0.5):
                    restarted = [child.name for child in self.children if child.watch()]
                    if restarted:
                        self.record()
            finally:
                self.finish()
        return 0

    def claim(self, lock: TextIO) -> None:
        """Make sure that nobody else serves from here or listens on the port; clear what a killed run left."""
        deadline = time.monotonic() + 2 * STOP_SECONDS
        while not locked(lock):
            before = Run.read()
            if not (before and before.ending) or time.monotonic() > deadline:
                where = f" at {before.address} (process {before.pid})" if before else ""
                raise CannotServe(f"The portal is already running{where}. `make stop` ends it.")
            time.sleep(0.2)
        before = Run.read()
        if before and before.boot == boot_id() and end_processes(before.run_id, seconds=STOP_SECONDS):
            say("An earlier run had been killed; its remaining processes have been ended.")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as problem:
                raise CannotServe(
                    f"Port {self.port} cannot be used ({problem.strerror}): another program may be listening on it. "
                    f"Choose another one: make run PORT={self.port + 1 if self.port < 65535 else 8000}"
                ) from None

    def record(self, *, ending: bool = False) -> None:
        """Write down who runs, for `make stop` and for the next start after a kill."""
        pids = {child.name: child.process.pid for child in self.children if child.process}
        Run(
            os.getpid(), start_time(os.getpid()) or "", boot_id(), self.run_id, self.address, pids, ending
        ).write()

    def prepare(self) -> None:
        """Tables, and the demonstration city on an empty database; interrupted work begins again at the next start."""
        work = subprocess.Popen(
            [str(VENV_PYTHON), "-m", "scripts.prepare_database"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=tie_to_this_process(signal.SIGTERM),
        )
        while work.poll() is None and not self.ending.wait(0.1):
            pass
        if self.ending.is_set():
            return
        if work.returncode != 0:
            raise CannotServe("The database could not be prepared; the reason stands above.")

    def start(self) -> None:
        """Start every part, wait for the first answer, and say where the portal is."""
        self.children = children(self.port, self.environment)
        web, *others = self.children
        for child in self.children:
            if child.log.exists() and child.log.stat().st_size > LOG_BYTES:
                child.log.replace(child.log.with_suffix(".log.1"))
        web.start()
        self.record()
        deadline = time.monotonic() + FIRST_PAGE_SECONDS
        while not self.answers():
            if self.ending.wait(0.2):
                return
            if (web.process and web.process.poll() is not None) or time.monotonic() > deadline:
                raise CannotServe(
                    f"{web.last_words()}\nThe web server does not answer; its log is {shown(web.log)}."
                )
        # Only now, for on two cores the three together would keep the first page waiting.
        for child in others:
            child.start()
        self.record()
        say(f"\nThe portal is at {self.address}")
        say(f"Logs are in {shown(web.log.parent)}/; Ctrl-C or `make stop` ends it.")

    def answers(self) -> bool:
        """Whether the web server answers a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def finish(self) -> None:
        """End every process of this run and take the record away."""
        if self.children:
            say("Ending web, worker and beat …")
        self.record(ending=True)
        # The leaders first: each of them lets its own workers finish what they are at.
        alive = [child.process for child in self.children if child.process and child.process.poll() is None]
        send([process.pid for process in alive], signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in alive:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        end_processes(self.run_id, seconds=2)
        for child in self.children:
            if child.process:
                child.process.wait()
        Run.file().unlink(missing_ok=True)


def stop() -> int:
    """End the recorded run; exit 0 also when nothing runs."""
    run = Run.read()
    if run is None or run.boot != boot_id():
        print("The portal is not running.")
        return 0
    if run.supervisor_lives():
        send([run.pid], signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS + 10
        while run.supervisor_lives() and time.monotonic() < deadline:
            time.sleep(0.1)
        if run.supervisor_lives():
            send([run.pid], signal.SIGKILL)
        count = 1
    else:
        count = 0
    count += end_processes(run.run_id, seconds=STOP_SECONDS)
    Run.file().unlink(missing_ok=True)
    print("The portal has been ended." if count else "The portal is not running.")
    return 0


def port_of(text: str) -> int:
    """The port to serve on."""
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotServe(f"PORT={text} is no port; write for example: make run PORT=8001")
    return int(text)


def main() -> int:
    """Serve, or stop what serves."""
    if sys.argv[1:] == ["stop"]:
        return stop()
    if sys.argv[1:] == ["foreground"]:
        tie_to_parent(signal.SIGTERM)
    try:
        return Supervisor(port_of(os.environ.get("PORT", "8000"))).serve()
    except CannotServe as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
