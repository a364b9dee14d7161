"""`make stop` ends what `make run` started, also after a kill, and never a stranger's process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from scripts import serve


@pytest.fixture(autouse=True)
def var(tmp_path, monkeypatch):
    """A var folder of its own."""
    monkeypatch.setenv("PORTAL_VAR", str(tmp_path))
    for name in ("run", "log"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def sleeper():
    """Starts long sleeping processes, with or without a run id, and ends them after the test."""
    started = []

    def start(run_id=None):
        environment = {**os.environ, **({serve.RUN_ID: run_id} if run_id else {})}
        process = subprocess.Popen(["/bin/sleep", "600"], env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def dead_pid():
    """The id of a process that has ended."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    return process.pid


def record(pid, *, started="1", run_id="unused"):
    """A record as an earlier run would have left it."""
    serve.Run(pid, started, serve.boot_id(), run_id, "http://127.0.0.1:8000").write()


def test_stop_leaves_a_stranger_alone_who_got_the_recorded_process_id(sleeper, capsys):
    stranger = sleeper()
    record(stranger.pid)
    assert serve.stop() == 0
    assert stranger.poll() is None
    assert "not running" in capsys.readouterr().out


def test_stop_ends_the_children_a_killed_run_left_behind_and_only_those(sleeper, capsys):
    orphan, other_run, stranger = sleeper("a" * 32), sleeper("b" * 32), sleeper()
    record(dead_pid(), run_id="a" * 32)
    assert serve.stop() == 0
    assert orphan.wait(5) < 0
    assert (other_run.poll(), stranger.poll()) == (None, None)
    assert "has been ended" in capsys.readouterr().out
    assert serve.Run.read() is None


def test_stop_ends_a_living_supervisor(sleeper):
    supervisor = sleeper()
    record(supervisor.pid, started=serve.start_time(supervisor.pid))
    assert serve.stop() == 0
    assert supervisor.wait(5) < 0


def test_a_record_of_an_earlier_boot_means_nothing(sleeper, monkeypatch):
    child = sleeper("c" * 32)
    record(child.pid, started=serve.start_time(child.pid), run_id="c" * 32)
    monkeypatch.setattr(serve, "boot_id", lambda: "another boot")
    assert serve.stop() == 0
    assert child.poll() is None


def test_a_damaged_record_counts_as_none(var):
    (var / "run" / "portal.json").write_text("{half a rec")
    assert serve.Run.read() is None
    assert serve.stop() == 0


def test_a_busy_port_is_a_sentence_with_the_next_step(var):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with (
            (var / "run" / "lock").open("w") as lock,
            pytest.raises(serve.CannotServe, match=f"Port {port} cannot be used"),
        ):
            serve.Supervisor(port).claim(lock)


def test_a_second_run_is_refused_while_the_first_holds_the_lock(var):
    record(os.getpid(), started=serve.start_time(os.getpid()))
    with (var / "run" / "lock").open("w") as first, (var / "run" / "lock").open("w") as second:
        serve.fcntl.flock(first, serve.fcntl.LOCK_EX)
        with pytest.raises(serve.CannotServe, match=r"already running at http://127.0.0.1:8000.*make stop"):
            serve.Supervisor(8000).claim(second)


@pytest.mark.parametrize("text", ["", "abc", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_refused(text):
    with pytest.raises(serve.CannotServe, match="is no port"):
        serve.port_of(text)


def test_a_child_that_keeps_dying_is_started_again_after_growing_pauses(capsys):
    child = serve.Child("web", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))
    child.start()
    pauses = []
    for _ in range(7):
        child.process.wait()
        before = serve.time.monotonic()
        assert child.watch() is False
        pauses.append(round(child.due - before))
        child.due = 0
        assert child.watch() is True
    child.process.wait()
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert "web ended (code 3), starting it again in 1 s" in capsys.readouterr().out
