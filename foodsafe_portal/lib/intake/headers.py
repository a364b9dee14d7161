"""Recognises headers: hints around them do not count, and two lines are one header by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from foodsafe_portal.lib.intake.cells import storable
from foodsafe_portal.lib.intake.model import SheetData
from foodsafe_portal.lib.ledger import normalise_header

_HINTS: Final = (
    re.compile(r"\([^()]*\)$"),  # （11位）, (年-月-日), (%)
    re.compile(r"^(?:\(?\d{1,2}[).、]|[①-⑳]|[a-z][).])"),  # 1. ② a)
    re.compile(r"(?:单位|格式|说明|注)[^()]{1,12}$"),
    re.compile(r"[/,;。、]+$"),
)


def key_of(label: str, vocabulary: Mapping[str, str]) -> str | None:
    """The key that a normalised header means, hints around it (brackets, numbering) left out; None when it is not known."""
    while label:
        if (key := vocabulary.get(label)) is not None:
            return key
        bare = label
        for hint in _HINTS:
            bare = hint.sub("", bare)
        if bare == label:
            return None
        label = bare
    return None


def labels_of(sheet: SheetData, row: int) -> dict[int, str]:
    """The texts of a row, by column."""
    return {
        index: storable(cell)
        for index, cell in enumerate(sheet.row(row))
        if isinstance(cell, str) and cell.strip()
    }


def header_at(sheet: SheetData, row: int, vocabulary: Mapping[str, str]) -> tuple[dict[int, str], int]:
    """The headers of a row and the number of its lower line, joined with its neighbour where the header has two lines.

    Merged cells show that (tall ones beside groups), or what stands there: a text file has no merged cells.
    """
    for upper in (row - 1, row):
        if not 1 <= upper < sheet.height:
            continue
        tall = any(
            merge[0] == upper and merge[2] == upper + 1 and merge[1] == merge[3] for merge in sheet.merged
        )
        groups = [merge for merge in sheet.merged if merge[0] == merge[2] == upper and merge[3] > merge[1]]
        if tall and groups:
            headers = labels_of(sheet, upper)
            lower = labels_of(sheet, upper + 1)
            for _, first, _, last in groups:
                headers.update({index: lower[index] for index in range(first, last + 1) if index in lower})
            return headers, upper + 1
    return _by_content(sheet, row, vocabulary)


def _by_content(sheet: SheetData, row: int, vocabulary: Mapping[str, str]) -> tuple[dict[int, str], int]:
    here = labels_of(sheet, row)

    def known(labels: Mapping[int, str]) -> dict[int, str]:
        found = {index: key_of(normalise_header(label), vocabulary) for index, label in labels.items()}
        return {index: key for index, key in found.items() if key}

    if row < sheet.height:
        below = labels_of(sheet, row + 1)
        keys, mine = known(below), known(here)
        others = sum(1 for cell in sheet.row(row + 1) if cell is not None) - len(below)
        fits = not set(keys) & set(mine) and not set(keys.values()) & set(mine.values())
        if len(keys) >= 2 and len(keys) * 3 >= len(below) * 2 and not others and fits:
            return here | below, row + 1
    if row > 1:
        above = labels_of(sheet, row - 1)
        mine = known(here)
        missed = {
            index: above[index]
            for index, key in known(above).items()
            if index not in here and key not in mine.values()
        }
        return here | missed, row
    return here, row
