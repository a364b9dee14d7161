"""The kinds of ledger of this room, and finding the places that ledgers speak of."""
