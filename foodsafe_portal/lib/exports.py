"""Exports: one registry from which pages' buttons and ``manage.py export`` draw, and the writing of a file in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from foodsafe_portal.lib.instants import printed_stamp
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.workbooks.csvout import csv_chunks
from foodsafe_portal.lib.workbooks.stream import Cover, OutColumn, OutSheet, write_xlsx

FORMATS: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}

Rows = Iterable[Sequence[Any]]


class UnknownExport(Exception):
    """No room exports this kind; the sentence names those there are."""


@dataclass(frozen=True, slots=True)
class ExportKind:
    """One thing that can be exported.

    ``rows(user, params)`` gives exactly the rows the list page shows this person for that address, as a stream.
    ``permission`` is what the person needs beside the right to export. ``columns`` carry the ledger's headers, so that an
    exported ledger can be imported again; those of a plain list are ``translated`` into the reader's language instead.
    ``described(user, params)`` puts the filter into words for the cover.
    """

    key: str
    title: Any
    columns: Sequence[Column]
    rows: Callable[[Any, QueryDict], Rows]
    permission: Any
    described: Callable[[Any, QueryDict], Sequence[tuple[str, str]]] = field(default=lambda user, params: ())
    translated: bool = False

    def heading(self, column: Column) -> str:
        """What stands above a column in the file."""
        return _(column.header) if self.translated else column.header


_kinds: dict[str, ExportKind] = {}


def register_export(kind: ExportKind) -> ExportKind:
    """Make a kind known; each room does so in its ``exports.py``, which Django reads at the start."""
    _kinds[kind.key] = kind
    return kind


def export_kind(key: str) -> ExportKind:
    """The kind with this key; raises ``UnknownExport``."""
    try:
        return _kinds[key]
    except KeyError:
        known = "、".join(sorted(_kinds))
        raise UnknownExport(
            _("没有“%(key)s”这种导出，可用：%(known)s。") % {"key": key, "known": known}
        ) from None


def export_keys() -> tuple[str, ...]:
    """Every kind there is."""
    return tuple(sorted(_kinds))


def write_export(
    kind: ExportKind, user: Any, params: QueryDict, *, target: BinaryIO, suffix: str, now: datetime
) -> int:
    """Write one export to an open binary file and return the number of rows below the header.

    xlsx opens on the data; a cover sheet beside it tells filter, as-of time, person and row count. csv is the data alone.
    """
    with _closed(kind.rows(user, params)) as rows:
        if suffix == "csv":
            counted = _Counter(rows)
            for chunk in csv_chunks([kind.heading(column) for column in kind.columns], counted):
                target.write(chunk)
            return counted.count
        columns = [
            OutColumn(kind.heading(column), column.width, column.is_text_in_excel) for column in kind.columns
        ]
        sheet = OutSheet(str(kind.title), columns, rows)
        return write_xlsx(target, sheets=[sheet], cover=_cover(kind, user, params, now))


@contextmanager
def _closed(rows: Rows) -> Iterator[Rows]:
    """Rows that come by a cursor give it back, also when the writing breaks."""
    try:
        yield rows
    finally:
        if isinstance(rows, Generator):
            rows.close()


def _cover(kind: ExportKind, user: Any, params: QueryDict, now: datetime) -> Cover:
    conditions = "；".join(f"{label}：{value}" for label, value in kind.described(user, params))
    return Cover(
        title=str(kind.title),
        facts=[
            (_("条件"), conditions or _("无")),
            (_("截至时间"), printed_stamp(now)),
            (_("导出人"), str(user)),
        ],
    )


class _Counter:
    """Counts rows as they pass."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            self.count += 1
            yield row
