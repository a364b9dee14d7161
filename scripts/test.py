"""All checks and tests: first what is quick, then SQLite for what is marked for both databases, then PostgreSQL for all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts import check

ROOT = Path(__file__).resolve().parent.parent
WORKERS = "2"


def main() -> int:
    """Run everything in order and stop at the first part that fails."""
    if check.main() != 0:
        return 1
    # Some tests take a minute: whoever is done first takes over from the other.
    pytest = [sys.executable, "-m", "pytest", "-n", WORKERS, "--dist", "worksteal"]
    services = [sys.executable, "-m", "scripts.services", "run", "--"]
    embedded = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    embedded["PORTAL_VAR"] = str(ROOT / "var" / "test")
    print("\nSQLite: the tests marked for both databases", flush=True)
    on_sqlite = subprocess.run(
        [*pytest, "-m", "both_databases and not soak"],
        check=False,
        cwd=ROOT,
        env=embedded,
        stdin=subprocess.DEVNULL,
    )
    if on_sqlite.returncode != 0:
        return on_sqlite.returncode
    print("\nPostgreSQL and Redis: all tests", flush=True)
    return subprocess.run(
        [*services, *pytest], check=False, cwd=ROOT, env=embedded, stdin=subprocess.DEVNULL
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
