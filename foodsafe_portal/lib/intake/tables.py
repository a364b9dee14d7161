"""Finds the table of a ledger inside a sheet: header under merged titles, columns by name, rows that carry data."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from foodsafe_portal.lib.intake.headers import header_at, key_of, labels_of
from foodsafe_portal.lib.intake.idle_rows import is_total, sections, thin_row
from foodsafe_portal.lib.intake.model import Cell, Column, Row, SheetData, WorkbookData, column_letters
from foodsafe_portal.lib.intake.words import EXAMPLE_MARK, NOTE_MARK, RESULT_HEADER
from foodsafe_portal.lib.ledger import normalise_header

LOOK_AT_ROWS = 30
REPEATED = "重复的表头，不导入"
_IGNORED_HEADERS = frozenset({normalise_header(RESULT_HEADER)})
_SERIAL_HEADERS = frozenset({"序号", "序", "no."})
_EXAMPLE_MARK, _NOTE_MARK = (unicodedata.normalize("NFKC", mark) for mark in (EXAMPLE_MARK, NOTE_MARK))
_MARK_FIRSTS = frozenset(
    {_EXAMPLE_MARK[0], _NOTE_MARK[0], *"合总小共累本全各以"}
)  # what _marked can begin with
_NOTE = re.compile(
    r"^(注|备\s*注|说\s*明|填\s*表\s*说\s*明|填\s*报\s*说\s*明)\s*\d*\s*[:、.]"
    r"|^(填\s*表|填\s*报|制\s*表|审\s*核|复\s*核|单位负责|主要负责|分管领导|联\s*系|报送)[^,。]{0,8}:"
)

_SIGNED_BY = re.compile(
    r"^(?:(?:填|制|报)表|填报|审核|审批|复核|经办|签发|签字|签名|盖章|报送|上报|联系|负责|(?:单位|主要)负责|分管领导|日期|时间|电话)"
    r"(?:人|人员|单位|日期|时间|电话|方式)?(?:\((?:签字|签名|盖章|签章|公章)\)|签字|签名|盖章|签章)?(?P<colon>:)?"
)
_DAY_OR_PHONE = re.compile(
    r"^(?:\d{4}\s*[年./-]\s*\d{0,2}\s*[月./-]?\s*\d{0,2}\s*日?|年\s*月\s*日|[\d -]{7,15})$"
)
_SIGNATURE_CELLS = 8
_SIGNATURE_ROWS = 5  # how far up from the last row signatures are looked for


@dataclass(frozen=True, slots=True)
class Table:
    """A table found in a sheet.

    ``header_row`` is the Excel row of the (lower) header line. ``columns`` maps the index of each headed column to the
    header as typed, ``mapping`` the index of each understood column to its key. ``unrecognised`` are headers nobody
    knows, ``missing`` the required keys without a column, ``doubled`` the keys claimed by more than one column with the
    headers that claim them; a doubled key is only mapped when exactly one of them is its proper name.
    ``row_numbers`` are the Excel rows that carry data, ``skipped`` the others with a Chinese reason. ``hinted`` are headers
    understood without the hints around them, with their keys. ``reordered``: a further header (its row, the last row below
    it) names the columns in another order, first in the column with these letters.
    """

    sheet: SheetData = field(repr=False)
    header_row: int
    columns: Mapping[int, str]
    mapping: Mapping[int, str]
    unrecognised: tuple[str, ...]
    missing: tuple[str, ...]
    doubled: Mapping[str, tuple[str, ...]]
    row_numbers: tuple[int, ...] = field(repr=False)
    skipped: tuple[tuple[int, str], ...] = ()
    filled: Mapping[int, Column] = field(default_factory=dict, repr=False)
    hinted: Mapping[str, str] = field(default_factory=dict)
    reordered: tuple[tuple[int, int, str], ...] = ()

    @property
    def header_of(self) -> dict[str, str]:
        """Key → header as typed in the file."""
        return {key: self.columns[index] for index, key in self.mapping.items()}

    def column(self, key: str) -> list[Cell]:
        """The cells of one understood column, one per data row; all None when the file has no such column."""
        for index, found in self.mapping.items():
            if found == key:
                return self.cells(index)
        return [None] * len(self.row_numbers)

    def cells(self, index: int) -> list[Cell]:
        """The cells of the column with this index, one per data row, merged cells filled from their merge."""
        cells = self.filled.get(index, self.sheet.columns[index])
        numbers = self.row_numbers
        if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
            return list(cells[numbers[0] - 1 : numbers[-1]])
        return [cells[number - 1] for number in numbers]


@dataclass(frozen=True, slots=True)
class TableSearch:
    """The outcome of looking for a ledger's table: a table, or a sentence that asks or refuses.

    ``candidates`` names the sheets to choose from when more than one would do, ``candidate_rows`` how many rows each has.
    ``guess`` is the likeliest table when no header was understood, for a page on which a person says what each column means.
    ``left_out`` says of every other visible sheet with content, in Chinese, that it is not imported and why.
    """

    table: Table | None = None
    code: str = ""
    sentence: str = ""
    candidates: tuple[str, ...] = ()
    candidate_rows: tuple[int, ...] = ()
    guess: Table | None = None
    left_out: tuple[str, ...] = ()


def find_table(
    workbook: WorkbookData,
    vocabulary: Mapping[str, str],
    *,
    required: Collection[str] = (),
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    ignorable: Collection[str] = ("seq",),
    prefilled: Collection[str] = (),
) -> TableSearch:
    """Look for the one table that fits a vocabulary of normalised headers (see ``ledger.header_vocabulary``).

    ``mapping`` (header as typed → key, an empty key means *leave out*) is a person's word and beats the vocabulary.
    ``ignorable`` are keys that do not make a row a data row by themselves, such as a serial number filled in beforehand;
    nor do those ``prefilled`` from drop-downs.
    """
    said = {normalise_header(header): key for header, key in (mapping or {}).items()}
    sheets = [each for each in workbook.visible if sheet is None or each.name == sheet]
    if not sheets:
        hidden = "（隐藏的工作表不导入，请先取消隐藏）" if workbook.sheets else ""
        return TableSearch(code="no_sheet", sentence=f"文件里没有可以导入的工作表{hidden}")
    if all(each.height == 0 for each in sheets):
        return TableSearch(code="empty", sentence="工作表里没有任何内容；请检查是否传错了文件")
    tables = [
        table
        for each in sheets
        if (table := _find(each, vocabulary, said, required, ignorable, prefilled)) is not None
    ]
    understood = [table for table in tables if len(_keys(table)) >= min(2, len(set(vocabulary.values())))]
    if not understood:
        guess = max(tables, key=lambda table: (len(_keys(table)), len(table.columns)), default=None)
        return TableSearch(
            code="no_header",
            sentence=f"前 {LOOK_AT_ROWS} 行里没有找到表头；请对照模板检查列名，或逐列指定含义",
            guess=guess,
        )
    best = max(len(_keys(table)) for table in understood)
    candidates = [table for table in understood if len(_keys(table)) * 2 >= best and table.row_numbers]
    if len(candidates) > 1:
        names = tuple(table.sheet.name for table in candidates)
        listed = "、".join(f"“{name}”" for name in names)
        return TableSearch(
            code="which_sheet",
            sentence=f"有 {len(names)} 个工作表都像台账：{listed}；请选择要导入哪一个",
            candidates=names,
            candidate_rows=tuple(len(table.row_numbers) for table in candidates),
        )
    table = candidates[0] if candidates else max(understood, key=lambda each: len(_keys(each)))
    if not table.row_numbers:
        return TableSearch(
            code="no_rows",
            sentence=f"工作表“{table.sheet.name}”的表头（第 {table.header_row} 行）下面没有数据行；请填写后再上传",
            guess=table,
        )
    others = [each for each in workbook.visible if each.name != table.sheet.name]
    return TableSearch(
        table=table,
        left_out=tuple(why for each in others if (why := _why_left_out(each, table, vocabulary, said))),
    )


def _why_left_out(
    sheet: SheetData, taken: Table, vocabulary: Mapping[str, str], said: Mapping[str, str]
) -> str:
    """A sentence on a sheet beside the one that is taken; an empty string for a sheet without content."""
    best = _best_header(sheet, vocabulary, said)
    if best is None and all(cell is None for column in sheet.columns for cell in column):
        return ""
    if best is None or best[0] * 2 < len(_keys(taken)):
        return f"工作表“{sheet.name}”没有导入：没有找到台账的表头"
    return (
        f"工作表“{sheet.name}”没有导入：一次只导入一个工作表，这次是“{taken.sheet.name}”；"
        "需要导入时请把它另存为单独的文件上传"
    )


def _keys(table: Table) -> set[str]:
    return set(table.mapping.values()) | set(table.doubled)


def _find(
    sheet: SheetData,
    vocabulary: Mapping[str, str],
    said: Mapping[str, str],
    required: Collection[str],
    ignorable: Collection[str],
    prefilled: Collection[str],
) -> Table | None:
    best = _best_header(sheet, vocabulary, said)
    if best is None:
        return None
    headers, header_row = header_at(sheet, -best[2], vocabulary)
    return _table(sheet, headers, header_row, vocabulary, said, required, ignorable, prefilled)


def _best_header(
    sheet: SheetData, vocabulary: Mapping[str, str], said: Mapping[str, str]
) -> tuple[int, int, int] | None:
    """How many keys and labels the row most like a header has, and its number negated; None without any text."""
    best: tuple[int, int, int] | None = None
    for number in range(1, min(LOOK_AT_ROWS, sheet.height) + 1):
        labels = [normalise_header(cell) for cell in sheet.row(number) if isinstance(cell, str)]
        keys = {said.get(label) or key_of(label, vocabulary) for label in labels} - {None, ""}
        score = (len(keys), len(set(labels)), -number)
        if labels and (best is None or score > best):
            best = score
    return best


def _table(
    sheet: SheetData,
    headers: dict[int, str],
    header_row: int,
    vocabulary: Mapping[str, str],
    said: Mapping[str, str],
    required: Collection[str],
    ignorable: Collection[str],
    prefilled: Collection[str],
) -> Table:
    columns: dict[int, str] = {}
    claims: dict[str, list[int]] = {}
    unrecognised: list[str] = []
    guessed: dict[str, list[int]] = {}
    ignored: set[int] = set()
    proper = _proper_names(vocabulary)
    for index in range(sheet.width):
        header = headers.get(index, "").strip()
        label = normalise_header(header)
        if label in _IGNORED_HEADERS:
            ignored.add(index)
            continue
        if not label:
            if any(cell is not None for cell in sheet.columns[index][header_row:]):
                unrecognised.append(f"（第 {column_letters(index)} 列没有列名）")
            continue
        columns[index] = header
        key = said[label] if label in said else vocabulary.get(label)
        if key:
            claims.setdefault(key, []).append(index)
        elif key is None and (meant := key_of(label, vocabulary)) is not None:
            guessed.setdefault(meant, []).append(index)
        elif key is None:
            unrecognised.append(header)
    hinted: dict[str, str] = {}
    for key, indexes in guessed.items():
        if key in claims:  # another column bears the very name
            unrecognised += [columns[index] for index in indexes]
        else:
            claims[key] = indexes
            hinted |= {columns[index]: key for index in indexes}
    mapping: dict[int, str] = {}
    doubled: dict[str, tuple[str, ...]] = {}
    for key, indexes in claims.items():
        if len(indexes) > 1:
            doubled[key] = tuple(f"{columns[index]}（{column_letters(index)} 列）" for index in indexes)
            indexes = [index for index in indexes if normalise_header(columns[index]) == proper.get(key)]
        if len(indexes) == 1:
            mapping[indexes[0]] = key
    filled = _fill_merges(sheet, header_row, set(mapping))
    optional = {index for index, key in mapping.items() if key in prefilled}
    known = {normalise_header(header) for header in columns.values()} | set(vocabulary)
    rows, skipped = _data_rows(
        sheet, header_row, mapping, columns, ignored, ignorable, filled, optional, known
    )
    return Table(
        sheet=sheet,
        header_row=header_row,
        columns=columns,
        mapping=dict(sorted(mapping.items())),
        unrecognised=tuple(unrecognised),
        missing=tuple(key for key in required if key not in claims),
        doubled=doubled,
        row_numbers=rows,
        skipped=skipped,
        filled=filled,
        hinted=hinted,
        reordered=_reordered(sheet, header_row, mapping, vocabulary, skipped),
    )


def _reordered(
    sheet: SheetData,
    header_row: int,
    mapping: Mapping[int, str],
    vocabulary: Mapping[str, str],
    skipped: Sequence[tuple[int, str]],
) -> tuple[tuple[int, int, str], ...]:
    """From which row to which another header names the columns otherwise than the first, and which column it moves."""
    headers = [number for number, reason in skipped if reason == REPEATED]
    found: list[tuple[int, int, str]] = []
    for number, following in zip(headers, [*headers[1:], sheet.height + 1], strict=False):
        keys = {
            index: key_of(normalise_header(label), vocabulary)
            for index, label in labels_of(sheet, number).items()
        }
        moved = [
            index
            for index, key in mapping.items()
            if keys.get(index) != key and (keys.get(index) or key in keys.values())
        ]
        if moved:
            found.append((number, following - 1, column_letters(moved[0])))
    return tuple(found)


def _proper_names(vocabulary: Mapping[str, str]) -> dict[str, str]:
    """The first spelling of each key; ``header_vocabulary`` enters headers before aliases."""
    names: dict[str, str] = {}
    for word, key in vocabulary.items():
        names.setdefault(key, word)
    return names


def _fill_merges(sheet: SheetData, header_row: int, wanted: set[int]) -> dict[int, Column]:
    """Columns with vertical merges below the header, each merge filled with its first cell.

    A crooked file may claim the same cells again and again, so filling stops once every cell has been written twice.
    """
    filled: dict[int, list[Cell]] = {}
    budget = 2 * sheet.height * max(len(wanted), 1)
    for first_row, first, last_row, last in sheet.merged:
        if first_row <= header_row:
            continue
        last_row = min(last_row, sheet.height)
        for index in wanted.intersection(range(first, min(last, sheet.width - 1) + 1)):
            budget -= last_row - first_row + 1
            if budget < 0:
                return dict(filled)
            column = filled.setdefault(index, list(sheet.columns[index]))
            column[first_row - 1 : last_row] = [sheet.columns[first][first_row - 1]] * (
                last_row - first_row + 1
            )
    return dict(filled)


def _data_rows(
    sheet: SheetData,
    header_row: int,
    mapping: Mapping[int, str],
    columns: Mapping[int, str],
    ignored: set[int],
    ignorable: Collection[str],
    filled: Mapping[int, Column],
    optional: Collection[int],
    header_words: set[str],
) -> tuple[tuple[int, ...], tuple[tuple[int, str], ...]]:
    weightless = ignored | {index for index, key in mapping.items() if key in ignorable}
    weightless |= {index for index, header in columns.items() if normalise_header(header) in _SERIAL_HEADERS}
    counted = [
        filled.get(index, column)[header_row:]
        for index, column in enumerate(sheet.columns)
        if index not in weightless
    ]
    if not counted:
        return (), ()
    width = len(counted)
    told = [index for index in range(sheet.width) if index not in weightless]
    options = [place for place, index in enumerate(told) if index in optional]
    others = [place for place, index in enumerate(told) if index not in optional]
    titles = sections(sheet, header_row, mapping)
    firsts = {word[:1] for word in header_words}
    leading = [column[header_row:] for column in sheet.columns[:3]]
    kept: list[int] = []
    skipped: list[tuple[int, str]] = []
    marked = {
        place: reason
        for column in reversed(leading)
        for place, cell in _worth_reading(column, _MARK_FIRSTS)
        if (reason := _marked(cell)) is not None
    }
    headers = {place for place, _ in _worth_reading(_leftmost(counted), firsts)}
    # A template's marks stand in the first column, which may be the serial number's and so not counted below.
    for place, cells in enumerate(zip(*counted, strict=True)):
        number = header_row + 1 + place
        empty = cells.count(None)
        if place in marked:
            skipped.append((number, marked[place]))
        elif empty == width:
            continue
        elif number in titles:
            skipped.append((number, "分段标题行，不导入"))
        elif options and empty >= len(others) and _is_blank(cells, others):
            skipped.append((number, "只有预先填好的选项，没有内容，不导入"))
        elif (empty * 2 < width and not (place in headers and _is_header(cells, header_words))) or (
            reason := _reason_to_skip(cells, header_words)
        ) is None:
            kept.append(number)
        elif reason:
            skipped.append((number, reason))
    for number in reversed(kept[-_SIGNATURE_ROWS:]):
        written = [column[number - 1] for index, column in enumerate(sheet.columns) if index not in ignored]
        if not _is_signature(written):
            break
        kept.pop()
        skipped.append((number, "注释或签字行，不导入"))
    serial_only = _serial_only(
        sheet, header_row, weightless - ignored, {*kept, *(number for number, _ in skipped)}
    )
    return tuple(kept), tuple(sorted([*skipped, *serial_only]))


def _is_blank(cells: Row, places: Sequence[int]) -> bool:
    """Whether nothing is written in these cells of a row."""
    return all(
        cells[place] is None or (isinstance(cells[place], str) and not str(cells[place]).strip())
        for place in places
    )


def _leftmost(columns: Sequence[Column]) -> Column:
    """Each row's first cell that is not blank."""
    found = columns[0]
    for column in columns[1:]:
        if None not in found:
            break
        found = [other if cell is None else cell for cell, other in zip(found, column, strict=True)]
    return found


