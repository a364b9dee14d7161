"""The kinds of ledger of this room: businesses, officers with their assignments and pledges."""

from entities.ledgers import businesses, officers

__all__ = ["businesses", "officers"]
