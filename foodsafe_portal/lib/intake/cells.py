"""Normalises single cells to typed values: each outcome is a value, perhaps visibly changed, or a problem in words."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from foodsafe_portal.lib.intake.model import Cell, ErrorCell, Percentage
from foodsafe_portal.lib.intake.several import one_name
from foodsafe_portal.lib.intake.vocabulary import says_no_number, says_nothing, says_undecided, says_unknown
from foodsafe_portal.lib.typography import INVISIBLE, without_invisible
from foodsafe_portal.lib.typography import plain as as_compared

DIGITS_IN_A_NUMBER = 10**15
"""Excel keeps fifteen digits of a number; a code at or above this has lost its last ones."""


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Why a cell has no value: a short stable code and a Chinese sentence that says what to do."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that is not what was typed; ``note`` says in Chinese how it was changed."""

    value: Any
    note: str


Outcome = Any
"""A plain value (None for a blank cell), a ``Changed`` value or a ``CellProblem``."""
Parser = Callable[[Cell], Outcome]

_OUTER = " \t\r\n\u3000\xa0\u2002\u2003\u2009\u200b\ufeff"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff\u202d\u202e]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INNER_BREAK = re.compile(r"\s*[\r\n\t\x85\u2028\u2029]+\s*")
_ERROR_TEXT = re.compile(r"^#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!)$", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"^[+-]?\d(?:\.\d+)?[eE]\+?\d{1,3}$")
_CONTROL = CellProblem("control_characters", "含有看不见的控制字符；请删掉后重新输入这一格")


def error_cell(cell: ErrorCell) -> CellProblem:
    """The problem of a cell that holds an Excel error or a formula without a saved result."""
    if cell.formula:
        return CellProblem(
            "formula_without_value",
            "这一格是公式，但没有保存结果；请改成数值，或在 Excel 中打开原文件并保存后再上传",
        )
    return CellProblem("error_cell", f"这一格是 Excel 错误值 {cell.text}；请改成实际内容")


def is_error_text(text: str) -> bool:
    """Whether a text is an Excel error that was pasted or saved as text (``#N/A`` in a csv file)."""
    return _ERROR_TEXT.match(text) is not None


def _words(cell: Cell) -> str | CellProblem:
    """A cell as the text a person sees in Excel, without outer spaces; an empty string when blank."""
    if cell.__class__ is str:
        text = cell.strip(_OUTER)
        if text[:1] == "#" and is_error_text(text):
            return error_cell(ErrorCell(text.upper()))
        return _CONTROL if _FORBIDDEN.search(text) else without_invisible(text).strip(_OUTER)
    if cell is None:
        return ""
    if isinstance(cell, ErrorCell):
        return error_cell(cell)
    if isinstance(cell, Percentage):
        return str(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (int, float)):
        return _number_text(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, (dt.date, dt.time)) else str(cell)


def storable(text: str) -> str:
    """A text as any database keeps it: NUL and lone halves of a character, which PostgreSQL refuses, as replacement characters."""
    return _UNSTORABLE.sub("\ufffd", text)


def shown(cell: Cell) -> str:
    """What stands in a cell, for an issue's ``value``; never longer than 200 characters."""
    if isinstance(cell, str):
        return storable(cell[:200])
    words = "" if cell is None else cell.text if isinstance(cell, ErrorCell) else _words(cell)
    return words if isinstance(words, str) else ""


def _number_text(number: float) -> str:
    if isinstance(number, int) or number.is_integer():
        return str(int(number)) if abs(number) < 1e21 else f"{number:.5E}"
    return f"{number:.15g}"


def _nothing(typed: str) -> Changed:
    """A placeholder: an empty cell, visibly."""
    return Changed(None, f"“{typed}”按空白处理")