def _worth_reading(column: Column, firsts: Collection[str]) -> list[tuple[int, str]]:
    """The texts of a column, by place, that could start with one of ``firsts`` however they are spelt.

    Told by the column's distinct first characters: in most ledgers no text is left to be normalised.
    """
    starts = {cell[:1] for cell in column if cell.__class__ is str}
    odd = {start for start in starts if not _starts_otherwise(start, firsts)}
    if not odd:
        return []
    return [(place, cell) for place, cell in enumerate(column) if cell.__class__ is str and cell[:1] in odd]


def _starts_otherwise(start: str, firsts: Collection[str]) -> bool:
    """Whether a first character is a Chinese one or a digit that no way of spelling could turn into one of ``firsts``."""
    return ("\u4e00" <= start <= "\u9fff" or "0" <= start <= "9") and start not in firsts


def _marked(cell: str) -> str | None:
    text = unicodedata.normalize("NFKC", cell).strip()
    if text.startswith(_EXAMPLE_MARK):
        return "模板的示例行，不导入"
    if text.startswith(_NOTE_MARK):
        return "填表说明，不导入"
    return "合计行，不导入" if is_total(text) else None


def _is_header(cells: Row, header_words: set[str]) -> bool:
    """Whether a row repeats the header, as a printed ledger does on each page."""
    first = next((cell for cell in cells if cell is not None), None)
    if not isinstance(first, str) or normalise_header(first) not in header_words:
        return False
    words = [cell for cell in cells if cell is not None]
    same = sum(1 for cell in words if isinstance(cell, str) and normalise_header(cell) in header_words)
    return same >= 2 and same * 3 >= len(words) * 2


