"""Writing many rows at once: COPY on PostgreSQL, executemany on SQLite, one function each for the rest of the portal.

Columns come in as lists (or ``Same(value)`` for a constant), because that is how ledgers are held; a string for a JSON
column is taken as encoded. Whatever the number of rows, a call costs a fixed number of statements.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import Any

from django.db import connection
from django.db.models import Field, Model, QuerySet

_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Same:
    """One value for every row."""

    value: Any


class Pieces:
    """A long column made piece by piece while it is written, so that it never stands in memory whole.

    ``size`` is the number of its values; the pieces are read once.
    """

    __slots__ = ("pieces", "size")

    def __init__(self, size: int, pieces: Iterable[Sequence[Any]]) -> None:
        self.size, self.pieces = size, pieces

    def __len__(self) -> int:
        return self.size


Values = Sequence[Any] | Same | Pieces


def insert(model: type[Model], columns: Mapping[str, Values], *, ignore_conflicts: bool = False) -> int:
    """Insert rows given by attribute name (``region_id``, not ``region``) and return how many were inserted.

    With ``ignore_conflicts`` a row that collides with a unique constraint is left out; the caller compares the count.
    """
    fields = [_field(model, name) for name in columns]
    size = _size(columns.values())
    if not size:
        return 0
    table, names = model._meta.db_table, [str(field.column) for field in fields]
    if connection.vendor == "postgresql":
        if ignore_conflicts:
            _copy_into_temporary("rows_to_insert", table, names, fields, columns.values())
            listed = _quoted(names)
            return _run(
                f"INSERT INTO {_quote(table)} ({listed}) SELECT {listed} FROM rows_to_insert ON CONFLICT DO NOTHING"
            )
        return _copy(table, names, fields, columns.values())
    verb = "INSERT OR IGNORE" if ignore_conflicts else "INSERT"
    marks = ", ".join("%s" for _ in names)
    return _run_many(
        f"{verb} INTO {_quote(table)} ({_quoted(names)}) VALUES ({marks})", _rows(fields, columns.values())
    )


def update(
    model: type[Model],
    pks: Sequence[Any],
    columns: Mapping[str, Values],
    *,
    guard: Mapping[str, Values] | None = None,
) -> int:
    """Update rows by primary key and return how many were updated.

    ``guard`` names columns that must still have these values (an optimistic lock): a row that has changed is left alone, and
    the caller sees the smaller count.
    """
    if not len(pks):
        return 0
    guard = guard or {}
    key = model._meta.pk
    assert key is not None
    changed = [_field(model, name) for name in columns]
    guarded = [_field(model, name) for name in guard]
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        aliases = [f"v{n}" for n in range(len(changed))] + ["pk"] + [f"g{n}" for n in range(len(guarded))]
        sources = [*changed, key, *guarded]
        typed = ", ".join(
            f"{_quote(field.column)} AS {alias}" for field, alias in zip(sources, aliases, strict=True)
        )
        _run("DROP TABLE IF EXISTS rows_to_update")
        _run(
            f"CREATE TEMPORARY TABLE rows_to_update ON COMMIT DROP AS SELECT {typed} FROM {_quote(table)} WITH NO DATA"
        )
        _copy("rows_to_update", aliases, sources, [*columns.values(), pks, *guard.values()])
        settings = ", ".join(f"{_quote(field.column)} = r.v{n}" for n, field in enumerate(changed))
        conditions = "".join(
            f" AND t.{_quote(field.column)} IS NOT DISTINCT FROM r.g{n}" for n, field in enumerate(guarded)
        )
        return _run(
            f"UPDATE {_quote(table)} AS t SET {settings} FROM rows_to_update AS r "
            f"WHERE t.{_quote(key.column)} = r.pk{conditions}"
        )
    settings = ", ".join(f"{_quote(field.column)} = %s" for field in changed)
    conditions = "".join(f" AND {_quote(field.column)} IS %s" for field in guarded)
    return _run_many(
        f"UPDATE {_quote(table)} SET {settings} WHERE {_quote(key.column)} = %s{conditions}",
        _rows([*changed, key, *guarded], [*columns.values(), pks, *guard.values()]),
    )


def delete(model: type[Model], pks: Sequence[int]) -> int:
    """Delete rows by primary key without asking for dependants, which the caller has looked at."""
    if not pks:
        return 0
    key = model._meta.pk
    assert key is not None
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"DELETE FROM {_quote(model._meta.db_table)} WHERE {_quote(key.column)} = ANY(%s)",
                [list(pks)],
            )
        else:
            cursor.execute(
                f"DELETE FROM {_quote(model._meta.db_table)} WHERE {_quote(key.column)} IN (SELECT value FROM json_each(%s))",
                [json.dumps(list(pks))],
            )
        return int(cursor.rowcount)


def among(queryset: QuerySet, name: str, values: Iterable[Any]) -> QuerySet:
    """The rows whose column ``name`` (attribute name on the queryset's own table) has one of ``values``, however many.

    One parameter carries them all: SQLite allows only so many, and a long list of them is slow on PostgreSQL.
    """
    listed = list(values)
    column = f"{_quote(queryset.model._meta.db_table)}.{_quote(_field(queryset.model, name).column)}"
    if connection.vendor == "postgresql":
        return queryset.extra(where=[f"{column} = ANY(%s)"], params=[listed])
    return queryset.extra(
        where=[f"{column} IN (SELECT value FROM json_each(%s))"],
        params=[json.dumps(listed, ensure_ascii=False)],
    )


def lock_name(name: str) -> None:
    """Keep two transactions that name the same thing apart until the first ends.

    On SQLite a writing transaction is alone anyway (``IMMEDIATE``).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


# --- ways to the database ------------------------------------------------------------------------


def _copy(table: str, names: Sequence[str], fields: Sequence[Field], columns: Iterable[Values]) -> int:
    stream = _Stream(
        zip(*(_texts(field, values) for field, values in zip(fields, columns, strict=True)), strict=False)
    )
    # The driver's own method: Django would not tell its errors as its own, by which callers catch them.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(f"COPY {_quote(table)} ({_quoted(names)}) FROM STDIN", stream, 1 << 16)
        return int(cursor.rowcount)


def _copy_into_temporary(
    name: str, like: str, names: Sequence[str], fields: Sequence[Field], columns: Iterable[Values]
) -> None:
    _run(f"DROP TABLE IF EXISTS {name}")
    _run(
        f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT {_quoted(names)} FROM {_quote(like)} WITH NO DATA"
    )
    _copy(name, names, fields, columns)


def _run(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.rowcount)


def _run_many(sql: str, rows: Iterable[Sequence[Any]]) -> int:
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)  # type: ignore[arg-type] # both drivers take any iterable
        return int(cursor.rowcount)


