"""From a found table to typed rows: every column at once, every problem noted, nothing dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from foodsafe_portal.lib.intake.dates import date as parse_date
from foodsafe_portal.lib.intake.several import bodies, people
from foodsafe_portal.lib.intake.tables import Table
from records.ledgers.kind import LedgerKind
from records.ledgers.rows import Rows

_SAME_AS_ABOVE = frozenset(
    (
        "同上",
        "同前",
        "同左",
        "同上行",
        "同上一行",
        "同上。",
        "（同上）",
        "(同上)",
        "〃",
        "″",
        "“",
        "”",
        '"',
        "''",
    )
)
_IN_WORDS = ("str", "text", "region", "ref", "org", "orgs", "user", "name", "person")
_FILLED_IN_ON = re.compile(r"(?:填报|填表|报送|上报|制表)(?:日期|时间)\s*[:：]?\s*(.*)")


def read_rows(table: Table, kind: LedgerKind, *, epoch_1904: bool = False) -> Rows:
    """The data rows of a table with typed values; what could not be understood is an error of its row."""
    headers = table.header_of
    typed: dict[str, Sequence[Any]] = {}
    values: dict[str, list[Any]] = {}
    rows = Rows(table.row_numbers, values, headers, typed)
    present = [
        column for column in kind.columns if column.key in headers and column.key not in kind.ignorable
    ]
    for column in present:
        key = column.key
        typed[key] = cells = table.column(key)
        parsed = kind.parse(column, cells, epoch_1904=epoch_1904)
        values[key] = parsed.values
        for index, problem in parsed.problems:
            rows.error(index, key, problem.code, problem.sentence)
        for index, note in parsed.changes:
            rows.changed(index, key, note)
        if column.type in _IN_WORDS:
            _refuse_same_as_above(rows, key, parsed.values)
        if column.type in _NAMING and not column.several:
            _refuse_several(rows, key, parsed.values, _NAMING[column.type])
    _refuse_reordered(rows, table)
    _note_struck(rows, table)
    for column in present:
        if column.max_length and column.type in ("code", "phone"):
            _refuse_long(rows, column.key, column.max_length)
        if column.required and None in rows.column(column.key):
            _refuse_blank(rows, column.key, column.header)
    return rows


def _refuse_blank(rows: Rows, key: str, header: str) -> None:
    for index, value in enumerate(rows.column(key)):
        if value is not None or any(
            issue["column"] == rows.header(key) and issue["severity"] == "error"
            for issue in rows.issues.get(index, ())
        ):
            continue
        typed = rows.typed(key, index).strip()
        said = f"，这里写的“{typed}”等于没有填" if typed else ""
        rows.error(index, key, "required", f"“{header}”不能空着{said}；请填写")


def _refuse_same_as_above(rows: Rows, key: str, column: list[Any]) -> None:
    """A cell that points to the one above it says nothing once rows are sorted, and would be kept as a name or an address."""
    if _SAME_AS_ABOVE.isdisjoint(column):
        return
    for index, value in enumerate(column):
        if value in _SAME_AS_ABOVE:
            rows.error(index, key, "not_written_out", f"不能写“{value}”；请在每一行写全实际内容")
            column[index] = None


_NAMING: Mapping[str, tuple[Callable[[str], list[str]], str, str]] = {
    "person": (people, "several_people", "像是几个人（{named}）；请一行只写一名，其余的另起一行，是一个人的请去掉中间的空格和标点"),
    "org": (bodies, "several_units", "写了几个单位（{named}）；这一列只能写一个，请留下牵头的一个，其余的写进“配合单位”"),
}  # fmt: skip


def _refuse_several(
    rows: Rows, key: str, column: list[Any], naming: tuple[Callable[[str], list[str]], str, str]
) -> None:
    """Refuse a cell that names several where one is asked for, by naming them; glued together they would be one stranger."""
    split, code, why = naming
    answers = {value: split(value) for value in set(column) if value}
    if all(len(parts) < 2 for parts in answers.values()):
        return
    for index, value in enumerate(column):
        if value and len(parts := answers[value]) > 1:
            named = "、".join(f"“{part}”" for part in parts[:5])
            rows.error(index, key, code, f"“{'、'.join(parts)[:60]}”{why.format(named=named)}")
            column[index] = None


def _refuse_reordered(rows: Rows, table: Table) -> None:
    """Refuse the rows below a second header that names the columns in another order: read by the first they would be swapped."""
    for first, last, letters in table.reordered:
        said = (
            f"第 {first} 行又是一个表头，列的顺序与第 {table.header_row} 行不同（从 {letters} 列起）；"
            "请把下面的各列调成一样的顺序，或另存为一个文件上传"
        )
        for index, number in enumerate(rows.numbers):
            if first < number <= last:
                rows.error(index, "", "other_header", said)


def _note_struck(rows: Rows, table: Table) -> None:
    """Mention rows with a line through them: in Excel they look done away with."""
    struck = {row for row, column in table.sheet.struck if column in table.columns}
    for index, number in enumerate(rows.numbers if struck else ()):
        if number in struck:
            said = "这一行在 Excel 里带有删除线，照常检查和导入；如已作废请删去这一行"
            rows.note(index, "", "struck_through", said)


def _refuse_long(rows: Rows, key: str, longest: int) -> None:
    column = rows.column(key)
    if max((len(value) for value in column if value), default=0) > longest:
        for index, value in enumerate(column):
            if value and len(value) > longest:
                rows.error(index, key, "too_long", f"内容有 {len(value)} 个字，最多 {longest} 个字；请核对")


def ledger_date(table: Table, today: date) -> date:
    """The day the ledger says it was filled in, from the lines above its header; ``today`` when it says none or a later one."""
    for number in range(1, min(table.header_row, 31)):
        row = table.sheet.row(number)
        for place, cell in enumerate(row):
            match = _FILLED_IN_ON.search(cell) if isinstance(cell, str) else None
            if match is None:
                continue
            said = match[1].strip() or next((each for each in row[place + 1 :] if each is not None), None)
            day = parse_date(said)
            day = getattr(day, "value", day)
            if isinstance(day, date) and day <= today:
                return day
    return today
