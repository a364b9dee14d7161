"""The address of a list: what it asks for, and the addresses that ask for a little more or less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from foodsafe_portal.lib.paging import without_cursor

LONGEST = 100


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter on the page: set (``remove_url``), or offering ``options`` of words and addresses."""

    label: Any
    value: Any = ""
    remove_url: str = ""
    options: Sequence[tuple[Any, str]] = ()


class Address:
    """The parameters of one request without the place in the list."""

    def __init__(self, params: QueryDict) -> None:
        self.params = without_cursor(params)

    def get(self, name: str) -> str:
        """What stands in the address, without blanks around it and without what no text column can hold."""
        return self.params.get(name, "").replace("\0", "").strip()[:LONGEST]

    def url(self, **changes: str | None) -> str:
        """The address with some parameters changed; ``None`` or an empty value takes one out."""
        query = self.params.copy()
        for name, value in changes.items():
            query.pop(name, None)
            if value:
                query[name] = value
        return f"?{query.urlencode()}"

    @property
    def csv_url(self) -> str:
        """The address of the same list as csv."""
        return self.url(format="csv")

    def hidden(self, *shown: str) -> list[tuple[str, str]]:
        """The parameters a search form has to carry along, without the ones it shows itself."""
        return [(name, self.get(name)) for name in self.params if name not in (*shown, "format")]
