"""Set engine sentences the way the interface prints Chinese: full-width signs, a space beside digits."""

from __future__ import annotations

import re
from typing import Final

_HAN: Final = "[\u3400-\u9fff]"
_SIGNS: Final = str.maketrans(",:;", "，：；")
_SIGN_AFTER_WORD: Final = re.compile(f"(?<={_HAN})[,:;]|[,:;](?={_HAN})").sub
_WORD_DIGIT: Final = re.compile(f"(?<={_HAN})(?=[0-9A-Za-z≥≤<>=])|(?<=[0-9A-Za-z%])(?={_HAN})").sub


def set_chinese(sentence: str) -> str:
    """``扣0.25分:要求2次,实际1次`` -> ``扣 0.25 分：要求 2 次，实际 1 次``; a sentence already set stays as it is."""
    full_width = _SIGN_AFTER_WORD(lambda sign: sign.group().translate(_SIGNS), sentence)
    return _WORD_DIGIT(" ", full_width)
