"""Rows of businesses that a person merged into others: the merger stands, the rows change nothing and say so."""

from __future__ import annotations

from entities.fields import LEDGER_FIELDS
from entities.ledgers.matching import Matches, Merged
from records.choices import RowVerb
from records.ledgers import Plan, Rows


def stand_by_mergers(rows: Rows, plan: Plan, matches: Matches) -> None:
    """Let the rows of merged businesses point at the survivor without writing; what differs from what was known is told."""
    for index, merged in matches.merged.items():
        survivor = merged.survivor
        plan.targets[index], plan.versions[index] = survivor.pk, survivor.version
        differs = _differs(rows, index, merged)
        said = f"“{merged.business.name}”已确认并入“{survivor.name}”，本行不改登记"
        if differs:
            said += f"；内容有变化的，请改在“{survivor.name}”名下"
        rows.note(index, "name", "merged_business", said)
        plan.verbs[index] = RowVerb.CONFLICT if differs else RowVerb.UNCHANGED


def _differs(rows: Rows, index: int, merged: Merged) -> bool:
    """Whether the row says anything else than the business's own record did when it was merged."""
    offered = ((name, rows.column(name)[index]) for name in LEDGER_FIELDS)
    return any(
        value is not None and value != getattr(merged.business.values, name) for name, value in offered
    )
