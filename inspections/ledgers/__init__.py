"""The kinds of ledger of this room: visits."""

from inspections.ledgers import visits

__all__ = ["visits"]
