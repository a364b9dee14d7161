"""Pinyin initials of Chinese names, for finding 南湖区实验小学食堂 by typing nhqsyxxst."""

from __future__ import annotations

import unicodedata
from typing import Final

from pypinyin.constants import PINYIN_DICT

# Characters with several readings: what they mostly stand for in names, and the words in which they do not. Looking
# words up in a full dictionary costs a hundred times more a name than this table, and an import has 200,000 names.
_READINGS: Final = {
    "长": "c",
    "行": "h",
    "厦": "s",
    "重": "z",
    "朝": "c",
    "乐": "l",
    "单": "d",
    "曾": "z",
    "仇": "q",
}
_WORDS: Final = {
    "重庆": "cq",
    "厦门": "xm",
    "番禺": "py",
    "行政": "xz",
    "行动": "xd",
    "自行": "zx",
    "校长": "xz",
    "家长": "jz",
}


class _Letters(dict[int, str]):
    """A translation table that learns each character the first time it is met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char.isascii():
            letter = char.lower() if char.isalnum() else ""
        else:
            reading = PINYIN_DICT.get(code, "")
            letter = _READINGS.get(char) or unicodedata.normalize("NFD", reading[:1])[:1]
        self[code] = letter
        return letter


_LETTERS: Final = _Letters()


def initials(text: str) -> str:
    """The first letter of each character's reading; letters and digits stay, signs and blanks fall out, all lower case."""
    text = unicodedata.normalize("NFKC", text)
    for word, letters in _WORDS.items():
        if word in text:
            text = text.replace(word, letters)
    return text.translate(_LETTERS)
