"""Where facts come from: a page, the API, or a ledger whose batch has one audit event for all its rows."""

from __future__ import annotations

from dataclasses import dataclass

from entities.choices import Source


@dataclass(frozen=True, slots=True)
class EntrySource:
    """The source of facts that are written together; ``batch_number`` is the number people quote (PC-000001)."""

    source: str = Source.PAGE.value
    batch_id: int | None = None
    batch_number: str = ""

    @property
    def words(self) -> str:
        """How the events of a problem name a batch; empty for what a person enters."""
        return f"台账批次 {self.batch_number}" if self.batch_id is not None else ""
