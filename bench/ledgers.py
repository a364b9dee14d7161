"""A ledger of businesses, imported for the first time, again, and with one row in twenty changed; then exported."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bench.commands import memory_at_rest, run_command
from bench.measuring import Row, hand_over, portal, seconds, tell

COUNTY = "990102"


@dataclass(frozen=True, slots=True)
class Files:
    """One ledger three times: as first sent, saved again without a change, and with 5 % of the rows changed.

    Each exists with Chinese headers for the portal and with field names for the stock resource and the floor.
    """

    first: Path
    again: Path
    changed: Path

    def plain(self, path: Path, head: str = "plain") -> Path:
        """The twin of a file with field names as headers."""
        return path.with_name(f"{head}-{path.name}")


def write_files(folder: Path, size: int, sample: int) -> Files:
    """Write all of them; ``sample`` rows make the files the slow peer is given."""
    from foodsafe_portal.demo.ledger_writer.businesses import write_businesses
    from foodsafe_portal.demo.ledger_writer.draft import desk_for

    desk = desk_for(COUNTY, on=date(2026, 11, 16), size=size, seed=1)
    assert desk is not None
    rows = write_businesses(desk, 0).rows
    files = Files(folder / "first.xlsx", folder / "again.xlsx", folder / "changed.xlsx")
    for path, remark in ((files.first, "首次"), (files.again, "再次"), (files.changed, "变更")):
        if path == files.changed:
            rows = [
                {**row, "legal_person": f"新{row['legal_person']}", "contact_phone": "13999990000"}
                if at % 20 == 0
                else row
                for at, row in enumerate(rows)
            ]
        _write(path, rows, remark, plain=False)
        if path != files.again:
            _write(files.plain(path), rows, remark, plain=True)
            _write(files.plain(path, "sample"), rows[:sample], remark, plain=True)
    return files


def _write(path: Path, rows: list[dict[str, Any]], remark: str, *, plain: bool) -> None:
    """22 columns: the ledger's twenty, a remark and a column nobody knows; dates are real Excel dates."""
    from bench.peers import COLUMNS
    from entities.fields import BUSINESS_COLUMNS
    from foodsafe_portal.lib.workbooks.stream import OutColumn, OutSheet, write_xlsx

    by_key = {column.key: column for column in BUSINESS_COLUMNS}
    keys = COLUMNS if plain else (*by_key, "remarks", "grid")
    titles = keys if plain else (*(column.header for column in BUSINESS_COLUMNS), "备注", "网格")

    def lines() -> Iterator[list[Any]]:
        for at, row in enumerate(rows, 1):
            filled = {**row, "seq": str(at), "remarks": remark if at == 1 else "甲", "grid": "甲"}
            filled["high_risk"] = "是" if row["high_risk"] else "否"
            for key, column in by_key.items():
                if column.choices and filled[key]:
                    filled[key] = column.choices[filled[key]]
            yield ["" if filled[key] is None else filled[key] for key in keys]

    with path.open("wb") as target:
        write_xlsx(
            target, sheets=[OutSheet("台账", [OutColumn(title, 14, False) for title in titles], lines())]
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one import of ours, and of the work it leaves to jobs of its own."""

    check: float
    commit: float
    follow: float
    batch: Any

    @property
    def both(self) -> float:
        """What the person waits for."""
        return self.check + self.commit


def import_ours(path: Path, user: Any) -> Timing:
    """Upload, check, confirm, commit: what the command and the worker do. Then the jobs that follow."""
    from django.core.files import File

    from records.choices import BatchState, JobState
    from records.ledgers import batches
    from records.models import Job
    from records.services import jobs

    begun = time.perf_counter()
    with path.open("rb") as source:
        received = batches.receive_upload(kind="businesses", file=File(source, name=path.name), by=user)
    batch = received.batch
    if received.repeated:
        return Timing(time.perf_counter() - begun, 0, 0, batch)
    jobs.run_inline(batch.check_job)
    batch.refresh_from_db()
    checked = time.perf_counter()
    batch = batches.confirm_batch(batch=batch, by=user, digest=batch.digest, accept_partial=True)
    jobs.run_inline(batch.commit_job)
    batch.refresh_from_db()
    committed = time.perf_counter()
    if batch.state != BatchState.COMMITTED:
        raise SystemExit(f"{path.name} was not imported: {batch.state} {batch.reason}")
    for job in Job.objects.filter(state=JobState.QUEUED):
        jobs.run_inline(job)
    return Timing(checked - begun, committed - checked, time.perf_counter() - committed, batch)


def forget_businesses() -> None:
    """Empty the register, so that a ledger may come for the first time once more."""
    from django.db import connection

    from entities.models import Business
    from records.models import LedgerBatch, LedgerRow

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE entities_business, records_ledgerbatch CASCADE")
        return
    hanging = [relation.related_model for relation in Business._meta.related_objects]
    with connection.constraint_checks_disabled():
        for model in (*hanging, LedgerRow, LedgerBatch, Business):
            model._default_manager.all()._raw_delete("default")


def measure(folder: Path, *, size: int, sample: int, runs: int) -> None:
    """All rows about ledgers on the present database."""
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import Region, User
    from bench import peers

    where = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
    _people_and_places()
    user = User.objects.get(username="bench")
    assert Region.objects.filter(code=COUNTY).exists()
    tell(f"{where}: writing ledgers of {size:,} rows")
    files = write_files(folder, size, sample)
    peers.create_plain_table()

    many = f"{size:,} × 22"
    tell("floor")
    floor_first = seconds(lambda: (_empty_plain(), peers.bare_import(files.plain(files.first))), runs=runs)
    floor_again = seconds(lambda: peers.bare_import(files.plain(files.first)), runs=runs)
    floor_changed = seconds(lambda: peers.bare_import(files.plain(files.changed)), runs=1)
    out, bare = folder / "out.xlsx", folder / "bare.xlsx"
    floor_out = seconds(lambda: peers.bare_export(bare), runs=runs)

    tell(f"stock django-import-export, {sample:,} rows")
    scale = size / sample
    peer_out = scale * seconds(lambda: peers.stock_export(sample), runs=1)
    _empty_plain()
    plain, soiled = files.plain(files.first, "sample"), files.plain(files.changed, "sample")
    stock, skipping = peers.StockResource, peers.SkippingResource
    peer_first = scale * (
        seconds(lambda: peers.stock_pass(stock, plain, dry=True), runs=1)
        + seconds(lambda: peers.stock_pass(stock, plain, dry=False), runs=1)
    )
    peer_again = scale * seconds(lambda: peers.stock_pass(skipping, plain, dry=False), runs=1)
    peer_changed = scale * seconds(lambda: peers.stock_pass(skipping, soiled, dry=False), runs=1)

    tell("ours: first")
    first = []
    for _run in range(runs):
        forget_businesses()
        first.append(import_ours(files.first, user))
    best = min(first, key=lambda timing: timing.both)
    seen = first[-1].batch.counts
    if (seen["read"], seen["accepted"], seen["created"]) != (size, size, size):
        raise SystemExit(f"the first import did something else: {seen}")
    hand_over(
        [
            Row(f"import {many}, first time, {where}", best.both, peer_first, floor_first),
            Row(f"— of it the check, {where}", best.check),
            Row(f"— of it the commit, {where}", best.commit),
            Row(
                f"— afterwards, in jobs of their own: duties of the new businesses, and which are alike, {where}",
                best.follow,
            ),
        ]
    )
    tell("ours: unchanged")
    again = import_ours(files.again, user)
    if again.batch.counts["unchanged"] != size:
        raise SystemExit(f"the second import changed something: {again.batch.counts}")
    repeated = import_ours(files.again, user).both
    hand_over(
        [
            Row(f"import {many}, saved again unchanged, {where}", again.both, peer_again, floor_again),
            Row(f"import {many}, the very same file, {where}", repeated, peer_again, floor_again),
        ]
    )
    tell("ours: changed, export")
    changed = import_ours(files.changed, user)
    if changed.batch.counts["updated"] != len(range(0, size, 20)):
        raise SystemExit(f"the third import changed something else: {changed.batch.counts}")
    hand_over([Row(f"import {many}, 5 % changed, {where}", changed.both, peer_changed, floor_changed)])

    def export_ours() -> None:
        with (folder / "said.json").open("w") as said:
            call_command("export", "businesses", str(out), user="bench", json=True, stdout=said)

    ours_out = seconds(export_ours, runs=runs)
    hand_over([Row(f"export {size:,} businesses to xlsx, {where}", ours_out, peer_out, floor_out)])


def measure_long(folder: Path, *, size: int) -> None:
    """A ledger near the limit, by the command, in a process of its own; beside it the floor, without the slow peer."""
    from bench import peers

    _people_and_places()
    tell(f"writing a ledger of {size:,} rows")
    files = write_files(folder, size, 1)
    peers.create_plain_table()
    tell("floor")
    floor = seconds(lambda: (_empty_plain(), peers.bare_import(files.plain(files.first))), runs=1)
    tell("ours")
    answer = run_command("import_ledger", str(files.first), "--kind", "businesses", "--user", "bench")
    if answer.document["created"] != size:
        raise SystemExit(f"the import did something else: {answer.document['reason']}")
    spent = answer.document["seconds"]
    hand_over(
        [
            Row(
                f"import {size:,} × 22, first time, PostgreSQL", spent["check"] + spent["commit"], None, floor
            ),
            Row(
                f"— memory of the importing process above an idle one, {size:,} rows",
                answer.mebibytes - memory_at_rest(),
                unit="MiB",
            ),
        ]
    )


def _empty_plain() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM bench_plain")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM bench_plain")


def _people_and_places() -> None:
    """A small city for its regions and policies, and a liaison of the county whose ledger it is."""
    from accounts.models import User
    from bench.measuring import load_city

    load_city(60, 1)
    liaison = User.objects.get(username="county_liaison")
    liaison.username = "bench"
    liaison.save(update_fields=["username"])


def main() -> None:
    """Measure on ``DATABASE_URL`` and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--long", action="store_true", help="ours and the floor only, with memory")
    options = parser.parse_args()
    with portal() as folder:
        if options.long:
            measure_long(folder, size=options.rows)
            return
        measure(folder, size=options.rows, sample=min(options.sample, options.rows), runs=options.runs)


if __name__ == "__main__":
    main()
