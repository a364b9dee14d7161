"""The instant at which a fact becomes known, ordered against the instant at which a week is closed.

A writer takes its instant *after* it holds a shared lock, a closer takes the lock exclusively: no fact can carry an earlier instant
than a closed week and still be missing from it. SQLite has one writer at a time, so its own transaction is that lock.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

FACTS_LOCK = 0x0F00D5AFE


def _lock(function: str) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("instants of facts are taken inside the transaction that writes them")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [FACTS_LOCK])


def writing_instant() -> datetime:
    """The ``recorded_at`` of facts written in this transaction."""
    _lock("pg_advisory_xact_lock_shared")
    return timezone.now()


def closing_instant() -> datetime:
    """The ``known_at`` of a week closed in this transaction; waits until every writer before it has finished."""
    _lock("pg_advisory_xact_lock")
    return timezone.now()
