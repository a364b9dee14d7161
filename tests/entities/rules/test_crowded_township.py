"""A township as crowded as a market: the search stays near-linear, bounded for each business, and finds what stands there twice."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from entities.rules.likeness import Neighbours, most_alike

PLACES = ("示例市", "南湖区", "人民街道")
MOST = 10


def stalls(count: int) -> dict[int, tuple[str, str]]:
    """Stalls of one market with names made of few parts; every hundredth is the one before it, written once more."""
    trades, families = ("服装店", "水果店", "副食店"), "王李张刘陈杨"
    shops: dict[int, tuple[str, str]] = {}
    for key in range(count):
        name = f"{families[key % 6]}{'福来顺兴旺盛和泰'[key // 6 % 8]}{'隆源达丰'[key // 48 % 4]}{trades[key // 192 % 3]}{key // 576}"
        shops[key] = shops[key - 1] if key % 100 == 99 else (name, "人民街道批发市场1号")
    return shops


def compare(shops: dict[int, tuple[str, str]]) -> tuple[list[tuple[int, int, float]], list[int]]:
    told: list[int] = []
    neighbours = Neighbours(shops, PLACES, 0.75)
    return most_alike(neighbours.among_themselves(told.append), MOST), told


def test_what_stands_twice_in_a_crowd_is_found() -> None:
    found, _told = compare(stalls(3_000))
    alike = {(one, other) for one, other, degree in found if degree == 1}
    assert {(key - 1, key) for key in range(99, 3_000, 100)} <= alike


def test_no_business_stands_in_more_pairs_than_a_person_can_look_at() -> None:
    found, _told = compare(stalls(3_000))
    times = Counter(key for one, other, _degree in found for key in (one, other))
    assert max(times.values()) <= MOST


def test_the_heart_beats_inside_a_township() -> None:
    _found, told = compare(stalls(3_000))
    assert len(told) >= 5
    assert max(told) <= 3_000


def test_a_newcomer_of_a_crowd_finds_itself() -> None:
    shops = stalls(3_000)
    assert (1_234, 1.0) in Neighbours(shops, PLACES, 0.75).like(*shops[1_234])


@pytest.mark.parametrize(("few", "many", "times"), [pytest.param(2_000, 8_000, 8, id="four times as many")])
def test_the_time_grows_with_the_number_and_not_with_its_square(few: int, many: int, times: int) -> None:
    spent = []
    for count in (few, many):
        begun = time.process_time()
        compare(stalls(count))
        spent.append(time.process_time() - begun)
    assert spent[1] < times * spent[0]
