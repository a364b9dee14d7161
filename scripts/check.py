"""The quick checks, one after the other; every failing one is shown, not only the first."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# The settings of a production machine, as far as `manage.py check --deploy` looks at them. Nothing is connected to.
PRODUCTION = {
    "DATABASE_URL": "postgres://portal:unused@127.0.0.1:5432/portal",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "portal.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://portal.example.org",
    "DEBUG": "false",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the code: a command that exits 0 when the answer is good."""

    question: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def manage(*arguments: str) -> list[str]:
    """A command of manage.py."""
    return [sys.executable, "manage.py", *arguments]


def program(name: str, *arguments: str) -> list[str]:
    """A program installed in the virtual environment."""
    return [sys.executable, str(BIN / name), *arguments]


def checks() -> list[Check]:
    """All checks, the quickest first."""
    return [
        Check(
            "Is the code formatted?", [str(BIN / "ruff"), "format", "--check", "--output-format=concise", "."]
        ),
        Check("Does the linter agree?", [str(BIN / "ruff"), "check", "--output-format=concise", "."]),
        Check("Do the layers hold?", program("lint-imports", "--no-cache")),
        Check("Are the templates laid out?", [sys.executable, "-m", "scripts.format_templates", "--check"]),
        Check(
            "Are the templates in order?",
            program(
                "djlint",
                "templates",
                "--exclude",
                "templates/django",
                "--profile",
                "jinja",
                "--lint",
                "--quiet",
            ),
        ),
        Check(
            "Are the templates of Django's engine in order?",
            program("djlint", "templates/django", "--profile", "django", "--lint", "--quiet"),
        ),
        Check("Does every model have its migration?", manage("makemigrations", "--check", "--dry-run")),
        Check("Is every sentence translated?", [sys.executable, "-m", "scripts.check_translations"]),
        Check("Is it safe to deploy?", manage("check", "--deploy", "--fail-level", "WARNING"), PRODUCTION),
        Check("Do the types fit?", program("mypy")),
    ]


def main() -> int:
    """Ask every question; exit 1 when one of the answers is bad."""
    environment = {**os.environ, "PORTAL_VAR": str(ROOT / "var" / "check")}
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        environment.pop(name, None)
    bad = 0
    for check in checks():
        began = time.monotonic()
        done = subprocess.run(
            check.command,
            check=False,
            cwd=ROOT,
            env={**environment, **check.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        good = done.returncode == 0
        bad += not good
        print(
            f"{'ok  ' if good else 'FAIL'}  {check.question} ({time.monotonic() - began:.1f} s)", flush=True
        )
        if not good:
            print(done.stdout.rstrip(), flush=True)
    if bad:
        print(f"{bad} of the checks failed.", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
