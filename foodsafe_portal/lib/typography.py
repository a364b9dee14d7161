"""Chinese as it is printed (full-width signs, a space beside digits) and as it is compared (neither counts)."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from unicodedata import normalize

_HAN: Final = "[\u3400-\u9fff]"
_SIGNS: Final = str.maketrans(",:;", "，：；")
_SIGN_AFTER_WORD: Final = re.compile(f"(?<={_HAN})[,:;]|[,:;](?={_HAN})").sub
_WORD_DIGIT: Final = re.compile(f"(?<={_HAN})(?=[0-9A-Za-z≥≤<>=])|(?<=[0-9A-Za-z%])(?={_HAN})").sub

# A rate the portal has counted carries many places; what people enter has few and stays as they wrote it.
_COUNTED: Final = re.compile(r"[0-9]+\.[0-9]{5,}").sub


def _one_place(number: re.Match[str]) -> str:
    return str(Decimal(number.group()).quantize(Decimal("0.1"), ROUND_HALF_UP))


def set_chinese(sentence: str) -> str:
    """``扣0.25分:要求2次,实际1次`` -> ``扣 0.25 分：要求 2 次，实际 1 次``; a sentence already set stays as it is.

    Counted rates are printed with one decimal, as everywhere on the pages: ``实际56.211656441717`` -> ``实际 56.2``.
    """
    full_width = _SIGN_AFTER_WORD(lambda sign: sign.group().translate(_SIGNS), sentence)
    return _WORD_DIGIT(" ", _COUNTED(_one_place, full_width))


def plain(text: str) -> str:
    """Text as compared: full-width forms narrowed, no white space anywhere."""
    narrow = text if text.isascii() else normalize("NFKC", text)
    return "".join(narrow.split())
