"""A throw-away PostgreSQL and Redis on free ports, for tests and measurements; nothing of them is left behind.

    python scripts/services.py run -- COMMAND...    runs COMMAND with DATABASE_URL and REDIS_URL set to them

Standard library only. Both servers are children of this process: they are ended by process id, also when the command
fails or a signal arrives, and the kernel ends them should this process be killed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 15
TRIES = 3
PR_SET_PDEATHSIG = 1
# PostgreSQL refuses to run as root, so root lends its work to the first of these accounts that exists.
ORDINARY_ACCOUNTS = ("postgres", "nobody")


class ServiceUnavailable(Exception):
    """A service cannot be started; the message says which and what to install or look at."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ordinary_account() -> pwd.struct_passwd | None:
    """The account PostgreSQL runs under when we are root; None means our own."""
    if os.geteuid() != 0:
        return None
    for name in ORDINARY_ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceUnavailable(
        "PostgreSQL does not run as root and there is no account 'postgres' or 'nobody' to lend."
    )


def postgresql_binaries() -> Path:
    """The folder with initdb and postgres, newest version first."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3].split(".")[0]),
        reverse=True,
    )
    on_path = shutil.which("initdb")
    if found:
        return found[0].parent
    if on_path:
        return Path(on_path).resolve().parent
    raise ServiceUnavailable("PostgreSQL is not installed; on Debian: apt-get install postgresql")


def tie_to_parent(number: int) -> None:
    """Have the kernel send this process signal ``number`` when its parent dies, however that comes about."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def tie_to_this_process(number: int) -> Callable[[], None]:
    """What a new child runs first, so that it gets signal ``number`` should this process be killed."""
    parent = os.getpid()

    def tie() -> None:
        tie_to_parent(number)
        if os.getppid() != parent:
            os._exit(1)

    return tie


