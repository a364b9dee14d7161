"""The kinds of things people may be reminded of by hand: rooms register each with its people and its sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from records.services.notify import Waiting


@dataclass(frozen=True, slots=True)
class Remindable:
    """A kind of thing: ``waiting(user, ids)`` are those within the person's scope that still wait, with who has to act.

    ``sentence(waiting)`` is what the form begins with; ``list_url`` the name of the address to go back to.
    """

    key: str
    title: Any
    unit: Any
    list_url: str
    waiting: Callable[[Any, Sequence[int]], list[Waiting]]
    sentence: Callable[[Sequence[Waiting]], str]


_kinds: dict[str, Remindable] = {}


def register_remindable(kind: Remindable) -> None:
    """Let people be reminded of things of this kind."""
    _kinds[kind.key] = kind


def remindable(key: str) -> Remindable | None:
    """The kind with this key."""
    return _kinds.get(key)