def _reason_to_skip(cells: Row, header_words: set[str]) -> str | None:
    """Why a thinly filled row is no data row; an empty string for one of blanks only, None when it is data."""
    texts = [
        unicodedata.normalize("NFKC", cell).strip() if isinstance(cell, str) else cell
        for cell in cells
        if cell is not None
    ]
    first = next((text for text in texts if text != ""), "")
    if first == "":
        return ""
    if isinstance(first, str):
        if is_total(first):
            return "合计行，不导入"
        if _NOTE.match(first):
            return "注释或签字行，不导入"
    if _is_header(cells, header_words):
        return REPEATED
    return thin_row(texts if first == texts[0] else [text for text in texts if text != ""])


def _is_signature(cells: Sequence[Cell]) -> bool:
    """Whether a row holds nothing but who filled the ledger in and when: labels, what follows a bare label, days, telephones."""
    present = [
        cell for cell in cells if cell is not None and not (isinstance(cell, str) and not cell.strip())
    ]
    if len(present) > _SIGNATURE_CELLS:
        return False
    labelled = False
    after_label = False
    for cell in present:
        text = unicodedata.normalize("NFKC", cell).strip() if isinstance(cell, str) else ""
        label = _SIGNED_BY.match(text)
        if label is not None and (label["colon"] or label.end() == len(text)):
            labelled, after_label = True, label.end() == len(text)
        elif after_label and len(text) <= 20:
            after_label = False
        elif not isinstance(cell, (dt.date, dt.datetime)) and not _DAY_OR_PHONE.match(text):
            return False
    return labelled


def _serial_only(
    sheet: SheetData, header_row: int, serials: set[int], known: set[int]
) -> list[tuple[int, str]]:
    found: dict[int, str] = {}
    for index in serials:
        for place, cell in enumerate(sheet.columns[index][header_row:]):
            number = header_row + 1 + place
            if cell is not None and number not in known:
                is_note = isinstance(cell, str) and not cell.strip().isdecimal()
                found[number] = "注释或签字行，不导入" if is_note else "只有序号，没有内容"
    return sorted(found.items())
