"""A ledger while it is being written: its columns under the names somebody chose, its rows, and what is wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from accounts.models import Region
from foodsafe_portal.demo.dice import dice
from foodsafe_portal.demo.places import load_names
from foodsafe_portal.lib.ledger import Column
from records.ledgers import LedgerKind, kind_of


class Typed(NamedTuple):
    """A cell that must stand in the file exactly as it is, because that is what is wrong with it."""

    value: Any


class Fault(NamedTuple):
    """One row that must get an error or a warning: its place in the draft, the column ('' = the whole row), the code."""

    row: int
    key: str
    code: str


@dataclass(slots=True)
class Draft:
    """Rows by column key with typed values (enumerations by their code), and the faults that were planted."""

    kind: LedgerKind
    columns: list[Column]
    rows: list[dict[str, Any]]
    faults: list[Fault] = field(default_factory=list)

    def has(self, *keys: str) -> bool:
        """Whether the file has these columns."""
        present = {column.key for column in self.columns}
        return present.issuperset(keys)


@dataclass(frozen=True)
class Desk:
    """Where and when somebody writes: the county, the day, and the chance that makes one ledger unlike another."""

    county: str
    names: dict[str, str]
    on: date
    size: int
    seed: int

    def random(self, topic: str) -> Random:
        """A stream of chance for one topic."""
        return dice(self.seed, f"ledger:{self.county}:{topic}")

    @property
    def county_name(self) -> str:
        """The county's name."""
        return self.names[self.county]

    @cached_property
    def townships(self) -> list[str]:
        """The codes of the county's townships."""
        return [code for code in self.names if len(code) == 9 and code.startswith(self.county)]

    @cached_property
    def villages(self) -> dict[str, list[str]]:
        """Township → codes of its villages."""
        found: dict[str, list[str]] = {code: [] for code in self.townships}
        for code in self.names:
            if len(code) == 12 and code[:9] in found:
                found[code[:9]].append(code)
        return found

    def elsewhere(self) -> list[str]:
        """Counties that are not this one."""
        return [code for code in self.names if len(code) == 6 and code != self.county]


def desk_for(county: str, *, on: date, size: int, seed: int) -> Desk | None:
    """The desk of a county of the register, or of the demonstration city where the register is empty; None = no such county."""
    found = Region.objects.filter(closed_on__isnull=True).in_territory(county[:4]) if county.isdigit() else ()
    names = {region.code: region.name for region in found} or load_names()
    return Desk(county, names, on, size, seed) if len(county) == 6 and county in names else None


def new_draft(
    desk: Desk,
    key: str,
    rows: list[dict[str, Any]],
    *,
    optional: Sequence[str] = (),
    always: Sequence[str] = (),
) -> Draft:
    """A draft whose columns follow the kind; each of ``optional`` may be missing, as in real ledgers."""
    kind, random = kind_of(key), desk.random("columns")
    dropped = {name for name in optional if random.random() < 0.3}
    used = {name for row in rows[:2_000] for name, value in row.items() if value is not None} | set(always)
    columns = [c for c in kind.columns if c.key in used - dropped or c.required]
    return Draft(kind, columns, rows)
