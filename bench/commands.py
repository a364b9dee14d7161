"""The portal's own commands, run as a person runs them: the answer they print and the memory they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
    child = subprocess.Popen(
        [sys.executable, "manage.py", *words, "--json"],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    said = child.stdout.read()
    _, state, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(state)
    if child.returncode != 0:
        raise SystemExit(f"{words[0]} ended with {child.returncode}: {said[-500:]}")
    return Answer(json.loads(said), usage.ru_maxrss / 1024)


def memory_at_rest() -> float:
    """MiB of a command that has nothing to do but to start: what more a command takes is its work's."""
    return run_command("due_date", "--from", "2026-09-28", "--working-days", "10").mebibytes
