"""The kinds of ledger of this room: the task list, readings of clauses, editions of the rulebook."""

from campaigns.ledgers import readings, rulebook, tasks

__all__ = ["readings", "rulebook", "tasks"]
