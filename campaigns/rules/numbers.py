"""Read points and counts exactly, and print them the way results are printed: half up, to 0.01."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

T = TypeVar("T")

_WRITTEN: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,15}))?").fullmatch
_MOST_DIGITS: Final = 15
_SIGHT: Final = 30  # characters of a wrong value that a sentence repeats


class Malformed(ValueError):
    """A value of the wrong shape; ``str`` is the Chinese clause of a sentence that says which and why."""


def shown(raw: object) -> str:
    """A wrong value as a sentence repeats it, cut to a readable length."""
    text = raw if isinstance(raw, str) else repr(raw)
    return f"{text[:_SIGHT]}…" if len(text) > _SIGHT else text or "空"


def exact(raw: object) -> Fraction:
    """The exact value of a number from JSON, written as text or bare; Malformed when it is none or negative.

    Booleans are no numbers. Text is plain ASCII digits with one point; more than 15 digits on either side
    are refused.
    """
    if isinstance(raw, str):
        written = _WRITTEN(raw.strip())
        value = Fraction(written.group()) if written else None
    elif isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        value = _bare(raw)
    else:
        value = None
    if value is None:
        raise Malformed(f"应为数字，填的是 {shown(raw)}")
    if value < 0:
        raise Malformed(f"不能是负数，填的是 {shown(raw)}")
    return value


def _bare(raw: int | float | Decimal) -> Fraction | None:
    """A bare JSON number; a float means the digits it prints, not the binary fraction behind them."""
    if isinstance(raw, int):
        return Fraction(raw) if abs(raw) < 10**_MOST_DIGITS else None
    number = Decimal(repr(raw)) if isinstance(raw, float) else raw
    if not number.is_finite():
        return None
    exponent = number.as_tuple().exponent
    small_enough = (
        isinstance(exponent, int) and exponent >= -_MOST_DIGITS and number.adjusted() < _MOST_DIGITS
    )
    return Fraction(number) if small_enough else None


def count(raw: object) -> int:
    """A whole number of things that happened; Malformed otherwise."""
    value = exact(raw)
    if value.denominator != 1:
        raise Malformed(f"应为整数，填的是 {shown(raw)}")
    return value.numerator


def rounded(value: Fraction, places: int = 2) -> Decimal:
    """``value`` with that many decimals, rounded half up; for printing and storing results only."""
    scale = 10**places
    return Decimal(math.floor(value * scale + Fraction(1, 2))).scaleb(-places)


def printed(value: Fraction) -> str:
    """``3.5`` -> ``3.50``."""
    return f"{rounded(value):.2f}"


def plain(value: Fraction) -> str:
    """The shortest exact spelling, ``0.25`` or ``2``; a value that never ends is rounded to 0.01."""
    rest, places = value.denominator, 0
    for factor in (2, 5):
        power = 0
        while rest % factor == 0:
            rest, power = rest // factor, power + 1
        places = max(places, power)
    text = f"{rounded(value, places if rest == 1 else 2):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def beside(value: Fraction, bound: Fraction) -> str:
    """``value`` to 0.01, with more decimals where rounding would print it as the bound it misses."""
    if value != bound:
        for places in range(2, 9):
            if Fraction(rounded(value, places)) != bound:
                return f"{rounded(value, places):.{places}f}"
    return printed(value)


class Fields:
    """The named values of a JSON object, each taken once; what is left over at the end is refused."""

    def __init__(self, raw: object, word: str) -> None:
        """``word`` names the object in sentences: 参数 or 读数. None stands for no values."""
        if raw is None:
            raw = {}
        if not isinstance(raw, Mapping):
            raise Malformed(f"{word}应为一组键值，填的是 {shown(raw)}")
        self._left = dict(raw)
        self._word = word

    def has(self, name: str) -> bool:
        """Whether the value is there and not null."""
        return self._left.get(name) is not None

    def take(self, name: str, read: Callable[[object], T]) -> T:
        """The value of ``name`` as ``read`` understands it; Malformed when it is missing or wrong."""
        raw = self._left.pop(name, None)
        if raw is None:
            raise Malformed(f"{self._word}缺少 {name}")
        try:
            return read(raw)
        except Malformed as problem:
            raise Malformed(f"{self._word} {name} {problem}") from None

    def maybe(self, name: str, read: Callable[[object], T]) -> T | None:
        """Like ``take``, but None where the value is missing."""
        if self.has(name):
            return self.take(name, read)
        self._left.pop(name, None)
        return None

    def finish(self) -> None:
        """Refuse whatever nobody took."""
        if self._left:
            raise Malformed(f"{self._word}中有不认识的 {'、'.join(shown(name) for name in self._left)}")


def flag(raw: object) -> bool:
    """true or false and nothing that merely looks like it."""
    if not isinstance(raw, bool):
        raise Malformed(f"应为 true 或 false，填的是 {shown(raw)}")
    return raw


def text(raw: object) -> str:
    """A text that says something."""
    if not isinstance(raw, str) or not raw.strip():
        raise Malformed(f"应为文字，填的是 {shown(raw)}")
    return raw.strip()


def remark(raw: object) -> str:
    """A text that may be empty."""
    if not isinstance(raw, str):
        raise Malformed(f"应为文字，填的是 {shown(raw)}")
    return raw.strip()


def items(raw: object) -> list[object]:
    """A list with at least one entry."""
    if not isinstance(raw, list | tuple):
        raise Malformed(f"应为列表，填的是 {shown(raw)}")
    if not raw:
        raise Malformed("不能是空列表")
    return list(raw)
