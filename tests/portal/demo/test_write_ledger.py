"""Written ledgers: the sidecar names exactly what the engine reports, and the same seed writes the same file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from openpyxl import load_workbook

from entities.models import Business
from foodsafe_portal.demo.ledger_writer import WRITERS
from foodsafe_portal.demo.load import load_city
from foodsafe_portal.lib.weeks import SHANGHAI

pytestmark = pytest.mark.django_db

ON = "2026-11-16"


@pytest.fixture
def city() -> Iterator[None]:
    """A small demonstration city, so that officers and visits have somebody to name."""
    now = datetime(2026, 11, 18, 9, 0, tzinfo=SHANGHAI)
    load_city(businesses=1_500, weeks=1, seed=1, until=date(2026, 11, 15), now=now)
    yield


def run(command: str, *arguments: Any) -> tuple[int, dict[str, Any]]:
    """A command's exit code and document."""
    out, code = StringIO(), 0
    try:
        call_command(command, *map(str, arguments), "--json", stdout=out)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    return code, json.loads(out.getvalue())


def write(out: Path, kind: str, *arguments: Any) -> list[dict[str, Any]]:
    """The sidecar of a ledger written now."""
    code, document = run("write_ledger", out, "--kind", kind, "--on", ON, *arguments)
    assert code == 0
    sidecar: list[dict[str, Any]] = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    assert document["faults"] == len(sidecar)
    return sidecar


def check(path: Path, kind: str, user: str) -> dict[str, Any]:
    """What the engine says of a file, importing nothing."""
    return run("import_ledger", path, "--kind", kind, "--user", user, "--check-only")[1]


def reported(document: dict[str, Any]) -> set[tuple[str, int, str, str]]:
    """Sheet, row, column and code of every error and warning."""
    return {
        (issue["sheet"], issue["row"], issue["column"], issue["code"])
        for issue in document["issues"]
        if issue["severity"] in {"error", "warning"}
    }


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_every_planted_fault_is_reported_with_its_code_and_none_is_invented(
    kind: str, city: None, tmp_path: Path
) -> None:
    user = "system_admin" if kind in {"accounts", "units", "regions", "workdays"} else "county_liaison"
    user = "campaign_office" if kind in {"tasks", "rulebook"} else user
    for seed in (1, 2, 3):
        sidecar = write(tmp_path / "ledger.xlsx", kind, "--rows", 150, "--seed", seed, "--dirty", "0.2")
        planted = {(one["sheet"], one["row"], one["column"], one["code"]) for one in sidecar}
        document = check(tmp_path / "ledger.xlsx", kind, user)
        assert reported(document) == planted
        assert len(planted) == 30
        assert len({row for _, row, _, _ in planted}) == 30
        assert document["read"] == document["accepted"] + document["rejected"] + document["skipped"]


def test_spellings_that_are_understood_are_no_faults(city: None, tmp_path: Path) -> None:
    for kind in ("businesses", "officers", "visits"):
        assert write(tmp_path / "ledger.xlsx", kind, "--rows", 150, "--dirty", "0") == []
        document = check(tmp_path / "ledger.xlsx", kind, "county_liaison")
        assert (document["verdict"], document["rejected"], reported(document)) == ("accept", 0, set())


def test_a_ledger_of_officers_mostly_says_what_the_register_says(city: None, tmp_path: Path) -> None:
    write(tmp_path / "ledger.xlsx", "officers", "--rows", 100, "--dirty", "0")
    document = check(tmp_path / "ledger.xlsx", "officers", "county_liaison")
    assert document["unchanged"] > 70
    assert document["updated"] + document["created"] > 0


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (tmp_path / f"{name}.xlsx" for name in ("first", "again", "other"))
    assert write(first, "businesses", "--rows", 80) == write(again, "businesses", "--rows", 80)
    assert first.read_bytes() == again.read_bytes()
    write(other, "businesses", "--rows", 80, "--seed", 2)
    assert first.read_bytes() != other.read_bytes()


def test_numbers_of_written_businesses_are_nobodys_in_the_city(city: None, tmp_path: Path) -> None:
    write(tmp_path / "ledger.xlsx", "businesses", "--rows", 200, "--dirty", "0")
    code, document = run(
        "import_ledger", tmp_path / "ledger.xlsx", "--kind", "businesses", "--user", "county_liaison"
    )
    assert (code, document["created"], document["updated"]) == (0, 200, 0)
    assert Business.objects.count() == 1_700


def test_the_file_looks_like_one_a_liaison_sends(tmp_path: Path) -> None:
    write(tmp_path / "ledger.xlsx", "businesses", "--rows", 60)
    page = load_workbook(tmp_path / "ledger.xlsx").active
    assert page is not None
    assert page["A1"].value == "南湖区食品生产经营主体台账"
    assert str(next(iter(page.merged_cells.ranges))).startswith("A1:")
    assert str(page["A2"].value).startswith("填报单位")
    column = [row[0].value for row in page.iter_rows()]
    assert "合计" in column and str(column[-1]).startswith("说明")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--kind", "poems"), "businesses、officers"),
        (("--kind", "businesses", "--county", "123456"), "123456"),
        (("--kind", "businesses", "--dirty", "2"), "0 到 1"),
        (("--kind", "businesses", "--rows", "0"), "至少为 1"),
    ],
    ids=["no such kind", "no such county", "more than every row", "no rows"],
)
def test_what_cannot_be_written_is_refused_in_words(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    code, document = run("write_ledger", tmp_path / "ledger.xlsx", *arguments)
    assert code == 2 and words in document["reason"]
    assert not (tmp_path / "ledger.xlsx").exists()
