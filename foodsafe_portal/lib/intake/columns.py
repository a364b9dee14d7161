"""Normalises whole columns at once: repeats are parsed once, and a clean text column is recognised in one sweep."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from foodsafe_portal.lib.intake import cells
from foodsafe_portal.lib.intake import dates as _dates
from foodsafe_portal.lib.intake.cells import CellProblem, Changed, Parser
from foodsafe_portal.lib.intake.model import Cell
from foodsafe_portal.lib.intake.vocabulary import HARDLY_A_WORD, NOTHING, NOTHING_IN_LETTERS
from foodsafe_portal.lib.typography import INVISIBLE

_SEPARATOR = "\x1f"
_SPACE = r" \t\r\n\u3000\xa0\u2002\u2003\u2009\u200b\ufeff"
_UNCLEAN = re.compile(
    f"(?:^|\x1f)[#{_SPACE}]|[{_SPACE}](?:\x1f|$)|(?:^|\x1f){HARDLY_A_WORD}(?:\x1f|$)"
    f"|[\x00-\x1e\x7f-\x9f\u2028-\u202e\ufffe\uffff\ud800-\udfff{INVISIBLE}]"
)
_UNCLEAN_CODE = re.compile(r"[^0-9A-Z\x1f]|(?:^|\x1f)(?:\d(?:\d{0,6}E\d{1,3})|0+|NA|NULL|NONE|NIL)(?:\x1f|$)")
_UNCLEAN_PHONE = re.compile(r"[^0-9\x1f]|(?:^|\x1f)(?:86|00|0(?:\x1f|$))")


@dataclass(slots=True)
class Parsed:
    """A column after parsing: one value per cell (None for blanks and problems), and what stood out by index."""

    values: list[Any]
    problems: list[tuple[int, CellProblem]] = field(default_factory=list)
    changes: list[tuple[int, str]] = field(default_factory=list)


class _Memo(dict[Any, Any]):
    """Outcome of each distinct cell of one class."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser

    def __missing__(self, cell: Any) -> Any:
        outcome = self[cell] = self.parser(cell)
        return outcome


def parse(column: Sequence[Cell], parser: Parser) -> Parsed:
    """Parse every cell with ``parser``, each distinct cell once.

    Cells are told apart by class as well as by value, because ``True`` equals ``1.0`` for a dictionary.
    """
    kinds = set(map(type, column))
    if len(kinds - {type(None)}) <= 1:
        memo = _Memo(parser)
        outcomes = list(map(memo.__getitem__, column))
        odd = [cell for cell, outcome in memo.items() if outcome.__class__ in _ODD]
        if not odd:
            return Parsed(outcomes)
    else:
        memos = {kind: _Memo(parser) for kind in kinds}
        outcomes = [memos[cell.__class__][cell] for cell in column]
    parsed = Parsed(outcomes)
    for index, outcome in enumerate(outcomes):
        if outcome.__class__ is CellProblem:
            parsed.problems.append((index, outcome))
            outcomes[index] = None
        elif outcome.__class__ is Changed:
            parsed.changes.append((index, outcome.note))
            outcomes[index] = outcome.value
    return parsed


_ODD = (CellProblem, Changed)


def texts(
    column: Sequence[Cell],
    *,
    multiline: bool = False,
    max_length: int | None = None,
    worded: bool = False,
    any_word: bool = False,
) -> Parsed:
    """Names and free text; see ``cells.text``."""
    if (
        _is_clean(column, _UNCLEAN)
        and NOTHING.isdisjoint(column)
        and (any_word or NOTHING_IN_LETTERS.isdisjoint(column))
    ):
        longest = max((len(cell) for cell in column if isinstance(cell, str)), default=0)
        if max_length is None or longest <= max_length:
            return Parsed(list(column))
    parser = partial(cells.text, multiline=multiline, max_length=max_length, worded=worded, any_word=any_word)
    return parse(column, parser)


def persons(column: Sequence[Cell], *, max_length: int | None = None) -> Parsed:
    """Names of persons; see ``cells.person``."""
    if any(cell.__class__ is str and not cell.isalnum() for cell in column):
        return parse(column, partial(cells.person, max_length=max_length))
    return texts(column, max_length=max_length, worded=True)


def codes(column: Sequence[Cell]) -> Parsed:
    """Credit codes, licence numbers; see ``cells.code``."""
    return Parsed(list(column)) if _is_clean(column, _UNCLEAN_CODE) else parse(column, cells.code)


def phones(column: Sequence[Cell]) -> Parsed:
    """Telephone numbers; see ``cells.phone``."""
    return Parsed(list(column)) if _is_clean(column, _UNCLEAN_PHONE) else parse(column, cells.phone)


def dates(
    column: Sequence[Cell],
    *,
    first_year: int = _dates.FIRST_YEAR,
    last_year: int = _dates.LAST_YEAR,
    epoch_1904: bool = False,
    endless: Collection[str] = (),
) -> Parsed:
    """Days; see ``dates.date``."""
    parser = partial(
        _dates.date,
        first_year=first_year,
        last_year=last_year,
        epoch_1904=epoch_1904,
        endless=frozenset(endless),
    )
    return parse(column, parser)


def integers(column: Sequence[Cell], *, least: int | None = None, most: int | None = None) -> Parsed:
    """Whole numbers; see ``cells.integer``."""
    return parse(column, partial(cells.integer, least=least, most=most))


def decimals(
    column: Sequence[Cell], *, least: Decimal | int | None = None, most: Decimal | int | None = None
) -> Parsed:
    """Exact numbers; see ``cells.decimal``."""
    return parse(column, partial(cells.decimal, least=least, most=most))


def booleans(column: Sequence[Cell]) -> Parsed:
    """Yes or no; see ``cells.boolean``."""
    return parse(column, cells.boolean)


def choices(
    column: Sequence[Cell], labels: Mapping[str, str], synonyms: Mapping[str, str] | None = None
) -> Parsed:
    """Codes of a fixed set (code → label); see ``cells.choice``."""
    return parse(column, partial(cells.choice, words=cells.choice_words(labels, synonyms), labels=labels))


def _is_clean(column: Sequence[Cell], unclean: re.Pattern[str]) -> bool:
    """Whether a column holds only strings and blanks in which the pattern finds nothing, told in one sweep."""
    present = [cell for cell in column if cell.__class__ is str]
    if len(present) + column.count(None) != len(column):
        return False
    if "" in present:
        return False
    joined = _SEPARATOR.join(present)
    return joined.count(_SEPARATOR) == max(len(present) - 1, 0) and unclean.search(joined) is None
