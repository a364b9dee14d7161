"""How alike two businesses are by name and address, and which of a township are worth comparing."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, pairwise, product
from math import ceil, sqrt
from typing import Final

# Legal forms and kinds of branches that stand behind the proper name, the longer before the shorter.
_FORMS: Final = (
    "有限责任公司", "股份有限公司", "农民专业合作社", "专业合作社", "个人独资企业", "普通合伙", "有限合伙", "有限公司",
    "个体工商户", "个体户", "个体", "分公司", "总店", "分店", "公司",
)  # fmt: skip
_FORM = re.compile(f"(?:{'|'.join(_FORMS)})+$")
_SIGNS_AROUND = re.compile(r"[\s()\[\]【】《》“”\"'·.,，。、—_#/-]+")
_SIGN = re.compile(r"\d+|[A-Z]+|.", re.DOTALL)
_ADMINISTRATIVE: Final = "省市县区"
_MANY: Final = 40
_CROWD: Final = 200  # from so many on that may be alike, they are not compared one by one
_RAREST, _SMALLEST, _AROUND_IN_BLOCK = (
    5,
    8,
    8,
)  # of a crowd: parts that make blocks, blocks asked, places to either side
_TOLD_EVERY: Final = 500

Pairs = frozenset[tuple[str, ...]]
"""Neighbouring signs; text of a single sign is its own only "pair"."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A business as it is compared: the pairs of neighbouring characters of its proper name and of its address."""

    name: Pairs
    address: Pairs


def signature(name: str, address: str, places: Sequence[str] = ()) -> Signature:
    """What is compared of a business; ``places`` are the names of the regions it lies in, which say nothing about it."""
    known = tuple(places)
    return Signature(pairs(core_name(name, known)), pairs(core_address(address, known)))


def likeness(one: Signature, other: Signature) -> float:
    """From 0 (nothing in common) to 1 (the same): the geometric mean of the likeness of names and of addresses.

    The mean is geometric so that neither a chain's branches (one name, many streets) nor a market's stalls (many names, one
    address) come out as alike.
    """
    return sqrt(_dice(one.name, other.name) * _dice(one.address, other.address))


def _dice(one: Pairs, other: Pairs) -> float:
    """Twice what is common over both sizes (Dice 1945)."""
    size = len(one) + len(other)
    return 2 * len(one & other) / size if size else 1.0


def core_name(name: str, places: tuple[str, ...] = ()) -> str:
    """A name without the regions in front, the legal form at the end, brackets and blanks; never empty unless the name is."""
    whole = _plain(name)
    core = _without_places(whole, places)
    return _FORM.sub("", core) or core


def core_address(address: str, places: tuple[str, ...] = ()) -> str:
    """An address without the regions in front, brackets and blanks; never empty unless the address is."""
    return _without_places(_plain(address), places)


def pairs(text: str) -> Pairs:
    """Every pair of neighbours; a number or a run of letters is one sign, for 1 号 is not 12 号."""
    signs = _SIGN.findall(text)
    return frozenset(pairwise(signs)) if len(signs) > 1 else frozenset([tuple(signs)])


def _plain(text: str) -> str:
    narrow = text if unicodedata.is_normalized("NFKC", text) else unicodedata.normalize("NFKC", text)
    return _SIGNS_AROUND.sub("", narrow.upper())


@lru_cache(maxsize=4096)
def _prefix(places: tuple[str, ...]) -> re.Pattern[str]:
    """The regions' names in front of a text, also 南湖 for 南湖区, as long as something follows them."""
    found = {_plain(place) for place in places}
    found |= {place[:-1] for place in found if len(place) > 2 and place[-1] in _ADMINISTRATIVE}
    names = sorted(filter(None, found), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, names))})+(?=.)" if names else "(?!)", re.DOTALL)


def _without_places(text: str, places: tuple[str, ...]) -> str:
    begins = _prefix(places).match(text)
    return text[begins.end() :] if begins else text


