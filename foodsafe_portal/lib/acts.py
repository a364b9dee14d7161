"""An act, said once: its words, who may do it, its form, and the ways to send it. Page, panel and API follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from foodsafe_portal.lib.permissions import Permission

Do = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to send an act's form.

    ``value`` tells the form which way it is. ``words`` stand on the button, ``done`` says what has been done.
    ``do(target, by, form)`` calls the service; it raises the service's refusals. ``api`` names the API's action for it.
    """

    value: str
    words: Any
    done: Any
    do: Do
    api: str
    css: str = "btn-primary"
    icon: str = "check"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody may do about one kind of thing.

    ``code`` is its word in the address, ``title`` heads its panel. ``dated``: the form begins with today. ``offered(target)``
    leaves those of the ``ways`` that are possible as the target stands; all of them without it.
    """

    code: str
    title: Any
    permission: Permission
    form: Callable[..., Any]
    ways: tuple[Way, ...]
    dated: bool = False
    offered: Callable[[Any, tuple[Way, ...]], Iterable[Way]] | None = None

    def buttons(self, target: Any) -> tuple[Way, ...]:
        """The ways that are possible now."""
        return self.ways if self.offered is None else tuple(self.offered(target, self.ways))

    def way(self, value: str) -> Way:
        """The way a form was sent."""
        return next((way for way in self.ways if way.value == value), self.ways[0])


def needs_of(acts: Iterable[Act]) -> dict[str, tuple[Permission, ...]]:
    """The permissions of the API's actions: any act that is done by an action opens it."""
    needs: dict[str, tuple[Permission, ...]] = {}
    for act in acts:
        for way in act.ways:
            needs[way.api] = tuple(dict.fromkeys((*needs.get(way.api, ()), act.permission)))
    return needs