class _Stream:
    """Rows as the text of COPY, made while they are read."""

    def __init__(self, rows: Iterator[Sequence[str]]) -> None:
        self._rows = rows

    def read(self, size: int = -1) -> str:
        """Some more text, an empty string at the end; psycopg2 takes more than it asked for."""
        lines = list(map("\t".join, islice(self._rows, _ROWS_AT_ONCE)))
        return "\n".join(lines) + "\n" if lines else ""


# --- values ----------------------------------------------------------------------------------------


def _field(model: type[Model], name: str) -> Field:
    for field in model._meta.concrete_fields:
        if name in (field.attname, field.name):
            return field
    raise LookupError(f"{model.__name__} has no column {name}")


def _texts(field: Field, values: Values) -> Iterable[str]:
    """Values as the text format of COPY writes them."""
    if isinstance(values, Pieces):
        return chain.from_iterable(_texts(field, piece) for piece in values.pieces)
    if field.get_internal_type() == "JSONField":
        values = (
            Same(None if values.value is None else _json(values.value))
            if isinstance(values, Same)
            else [None if value is None else _json(value) for value in values]
        )
    if isinstance(values, Same):
        return repeat(_Text()[values.value])
    if set(map(type, values)) <= {str} and not _needs_escapes(values):
        return values
    return list(map(_Text().__getitem__, values))


def _needs_escapes(values: Sequence[str]) -> bool:
    """Whether any of these strings holds what COPY would misread, told in one sweep."""
    whole = "".join(values)
    return any(sign in whole for sign in "\\\t\n\r")


class _Text(dict[Any, str]):
    """The text of each distinct value; dates, numbers and flags read back as Python prints them."""

    def __missing__(self, value: Any) -> str:
        text = _NULL if value is None else str(value).translate(_ESCAPES)
        self[value] = text
        return text


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rows(fields: Sequence[Field], columns: Iterable[Values]) -> Iterator[tuple[Any, ...]]:
    """Values as SQLite stores them, row by row."""
    return zip(*(_stored(field, values) for field, values in zip(fields, columns, strict=True)), strict=False)


def _stored(field: Field, values: Values) -> Iterable[Any]:
    if isinstance(values, Pieces):
        return chain.from_iterable(_stored(field, piece) for piece in values.pieces)
    convert = (
        _json if field.get_internal_type() == "JSONField" else _CONVERTERS.get(field.get_internal_type())
    )
    if isinstance(values, Same):
        value = values.value
        return repeat(value if value is None or convert is None else convert(value))
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "DateField": lambda value: value if isinstance(value, str) else value.isoformat(),
    "DateTimeField": lambda value: connection.ops.adapt_datetimefield_value(value),
    "DecimalField": str,
    "UUIDField": lambda value: value.hex,
}


def _size(columns: Iterable[Values]) -> int:
    sizes = {len(values) for values in columns if not isinstance(values, Same)}
    if len(sizes) != 1:
        raise ValueError(f"columns of different lengths: {sorted(sizes)}")
    return sizes.pop()


def _quote(name: str | None) -> str:
    assert name, "only fields with a column are written"
    return connection.ops.quote_name(name)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(_quote, names))
