"""Rules of official papers: what a line of their text is, and how long they may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 5_000
"""Characters a comprehensive bulletin may have (domain.md §5, F)."""

_FIRST = re.compile(r"^[一二三四五六七八九十]+、")
_SECOND = re.compile(r"^（[一二三四五六七八九十]+）")
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph: ``level`` 1 for 一、 (黑体), 2 for （一） (楷体), 0 for the text (仿宋)."""

    text: str
    level: int = 0


def lines_of(text: str) -> list[Line]:
    """The paragraphs of a paper's text, one a line; empty lines are left out."""
    found = []
    for raw in text.splitlines():
        if words := raw.strip():
            level = 1 if _FIRST.match(words) else 2 if _SECOND.match(words) else 0
            found.append(Line(words, level))
    return found


def length_of(text: str) -> int:
    """How many characters a text has, blanks left out."""
    return len(_BLANK.sub("", text))