def text(
    cell: Cell,
    *,
    multiline: bool = False,
    max_length: int | None = None,
    worded: bool = False,
    any_word: bool = False,
) -> Outcome:
    """Names and free text: outer blanks and what nobody sees go, the rest survives byte for byte; a placeholder is blank.

    Line breaks inside a single-line text become nothing between Chinese characters and a space elsewhere, visibly.
    ``worded``: a number, a day or TRUE is no content of such a cell. ``any_word``: NA and NULL are.
    """
    words = _words(cell)
    if words.__class__ is not str:
        return words
    value: str = words
    if not value:
        return None
    if len(value) <= 12 and says_nothing(value, letters=not any_word):
        return _nothing(value)
    if isinstance(cell, bool) or (worded and cell.__class__ is not str):
        return _wrong_type(cell, value)
    outcome: Outcome = value
    if cell.__class__ is str and not cell.isprintable() and value != cell.strip(_OUTER):
        outcome = Changed(value, _UNSEEN)
    if not multiline and not value.isprintable() and _INNER_BREAK.search(value):
        value = _INNER_BREAK.sub(lambda match: _joint(match.string, match.start(), match.end()), value)
        outcome = Changed(value, "去掉了格内的换行")
    if max_length is not None and len(value) > max_length:
        return CellProblem("too_long", f"内容有 {len(value)} 个字，最多 {max_length} 个字；请精简")
    return outcome


_UNSEEN = "去掉了看不见的字符"


def _wrong_type(cell: Cell, seen: str) -> CellProblem:
    """What to say of a cell whose type its column cannot have; it names what the person sees."""
    if isinstance(cell, bool):
        kind = "逻辑值"
    elif isinstance(cell, dt.time):
        kind = "时刻"
    elif isinstance(cell, dt.date):
        kind = "日期"
    else:
        kind = "百分比" if isinstance(cell, Percentage) else "数字"
    return CellProblem(
        "wrong_type",
        f"Excel 里这一格是{kind} {seen}，不是文字；请填写实际内容，确是这样写的请把这一格设为文本格式后重新填写",
    )


def person(cell: Cell, *, max_length: int | None = None) -> Outcome:
    """A person's name: blanks that only lay it out go, and lines of a cell are kept apart by commas."""
    outcome = text(cell, multiline=True, max_length=max_length, worded=True)
    value = outcome.value if isinstance(outcome, Changed) else outcome
    if not isinstance(value, str) or value.isascii():
        return outcome
    name = one_name(_INNER_BREAK.sub("、", value))
    return outcome if name == value else Changed(name, "去掉了姓名中的空格或换行")


def _joint(whole: str, start: int, end: int) -> str:
    neighbours = whole[start - 1 : start] + whole[end : end + 1]
    return " " if neighbours.isascii() else ""


def code(cell: Cell) -> Outcome:
    """Credit codes, licence numbers and other codes: half-width, without blanks, capital letters.

    A number of sixteen digits or more, or one in scientific notation, has lost digits and is a problem, never a value.
    """
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if abs(cell) >= DIGITS_IN_A_NUMBER or cell != cell:
            return _DIGITS_LOST
        if cell == 0:
            return _nothing("0")
        if not float(cell).is_integer() or cell < 0:
            return CellProblem("not_a_code", "这一格是小数或负数，不是号码；请按文本格式填写完整号码")
        return str(int(cell))
    if isinstance(cell, (dt.date, dt.time)):
        said = f"号码被 Excel 变成了日期 {_words(cell)}；请把这一列设为文本格式后重新填写"
        return CellProblem("not_a_code", said)
    if isinstance(cell, (bool, Percentage)):
        said = f"Excel 里这一格是 {_words(cell)}，不是号码；请按文本格式填写完整号码"
        return CellProblem("not_a_code", said)
    words = _words(cell)
    if words.__class__ is not str:
        return words
    raw: str = words
    if not raw:
        return None
    if (
        raw.isascii()
        and raw.isalnum()
        and not raw.islower()
        and raw == raw.upper()
        and not (len(raw) <= 12 and says_nothing(raw))
    ):
        return Changed(raw, _UNSEEN) if cell.__class__ is str and raw != cell.strip(_OUTER) else raw
    plain = unicodedata.normalize("NFKC", raw).upper()
    plain = _NOT_IN_A_CODE.sub("", plain)
    plain = _WRAPPED.sub(r"\1\2", plain).lstrip("'\u2018\u2019`")
    plain = plain.replace("\u2014", "-").replace("\u2013", "-").replace("\u2212", "-")
    if len(plain) <= 12 and says_no_number(plain):
        return _nothing(raw)
    if _SCIENTIFIC.match(plain):
        return _DIGITS_LOST
    return plain if plain == raw else Changed(plain, "统一为半角、大写并去掉了空格")


