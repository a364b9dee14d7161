"""Turning what a person types for a clause into the reading its scoring method asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# What a person is asked, by method; a veto with a target asks for its value.
ASKS = {
    "all_or_nothing": "met",
    "judgement": "deducted",
    "per_occurrence": "occurrences",
    "bonus": "occurrences",
    "per_shortfall": "value",
    "threshold": "value",
    "tiered": "value",
    "proportional": "value",
    "sites": "sites",
    "veto": "happened",
}
YES = {"是", "达到", "有", "yes", "1", "true"}
NO = {"否", "未达到", "无", "没有", "no", "0", "false"}


class EntryRefused(ValueError):
    """What was typed is no reading; the sentence says what to write."""


def asked(method: str, params: Mapping[str, Any]) -> str:
    """Which of met, deducted, occurrences, value, sites, happened a clause asks for."""
    return "value" if method == "veto" and "target" in params else ASKS[method]


def reading_from(method: str, params: Mapping[str, Any], typed: str, reason: str = "") -> dict[str, Any]:
    """The reading for what was typed; ``不适用`` takes any clause out. Raises ``EntryRefused``."""
    text = typed.strip()
    if text in {"不适用", "n/a", "N/A"}:
        return {"not_applicable": True}
    question = asked(method, params)
    match question:
        case "met" | "happened":
            word = text.lower()
            if word not in YES | NO:
                raise EntryRefused(f"“{typed}”看不懂,请写“是”或“否”。")
            return {question: word in YES}
        case "deducted":
            if not reason.strip():
                raise EntryRefused("扣分要写理由。")
            return {"deducted": text, "reason": reason.strip()}
        case "occurrences":
            if not re.fullmatch(r"[0-9]{1,6}", text):
                raise EntryRefused(f"“{typed}”不是次数,请写整数,如 3。")
            return {"occurrences": int(text)}
        case "sites":
            parts = [part for part in re.split(r"[,，、;；\s]+", text) if part]
            if not parts:
                raise EntryRefused("请写每个点位的得分,用逗号隔开,如 4.5,5,4。")
            if params.get("combine") == "sum_deductions":
                if not all(re.fullmatch(r"[0-9]{1,6}", part) for part in parts):
                    raise EntryRefused("请写每个点位的问题数,用逗号隔开,如 2,0,1。")
                return {"sites": [int(part) for part in parts]}
            return {"sites": parts}
        case _:
            return {"value": text.rstrip("%％分")}