class Neighbours:
    """The businesses of one township, ready to be asked which of them are like another one.

    Two sets that are alike to a degree share one of their rarer members, so only businesses with such a common member are
    compared: of the addresses, or of the names where the addresses lead to many (a market of one address). Where both lead to
    many, only those that stand nearest in the smallest common blocks are compared: the time grows with the number of
    businesses and not with its square.
    """

    def __init__(
        self, businesses: Mapping[int, tuple[str, str]], places: Sequence[str], threshold: float
    ) -> None:
        """``businesses``: key → name and address; ``threshold``: from which likeness on they are told."""
        self.threshold = threshold
        self._businesses = businesses
        self._places = tuple(places)
        self._floor = threshold * threshold - 1e-9  # neither part may be less, for the other is at most 1
        self._called: dict[int, Pairs] = {}
        self._at = {key: pairs(core_address(at, self._places)) for key, (_name, at) in businesses.items()}
        self._addresses = _Index(self._at, self._floor)

    def like(self, name: str, address: str) -> list[tuple[int, float]]:
        """The businesses at least as alike as the threshold with their likeness, the most alike first."""
        asked = Signature(pairs(core_name(name, self._places)), pairs(core_address(address, self._places)))
        keys = self._few(asked)
        if keys is None:
            keys = self._crowd.near(asked, (name, address))
        return sorted(self._alike(asked, keys), key=lambda each: (-each[1], each[0]))

    def among_themselves(self, done: Callable[[int], None] | None = None) -> Iterator[tuple[int, int, float]]:
        """Every two of the businesses that are at least as alike as the threshold, the smaller key first.

        ``done`` is told from time to time how many have been compared.
        """
        crowded: set[int] = set()
        for count, one in enumerate(self._at, 1):
            asked = self._signature(one)
            keys = self._few(asked)
            if keys is None:
                crowded.add(one)
            else:  # of two of which one is crowded, the other finds the pair
                wanted = {key for key in keys if key > one or key in crowded}
                for other, degree in self._alike(asked, wanted):
                    yield min(one, other), max(one, other), degree
            if done and count % _TOLD_EVERY == 0:
                done(count - len(crowded))
        for count, one in enumerate(sorted(crowded), 1):
            asked = self._signature(one)
            keys = {key for key in self._crowd.near(asked, self._businesses[one], one) if key > one}
            for other, degree in self._alike(asked, keys & crowded):
                yield one, other, degree
            if done and count % _TOLD_EVERY == 0:
                done(len(self._at) - len(crowded) + count)

    def _few(self, asked: Signature) -> set[int] | None:
        """The keys of everything that may be like a business; None when they are too many to compare each."""
        if not self._addresses.is_crowded(asked.address):
            keys = self._addresses.sharing(asked.address)
            if len(keys) > _MANY and not self._names.is_crowded(asked.name):
                keys &= self._names.sharing(asked.name)
            return keys
        return None if self._names.is_crowded(asked.name) else self._names.sharing(asked.name)

    def _alike(self, asked: Signature, keys: set[int]) -> Iterator[tuple[int, float]]:
        """Those of ``keys`` that are like a business; the dearer comparison of names comes last."""
        for key in keys:
            near = _dice(asked.address, self._at[key])
            if near >= self._floor:
                degree = sqrt(_dice(asked.name, self._name(key)) * near)
                if degree >= self.threshold:
                    yield key, degree

    def _signature(self, key: int) -> Signature:
        return Signature(self._name(key), self._at[key])

    def _name(self, key: int) -> Pairs:
        if key not in self._called:
            self._called[key] = pairs(core_name(self._businesses[key][0], self._places))
        return self._called[key]

    @cached_property
    def _names(self) -> _Index:
        return _Index({key: self._name(key) for key in self._businesses}, self._floor)

    @cached_property
    def _crowd(self) -> _Crowd:
        return _Crowd(self._businesses, self._signature, self._addresses, self._names)


def most_alike(found: Iterable[tuple[int, int, float]], most: int) -> list[tuple[int, int, float]]:
    """Of pairs of businesses at most ``most`` with each business, the most alike first.

    Five hundred stalls of one market are alike in more ways than anybody can look at.
    """
    times: Counter[int] = Counter()
    kept = []
    for one, other, degree in sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1])):
        if times[one] < most and times[other] < most:
            times[one] += 1
            times[other] += 1
            kept.append((one, other, degree))
    return kept


class _Index:
    """Sets by their rarer members (prefix filtering): what is alike to ``floor`` stands in a common list."""

    def __init__(self, sets: Mapping[int, Pairs], floor: float) -> None:
        self._share = floor / (2 - floor)
        self._times = Counter(chain.from_iterable(sets.values()))
        self._lists: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for key, each in sets.items():
            for member in self.rarer(each):
                self._lists[member].append(key)

    def rarer(self, members: Pairs) -> list[tuple[str, ...]]:
        """So many of the rarest members, the rarest first, that any set alike to the floor has one of them."""
        in_common = max(ceil(self._share * len(members) - 1e-9), 1)
        order = sorted(members)
        order.sort(key=self._times.__getitem__)
        return order[: len(members) - in_common + 1]

    def _found(self, asked: Pairs) -> list[list[int]]:
        lists = self._lists
        return [lists[member] for member in self.rarer(asked) if member in lists]

    def is_crowded(self, asked: Pairs) -> bool:
        """Whether more may be like ``asked`` than are worth comparing one by one."""
        return sum(map(len, self._found(asked))) > _CROWD

    def sharing(self, asked: Pairs) -> set[int]:
        """The keys of everything that may be like ``asked``."""
        return set(chain.from_iterable(self._found(asked)))


class _Crowd:
    """Businesses in blocks of a rare part of the name with a rare part of the address, sorted by name and address.

    What is alike stands in a common block; of its few smallest blocks a business is compared with those that stand next to it
    (sorted neighbourhood, Hernández and Stolfo 1995).
    """

    def __init__(
        self,
        businesses: Mapping[int, tuple[str, str]],
        signature_of: Callable[[int], Signature],
        addresses: _Index,
        names: _Index,
    ) -> None:
        self._addresses, self._names = addresses, names
        self._sorted = sorted((texts, key) for key, texts in businesses.items())
        self._blocks: dict[int, list[int]] = defaultdict(list)
        for place, (_texts, key) in enumerate(self._sorted):
            for block in self._blocks_of(signature_of(key)):
                self._blocks[block].append(place)

    def _blocks_of(self, asked: Signature) -> list[int]:
        """Blocks by a hash of both parts: that two share one by chance only costs a comparison."""
        rare_names = self._names.rarer(asked.name)[:_RAREST]
        rare_addresses = self._addresses.rarer(asked.address)[:_RAREST]
        return [hash(both) for both in product(rare_names, rare_addresses)]

    def near(self, asked: Signature, texts: tuple[str, str], key: int = 0) -> set[int]:
        """The keys of the businesses worth comparing with one of this name and address (its own ``key``, if it has one)."""
        found = [self._blocks[block] for block in self._blocks_of(asked) if block in self._blocks]
        place = bisect_left(self._sorted, (texts, key))
        keys: set[int] = set()
        for block in sorted(found, key=len)[:_SMALLEST]:
            here = bisect_left(block, place)
            around = block[max(here - _AROUND_IN_BLOCK, 0) : here + _AROUND_IN_BLOCK]
            keys.update(self._sorted[each][1] for each in around)
        return keys
