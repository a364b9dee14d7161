"""The ways people write the same thing: every one of them is understood, so none of them is a fault."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from foodsafe_portal.demo.ledger_writer.draft import Typed
from foodsafe_portal.lib.ledger import Column, normalise_header

_FULL_WIDTH = {ord(char): ord(char) + 0xFEE0 for char in "0123456789"}
_DATES = ("%Y-%m-%d", "%Y.%m.%d", "%Y%m%d")
_YES, _NO = ("是", "√", "Y", "有"), ("否", "×", "N", "无")


def cell(column: Column, value: Any, random: Random) -> Any:
    """One cell as somebody would type it; what is ``Typed`` stays as it is."""
    if isinstance(value, Typed):
        return value.value
    if value is None:
        return None
    match column.type:
        case "date":
            return _day(value, random)
        case "enum":
            return _choice(column, value, random)
        case "bool":
            return random.choice(_YES if value else _NO)
        case "code":
            return _code(str(value), random)
        case "phone":
            return str(value).translate(_FULL_WIDTH) if random.random() < 0.03 else str(value)
        case "int":
            return value
        case _:
            return f" {value}　" if isinstance(value, str) and random.random() < 0.03 else value


def _day(day: date, random: Random) -> Any:
    way = random.randrange(6)
    if way == 0:
        return day
    if way == 1:
        return f"{day.year}年{day.month}月{day.day}日"
    if way == 2:
        return f"{day.year}/{day.month}/{day.day}"
    return day.strftime(_DATES[way - 3])


def _choice(column: Column, value: str, random: Random) -> str:
    others = [word for word, stored in column.synonyms.items() if stored == value]
    return random.choice(others) if others and random.random() < 0.08 else str(column.choices[value])


def _code(code: str, random: Random) -> str:
    throw = random.random()
    if throw < 0.02:
        return f"{code[:8]} {code[8:]}"
    if throw < 0.03:
        return code.lower()
    if throw < 0.04:
        return code.translate(_FULL_WIDTH)
    return code


def headers(columns: list[Column], kind_vocabulary: dict[str, str], random: Random) -> dict[str, str]:
    """A header per column: its name or one of its aliases, as long as it still means that column."""
    found: dict[str, str] = {}
    for column in columns:
        words = [column.header, *column.aliases]
        fitting = [word for word in words if kind_vocabulary.get(normalise_header(word)) == column.key]
        word = random.choice(fitting)
        if column.required and random.random() < 0.2:
            word = f"*{word}"
        found[column.key] = word
    return found
