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


# What no reader sees: format characters (Unicode Cf) and fillers. Variation selectors choose the form of a character and
# joiners hold an emoji or a word of another script together, so these count in what is stored and not in what is compared.
_FORMAT: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_JOINERS: Final = "\u200c\u200d"
_SELECTORS: Final = "\u180b-\u180d\ufe00-\ufe0f\U000e0100-\U000e01ef"
INVISIBLE: Final = _FORMAT + _JOINERS
"""The characters nobody sees, as the inside of a regular expression's class."""

_JOINED: Final = "[^\x00-\u024f\u2000-\u206f\u3000-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
_UNSEEN: Final = re.compile(f"[{_FORMAT}]+|(?<!{_JOINED})[{_JOINERS}]+|[{_JOINERS}]+(?!{_JOINED})")
_NOT_COMPARED: Final = re.compile(f"[{_FORMAT}{_JOINERS}{_SELECTORS}]+").sub
# Signs that NFKC leaves apart although people type one for the other.
_ONE_SIGN: Final = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−－﹣", "-"),
        **dict.fromkeys("・•‧∙⋅●", "·"),
        **dict.fromkeys("“”„〝〞«»「」『』", '"'),
        **dict.fromkeys("‘’‚‛`´′", "'"),
        **dict.fromkeys("〔【〖［", "("),
        **dict.fromkeys("〕】〗］", ")"),
        "。": ".",
        "、": ",",
    }
)
_ODD: Final = re.compile(f"[{_FORMAT}{_JOINERS}{_SELECTORS}{re.escape(''.join(map(chr, _ONE_SIGN)))}]").search


def without_invisible(text: str) -> str:
    """A text without the characters nobody sees; those inside an emoji or a word of a joining script stay."""
    return text if text.isascii() or text.isprintable() else _UNSEEN.sub("", text)


def narrow(text: str) -> str:
    """A code as it is kept: full-width forms narrowed, nothing blank or invisible."""
    return "".join(_NOT_COMPARED("", normalize("NFKC", text)).split())


def plain(text: str) -> str:
    """Text as compared, everywhere: full-width forms narrowed, kinds of one sign unified, nothing blank or invisible.

    Names, codes, persons, places and free texts are looked up, told apart and kept as keys in this form.
    """
    if text.isascii():
        return "".join(text.split())
    said = normalize("NFKC", text)
    if _ODD(said):
        said = _NOT_COMPARED("", said).translate(_ONE_SIGN)
    return "".join(said.split())
