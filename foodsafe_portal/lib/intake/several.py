"""Tells when one cell names several people or bodies, and which: by comma, stroke, line break, 和, 与 or a blank."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HAN: Final = r"[\u3400-\u9fff\U00020000-\U0003ffff]"
_SIGNS: Final = re.compile(r"[、，,;；/|\r\n]+(?![^(]*\))")
_AND: Final = re.compile(rf"(?<={_HAN}{{2}})(?:和|与|及|以及)(?={_HAN}{{2}})")
_BLANK: Final = re.compile(r"\s+")
_ONLY_HAN: Final = re.compile(rf"{_HAN}+")
_TWO_CHARACTER_SURNAMES: Final = frozenset(
    (
        "欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊", "赫连", "澹台",
        "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文", "司徒", "鲜于", "司空", "令狐",
    )
)  # fmt: skip
_LONGEST_NAME: Final = 3


def _split(text: str, *, joined_by_and: bool) -> list[str]:
    parts = [part.strip() for part in _SIGNS.split(unicodedata.normalize("NFKC", text))]
    if joined_by_and:
        parts = [each for part in parts for each in _AND.split(part)]
    return [part for part in parts if part]


def people(text: str) -> list[str]:
    """The persons a cell names; one when it is one name, however it is laid out (张 三, 欧阳 娜娜).

    A blank parts two names of two or three characters each and nothing else: 买买提 艾力江 is one person.
    """
    found: list[str] = []
    for part in _split(text, joined_by_and=True):
        words = _BLANK.split(part)
        names = all(2 <= len(word) <= _LONGEST_NAME and _ONLY_HAN.fullmatch(word) for word in words)
        if len(words) > 1 and names and words[0] not in _TWO_CHARACTER_SURNAMES:
            found += words
        else:
            found.append(part)
    return found


def one_name(text: str) -> str:
    """A person's name without the blanks that only lay it out (张　三, 刘 测洋); any other text as it is."""
    words = _BLANK.split(text)
    whole = "".join(words)
    if len(words) < 2 or not _ONLY_HAN.fullmatch(whole):
        return text
    laid_out = len(whole) <= _LONGEST_NAME or all(len(word) == 1 for word in words)
    return whole if laid_out or (words[0] in _TWO_CHARACTER_SURNAMES and len(whole) <= 4) else text


def bodies(text: str) -> list[str]:
    """The units a cell names; commas inside brackets belong to a name, as in 各县(市、区)政府."""
    return _split(text, joined_by_and=False)
