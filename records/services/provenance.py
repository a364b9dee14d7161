"""Where a fact comes from: who says it, from which day on, when it was written, and by which ledger if by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from records.services.instants import writing_instant


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who writes facts, the day they hold from, the instant of writing, and the ledger that brings them (None = no ledger).

    What a ledger brings is told by the one event of its batch; whatever else writes leaves an event for each fact.
    """

    by: Any
    on: date
    at: datetime
    source: str
    batch_id: int | None = None
    reason: str = ""

    @classmethod
    def now(cls, *, by: Any, on: date, source: str, reason: str = "") -> Self:
        """A fact written now by a person or a program."""
        return cls(by=by, on=on, at=writing_instant(), source=source, reason=reason)

    @classmethod
    def of_ledger(cls, context: Any, source: str) -> Self:
        """Facts of a ledger (``context`` is its ``LedgerContext``): they hold from the day it was filled in."""
        return cls(
            by=context.user,
            on=context.ledger_date,
            at=context.now,
            source=source,
            batch_id=context.batch_id,
            reason=f"台账导入 {context.batch_number}",
        )

    @property
    def tells_each(self) -> bool:
        """Whether every fact leaves an event of its own."""
        return self.batch_id is None
