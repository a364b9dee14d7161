"""The portal's own commands, run as a person runs them: the answer they print and the memory they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Answer:
    """The document of a command and the most memory its process held, in MiB; helpers it starts are not counted."""

    document: dict[str, Any]
    mebibytes: float


def run_command(*words: str) -> Answer:
    """``manage.py WORDS --json`` on the database of this process. Raises ``SystemExit`` when it does not end well."""
    with tempfile.TemporaryFile("w+") as answer:  # a pipe nobody empties would hold the command up
        child = subprocess.Popen(
            [sys.executable, "manage.py", *words, "--json"],
            cwd=ROOT,
            env=dict(os.environ),
            stdout=answer,
            stderr=subprocess.DEVNULL,
        )
        most = 0.0
        while child.poll() is None:
            most = max(most, _most_memory(child.pid))
            time.sleep(0.02)
        answer.seek(0)
        said = answer.read()
    if child.returncode != 0:
        raise SystemExit(f"{words[0]} ended with {child.returncode}: {said[-500:]}")
    return Answer(json.loads(said), most)


def _most_memory(pid: int) -> float:
    """The most memory a process has held so far, in MiB.

    Asked while it lives: the usage reported at its end begins with that of the process it was forked from.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def memory_at_rest() -> float:
    """MiB of a command that has nothing to do but to start: what more a command takes is its work's."""
    return run_command("due_date", "--from", "2026-09-28", "--working-days", "10").mebibytes
