"""Writes csv that Excel opens in Chinese and in which no cell can act as a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from foodsafe_portal.lib.instants import printed_stamp
from foodsafe_portal.lib.pieces import in_pieces

_BATCH = 1_000
_SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_ACTIVE = re.compile(rf"^\s*{_SIGNS}|^[\t\r]|[\r\n]\s*{_SIGNS}")

_ORDINARY = frozenset(string.ascii_letters + string.digits) | frozenset(map(chr, range(0x4E00, 0xA000)))


def csv_chunks(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The file in pieces of a thousand rows: byte order mark, header, rows, CR LF line ends.

    A cell that starts with = + - @ TAB or CR — also after blanks or a line break — gets an apostrophe in front. Numbers
    stay as they are; days are written as 2026-11-16, instants as 2026-11-16T09:42:07+08:00.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow([inert(name) for name in header])
    for batch in in_pieces(rows, _BATCH):
        writer.writerows([inert(value) for value in row] for row in batch)
        yield buffer.getvalue().encode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue().encode("utf-8", "replace")


def inert(value: Any) -> Any:
    """A value as csv may carry it without ever becoming a formula in a spreadsheet."""
    if value.__class__ is str:
        # Nearly every cell begins with an ordinary character and has one line; only the others need the pattern.
        if value[:1] in _ORDINARY and "\n" not in value and "\r" not in value:
            return value
        return f"'{value}" if _ACTIVE.search(value) else value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dt.datetime):
        return printed_stamp(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
