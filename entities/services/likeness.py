"""The third ring: businesses of the same township that are like a new one, put before a person as pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from entities.choices import PairState
from entities.models import Business, DuplicatePair
from entities.rules.likeness import Neighbours, most_alike
from foodsafe_portal.lib.bulk import Same, among, insert
from foodsafe_portal.lib.scope import in_territory
from records.ledgers import Rows
from records.ledgers.codes import name_code
from records.models import Job
from records.services.jobs import enqueue

TOWNSHIP: Final = 9
MOST: Final = 3  # candidates of one new business
MOST_OF_ONE: Final = 10  # pairs of one business when a township is compared with itself
SEEK_AMONG: Final = "duplicates.seek_among"
_NAMED_ONE_BY_ONE: Final = 20

name_code("similar_business", gettext_noop("与登记中的主体相似，已列入疑似重复"))
name_code("kept_apart", gettext_noop("已确认不是同一家"))


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
    wanted: dict[str, list[Newcomer]] = defaultdict(list)
    for newcomer in newcomers:
        if len(newcomer.region_id) >= TOWNSHIP:
            wanted[newcomer.region_id[:TOWNSHIP]].append(newcomer)
    found: dict[int, list[Alike]] = {}
    for township, known in by_township(_registered_in(wanted, territory)) if wanted else ():
        if township not in wanted:
            continue
        neighbours = Neighbours(known, places_of(township, names), threshold())
        for newcomer in wanted[township]:
            alike = neighbours.like(newcomer.name, newcomer.address)[:MOST]
            if alike:
                found[newcomer.row] = [Alike(key, *known[key], percent(degree)) for key, degree in alike]
    return found


def pairs_among(
    township: str,
    businesses: Mapping[int, tuple[str, str]],
    names: Mapping[str, str],
    done: Callable[[int], None] | None = None,
) -> list[Pair]:
    """The pairs among the businesses of one township (key → name and address) that are alike, a few of each business.

    ``done`` is told how many have been compared.
    """
    neighbours = Neighbours(businesses, places_of(township, names), threshold())
    found = most_alike(neighbours.among_themselves(done), MOST_OF_ONE)
    return [Pair(one, other, township, percent(degree)) for one, other, degree in found]


def by_township(businesses: QuerySet) -> Iterator[tuple[str, dict[int, tuple[str, str]]]]:
    """Township → key → name and address, one township after the other; what lies in none is compared with nothing."""
    rows = businesses.order_by("region_id", "pk").values_list("region_id", "pk", "name", "premises_address")
    for township, group in groupby(rows.iterator(chunk_size=10_000), lambda row: row[0][:TOWNSHIP]):
        if len(township) == TOWNSHIP:
            yield township, {pk: (name, address) for _region, pk, name, address in group}


def compare_newcomers(*, batch_id: int, at: datetime, by: Any) -> Job:
    """Have the businesses that a ledger wrote at ``at`` compared with each other once it is committed.

    Comparing them takes longer than anybody should wait for with the ledger's locks held, so it is a job of its own.
    """
    params = {"batch": batch_id, "at": at.isoformat()}
    return enqueue(
        kind=SEEK_AMONG, params=params, by=by, dedupe_key=f"{SEEK_AMONG}:{batch_id}:{at.isoformat()}"
    )


def percent(degree: float) -> int:
    """A likeness as it is stored and shown."""
    return round(degree * 100)


def places_of(township: str, names: Mapping[str, str]) -> list[str]:
    """The names of the regions a township lies in, its own included."""
    codes = (township[:size] for size in (2, 4, 6, TOWNSHIP))
    return [names[code] for code in codes if code in names]


def _registered_in(townships: Collection[str], territory: str) -> QuerySet:
    """The registered businesses of these townships; where they are many, of the whole territory."""
    here = Business.objects.registered()
    if len(townships) <= _NAMED_ONE_BY_ONE:
        where = Q()
        for township in sorted(townships):
            where |= in_territory(township)
        return here.filter(where)
    return here.filter(in_territory(territory)) if territory else here


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