class Service:
    """One server process with its own temporary folder, ended by its process id."""

    name = "service"
    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        self.account: pwd.struct_passwd | None = None
        self.port = 0
        self.folder = Path()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self.process is None:
            raise ServiceUnavailable(f"{self.name} is not running.")
        return self.process.pid

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.folder / "server.log"

    def command(self) -> list[str]:
        """The command line of the server."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make ready what the server needs before its first start."""

    def answers(self) -> bool:
        """Whether the server takes requests."""
        raise NotImplementedError

    def start(self) -> None:
        """Start on a free port and wait until the server answers."""
        # Below the system's folder rather than TMPDIR, which the lent account may not be able to enter.
        base = Path("/tmp" if os.geteuid() == 0 else tempfile.gettempdir())
        self.sweep_leftovers(base)
        self.folder = Path(tempfile.mkdtemp(prefix=f"portal-{self.name}-{os.getpid()}-", dir=base))
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        try:
            self.prepare()
            for attempt in range(TRIES):
                self.port = free_port()
                if self.launch():
                    return
                if attempt == TRIES - 1:
                    said = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
                    raise ServiceUnavailable(
                        f"{self.name} did not start within {START_SECONDS} s. It said:\n{said}"
                    )
        except BaseException:
            self.remove()
            raise

    def sweep_leftovers(self, base: Path) -> None:
        """Delete the folders of earlier owners that were killed before they could do it themselves."""
        for folder in base.glob(f"portal-{self.name}-*-*"):
            owner = folder.name.split("-")[2]
            if owner.isdigit() and not Path("/proc", owner).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def launch(self) -> bool:
        """Start the process on the present port and folder; False when it ends or keeps silent instead."""
        self.process = self.spawn(self.command())
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.answers():
                return True
            time.sleep(0.05)
        self.stop()
        return False

    def stop(self) -> None:
        """End the process, kindly at first; its folder stays, so that `launch` may bring it back."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.process = None

    def kill(self) -> None:
        """End the process the hard way, as a power cut would; `launch` brings it back on the same port."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        """Stop the process and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a command as the service's account, out of reach of the terminal's Ctrl-C."""
        user: dict[str, object] = {}
        if self.account:
            user = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=tie_to_this_process(self.stop_signal),
                **user,  # type: ignore[call-overload]
            )


class Postgres(Service):
    """A PostgreSQL cluster that survives a kill but no power cut, owned by an ordinary account, reached over TCP with a random password."""

    name = "postgresql"
    stop_signal = signal.SIGINT  # fast shutdown: open connections are cut

    def __init__(self) -> None:
        super().__init__()
        self.account = ordinary_account()
        self.binaries = postgresql_binaries()
        self.password = secrets.token_hex(16)

    @property
    def url(self) -> str:
        """Address in the form DATABASE_URL takes."""
        return f"postgres://portal:{self.password}@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o600)
        if self.account:
            os.chown(secret, self.account.pw_uid, self.account.pw_gid)
        initdb = self.spawn(
            [
                str(self.binaries / "initdb"),
                f"--pgdata={self.folder / 'data'}",
                "--username=portal",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ]
        )
        if initdb.wait() != 0:
            raise ServiceUnavailable(f"initdb failed:\n{self.log.read_text(errors='replace')}")
        secret.unlink()

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 100,
            "fsync": "off",  # what a killed server has written stays with the kernel; only a power cut would lose it
            "full_page_writes": "off",
            "autovacuum_naptime": "10s",
            "shared_buffers": "256MB",
            "maintenance_work_mem": "128MB",
            "checkpoint_timeout": "30min",
            "max_wal_size": "2GB",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.folder / "data"), *options]

    def answers(self) -> bool:
        probe = [str(self.binaries / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={self.port}"]
        return subprocess.run(probe, check=False, stdin=subprocess.DEVNULL).returncode == 0


class Redis(Service):
    """A Redis that keeps nothing on disk, unless asked to append to a file as production does."""

    name = "redis"

    def __init__(self, *, append_only: bool = False) -> None:
        super().__init__()
        self.append_only = append_only
        found = shutil.which("redis-server")
        if not found:
            raise ServiceUnavailable("Redis is not installed; on Debian: apt-get install redis-server")
        self.binary = found

    @property
    def url(self) -> str:
        """Address in the form REDIS_URL takes."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", ""]
        return [
            self.binary,
            *options,
            "--appendonly",
            "yes" if self.append_only else "no",
            "--daemonize",
            "no",
        ]

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextlib.contextmanager
def throwaway_services() -> Iterator[dict[str, str]]:
    """Start both; yields the environment variables that lead to them, and leaves nothing behind whatever happens."""
    with contextlib.ExitStack() as stack:
        database, redis = Postgres(), Redis()
        for service in (database, redis):
            service.start()
            stack.callback(service.remove)
        # Both live on localhost without TLS, so the portal shall not insist on a production machine's secrets.
        yield {"DATABASE_URL": database.url, "REDIS_URL": redis.url, "EMBEDDED": "true"}


class Interrupted(BaseException):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run(command: list[str]) -> int:
    """Run a command under both services and return its exit code (128 + n after signal n)."""

    def interrupt(number: int, frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, interrupt)
    child: subprocess.Popen[bytes] | None = None
    try:
        with throwaway_services() as addresses:
            try:
                tie = tie_to_this_process(signal.SIGTERM)
                child = subprocess.Popen(command, env={**os.environ, **addresses}, preexec_fn=tie)
                code = child.wait()
                return code if code >= 0 else 128 - code
            except Interrupted as interrupted:
                end_child(child, interrupted.number)
                raise
    except Interrupted as interrupted:
        return 128 + interrupted.number
    except ServiceUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    except FileNotFoundError as problem:
        print(f"{command[0]}: {problem.strerror}", file=sys.stderr)
        return 127


def end_child(child: subprocess.Popen[bytes] | None, number: int) -> None:
    """Pass a signal on to the command and give it time to end."""
    if child is None or child.poll() is not None:
        return
    child.send_signal(number)
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=["run"])
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND...")
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("give the command to run after --")
    return run(command)


if __name__ == "__main__":
    sys.exit(main())
