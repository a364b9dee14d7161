"""What a broken business rule is: a rule looks at a fact and answers nothing, or the breach it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a fact breaks.

    ``code`` names the refusal (ledgers show it, ``inspections.errors`` has its sentence), ``cell`` is the fact's field at
    fault, ``words`` are what the sentence tells.
    """

    code: str
    cell: str
    words: Mapping[str, Any] = field(default_factory=dict)


def breaches(fact: Fact, rules: Sequence[Callable[[Fact], Breach | None]]) -> list[Breach]:
    """Every rule of a noun that the fact breaks, in the order of the list."""
    return [breach for rule in rules if (breach := rule(fact)) is not None]
