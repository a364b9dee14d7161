"""How alike two businesses are by name and address, and which of a township are worth comparing."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, pairwise
from math import ceil, sqrt
from typing import Final

# Legal forms and kinds of branches that stand behind the proper name, the longer before the shorter.
_FORMS: Final = (
    "有限责任公司", "股份有限公司", "农民专业合作社", "专业合作社", "个人独资企业", "普通合伙", "有限合伙", "有限公司",
    "个体工商户", "个体户", "个体", "分公司", "总店", "分店", "公司",
)  # fmt: skip
_FORM = re.compile(f"(?:{'|'.join(_FORMS)})+$")
_AROUND = re.compile(r"[\s()\[\]【】《》“”\"'·.,，。、—_#/-]+")
_SIGN = re.compile(r"\d+|[A-Z]+|.", re.DOTALL)
_ADMINISTRATIVE: Final = "省市县区"
_MANY: Final = 40

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
    return _AROUND.sub("", narrow.upper())


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
    compared: of the addresses, and where those lead to many (a market of one address) of the names.
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
        where = pairs(core_address(address, self._places))
        keys = self._addresses.sharing(where)
        found = self._alike(pairs(core_name(name, self._places)), where, keys) if keys else ()
        return sorted(found, key=lambda each: (-each[1], each[0]))

    def among_themselves(self) -> Iterator[tuple[int, int, float]]:
        """Every two of the businesses that are at least as alike as the threshold, the smaller key first."""
        for one, where in self._at.items():
            later = {key for key in self._addresses.sharing(where) if key > one}
            if later:
                for other, degree in self._alike(self._name(one), where, later):
                    yield one, other, degree

    def _alike(self, called: Pairs, where: Pairs, keys: set[int]) -> Iterator[tuple[int, float]]:
        """Those of ``keys`` that are like a name and an address; the dearer comparison of names comes last."""
        if len(keys) > _MANY:
            keys = keys & self._names.sharing(called)
        for key in keys:
            near = _dice(where, self._at[key])
            if near >= self._floor:
                degree = sqrt(_dice(called, self._name(key)) * near)
                if degree >= self.threshold:
                    yield key, degree

    def _name(self, key: int) -> Pairs:
        if key not in self._called:
            self._called[key] = pairs(core_name(self._businesses[key][0], self._places))
        return self._called[key]

    @cached_property
    def _names(self) -> _Index:
        return _Index({key: self._name(key) for key in self._businesses}, self._floor)


class _Index:
    """Sets by their rarer members (prefix filtering): what is alike to ``floor`` stands in a common list."""

    def __init__(self, sets: Mapping[int, Pairs], floor: float) -> None:
        self._share = floor / (2 - floor)
        self._times = Counter(chain.from_iterable(sets.values()))
        self._lists: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for key, each in sets.items():
            for member in self._rarer(each):
                self._lists[member].append(key)

    def _rarer(self, members: Pairs) -> list[tuple[str, ...]]:
        """So many of the rarest members that any set alike to the floor has one of them."""
        in_common = max(ceil(self._share * len(members) - 1e-9), 1)
        order = sorted(members)
        order.sort(key=self._times.__getitem__)
        return order[: len(members) - in_common + 1]

    def sharing(self, asked: Pairs) -> set[int]:
        """The keys of everything that may be like ``asked``."""
        lists = self._lists
        return set(chain.from_iterable([lists[member] for member in self._rarer(asked) if member in lists]))
