"""The trail: sealed into a chain, and whatever is done to it behind the portal's back is named."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from records.models import AuditEvent, AuditLink
from records.services import audit
from records.services.seal import seal_events
from records.services.trail_check import verify_trail

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def write(count: int = 3) -> list[AuditEvent]:
    return [
        audit.record(by=None, action="test.done", target_type="x", target_id=str(n)) for n in range(count)
    ]


def behind_its_back(sql: str, params: list[object]) -> None:
    """Change the tables as somebody with the database's own password could."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type='trigger' AND name LIKE 'records_audit%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(sql, params)


def test_sealing_twice_chains_every_event_once():
    write(3)
    assert seal_events() == 3
    assert seal_events() == 0
    check = verify_trail()
    assert (check.links, check.unsealed, check.intact) == (3, 0, True)


@pytest.mark.parametrize(
    "statement", ["UPDATE records_auditevent SET reason = 'x'", "DELETE FROM records_auditevent"]
)
def test_the_database_itself_refuses_to_change_the_trail(statement):
    write(1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEvent.objects.count() == 1


def test_a_changed_event_is_named():
    events = write(3)
    seal_events()
    behind_its_back("UPDATE records_auditevent SET reason = %s WHERE id = %s", ["改过", events[1].pk])
    assert [finding.event_id for finding in verify_trail().findings] == [events[1].pk]


def test_a_link_cut_out_of_the_middle_is_named():
    write(3)
    seal_events()
    behind_its_back("DELETE FROM records_auditlink WHERE position = %s", [2])
    assert [finding.position for finding in verify_trail().findings] == [2, 3]


def test_a_cut_tail_is_named_by_the_anchor_outside_the_database():
    write(3)
    seal_events()
    behind_its_back("DELETE FROM records_auditlink WHERE position = %s", [3])
    sentences = [finding.sentence for finding in verify_trail().findings]
    assert sentences == ["封存链末尾被截断：存档记到第 3 号，现只有 2 号"]
    assert AuditLink.objects.count() == 2
