"""What was stored in Chinese is said in the reader's language, whole or not at all."""

from __future__ import annotations

import ast
import inspect
import re
from types import ModuleType

import pytest
from django.utils import translation

import campaigns.reports.sentences  # noqa: F401  (declares what scores say)
from campaigns.rules.rulebook import parse_rulebook
from campaigns.rules.scoring import score
from foodsafe_portal.lib.intake import plaintext, precheck, reader, reading
from foodsafe_portal.lib.sentences import is_known, told
from records.ledgers.batches import approve, check, commit, context, document, habits, undo, upload

CHINESE = re.compile("[\u3400-\u9fff]")
NO_SENTENCES = {
    "台账",  # the name of a file without one
    "公式",  # how a cell with a formula is shown
    "当作“9”",  # the end of the sentence on a remembered column
    "不导入",
    "按上次的选择：“9”9",
    "；9 中只取了列名最准的一列",  # the end of a verdict
}


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("27,748 行全部合格，可以导入", "27,748"),
        ("120 行中有 3 行有错误；请改正后重新上传，或只导入其余 117 行", "117"),
        ("这是 RAR 压缩包；请解压后把其中的工作簿逐个上传", "RAR"),
        ("扣0.25分:要求2次,实际1次", "0.25"),
        ("扣3分:发现4家,每家扣1分,应扣4分,扣完为止", "4"),
        ("3 行全部合格，可以导入；名称、字号 中只取了列名最准的一列", "3"),
        ("检查已取消，没有保存任何内容；可以重新检查", "checked again"),
    ],
    ids=[
        "a verdict",
        "a verdict with counts",
        "two clauses",
        "a reason of a score",
        "a reason in a reason",
        "a verdict and a note on columns",
        "a stop",
    ],
)
def test_a_stored_sentence_is_read_in_english_with_its_numbers(stored, read):
    with translation.override("en"):
        sentence = told(stored)
    assert read in sentence
    assert not CHINESE.search(re.sub("[次家]|名称、字号", "", sentence)), sentence


def test_chinese_readers_and_unknown_sentences_get_what_was_stored():
    assert told("3 行全部合格，可以导入") == "3 行全部合格，可以导入"
    assert (told(""), told(None)) == ("", "")
    with translation.override("en"):
        assert told("南湖区的一句话；请在 Excel 或 WPS 中打开，另存为 .xlsx 再上传").startswith(
            "南湖区的一句话；请在"
        )


def test_names_from_a_file_are_quoted_as_they_are():
    """A header may be a word that the interface translates elsewhere; the reader looks for it in the file."""
    with translation.override("en"):
        assert "“名称”" in told("按上次的选择：“名称”不导入")


@pytest.mark.parametrize(
    "module",
    [precheck, reader, reading, plaintext, approve, check, commit, context, document, habits, undo, upload],
    ids=lambda module: module.__name__,
)
def test_everything_these_modules_say_has_a_pattern(module):
    """Else an English reader would meet it in Chinese."""
    said = set(said_in(module)) - NO_SENTENCES
    assert [sentence for sentence in said if not is_known(sentence.strip("；"))] == []


@pytest.mark.parametrize("good", [True, False], ids=["all is well", "nothing is"])
def test_everything_the_scoring_engine_says_has_a_pattern(good):
    rulebook = parse_rulebook({"title": "细则", "clauses": CLAUSES, "pass": PASS})
    result = score(rulebook, {no: readings[not good] for no, readings in READINGS.items()}).as_document()
    said = [*result["reasons"], *(clause["why"] for clause in result["clauses"])]
    assert len(said) > len(CLAUSES)
    assert [sentence for sentence in said if not is_known(sentence)] == []


def _clause(no: str, method: str, kind: str = "basic", **params: object) -> dict[str, object]:
    points = {} if kind == "veto" else {"points": "4"}
    return {
        "no": no,
        "title": f"第{no}条",
        "kind": kind,
        "method": method,
        "params": params,
        "unit": "家",
        **points,
    }


CLAUSES = [
    _clause("1", "all_or_nothing", "key"),
    _clause("2", "per_occurrence", each="2", cap="3"),
    _clause("3", "per_occurrence", each="3"),
    _clause("4", "per_shortfall", required="2", each="0.25"),
    _clause("5", "threshold", op=">=", target="80"),
    _clause("6", "tiered", bands=[{"min": "60", "points": "2"}, {"min": "80", "points": "4"}]),
    _clause("7", "proportional", target="100"),
    _clause("8", "sites", combine="mean"),
    _clause("9", "sites", combine="worst"),
    _clause("10", "sites", combine="sum_deductions", each="1"),
    _clause("11", "bonus", "bonus", each="1", cap="2"),
    _clause("12", "veto", "veto"),
    _clause("13", "veto", "veto", op="<=", target="3"),
]
PASS = {"no_veto": True, "min_total": "30", "min_base": "20", "key_min_rate": "0.60"}
READINGS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "1": ({"met": True}, {"met": False}),
    "2": ({"occurrences": 0}, {"occurrences": 9}),
    "3": ({"occurrences": 0}, {"occurrences": 9}),
    "4": ({"value": "2"}, {"value": "0"}),
    "5": ({"value": "80"}, {"value": "79.9"}),
    "6": ({"value": "90"}, {"value": "10"}),
    "7": ({"value": "100"}, {"value": "20"}),
    "8": ({"sites": ["4", "4"]}, {"sites": ["1", "0"]}),
    "9": ({"sites": ["4"]}, {"sites": ["1", "0"]}),
    "10": ({"sites": [0, 0]}, {"sites": [2, 3]}),
    "11": ({"occurrences": 2}, {"occurrences": 0}),
    "12": ({"happened": False}, {"happened": True}),
    "13": ({"value": "1"}, {"happened": False, "value": "4"}),
}


@pytest.mark.parametrize("assessed", [("1",), ("12",), ()], ids=["the key clause", "one veto", "nothing"])
def test_what_is_still_open_is_said_too(assessed):
    rulebook = parse_rulebook({"title": "细则", "clauses": CLAUSES, "pass": PASS})
    reasons = score(rulebook, {no: READINGS[no][0] for no in assessed}).as_document()["reasons"]
    assert reasons
    assert [sentence for sentence in reasons if not is_known(sentence)] == []


def said_in(module: ModuleType) -> list[str]:
    """The Chinese sentences in a module's code, with 9 for whatever is filled in."""
    tree = ast.parse(inspect.getsource(module))
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in documents | parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            sentence = node.value
        elif isinstance(node, ast.JoinedStr):
            sentence = "".join(_filled(part, module) for part in node.values)
        else:
            continue
        if CHINESE.search(sentence):
            found.append(sentence)
    return found


def _filled(part: ast.expr, module: ModuleType) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    name = part.value.id if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name) else ""
    constant = getattr(module, name, None)
    return constant if isinstance(constant, str) else "9"
