"""Turning what a person types for a clause into the reading its scoring method asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
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
    if not method:  # only a veto may leave its method unsaid
        method = "veto"
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
                raise EntryRefused(f"“{typed}”看不懂，请写“是”或“否”。")
            return {question: word in YES}
        case "deducted":
            if not reason.strip():
                raise EntryRefused("扣分要写理由。")
            return {"deducted": text, "reason": reason.strip()}
        case "occurrences":
            if not re.fullmatch(r"[0-9]{1,6}", text):
                raise EntryRefused(f"“{typed}”不是次数，请写整数，如 3。")
            return {"occurrences": int(text)}
        case "sites":
            parts = [part for part in re.split(r"[,，、;；\s]+", text) if part]
            if not parts:
                raise EntryRefused("请写每个点位的得分，用逗号隔开，如 4.5,5,4。")
            if params.get("combine") == "sum_deductions":
                if not all(re.fullmatch(r"[0-9]{1,6}", part) for part in parts):
                    raise EntryRefused("请写每个点位的问题数，用逗号隔开，如 2,0,1。")
                return {"sites": [int(part) for part in parts]}
            return {"sites": parts}
        case _:
            return {"value": text.rstrip("%％分")}


# --- the cells of a ledger ----------------------------------------------------------------------------

# One column per question; a row answers the question of its clause's method and leaves the others empty.
ANSWERS = {
    "met": "达到",
    "happened": "发生",
    "occurrences": "次数",
    "value": "数值",
    "deducted": "扣分",
    "sites": "点位结果",
}


class CellRefused(EntryRefused):
    """A cell that does not answer its clause; ``key`` names the column, ``code`` is short and stable."""

    def __init__(self, key: str, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key, self.code = key, code


def reading_of_cells(method: str, params: Mapping[str, Any], cells: Mapping[str, Any]) -> dict[str, Any]:
    """The reading that a row's cells give: typed values by the keys of ``ANSWERS``, ``not_applicable`` and ``reason``.

    Raises ``CellRefused``.
    """
    given = [key for key in ANSWERS if cells.get(key) is not None]
    reason = (cells.get("reason") or "").strip()
    if cells.get("not_applicable"):
        if given:
            said = f"“不适用”的条款不再填“{ANSWERS[given[0]]}”；请只留一项"
            raise CellRefused(given[0], "answer_wrong", said)
        return {"not_applicable": True} | ({"reason": reason} if reason else {})
    question = asked(method, params)
    if reason and question != "deducted":
        raise CellRefused("reason", "answer_wrong", "这一条不由人判断扣分；说明请写在“依据”一栏")
    allowed = {"happened", "value"} if method in ("", "veto") and "target" in params else {question}
    wrong = [key for key in given if key not in allowed]
    if wrong:
        said = f"这一条要填“{ANSWERS[question]}”，不填“{ANSWERS[wrong[0]]}”；请把结果移到正确的一栏"
        raise CellRefused(wrong[0], "answer_wrong", said)
    if not given:
        raise CellRefused(
            question, "answer_missing", f"这一条要填“{ANSWERS[question]}”；请填写，或填“不适用”"
        )
    reading: dict[str, Any] = {}
    for key in given:
        reading[key] = _answer(key, cells[key], params)
    if question == "deducted":
        if not reason:
            raise CellRefused("reason", "required", "扣分要写理由；请填写“扣分理由”")
        reading["reason"] = reason
    return reading


def _answer(key: str, value: Any, params: Mapping[str, Any]) -> Any:
    if key in ("value", "deducted", "occurrences"):
        if value < 0:
            raise CellRefused(key, "out_of_range", "不能是负数；请核对")
        return value if key == "occurrences" else format(value.normalize(), "f")
    if key != "sites":
        return value
    try:
        return reading_from("sites", params, value)["sites"]
    except EntryRefused as refusal:
        raise CellRefused(key, "reading_refused", str(refusal)) from None


def cells_of_reading(reading: Mapping[str, Any]) -> dict[str, Any]:
    """A reading as the cells that ``reading_of_cells`` reads; numbers as ``Decimal``, so that equal ones compare equal."""
    cells: dict[str, Any] = {}
    for key, value in reading.items():
        if key in ("value", "deducted"):
            cells[key] = Decimal(str(value))
        elif key == "sites":
            cells[key] = "、".join(format(Decimal(str(site)).normalize(), "f") for site in value)
        elif key != "note":
            cells[key] = value
    return cells
