"""The speed table: the portal beside its peers and the bare floor, in one run on throw-away databases.

    make bench                                              -> var/bench.json and docs/performance.md
    .venv/bin/python -m scripts.services run -- .venv/bin/python -m scripts.bench --rows 500 --businesses 300 --small    a small try

Without ``--small`` the ledger of 200,000 rows, 300,000 problems and 1,000,000 businesses are measured as well.

A small try writes no document. Needs DATABASE_URL of a PostgreSQL on which databases may be created.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "var" / "bench.json"
DOCUMENT = ROOT / "docs" / "performance.md"
STEPS = ROOT / "bench" / "steps.md"
ROWS, BUSINESSES, SAMPLE = 27_748, 31_190, 1_000
CROWD = 15_000
PART_SECONDS = 1_200


@dataclass(frozen=True, slots=True)
class Part:
    """One module of ``bench`` on one database of its own."""

    name: str
    module: str
    options: tuple[str, ...]
    sqlite: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures were measured on, and how busy it was with other things."""

    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float]
    minutes: float
    missing: tuple[str, ...]


def parts(options: argparse.Namespace) -> list[Part]:
    """What is measured, the most asked-for first."""
    ledger = ("--rows", str(options.rows), "--sample", str(options.sample), "--runs", str(options.runs))
    found = [
        Part("ledgers", "bench.ledgers", ledger),
        Part("city", "bench.city", ("--businesses", str(options.businesses))),
        Part("ledgers_sqlite", "bench.ledgers", ledger, sqlite=True),
        Part("likeness", "bench.likeness", ("--shops", str(min(options.businesses, CROWD)))),
    ]
    if not options.small:
        long = ("--rows", str(options.long), "--long")
        million = ("--problems", str(options.problems), "--businesses", str(options.million))
        found += [Part("ledger_long", "bench.ledgers", long), Part("large", "bench.large", million)]
    return [part for part in found if not options.only or part.name in options.only]


def server(statement: str) -> str:
    """Run one statement on the server itself and return its first value."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://", 1))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
        answer = str(cursor.fetchone()[0]) if cursor.description else ""
    connection.close()
    return answer


def run_part(part: Part, folder: Path) -> tuple[list[dict[str, Any]], bool]:
    """The rows of one part, and whether it came to its end; what it wrote before breaking counts."""
    address = f"sqlite:///{folder / part.name}.sqlite3"
    if not part.sqlite:
        database = f"bench_{part.name}_{os.getpid()}"
        server(f"CREATE DATABASE {database}")
        address = f"{os.environ['DATABASE_URL'].rsplit('/', 1)[0]}/{database}"
    environment = {**os.environ, "DATABASE_URL": address, "EMBEDDED": "true", "PYTHONUNBUFFERED": "1"}
    environment.pop("REDIS_URL", None)
    said = folder / f"{part.name}.log"
    print(f"{part.name}: {part.module} {' '.join(part.options)}", flush=True)
    with said.open("w") as errors:
        try:
            done = subprocess.run(
                [sys.executable, "-m", part.module, *part.options],
                cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, check=False, timeout=PART_SECONDS,
            )  # fmt: skip
            output, whole = done.stdout, done.returncode == 0
        except subprocess.TimeoutExpired as late:
            output, whole = (
                (late.stdout or b"").decode() if isinstance(late.stdout, bytes) else late.stdout or "",
                False,
            )
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    for row in rows:
        print(f"  {line_of(row)}", flush=True)
    if not whole:
        print(
            f"{part.name} did not come to its end:\n{said.read_text()[-2500:]}", file=sys.stderr, flush=True
        )
    return rows, whole


def number(value: float | None, unit: str = "") -> str:
    """A figure of the table."""
    return "–" if value is None else f"{value:,.3g}{unit}" if value < 1000 else f"{value:,.0f}{unit}"


def line_of(row: dict[str, Any]) -> str:
    """One row for people."""
    unit = "" if row["unit"] == "queries" else f" {row['unit']}"
    return (
        f"| {row['job']} | {number(row['ours'], unit)} | {number(row['peer'], unit)} | {number(row['floor'], unit)} "
        f"| {number(row['vs_peer'], ' ×')} | {number(row['vs_floor'], ' ×')} |"
    )


def processor() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{os.cpu_count()} cores {name}"


def memory() -> str:
    """Memory of the machine."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{pages * size / 2**30:.0f} GiB"


def pages_table(rows: list[dict[str, Any]]) -> list[str]:
    """Pages with their time and their queries on one line."""
    queries = {row["job"].removesuffix(": queries"): row["ours"] for row in rows if row["unit"] == "queries"}
    return [
        f"| `{row['job'].removeprefix('page ').split(', ')[0]}` | {row['job'].rsplit(', ', 1)[1]} "
        f"| {number(row['ours'])} | {number(queries[row['job']])} |"
        for row in rows
        if row["job"] in queries
    ]


