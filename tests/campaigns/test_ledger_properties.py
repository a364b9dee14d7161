"""What holds for every ledger that is taken in: twice is once, out and in again is nothing, and an undo leaves no trace."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import strategies as st

from accounts.models import User
from accounts.rules.rights import IMPORTS, PERMISSIONS, Role
from foodsafe_portal.demo.ledger_writer import WRITERS
from foodsafe_portal.demo.ledger_writer.draft import desk_for
from foodsafe_portal.demo.ledger_writer.workbook import write_workbook
from foodsafe_portal.demo.load import load_city
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.workbooks.stream import OutColumn, OutSheet, write_xlsx
from records.choices import BatchState
from records.ledgers import batches, kind_of
from records.models import LedgerBatch, WorkdayOverride, WorkYear
from records.services import jobs
from tests.factories.ledgers import send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
COUNTY, TODAY = "990102", date(2026, 11, 16)
WRITING = ("created", "updated", "closed", "reactivated")


def senders(kind: str) -> tuple[Role, ...]:
    """The roles that send a kind and see what it writes, the one whose ledgers change most of it first."""
    order = (Role.COUNTY_LIAISON, Role.SYSTEM_ADMIN, *Role)
    return tuple(dict.fromkeys(role for role in order if kind in IMPORTS.get(role, ())))


# The office gives accounts by its ledgers; who holds which post is for the administrators to see.
SEES_NONE = {("accounts", Role.CAMPAIGN_OFFICE)}
SENDERS = {kind: senders(kind) for kind in WRITERS}
MAIN = [(kind, roles[0]) for kind, roles in SENDERS.items()] + [("readings", Role.CAMPAIGN_OFFICE)]
EXPORTERS = [
    (kind, role)
    for kind, roles in SENDERS.items()
    for role in roles
    if Permission.EXPORT in PERMISSIONS[role] and (kind, role) not in SEES_NONE
]

# What a table remembers about its own keeping, which an undo moves on and does not turn back.
KEEPING = {"id", "version", "updated_at", "recorded_at", "follow_token"}
# A duty is written anew, a visit, a problem or a reading voided, a merger withdrawn, never over.
ENDED = {"superseded_at", "voided_at", "withdrawn_at"}
# What happened to a problem, and what was known of a region when, stays told.
TOLD = {"ProblemEvent", "RegionTerm"}
TABLES = [
    model
    for room in ("accounts", "entities", "inspections", "campaigns")
    for model in apps.get_app_config(room).get_models()
    if model.__name__ not in TOLD
] + [WorkYear, WorkdayOverride]


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[None]:
    """A small city, loaded once: each test works in a transaction inside this one and leaves it as it was."""
    aside = {
        "MEDIA_ROOT": tmp_path_factory.mktemp("media"),
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    }
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(**aside):
            load_city(businesses=60, weeks=1, seed=1, until=date(2026, 11, 15), now=timezone.localtime())
        yield
        transaction.set_rollback(True)


def sender(role: Role) -> User:
    """The demonstration's person of a role; who holds several posts of it sends ledgers for the first."""
    person = User.objects.get(username=role.value)
    person.posts.exclude(pk=person.posts.order_by("pk")[:1].get().pk).delete()
    return person


def colleague(person: User) -> User:
    """Another person with the same post: the same file of the same person would be answered without being read."""
    post = person.posts.get()
    other = User.objects.create(username=f"{person.username}_beside", name="同事", created_at=timezone.now())
    post.pk, post.user = None, other
    post.save(force_insert=True)
    return other


def written(kind: str, folder: Path, *, rows: int, seed: int, dirty: float) -> ContentFile:
    desk = desk_for(COUNTY, on=TODAY, size=rows, seed=seed)
    assert desk is not None
    path = folder / f"{kind}-{seed}-{rows}.xlsx"
    write_workbook(WRITERS[kind](desk, dirty), desk, path)
    return ContentFile(path.read_bytes(), name=path.name)


def exported(kind: str, user: User, folder: Path) -> tuple[ContentFile, int]:
    """What a person exports of a kind, as a workbook with so many rows."""
    known, path = kind_of(kind), folder / "导出.xlsx"
    columns = [OutColumn(str(c.header), c.width, c.is_text_in_excel) for c in known.columns]
    with path.open("wb") as out:
        sheet = OutSheet(str(known.title), columns, known.export_rows(known.export_queryset(user)))
        sent = write_xlsx(out, sheets=[sheet])
    return ContentFile(path.read_bytes(), name=path.name), sent


def wrote(batch: LedgerBatch) -> dict[str, int]:
    return {name: batch.counts[name] for name in WRITING if batch.counts.get(name)}


