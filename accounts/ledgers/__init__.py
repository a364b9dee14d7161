"""The kinds of ledger of this room, and finding the places that ledgers speak of."""

from accounts.ledgers import people, regions, units, workdays

__all__ = ["people", "regions", "units", "workdays"]