def document(rows: list[dict[str, Any]], machine: Machine, sample: int) -> str:
    """docs/performance.md."""
    paged = {row["job"] for row in rows if row["job"].startswith("page ")}
    busy = " · ".join(f"{load:.1f}" for load in machine.load_before)
    later = " · ".join(f"{load:.1f}" for load in machine.load_after)
    lines = [
        "# Speed",
        "",
        "Written by `make bench` (`scripts/bench.py`, the jobs are in `bench/`); the same figures are in `var/bench.json`. Every line "
        "was measured side by side in one run: absolute times move with the machine, the ratios less so.",
        "",
        f"* Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC in {machine.minutes:.1f} minutes on {processor()}, {memory()}, "
        f"{platform.system()}; Python {platform.python_version()}, Django {version('django')}, "
        f"PostgreSQL {server('SHOW server_version').split()[0]}, django-import-export {version('django-import-export')}.",
        f"* Load average (1, 5, 15 minutes) before the run {busy}, after it {later}. Above the number of cores the machine was busy with "
        "other work: times are then too long, those of jobs that need several processes (reading a ledger in a child, a database server "
        "beside Python) more than others.",
        "* Each figure is the least of a few runs; the stock peer, loading the city and the imports after the first one are one run each.",
        "",
        "| job | ours | peer | floor | peer ÷ ours | ours ÷ floor |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(line_of(row) for row in rows if row["job"] not in paged),
        "",
        "## Pages",
        "",
        "From the first middleware to the last byte, signed in, second visit; in milliseconds.",
        "",
        "| page | at | ms | queries |",
        "| --- | --- | ---: | ---: |",
        *pages_table(rows),
        "",
        "## What stands beside what",
        "",
        "* **import** — ours: upload, guarded reading in a child process, every check, staged rows with before and after, one "
        "transaction, audit event. Peer: the stock django-import-export resource on a plain table of the same 22 columns, reading with "
        "its own reader; first time = preview + confirm, later imports = one pass with `skip_unchanged` and its date bug repaired "
        f"(real Excel dates never compare equal in the stock widget). The peer is given {sample:,} rows and its time is multiplied: its "
        "work is row by row. Floor: calamine, check digits, COPY (SQLite: executemany) and one guarded upsert; it stages, matches and "
        "records nothing.",
        "* **jobs of their own** — above 2,000 businesses the duties that follow an import are written by a job after the commit; "
        "another one compares the new businesses with each other.",
        "* **export** — ours: `manage.py export businesses`, with cover sheet, scope and audit event. Peer: the stock resource. Floor: one "
        "sheet of texts without styles; on PostgreSQL the database writes the XML.",
        "* **coverage** — peer: `Count(distinct)` over the join of businesses and visits. Floor: raw SQL with one index probe a business; for "
        "the frozen week, its rows by hand.",
        "* **closing a week** — floor: three raw counts and a hash of the facts, without score, ranking or report.",
        "* **rows of the business list** — peer: a Django template over model objects with `select_related` and `prefetch_related` and a "
        "counted paginator. Floor: `values_list` of the same columns into bare strings, without officers, duties or names of places. "
        "CPU time of this process only.",
        *(
            [
                "* **overdue** — peer: the join of problems, businesses and units. Floor: raw SQL on a copy of unit, grade and due day of the "
                "open problems.",
                "* **search** — peer: `LIKE` with a pg_trgm index on the name. Each time is a first page of fifty rows by newest.",
            ]
            if any(row["job"].startswith("search") for row in rows)
            else ["* The rows at 300,000 problems and 1,000,000 businesses were left out of this run (`--small`)."]
        ),
    ]  # fmt: skip
    lines += ["", STEPS.read_text().rstrip()]
    if machine.missing:
        lines += ["", f"Did not come to their end in this run: {', '.join(machine.missing)}."]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, show, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the ledger")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="rows of it the slow peer is given")
    parser.add_argument("--businesses", type=int, default=BUSINESSES, help="size of the city")
    parser.add_argument("--runs", type=int, default=2, help="runs of ours and the floor")
    parser.add_argument("--small", action="store_true", help="leave out what is larger than a city")
    parser.add_argument("--long", type=int, default=200_000, help="rows of the longest ledger")
    parser.add_argument("--problems", type=int, default=300_000)
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="*", default=[], help="names of parts")
    options = parser.parse_args()
    begun, before = time.monotonic(), os.getloadavg()
    rows: list[dict[str, Any]] = []
    missing = []
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        for part in parts(options):
            found, whole = run_part(part, Path(folder))
            rows += found
            if not whole:
                missing.append(part.name)
    machine = Machine(before, os.getloadavg(), (time.monotonic() - begun) / 60, tuple(missing))
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    if (options.rows, options.businesses) == (ROWS, BUSINESSES) and rows and not options.only:
        DOCUMENT.write_text(document(rows, machine, options.sample))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
