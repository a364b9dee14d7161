"""What every refusal has in common: a person may read its sentence, and nothing was changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class Refusal(Exception):
    """An act that cannot be done as asked; the sentence says why and what to do."""


def refusals_of(rows: Sequence[Any], ask: Callable[[Any], Any]) -> dict[Any, str]:
    """The sentences of those rows for which ``ask`` raises a refusal or answers one."""
    found = {}
    for row in rows:
        try:
            said = ask(row)
        except Refusal as refusal:
            said = str(refusal)
        if isinstance(said, str) and said:
            found[row.pk] = said
    return found