_NOT_IN_A_CODE = re.compile(rf"[\s{INVISIBLE}]+")
_WRAPPED = re.compile(r"^(?:=?\"([^\"]*)\"|“([^”]*)”)$")


_DIGITS_LOST = CellProblem(
    "digits_lost", "号码被 Excel 存成了数字，末尾几位已经丢失；请把这一列设为文本格式，重新填写完整号码"
)


def phone(cell: Cell) -> Outcome:
    """Telephone numbers as text: half-width, without blanks or a leading +86; several are kept, separated by commas."""
    numbers, remark = _telephones(cell) if cell.__class__ is str else (cell, "")
    outcome = code(numbers)
    value = outcome.value if isinstance(outcome, Changed) else outcome
    if not isinstance(value, str):
        return _NOT_A_PHONE if cell.__class__ is str and says_unknown(cell) else outcome
    plain = re.sub(r"^(?:\+|00)86-?(?=1\d{10}$|0)", "", value)
    plain = re.sub(r"^86(?=1\d{10}$)", "", plain)
    if re.fullmatch(r"1\d{2}-\d{4}-\d{4}", plain):
        plain = plain.replace("-", "")
    plain = re.sub(r"[、,;/;,]+", ",", plain).strip(",")
    if not re.fullmatch(r"[0-9()*,+-]*(?:转\d+)?[0-9()*,+-]*", plain) or not any(map(str.isdigit, plain)):
        return _NOT_A_PHONE
    if remark:
        return Changed(plain, f"电话后面的“{remark}”没有导入")
    typed = cell.strip(_OUTER) if isinstance(cell, str) else value
    return plain if plain == typed else Changed(plain, "统一了电话号码的写法")


_NOT_A_PHONE = CellProblem("not_a_phone", "不是电话号码；请只填数字，区号后可用短横，没有电话的空着")
_BETWEEN_NUMBERS = re.compile(
    r"(?<=\d{7})[\s\u3000]*(?:或者?|和|与|及|、|\\|\||[\r\n]|(?<=\d{11})\s+(?=1\d{10})|(?<=\d{7})\s+(?=0\d{2,3}-?\d{7}|1\d{10}))[\s\u3000]*(?=[+(\d])"
)
_REMARK = re.compile(r"\(([^()\d]{1,20})\)$")


def _telephones(cell: Any) -> tuple[str, str]:
    """A cell's telephone numbers with one separator between them, and a remark in brackets behind them (微信同号)."""
    if cell.isascii() and cell.isdigit():
        return cell, ""
    text = unicodedata.normalize("NFKC", cell).strip(_OUTER)
    remark = _REMARK.search(text)
    if remark is not None and text[: remark.start()].strip():
        text = text[: remark.start()].strip()
    else:
        remark = None
    return _BETWEEN_NUMBERS.sub(",", text), remark[1] if remark else ""


def integer(cell: Cell, *, least: int | None = None, most: int | None = None) -> Outcome:
    """A whole number, thousands separators allowed."""
    if cell.__class__ is float and cell.is_integer() and least is None and most is None:
        return int(cell)
    number = decimal(cell, least=least, most=most)
    value = number.value if isinstance(number, Changed) else number
    if not isinstance(value, Decimal):
        return _NOT_AN_INTEGER if isinstance(number, CellProblem) and number is _NOT_A_NUMBER else number
    if value != value.to_integral_value():
        return _NOT_AN_INTEGER
    whole = int(value)
    return Changed(whole, number.note) if isinstance(number, Changed) else whole


