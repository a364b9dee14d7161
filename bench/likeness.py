"""The search for businesses that look like one, in a township as crowded as a city's wholesale market."""

from __future__ import annotations

import argparse
import random
from collections.abc import Mapping

from bench.measuring import Row, hand_over, seconds, tell
from entities.rules.likeness import Neighbours, most_alike

_FAMILIES, _GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗", "福来顺兴旺盛和泰昌隆源达丰裕鑫宏"
_TRADES = ("水果店", "副食店", "面馆", "小吃店", "粮油店", "水产", "熟食店", "超市", "茶叶店", "调料行")
_PLACES, _MARKET = ("示例市", "南湖区", "人民街道"), "人民街道农贸批发市场"
_THRESHOLD, _MOST = 0.75, 10


def crowded(count: int, seed: int = 1) -> Mapping[int, tuple[str, str]]:
    """So many shops of one township, half of them stalls of one market, with names made of few parts; some stand there twice."""
    dice = random.Random(seed)
    shops: dict[int, tuple[str, str]] = {}
    for key in range(count):
        name = dice.choice(_FAMILIES) + "".join(dice.choices(_GIVEN, k=2)) + dice.choice(_TRADES)
        at = f"{_MARKET}{dice.randint(1, 400)}号" if key % 2 else f"人民路{dice.randint(1, 2_000)}号"
        shops[key] = shops[key - 50] if key > 50 and key % 100 == 0 else (name, at)
    return shops


def compare(shops: Mapping[int, tuple[str, str]]) -> int:
    """How many pairs of these shops a person is shown."""
    neighbours = Neighbours(shops, _PLACES, _THRESHOLD)
    return len(most_alike(neighbours.among_themselves(), _MOST))


def main() -> None:
    """Measure and print the figure; no database is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=15_000)
    options = parser.parse_args()
    tell(f"comparing {options.shops:,} shops of one township")
    shops = crowded(options.shops)
    label = f"which of {options.shops:,} businesses of one township are alike"
    hand_over([Row(label, seconds(lambda: compare(shops), runs=1))])


if __name__ == "__main__":
    main()
