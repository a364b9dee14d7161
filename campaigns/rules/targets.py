"""Numeric targets of a task as people write them, one a line: 水产“三品”面积占比≥90%."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

SIGNS: Final = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "=": "="}
_SPELLINGS: Final = {
    "≥": ">=", "≧": ">=", ">=": ">=", "＞=": ">=", "不低于": ">=", "不少于": ">=", "达到": ">=",
    "≤": "<=", "≦": "<=", "<=": "<=", "＜=": "<=", "不高于": "<=", "不超过": "<=",
    ">": ">", "＞": ">", "大于": ">", "高于": ">", "<": "<", "＜": "<", "小于": "<", "低于": "<",
    "=": "=", "＝": "=", "等于": "=",
}  # fmt: skip
_WRITTEN: Final = re.compile(
    rf"(?P<name>.+?)\s*(?P<sign>{'|'.join(sorted(map(re.escape, _SPELLINGS), key=len, reverse=True))})"
    r"\s*(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(?P<unit>\S*)"
).fullmatch


class TargetUnclear(ValueError):
    """A line that is no target; the message is a Chinese sentence saying how to write one."""


def read_targets(text: str) -> list[dict[str, Any]]:
    """The targets of a cell: name, comparator, number and unit. Raises ``TargetUnclear`` for a line without a number."""
    found: list[dict[str, Any]] = []
    for line in re.split(r"[\r\n;；]+", text):
        said = line.strip()
        if not said:
            continue
        match = _WRITTEN(said)
        if match is None:
            raise TargetUnclear(f"“{said[:40]}”看不懂；请一行写一个目标，如“群众满意度≥70%”")
        number = float(match["number"])
        found.append(
            {
                "name": match["name"],
                "comparator": _SPELLINGS[match["sign"]],
                "target": int(number) if number.is_integer() else number,
                "unit": match["unit"],
            }
        )
    return found


def written(targets: Iterable[Mapping[str, Any]]) -> str:
    """Targets as the lines that ``read_targets`` reads."""
    return "\n".join(
        f"{one.get('name', '')}{SIGNS.get(str(one.get('comparator', '')), '≥')}{one.get('target', '')}{one.get('unit', '')}"
        for one in targets
    )


def kept(wanted: Iterable[Mapping[str, Any]], stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The wanted targets, each with what the stored one of the same name knows beside them (its code, its period)."""
    by_name = {one.get("name"): one for one in stored}
    return [{**by_name.get(one["name"], {}), **one} for one in wanted]
