"""The vocabulary of ledgers: what a column is, what an issue is, and how a header is recognised."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from foodsafe_portal.lib.typography import INVISIBLE

ColumnType = Literal[
    "str", "code", "phone", "int", "decimal", "date", "enum", "bool", "region", "text", "period", "ref", "list", "org",
    "orgs", "user", "files", "name", "person",
]  # fmt: skip
Severity = Literal["error", "warning", "changed", "note"]

_NOT_PART_OF_A_HEADER = re.compile(
    rf"[\s*★☆※:{INVISIBLE}▲▼△▽▴▾↑↓⇅↕◆◇●○■□]+|\((?:必填|选填|可不填|可空|必填项|选填项|下拉选择|下拉|文本格式)[^)]*\)"
)
_BRACKETS = str.maketrans("〔【[{〈《〕】]}〉》", "(((((())))))")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of ledger.

    ``choices`` maps the stored code to the word in the cell, ``synonyms`` further words to the code. ``width`` is in
    characters as Excel counts them, ``max_length`` in characters of the stored value. ``note`` is a
    Chinese hint shown in templates and on the mapping page. ``any_word``: letters that elsewhere stand for nothing (NA, NULL)
    are content, as in the name of a shop. ``several``: a column of persons or units may name more than one in a cell.
    """

    key: str
    header: str
    type: ColumnType = "str"
    required: bool = False
    aliases: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)
    width: int = 16
    note: str = ""
    max_length: int | None = None
    any_word: bool = False
    several: bool = False

    @property
    def is_text_in_excel(self) -> bool:
        """Whether Excel must be told not to turn its cells into numbers (codes and telephone numbers)."""
        return self.type in ("code", "phone")


@dataclass(frozen=True, slots=True)
class Issue:
    """Something about one cell (or, with an empty ``column``, one row) that a person should know.

    ``row`` is the Excel row number, ``column`` the header as typed in the file, ``value`` what stands in the cell,
    ``code`` short and stable, ``message`` a Chinese sentence saying what to do.
    """

    row: int
    column: str
    value: str
    code: str
    severity: Severity
    message: str


def normalise_header(text: str) -> str:
    """A header as compared: full-width forms, kinds of brackets, spaces, line breaks, stars and （必填） do not count."""
    plain = unicodedata.normalize("NFKC", text).translate(_BRACKETS)
    return _NOT_PART_OF_A_HEADER.sub("", plain).casefold()


def header_vocabulary(columns: Iterable[Column]) -> dict[str, str]:
    """Every normalised header and alias → key of its column.

    A header beats an alias of the same spelling; two columns that share a header, or an alias that no header claims, are
    a mistake in the kind's definition and raise ``ValueError``.
    """
    columns = tuple(columns)
    vocabulary: dict[str, str] = {}
    for column in columns:
        header = normalise_header(column.header)
        if vocabulary.setdefault(header, column.key) != column.key:
            raise ValueError(f"two columns share the header {column.header}")
    headers = frozenset(vocabulary)
    for column in columns:
        for alias in column.aliases:
            word = normalise_header(alias)
            if word not in headers and vocabulary.setdefault(word, column.key) != column.key:
                raise ValueError(f"two columns share the alias {alias}")
    return vocabulary
