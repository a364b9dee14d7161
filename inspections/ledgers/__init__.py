"""The kinds of ledger of this room: visits and problems."""

from inspections.ledgers import problems, visits

__all__ = ["problems", "visits"]
