"""Reads dates in the spellings people use in ledgers, and refuses every one that could mean two days."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from foodsafe_portal.lib.intake.cells import CellProblem, Changed, Outcome, error_cell, is_error_text
from foodsafe_portal.lib.intake.model import Cell, ErrorCell, Percentage
from foodsafe_portal.lib.intake.vocabulary import says_no_number
from foodsafe_portal.lib.typography import without_invisible

FIRST_YEAR, LAST_YEAR = 1949, 2100
_TIME = (
    r"(?:\s*[T ]\s*(?P<h>\d{1,2})\s*[:时点]\s*(?P<mi>\d{1,2})(?:\s*[:分]\s*(?P<s>\d{1,2})(?:\.\d+)?秒?)?分?)?"
)
_YEAR_FIRST = re.compile(r"^(?P<y>\d{4})\s*([-/.])\s*(?P<m>\d{1,2})\s*\2\s*(?P<d>\d{1,2})\2?" + _TIME + "$")
_CHINESE = re.compile(r"^(?P<y>\d{4})\s*年\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号]?" + _TIME + "$")
_COMPACT = re.compile(r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})$")
_YEAR_LAST = re.compile(r"^\d{1,2}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{4}$")
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")

_EXAMPLE = "请写成 2026-11-16 这样的年-月-日"
_NOT_A_DATE = CellProblem("not_a_date", f"认不出是哪一天；{_EXAMPLE}")
_AMBIGUOUS = CellProblem("ambiguous_date", f"分不清日和月的先后；{_EXAMPLE}")
_NO_SUCH_DAY = CellProblem("no_such_day", f"日历上没有这一天；请核对，{_EXAMPLE}")
_INCOMPLETE = CellProblem("incomplete_date", f"日期不完整，缺年、月或日；{_EXAMPLE}")
_WITHOUT_TIME = "只取日期，略去时刻"


def date(
    cell: Cell,
    *,
    first_year: int = FIRST_YEAR,
    last_year: int = LAST_YEAR,
    epoch_1904: bool = False,
    endless: frozenset[str] = frozenset(),
) -> Outcome:
    """A day from a real Excel date, a text with the year first, eight digits, or Excel's own serial number.

    ``first_year`` and ``last_year`` bound what is plausible, both included. ``epoch_1904`` is the workbook's date
    system, which only matters for serial numbers. ``endless`` are words that mean *without end* (长期) and read as blank,
    visibly. Two-digit years, missing parts and day-month orders are refused.
    """
    if endless and cell.__class__ is str and cell.strip() in endless:
        return Changed(None, f"“{cell}”按没有截止日处理")
    outcome = _read(cell, epoch_1904, first_year, last_year)
    day = outcome.value if isinstance(outcome, Changed) else outcome
    if isinstance(day, dt.date) and not first_year <= day.year <= last_year:
        said = f"年份 {day.year} 不合理（{first_year} 到 {last_year} 之间）；请核对"
        if isinstance(cell, (int, float)):
            said = f"Excel 里这一格是数字 {cell:.15g}，换算成日期是 {day}，{said}，{_EXAMPLE}"
        return CellProblem("implausible_year", said)
    return outcome


def _is_year_and_month(number: float, first_year: int, last_year: int) -> bool:
    """Whether a number is 2024.3, or the year alone: as Excel's serial number it would be a day of 1905."""
    return max(first_year, 1900) <= number < last_year + 1 and len(f"{number % 1:.10g}") <= 4


def _read(cell: Cell, epoch_1904: bool, first_year: int, last_year: int) -> Outcome:
    if cell.__class__ is dt.date or cell is None:
        return cell
    if isinstance(cell, dt.datetime):
        return cell.date() if cell.time() == dt.time() else Changed(cell.date(), _WITHOUT_TIME)
    if isinstance(cell, ErrorCell):
        return error_cell(cell)
    if isinstance(cell, (bool, dt.time, Percentage)):
        return _NOT_A_DATE
    if isinstance(cell, (int, float)):
        if cell == 0:
            return Changed(None, "“0”按空白处理")
        if _is_year_and_month(cell, first_year, last_year):
            said = (
                f"Excel 里这一格是数字 {cell:.15g}，像是年和月，缺日（2024.10 会被存成 2024.1）；{_EXAMPLE}"
            )
            return CellProblem("incomplete_date", said)
        return _from_number(float(cell), epoch_1904)
    return _from_text(str(cell), epoch_1904)


def _from_text(typed: str, epoch_1904: bool) -> Outcome:
    text = typed if typed.isascii() else unicodedata.normalize("NFKC", typed)
    text = without_invisible(text).strip(" \t\r\n\u3000\xa0'‘’")
    if not text:
        return None
    match = _YEAR_FIRST.match(text) or _COMPACT.match(text) or _CHINESE.match(text)
    if match is not None:
        parts = match.groupdict()
        try:
            day = dt.date(int(parts["y"]), int(parts["m"]), int(parts["d"]))
            clock = dt.time(int(parts.get("h") or 0), int(parts.get("mi") or 0), int(parts.get("s") or 0))
        except ValueError:
            return _NO_SUCH_DAY
        return day if clock == dt.time() else Changed(day, _WITHOUT_TIME)
    if says_no_number(text):
        return Changed(None, f"“{text}”按空白处理")
    if _SERIAL.match(text):
        return _from_number(float(text), epoch_1904)
    if _YEAR_LAST.match(text):
        return _AMBIGUOUS
    if text[:1] == "#" and is_error_text(text):
        return error_cell(ErrorCell(text))
    if any("\x00" <= character < " " for character in text):
        return CellProblem("control_characters", "含有看不见的控制字符；请删掉后重新输入这一格")
    if re.search(r"\d", text) and re.fullmatch(r"[\d\s年月日号./-]+", text):
        return _INCOMPLETE
    return _NOT_A_DATE


def _from_number(number: float, epoch_1904: bool) -> Outcome:
    whole = int(number) if abs(number) < 1e9 else 0
    if whole == number and 19000101 <= whole <= 29991231:
        return _from_text(str(whole), epoch_1904)
    if not 1 <= whole < 100_000:
        return _NOT_A_DATE
    if epoch_1904:
        day = dt.date(1904, 1, 1) + dt.timedelta(days=whole)
    else:
        day = dt.date(1899, 12, 30 if whole > 59 else 31) + dt.timedelta(days=whole)
    return Changed(day, f"由 Excel 日期序号 {whole} 换算")