def facts() -> dict[str, str]:
    """A digest of every table a ledger may write: what is in force, without keys, versions and clocks."""
    digests = {}
    for model in TABLES:
        names = [field.attname for field in model._meta.concrete_fields if field.name not in KEEPING]
        rows: Any = model._default_manager.all()
        for ended in ENDED.intersection(names):
            rows = rows.filter(**{f"{ended}__isnull": True})
        lines = sorted(repr(row) for row in rows.values_list(*names))
        digests[model.__name__] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return digests


def shown_difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


@contextmanager
def tried() -> Iterator[None]:
    """One example, of which the next one finds nothing."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def for_many_ledgers(prove: Callable[[int, int, float], None]) -> None:
    """Prove it for a clean ledger and for ledgers of chance; the profile ``soak`` tries ten times as many."""
    example = hypothesis.given(
        seed=st.integers(1, 10**6), rows=st.integers(1, 40), dirty=st.sampled_from([0, 0.1, 0.5])
    )(prove)
    example = hypothesis.example(seed=7, rows=30, dirty=0)(example)
    many = hypothesis.settings.default.max_examples // 100
    hypothesis.settings(max_examples=many, deadline=None, database=None, derandomize=True)(example)()


@pytest.mark.parametrize(("kind", "role"), MAIN)
def test_any_accepted_ledger_imported_twice_changes_nothing_the_second_time(city, tmp_path, kind, role):
    met = []

    def twice(seed: int, rows: int, dirty: float) -> None:
        with tried():
            file = written(kind, tmp_path, rows=rows, seed=seed, dirty=dirty)
            first = send(sender(role), kind, file)
            if first.state == BatchState.CHECKED:
                accepted = take_in(first, partial=True)
                assert accepted.state == BatchState.COMMITTED, accepted.reason
                met.append(wrote(accepted))
                second = send(colleague(sender(role)), kind, file)
                assert wrote(second) == {}, [row.values for row in second.rows.exclude(verb="unchanged")[:3]]
                assert second.counts["accepted"] == accepted.counts["accepted"]

    for_many_ledgers(twice)
    assert any(met), "not one of the ledgers wrote anything, so nothing was proven"


@pytest.mark.parametrize(("kind", "role"), EXPORTERS)
def test_what_is_exported_comes_back_and_changes_nothing(city, tmp_path, kind, role):
    first = take_in(send(sender(SENDERS[kind][0]), kind, written(kind, tmp_path, rows=40, seed=3, dirty=0)))
    assert (first.state, bool(wrote(first))) == (BatchState.COMMITTED, True)
    file, sent = exported(kind, sender(role), tmp_path)
    assert sent > 0
    batch = send(sender(role), kind, file)
    assert (batch.counts["read"], batch.counts["rejected"], wrote(batch)) == (sent, 0, {}), batch.groups


@pytest.mark.parametrize(("kind", "role"), MAIN)
def test_an_undo_brings_every_table_back(city, tmp_path, kind, role):
    before, met = facts(), []

    def undone(seed: int, rows: int, dirty: float) -> None:
        with tried():
            batch = send(sender(role), kind, written(kind, tmp_path, rows=rows, seed=seed, dirty=dirty))
            if batch.state != BatchState.CHECKED:
                return
            batch = take_in(batch, partial=True)
            for job in jobs.Job.objects.exclude(state="done").order_by("created_at"):
                jobs.run_inline(job)
            met.append(shown_difference(before, facts()))
            result = batches.undo_batch(batch=batch, by=sender(role))
            assert result.conflicts == []
            assert shown_difference(before, facts()) == []

    for_many_ledgers(undone)
    assert any(met), "not one of the ledgers changed anything, so nothing was proven"


@pytest.mark.parametrize(("kind", "role"), [one for one in MAIN if one[0] in ("visits", "readings", "tasks")])
def test_an_undo_takes_the_same_statements_however_long_the_ledger_was(city, tmp_path, kind, role):
    taken = []
    for rows in (10, 40):
        with tried():
            batch = take_in(send(sender(role), kind, written(kind, tmp_path, rows=rows, seed=7, dirty=0)))
            person = sender(role)
            with CaptureQueriesContext(connection) as asked:
                result = batches.undo_batch(batch=batch, by=person)
            assert result.removed + result.restored >= rows // 2
            taken.append([query["sql"].split()[0] for query in asked.captured_queries])
    assert len(taken[0]) == len(taken[1]), taken
    assert len(taken[0]) <= 55


def test_ledgers_of_every_kind_are_written_and_proven():
    assert (
        set(WRITERS) == {kind for kinds in IMPORTS.values() for kind in kinds} == {kind for kind, _ in MAIN}
    )
