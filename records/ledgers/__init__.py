"""The ledger engine's ground floor: what a kind of ledger is, the rows of a file, and fast writing. Knows no kind."""

from records.ledgers import sentences as _sentences  # noqa: F401  (declares what the engine says)
from records.ledgers.kind import (
    LedgerContext,
    LedgerKind,
    Plan,
    RegisterChanged,
    UndoResult,
    all_kinds,
    kind_of,
    kinds_for,
    register,
)
from records.ledgers.rows import Rows

__all__ = [
    "LedgerContext",
    "LedgerKind",
    "Plan",
    "RegisterChanged",
    "Rows",
    "UndoResult",
    "all_kinds",
    "kind_of",
    "kinds_for",
    "register",
]
