"""What holds for every ledger that is taken in: twice is once, out and in again is nothing, and an undo leaves no trace."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st

from accounts.models import User
from campaigns.demo.load import load_city
from campaigns.ledger_writer import WRITERS
from campaigns.ledger_writer.draft import desk_for
from campaigns.ledger_writer.workbook import write_workbook
from foodsafe_portal.lib.workbooks.stream import OutColumn, OutSheet, write_xlsx
from inspections.models import ProblemEvent
from records.choices import BatchState
from records.ledgers import kind_of
from records.models import LedgerBatch
from records.services import jobs, ledgers
from tests.factories.ledgers import send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
COUNTY, TODAY = "990102", date(2026, 11, 16)
KINDS = ("businesses", "officers", "visits", "problems", "accounts")
WRITING = ("created", "updated", "closed", "reactivated")
# What a table remembers about its own keeping, which an undo moves on and does not turn back.
KEEPING = {"id", "version", "updated_at", "recorded_at", "follow_token"}


@pytest.fixture
def city() -> None:
    load_city(businesses=60, weeks=1, seed=1, until=date(2026, 11, 15), now=timezone.localtime())


def uploader(kind: str) -> User:
    return User.objects.get(username="system_admin" if kind == "accounts" else "county_liaison")


def colleague(kind: str) -> User:
    """Another person with the same rights: the same file of the same person would be answered without being read."""
    return User.objects.get(username="campaign_office") if kind == "accounts" else _second_liaison()


def _second_liaison() -> User:
    person = User.objects.get(username="county_liaison")
    post = person.posts.get()
    other, _ = User.objects.get_or_create(username="county_liaison_beside", defaults={"name": "同事"})
    if not other.posts.exists():
        post.pk, post.user = None, other
        post.save(force_insert=True)
    return other


def written(kind: str, folder: Path, *, rows: int, seed: int, dirty: float) -> ContentFile:
    desk = desk_for(COUNTY, on=TODAY, size=rows, seed=seed)
    assert desk is not None
    path = folder / f"{kind}-{seed}-{rows}.xlsx"
    write_workbook(WRITERS[kind](desk, dirty), desk, path)
    return ContentFile(path.read_bytes(), name=path.name)


def wrote(batch: LedgerBatch) -> dict[str, int]:
    return {name: batch.counts[name] for name in WRITING if batch.counts[name]}


def facts() -> dict[str, str]:
    """A digest of every table of the registers: what is in force, without keys, versions and clocks.

    A duty is written anew, a visit or a problem voided, never over; and what happened to a problem stays told.
    """
    digests = {}
    for model in (
        *apps.get_app_config("entities").get_models(),
        *apps.get_app_config("inspections").get_models(),
    ):
        if model is ProblemEvent:
            continue
        names = [field.attname for field in model._meta.concrete_fields if field.name not in KEEPING]
        rows: Any = model._default_manager.all()
        for ended in {"superseded_at", "voided_at"}.intersection(names):
            rows = rows.filter(**{f"{ended}__isnull": True})
        lines = sorted(repr(row) for row in rows.values_list(*names))
        digests[model.__name__] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return digests


def shown_difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


@pytest.mark.parametrize("kind", KINDS)
def test_any_accepted_ledger_imported_twice_changes_nothing_the_second_time(city, tmp_path, kind):
    met = []

    @hypothesis.given(
        seed=st.integers(1, 10**6), rows=st.integers(1, 40), dirty=st.sampled_from([0, 0.1, 0.5])
    )
    @hypothesis.settings(max_examples=4, deadline=None, database=None, derandomize=True)
    def twice(seed: int, rows: int, dirty: float) -> None:
        with transaction.atomic():
            file = written(kind, tmp_path, rows=rows, seed=seed, dirty=dirty)
            first = send(uploader(kind), kind, file)
            if first.state == BatchState.CHECKED:
                met.append(first)
                accepted = take_in(first, partial=True)
                assert accepted.state == BatchState.COMMITTED, accepted.reason
                second = send(colleague(kind), kind, file)
                assert wrote(second) == {}, [row.values for row in second.rows.exclude(verb="unchanged")[:3]]
                assert second.counts["accepted"] == accepted.counts["accepted"]
            transaction.set_rollback(True)

    twice()
    assert met, "not one of the ledgers could be imported, so nothing was proven"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_comes_back_and_changes_nothing(city, tmp_path, kind):
    user, known = uploader(kind), kind_of(kind)
    found = known.export_queryset(user)
    path = tmp_path / "导出.xlsx"
    columns = [OutColumn(str(c.header), c.width, c.is_text_in_excel) for c in known.columns]
    with path.open("wb") as out:
        sent = write_xlsx(out, sheets=[OutSheet(str(known.title), columns, known.export_rows(found))])
    assert sent == found.count() > 0
    batch = send(user, kind, ContentFile(path.read_bytes(), name=path.name))
    assert (batch.counts["read"], batch.counts["rejected"], wrote(batch)) == (sent, 0, {}), batch.groups


@pytest.mark.parametrize("kind", ["businesses", "officers", "visits", "problems"])
def test_an_undo_brings_every_table_back(city, tmp_path, kind):
    before = facts()
    batch = take_in(
        send(uploader(kind), kind, written(kind, tmp_path, rows=30, seed=7, dirty=0.1)), partial=True
    )
    for job in jobs.Job.objects.exclude(state="done").order_by("created_at"):
        jobs.run_inline(job)
    assert shown_difference(before, facts()), "the ledger changed nothing, so nothing was proven"
    result = ledgers.undo_batch(batch=batch, by=uploader(kind))
    assert result.conflicts == []
    assert shown_difference(before, facts()) == []