def decimal(cell: Cell, *, least: Decimal | int | None = None, most: Decimal | int | None = None) -> Outcome:
    """An exact decimal number; what Excel stored in binary is read with its fifteen digits."""
    outcome: Outcome
    if isinstance(cell, bool):
        return _NOT_A_NUMBER
    if isinstance(cell, Percentage):
        outcome = Changed(value := cell.hundredths, f"Excel 里显示为 {cell}，按 {cell.hundredths:f} 处理")
    elif isinstance(cell, (int, float)):
        if cell != cell or abs(cell) == float("inf"):
            return _NOT_A_NUMBER
        outcome = value = Decimal(cell) if isinstance(cell, int) else Decimal(f"{cell:.15g}")
    else:
        words = _words(cell)
        if words.__class__ is not str:
            return words
        raw: str = words
        if not raw:
            return None
        plain = unicodedata.normalize("NFKC", raw).replace(" ", "")
        if not re.fullmatch(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", plain):
            return _nothing(raw) if says_nothing(raw) else _NOT_A_NUMBER
        try:
            value = Decimal(plain.replace(",", ""))
        except InvalidOperation:
            return _NOT_A_NUMBER
        outcome = value if plain == raw else Changed(value, "统一为半角数字")
    if (least is not None and value < least) or (most is not None and value > most):
        bounds = f"{'' if least is None else least} 到 {'' if most is None else most}"
        return CellProblem("out_of_range", f"数字超出范围（{bounds.strip()}）；请核对")
    return outcome


_NOT_A_NUMBER = CellProblem("not_a_number", "不是数字；请只填数字，不带单位、百分号和文字")
_NOT_AN_INTEGER = CellProblem("not_an_integer", "不是整数；请只填整数，不带单位和文字")

_ENUMERATED = re.compile(r"[、，,;；/／+\s]+|和|与")

_YES = frozenset(
    ["是", "有", "对", "√", "✓", "✔", "☑", "已", "Y", "YES", "T", "TRUE", "1", "○", "〇", "需要", "属于"]
)
_NO = frozenset(
    [
        "否",
        "无",
        "没有",
        "×",
        "✗",
        "✘",
        "☐",
        "X",
        "未",
        "不是",
        "N",
        "NO",
        "F",
        "FALSE",
        "0",
        "不需要",
        "不属于",
    ]
)


def boolean(cell: Cell) -> Outcome:
    """Yes or no in the spellings people use (是/否, 有/无, √/×, Y/N, 1/0)."""
    if isinstance(cell, bool):
        return cell
    words = _words(cell)
    if words.__class__ is not str:
        return words
    raw: str = words
    if not raw:
        return None
    plain = unicodedata.normalize("NFKC", raw).upper()
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    if says_nothing(raw):
        return _nothing(raw)
    return CellProblem("not_yes_or_no", "认不出是“是”还是“否”；请填“是”或“否”")


def choice_words(choices: Mapping[str, str], synonyms: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every accepted spelling → code, for ``choice``: the labels, the codes themselves and the synonyms given."""
    words = {_choice_word(label): stored for stored, label in choices.items()}
    for stored in choices:
        words.setdefault(_choice_word(stored), stored)
    for synonym, stored in (synonyms or {}).items():
        words.setdefault(_choice_word(synonym), stored)
    return words


def _choice_word(word: str) -> str:
    return as_compared(word).upper()


def choice(cell: Cell, words: Mapping[str, str], labels: Mapping[str, str]) -> Outcome:
    """One of a fixed set: the label or a known synonym, never the nearest guess.

    ``words`` comes from ``choice_words``; ``labels`` are the choices (code → label) for the sentence.
    """
    typed = _words(cell)
    if typed.__class__ is not str:
        return typed
    raw: str = typed
    if not raw:
        return None
    stored = words.get(_choice_word(raw))
    if stored is None:
        if says_undecided(raw):
            return _nothing(raw)
        parts = [part for part in _ENUMERATED.split(raw) if part]
        if len(parts) > 1 and all(_choice_word(part) in words for part in parts):
            named = "、".join(f"“{part}”" for part in parts)
            said = f"这一格填了几项（{named}），只能填一项；请留下主要的一项"
            return CellProblem("several_choices", said)
        listed = "、".join(list(labels.values())[:12]) + ("等" if len(labels) > 12 else "")
        return CellProblem("unknown_choice", f"“{raw[:30]}”不在可选范围内；请填其中之一：{listed}")
    return stored if raw == labels[stored] else Changed(stored, f"按“{labels[stored]}”处理")
