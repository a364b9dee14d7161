"""Splits a csv or tab-separated text of any usual encoding into rows, without guessing beyond the fixed order."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

SEPARATORS = ",;\t"
_SAMPLE_ROWS = 40


class BadText(Exception):
    """The text cannot be split into rows; the argument is a Chinese sentence."""


def text_encoding(data: bytes) -> str | None:
    """The encoding of a text file in a fixed order: byte order mark, strict UTF-8, strict GB18030; None refuses."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return None
    candidates: tuple[str, ...] = ("utf-8", "gb18030")
    if data.startswith(codecs.BOM_UTF8):
        candidates = ("utf-8-sig",)
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ("utf-16",)
    elif data[:65536].count(b"\x00") > len(data[:65536]) // 50:
        return None
    for encoding in candidates:
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def split_text(text: str, rows: int, columns: int) -> Iterator[list[str]]:
    """The rows of a delimited text; the first is Excel row 1, blank lines stay as empty rows.

    Line ends may be CR LF, LF or CR alone, quoted cells may hold line breaks. The separator is a comma, a semicolon or a
    tab: the one that gives the widest even rows. Raises ``BadText`` for quotes without a partner and for texts larger
    than ``rows`` × ``columns``.
    """
    first, _, _ = text[:10].partition("\n")
    separator = first.strip()[4:5] if first.startswith("sep=") else best_separator(text)
    # Excel cells hold at most 32,767 characters; a longer field means that a quote was never closed.
    csv.field_size_limit(1_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator or ",", strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, 1):
            if len(row) > columns:
                raise BadText(
                    f"第 {number:,} 行有 {len(row):,} 列，超过 {columns} 列的上限；请删去多余的列后再上传"
                )
            if number > rows:
                raise BadText(f"文件超过 {rows:,} 行的上限；请按县（市、区）或乡镇分成几个文件上传")
            yield [] if number == 1 and first.startswith("sep=") else row
    except csv.Error:
        raise BadText(
            f"第 {number + 1:,} 行的引号不成对，无法分列；请改正该行的引号，或在 Excel 中另存为 .xlsx 再上传"
        ) from None


def best_separator(text: str) -> str:
    """The separator that splits the first rows most evenly into the most cells; a comma when none does."""
    best, best_score = ",", (0, 0)
    for separator in SEPARATORS:
        widths: list[int] = []
        try:
            for row in csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=separator):
                if row:
                    widths.append(len(row))
                if len(widths) == _SAMPLE_ROWS:
                    break
        except csv.Error:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        score = (usual if usual > 1 else 0, max(widths, default=0))
        if score > best_score:
            best, best_score = separator, score
    return best
