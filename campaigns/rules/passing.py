"""A rulebook's pass rule in words, as a ledger carries it: 无否决项；总分≥90；关键项≥60%."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

_AT_LEAST: Final = r"\s*(?:≥|>=|≧|＞=|不低于|不少于|达到)\s*"
_POINTS: Final = r"(?P<points>[0-9]{1,6}(?:\.[0-9]{1,4})?)\s*分?"
_NO_VETO: Final = re.compile(r"(?:无|没有)否决项?(?:情形)?").fullmatch
_ANY_VETO: Final = re.compile(r"(?:不看|不计|不论)否决项?").fullmatch
_TOTAL: Final = re.compile(rf"(?:总分|总得分|合计){_AT_LEAST}{_POINTS}").fullmatch
_BASE: Final = re.compile(rf"(?:基础分|基本分|基础得分){_AT_LEAST}{_POINTS}").fullmatch
_KEY: Final = re.compile(
    rf"(?:每个|各|每项)?关键项(?:每项|均|得分率)*{_AT_LEAST}(?P<rate>[0-9]{{1,3}}(?:\.[0-9]{{1,4}})?)\s*[%％]"
).fullmatch


class PassRuleUnclear(ValueError):
    """A condition nobody understands; the message is a Chinese sentence saying how to write it."""


def read_pass(text: str) -> dict[str, Any]:
    """The pass rule of a rulebook document. Raises ``PassRuleUnclear``."""
    found: dict[str, Any] = {}
    for part in re.split(r"[；;，,、。\r\n]+", text):
        said = part.strip()
        if not said:
            continue
        if _NO_VETO(said) or _ANY_VETO(said):
            found["no_veto"] = _NO_VETO(said) is not None
        elif match := _TOTAL(said):
            found["min_total"] = _plain(Decimal(match["points"]))
        elif match := _BASE(said):
            found["min_base"] = _plain(Decimal(match["points"]))
        elif (match := _KEY(said)) and Decimal(match["rate"]) <= 100:
            found["key_min_rate"] = _plain(Decimal(match["rate"]) / 100)
        else:
            raise PassRuleUnclear(f"“{said[:30]}”看不懂；请照“无否决项；总分≥90；关键项≥60%”写")
    return found


def written(rule: Mapping[str, Any] | None) -> str:
    """A document's pass rule as the words that ``read_pass`` reads; '' where it sets no condition."""
    rule = rule or {}
    parts = []
    if rule.get("no_veto") is not None:
        parts.append("无否决项" if rule["no_veto"] else "不看否决项")
    for name, word in (("min_total", "总分"), ("min_base", "基础分")):
        if rule.get(name) is not None:
            parts.append(f"{word}≥{_plain(Decimal(str(rule[name])))}")
    if rule.get("key_min_rate") is not None:
        parts.append(f"关键项≥{_plain(Decimal(str(rule['key_min_rate'])) * 100)}%")
    return "；".join(parts)


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
