"""How far the city's own score of a clause lies above what somebody else gave it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from campaigns.rules.scoring import ClauseScore

RED_FROM: Final = Fraction(1, 2)
"""From how many points above the outside score a clause is shown in red; campaign default, printed beside the table."""


def settled(scored: ClauseScore | None) -> bool:
    """Whether a clause has points that can be compared: assessed, and no veto."""
    return scored is not None and scored.state == "scored" and scored.clause.method is not None


def above(own: ClauseScore | None, other: ClauseScore | None) -> Fraction | None:
    """Own points at worst minus the others' points; None unless both sides assessed the clause."""
    if own is None or other is None or not settled(own) or not settled(other):
        return None
    return own.low - other.low


def summed(differences: Iterable[Fraction | None]) -> Fraction | None:
    """The sum of what can be compared; None where nothing can."""
    known = [one for one in differences if one is not None]
    return sum(known, Fraction(0)) if known else None
