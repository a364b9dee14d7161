"""``manage.py score``: score readings against a rulebook, both JSON files, without a database."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import CommandParser

from campaigns.rules.scoring import ScoringRefused, parse_rulebook, score
from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from foodsafe_portal.lib.typography import set_chinese

RESULTS = {"pass": "达标", "fail": "不达标", "open": "未定"}
STATES = {"scored": "已评", "unassessed": "未评", "not_applicable": "不适用"}


class Command(DocumentCommand):
    """Score two files; exit 0 with the score, 2 with the reason and the clause at fault."""

    help = "Score readings against a rulebook (contract: score)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The two documents of the scoring contract."""
        super().add_arguments(parser)
        parser.add_argument("rulebook", type=Path, metavar="RULEBOOK.json")
        parser.add_argument("readings", type=Path, metavar="READINGS.json")

    def answer(self, **options: Any) -> dict[str, Any]:
        """The score in the shape of the contract."""
        rulebook, readings = read_json(options["rulebook"]), read_json(options["readings"])
        try:
            return score(parse_rulebook(rulebook), readings).as_document()
        except ScoringRefused as refused:
            raise Refusal(str(refused), clause=refused.clause) from None

    def in_words(self, document: dict[str, Any]) -> str:
        """The score as a table to read."""
        lines = [
            f"结果：{RESULTS[document['result']]}",
            *(f"  {reason}" for reason in document["reasons"]),
            f"基础分 {_band(document, 'base')}（满分 {document['base_points']}），"
            f"加分 {_band(document, 'bonus')}，总分 {_band(document, 'total')}",
            "",
        ]
        for clause in document["clauses"]:
            points = clause["low"] if clause["low"] == clause["high"] else f"{clause['low']}–{clause['high']}"
            lines.append(f"{clause['no']}\t{points}\t{STATES[clause['state']]}\t{set_chinese(clause['why'])}")
        return "\n".join(lines)


def _band(document: dict[str, Any], part: str) -> str:
    low, high = document[f"{part}_low"], document[f"{part}_high"]
    return low if low == high else f"{low}–{high}"


def read_json(path: Path) -> Any:
    """A JSON file with exact numbers; refused when it cannot be read, is no JSON or says one thing twice."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Refusal(f"找不到文件 {path}", clause=None) from None
    except (OSError, UnicodeDecodeError):
        raise Refusal(f"文件 {path} 读不出来：应为 UTF-8 编码的 JSON 文件", clause=None) from None
    try:
        document = json.loads(
            content,
            parse_int=_whole,
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_once,
        )
        json.dumps(document, default=str, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise Refusal(f"文件 {path} 第 {error.lineno} 行第 {error.colno} 列不是 JSON", clause=None) from None
    except UnicodeEncodeError:
        raise Refusal(f"文件 {path} 中有残缺的字符（半个代理对）", clause=None) from None
    except RecursionError:
        raise Refusal(f"文件 {path} 嵌套过深", clause=None) from None
    return document


def _whole(digits: str) -> int | Decimal:
    """A whole number; one with thousands of digits stays a Decimal, which the engine refuses with its clause."""
    return int(digits) if len(digits) <= 20 else Decimal(digits)


def _no_number(name: str) -> NoReturn:
    raise Refusal(f"{name} 不是数字", clause=None)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once each: of two readings of one clause nobody could say which counts."""
    document = dict(pairs)
    if len(document) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Refusal(f"“{twice}”写了两次", clause=None)
    return document
