"""Acts on many rows of a list at once: what is told once for all of them, who may, and what will be refused before it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import Form

from foodsafe_portal.lib.permissions import Permission

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BulkAct:
    """One act that a list offers for the rows somebody picks.

    ``do(row, by, told)`` calls the service of one row and raises its ``Refusal``; ``check(rows, by, told)`` says by the same rules
    which rows it would refuse, key → sentence, without writing. ``told`` is what ``form(data, user=…)`` was told for all rows
    alike; without a form it is empty. ``label`` stands on the button, ``done`` heads the answer. ``related``: what ``check`` and
    ``do`` read of other tables.
    """

    code: str
    label: Any
    done: Any
    permission: Permission
    do: Callable[[Any, Any, Told], Any]
    check: Callable[[Sequence[Any], Any, Told], Mapping[Any, str]]
    form: Callable[..., Form] | None = None
    css: str = ""
    icon: str = "check"
    related: tuple[str, ...] = ()

    def form_for(self, user: Any, data: Any = None) -> Form | None:
        """The form of what is told once for all rows."""
        return self.form(data, user=user) if self.form else None
