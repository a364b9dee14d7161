"""Deterministic chance: one stream of random numbers per topic, and fair shares of a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def dice(seed: int, topic: str) -> Random:
    """The stream of one topic; adding a topic never changes the numbers of another."""
    return Random(f"{seed}:{topic}")


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """``total`` split by weight into whole numbers that add up (largest remainders first)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(value) for value in exact]
    by_remainder = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
    for at in by_remainder[: total - sum(parts)]:
        parts[at] += 1
    return parts


class Weighted(Generic[T]):
    """A table of things with weights that is drawn from often."""

    __slots__ = ("_cumulative", "_things")

    def __init__(self, table: Mapping[T, float]) -> None:
        self._things = list(table)
        self._cumulative = list(accumulate(table.values()))

    def draw(self, random: Random) -> T:
        """One thing."""
        return random.choices(self._things, cum_weights=self._cumulative)[0]


def deal(random: Random, table: Sequence[tuple[T, int]]) -> Iterator[T]:
    """Every thing as often as the table says, shuffled."""
    cards = [thing for thing, count in table for _ in range(count)]
    random.shuffle(cards)
    return iter(cards)
