"""Check and build the numbers officials identify things by: credit codes, licence numbers, region codes.

Real registers are dirty, so nothing here raises on a wrong number: a problem is a sentence for a warning,
``None`` is fine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LICENCE_PREFIXES: Final = ("JY", "SC")

_LOOKS_LIKE_USCC: Final = re.compile(f"[{USCC_ALPHABET}]{{18}}").fullmatch
_LOOKS_LIKE_LICENCE: Final = re.compile(f"(?:{'|'.join(LICENCE_PREFIXES)})[0-9]{{14}}").fullmatch

# One dictionary for each of the 17 places: character -> its value times the weight 3^place mod 31. A
# register of a million rows is checked at every import; looking products up costs about a third of
# multiplying them.
_USCC_PRODUCTS: Final[tuple[Callable[[str], int], ...]] = tuple(
    {char: value * pow(3, place, 31) for value, char in enumerate(USCC_ALPHABET)}.__getitem__
    for place in range(17)
)
# ISO 7064 MOD 11,10 as a table: (product so far, next digit) -> product.
_LICENCE_STEP: Final = {
    (product, digit): ((product + int(digit)) % 10 or 10) * 2 % 11
    for product in range(1, 11)
    for digit in "0123456789"
}


def _uscc_check(body: str) -> str:
    """The check character over the first 17 places of a credit code of allowed characters."""
    total = 0
    for product, char in zip(_USCC_PRODUCTS, body, strict=False):  # an 18th character is left over on purpose
        total += product(char)
    return USCC_ALPHABET[-total % 31]


def uscc_problem(code: str) -> str | None:
    """What is wrong with a unified social credit code, or ``None``.

    ``code`` is already upper case and without spaces.

    Source: GB 32100-2015 (18 characters without I O S V Z, check character modulo 31). The first place may
    be a letter: rural collectives carry N2.
    """
    if _LOOKS_LIKE_USCC(code):
        expected = _uscc_check(code)
        if code[17] == expected:
            return None
        return f"统一社会信用代码校验位不符：末位应为 {expected}，填的是 {code[17]}"
    if len(code) == 15 and code.isascii() and code.isdigit():
        return "填的是 15 位旧注册号，请换成 18 位统一社会信用代码"
    if "*" in code or "＊" in code:
        return "统一社会信用代码含有掩码 *，请填完整代码"
    if len(code) != 18:
        return f"统一社会信用代码应为 18 位，填的是 {len(code)} 位"
    place, strange = next((at, char) for at, char in enumerate(code, 1) if char not in USCC_ALPHABET)
    return f"统一社会信用代码第 {place} 位不能是 {strange}：只用数字和除 I、O、S、V、Z 外的大写字母"


def _licence_check(thirteen: str) -> str:
    """The ISO 7064 MOD 11,10 check digit over 13 digits."""
    product = 10
    for digit in thirteen:
        product = _LICENCE_STEP[product, digit]
    return str((11 - product) % 10)


def licence_problem(number: str) -> str | None:
    """What is wrong with a food licence number (JY or SC and 14 digits), or ``None``.

    Source: 食品经营许可证、食品生产许可证 numbering; last digit ISO 7064 MOD 11,10 over the 13 before it.
    """
    if _LOOKS_LIKE_LICENCE(number):
        expected = _licence_check(number[2:15])
        if number[15] == expected:
            return None
        return f"许可证编号校验位不符：末位应为 {expected}，填的是 {number[15]}"
    if number[:2] not in LICENCE_PREFIXES:
        return f"许可证编号应以 JY 或 SC 开头，填的是 {number[:2] or '空'}"
    digits = number[2:]
    if len(digits) != 14:
        return f"许可证编号应为 {number[:2]} 加 14 位数字，填的是 {len(digits)} 位"
    return f"许可证编号 {number[:2]} 之后只能是数字"


def make_uscc(body: str) -> str:
    """A valid credit code from its first 17 characters; ValueError when they cannot begin one."""
    if len(body) != 17 or not _LOOKS_LIKE_USCC(body + "0"):
        raise ValueError(f"统一社会信用代码的前 17 位不合规：{body}")
    return body + _uscc_check(body)


def make_licence(prefix: str, thirteen: str) -> str:
    """A valid licence number from ``JY`` or ``SC`` and 13 digits; ValueError when they cannot begin one."""
    if not _LOOKS_LIKE_LICENCE(f"{prefix}{thirteen}0"):
        raise ValueError(f"许可证编号的前 15 位不合规：{prefix}{thirteen}")
    return f"{prefix}{thirteen}{_licence_check(thirteen)}"


def territory_upper(code: str) -> str:
    """The first code after a region and everything below it: ``'990109'`` -> ``'99010A'``.

    ``code <= x < territory_upper(code)`` is exactly "x starts with ``code``" for region codes, which are
    all digits. After 9 comes A and not the next ASCII sign, because linguistic collations sort signs before
    digits but letters always after.
    """
    if not (code.isascii() and code.isdigit()):
        raise ValueError(f"区划代码只能是数字：{code}")
    return code[:-1] + "123456789A"[int(code[-1])]
