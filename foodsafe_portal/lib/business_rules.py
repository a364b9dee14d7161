"""A business rule by name: what may be refused, with the official sentence and its source, run by whoever writes a fact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar


class BusinessRule:
    """One reason for which a fact may be refused.

    The docstring of a subclass is the official sentence with its source. ``code`` and ``column`` are the words of ledgers: what
    the fault is called there, and in which column of the noun's ledger it stands.
    """

    code: ClassVar[str] = ""
    column: ClassVar[str] = ""

    @classmethod
    def refusal(cls, fact: Any) -> Exception | None:
        """The named refusal of a fact that breaks the rule, with its sentence; None when the fact stands."""
        raise NotImplementedError


def broken(rules: Iterable[type[BusinessRule]], fact: Any) -> tuple[type[BusinessRule], Exception] | None:
    """The first rule that a fact breaks, with its refusal; None when it breaks none."""
    for rule in rules:
        refusal = rule.refusal(fact)
        if refusal is not None:
            return rule, refusal
    return None


def enforce(rules: Iterable[type[BusinessRule]], facts: Iterable[Any]) -> None:
    """Raise the refusal of the first fact that breaks a rule."""
    listed = tuple(rules)
    for fact in facts:
        found = broken(listed, fact)
        if found is not None:
            raise found[1]
