"""Tells the rows of a table that are no data: totals, sections, rows in which only the drop-downs are filled in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from foodsafe_portal.lib.intake.model import Cell, SheetData

TOTAL: Final = re.compile(
    r"^(?:本页|本表|全[县市区镇乡]|各项|以上)?(?:合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|总数|总户数|总家数)(?:数|家数|户数)?(?:\([^)]*\))?"
    r"\s*[:,]?\s*(?:共|约|为)?\s*[\d,.]*\s*(?:家|户|个|条|项|人|次|处|件|分|%)?(?:\([^)]*\))?[。.]?$"
)
_PART: Final = re.compile(r"^(?:其中|其 中)\s*[:,]?")
_NUMBERED: Final = re.compile(
    r"^(?:\(?[一二三四五六七八九十百]{1,3}\)?\s*[、.,:]|\([一二三四五六七八九十百]{1,3}\)|第[一二三四五六七八九十百\d]{1,3}[章节部分类篇项])"
)
_LONGEST_TOTAL: Final = 24


def is_total(text: str) -> bool:
    """Whether a cell begins a row of sums (合计, 小计, 合计：5家)."""
    return len(text) <= _LONGEST_TOTAL and TOTAL.match(text) is not None


def thin_row(texts: Sequence[Cell]) -> str | None:
    """Why a row with few cells is no data row; None when it may be one. ``texts`` are its cells that are not blank."""
    first = texts[0]
    if not isinstance(first, str):
        return None
    if _PART.match(first):
        return "合计行，不导入"
    same = {unicodedata.normalize("NFKC", text).strip() for text in texts if isinstance(text, str)}
    if (
        len(same) == 1
        and len(texts) == sum(isinstance(text, str) for text in texts)
        and _NUMBERED.match(first)
    ):
        return "分段标题行，不导入"
    return None


def sections(sheet: SheetData, header_row: int, columns: Collection[int]) -> set[int]:
    """The rows below the header in which one cell lies merged across most of the table: a title of what follows."""
    found = set()
    for first_row, first, last_row, last in sheet.merged:
        if first_row <= header_row or first_row != last_row:
            continue
        covered = sum(1 for index in columns if first <= index <= last)
        if covered >= 3 and covered * 2 > len(columns):
            found.add(first_row)
    return found
