"""The third ring: businesses of the same township that are like a new one, put before a person as pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import Q

from entities.choices import PairState
from entities.models import Business, DuplicatePair
from entities.rules.likeness import Neighbours
from foodsafe_portal.lib.scope import in_territory
from records.ledgers import Rows
from records.ledgers.bulk import Same, among, insert
from records.ledgers.codes import name_code

TOWNSHIP: Final = 9
MOST: Final = 3  # candidates of one new business
_NAMED_ONE_BY_ONE: Final = 20

name_code("similar_business", "与登记中的主体相似，已列入疑似重复")
name_code("kept_apart", "已确认不是同一家")


class Newcomer(NamedTuple):
    """A business that a row would create."""

    row: int
    name: str
    address: str
    region_id: str


class Alike(NamedTuple):
    """A business of the register that a row's business is like, by ``percent``."""

    pk: int
    name: str
    address: str
    percent: int


class Pair(NamedTuple):
    """Two businesses of one township, by key, and how alike they are in percent."""

    one: int
    other: int
    region_id: str
    percent: int


def threshold() -> float:
    """From which likeness on two businesses are shown to a person (setting ``DUPLICATE_LIKENESS``, in percent)."""
    return settings.DUPLICATE_LIKENESS / 100


def similar_businesses(
    newcomers: Iterable[Newcomer], territory: str, names: Mapping[str, str]
) -> dict[int, list[Alike]]:
    """Row → the businesses of its township that are like it; ``names`` are the regions' by code.

    Nothing is compared across townships, and in a township only what shares the rarer parts of an address: the time grows
    with the number of rows, not with its square.
    """
    by_township: dict[str, list[Newcomer]] = defaultdict(list)
    for newcomer in newcomers:
        if len(newcomer.region_id) >= TOWNSHIP:
            by_township[newcomer.region_id[:TOWNSHIP]].append(newcomer)
    found: dict[int, list[Alike]] = {}
    for township, known in _register(by_township, territory):
        neighbours = Neighbours(known, places_of(township, names), threshold())
        for newcomer in by_township[township]:
            alike = neighbours.like(newcomer.name, newcomer.address)[:MOST]
            if alike:
                found[newcomer.row] = [Alike(key, *known[key], percent(degree)) for key, degree in alike]
    return found


def percent(degree: float) -> int:
    """A likeness as it is stored and shown."""
    return round(degree * 100)


def places_of(township: str, names: Mapping[str, str]) -> list[str]:
    """The names of the regions a township lies in, its own included."""
    codes = (township[:size] for size in (2, 4, 6, TOWNSHIP))
    return [names[code] for code in codes if code in names]


def _register(townships: Iterable[str], territory: str) -> Iterator[tuple[str, dict[int, tuple[str, str]]]]:
    """The registered businesses of these townships: township → key → name and address."""
    wanted = set(townships)
    if not wanted:
        return
    here = Business.objects.registered()
    if len(wanted) <= _NAMED_ONE_BY_ONE:
        where = Q()
        for township in sorted(wanted):
            where |= in_territory(township)
        here = here.filter(where)
    elif territory:
        here = here.filter(in_territory(territory))
    grouped: dict[str, dict[int, tuple[str, str]]] = defaultdict(dict)
    rows = here.order_by().values_list("pk", "region_id", "name", "premises_address")
    for pk, region, name, address in rows.iterator(chunk_size=10_000):
        if region[:TOWNSHIP] in wanted:
            grouped[region[:TOWNSHIP]][pk] = (name, address)
    yield from sorted(grouped.items())


def write_pairs(pairs: Sequence[Pair], *, at: datetime, batch_id: int | None = None) -> int:
    """Put pairs before a person and return how many are new; a pair that is known, decided or not, stays as it is."""
    if not pairs:
        return 0
    return insert(
        DuplicatePair,
        {
            "first_id": [min(pair.one, pair.other) for pair in pairs],
            "second_id": [max(pair.one, pair.other) for pair in pairs],
            "region_id": [pair.region_id[:TOWNSHIP] for pair in pairs],
            "likeness": [pair.percent for pair in pairs],
            "state": Same(PairState.WAITING.value),
            "batch_id": Same(batch_id),
            "found_at": Same(at),
            "note": Same(""),
            "version": Same(1),
        },
        ignore_conflicts=True,
    )


def note_kept_apart(rows: Rows, targets: Mapping[int, int], territory: str) -> None:
    """Say on every row whose business (``targets``: row → key) was found not to be the same as another one of the territory."""
    decided = DuplicatePair.objects.filter(state=PairState.APART)
    if not targets or not decided.exists():
        return
    keys = set(targets.values())
    others: dict[int, list[str]] = defaultdict(list)
    for mine, theirs in (("first", "second"), ("second", "first")):
        here = decided.filter(in_territory(territory, f"{theirs}__region_id"))
        named = among(here, f"{mine}_id", keys).values_list(f"{mine}_id", f"{theirs}__name")
        for key, name in named:
            others[key].append(name)
    for index, key in targets.items():
        if key in others:
            said = "、".join(f"“{name}”" for name in sorted(others[key])[:MOST])
            rows.note(index, "name", "kept_apart", f"已确认与{said}不是同一家，各自登记")
