"""Keyset paging: fifty rows before or after a row, however long the list, with every filter kept in the address."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import EmptyResultSet, FieldDoesNotExist, FieldError, ValidationError
from django.db import connections
from django.db.models import Field, Q, QuerySet
from django.http import HttpRequest, QueryDict

COUNT_TO: Final = 1000
CURSORS: Final = ("after", "before", "at")


class AtLeast(int):
    """A count that stopped at its limit: prints as “1,000+” wherever numbers are printed."""

    def __format__(self, spec: str) -> str:
        return f"{int(self):{spec or ','}}+"

    def __str__(self) -> str:
        return format(self)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. ``first`` and ``last`` count from 1; ``total`` may be ``AtLeast``; addresses are empty at the ends."""

    rows: Sequence[Any]
    previous_url: str
    next_url: str
    total: int
    first: int
    last: int

    @property
    def count_label(self) -> str:
        """The total as printed: exact, or “1,000+”."""
        return f"{self.total:,}"


def capped_count(queryset: QuerySet, *, to: int = COUNT_TO) -> int:
    """How many rows there are, counted no further than ``to``; beyond it ``AtLeast(to)``."""
    return counts_of([queryset], to=to)[0]


def counts_of(
    querysets: Sequence[QuerySet], *, to: int = COUNT_TO, whole: Sequence[QuerySet] = ()
) -> list[int]:
    """``capped_count`` of several lists in one query: the numbers on a page's tabs.

    ``whole`` are lists counted to their end in the same query, because a sentence says how many; their counts come last.
    """
    parts: list[tuple[int, str]] = []
    params: list[Any] = []
    asked = [*querysets, *whole]
    counts = [0] * len(asked)
    for place, queryset in enumerate(asked):
        try:
            rows = queryset.order_by().values("pk")
            sql, args = (rows[: to + 1] if place < len(querysets) else rows).query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append((place, f"(SELECT COUNT(*) FROM ({sql}) counted)"))
        params.extend(args)
    if parts:
        with connections[asked[0].db].cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(sql for _, sql in parts)}", params)
            numbers = cursor.fetchone()
        for (place, _), number in zip(parts, numbers, strict=True):
            counts[place] = AtLeast(to) if place < len(querysets) and number > to else number
    return counts


def page_of(
    queryset: QuerySet,
    request: HttpRequest | QueryDict,
    order: str | Sequence[str] = "-id",
    size: int = 50,
    *,
    exact: bool = False,
    total: int | None = None,
) -> Page:
    """The page that ``after`` or ``before`` in the address asks for; an address that makes no sense shows the first one.

    ``order``: names of fields or annotations without nulls, ``-`` for descending; the key is added to break ties. A
    ``values_list`` must contain them. ``exact`` counts to the end, ``total`` is a count that is already known. Rows written
    meanwhile move nothing that has been shown: the next page starts behind the last row of this one.
    """
    params = request if isinstance(request, QueryDict) else request.GET
    names = _order(queryset, [order] if isinstance(order, str) else list(order))
    if total is None:
        total = queryset.order_by().count() if exact else capped_count(queryset)
    after, before = _cursor(queryset, names, params, "after"), _cursor(queryset, names, params, "before")
    at = _position(params)
    if before is not None and after is None:
        backwards = [name[1:] if name.startswith("-") else f"-{name}" for name in names]
        rows = list(queryset.filter(_beyond(backwards, before)).order_by(*backwards)[: size + 1])
        if len(rows) > size:
            rows = rows[size - 1 :: -1]
            first = max(at - size, 1)
            return _page(rows, queryset, names, params, first, total, previous=True, following=True)
        after = None  # fewer rows than a page before it: that is the first page
    elif after is not None:
        rows = list(queryset.filter(_beyond(names, after)).order_by(*names)[: size + 1])
        if rows:
            return _page(
                rows[:size], queryset, names, params, at, total, previous=True, following=len(rows) > size
            )
    rows = list(queryset.order_by(*names)[: size + 1])
    return _page(rows[:size], queryset, names, params, 1, total, previous=False, following=len(rows) > size)


def _order(queryset: QuerySet, order: list[str]) -> list[str]:
    """The order with the primary key as its last word."""
    key = queryset.model._meta.pk.name
    names = [name.replace("pk", key) if name.lstrip("-") == "pk" else name for name in order]
    if not any(name.lstrip("-") == key for name in names):
        names.append(f"-{key}" if names and names[-1].startswith("-") else key)
    return names


def _page(
    rows: Sequence[Any],
    queryset: QuerySet,
    names: list[str],
    params: QueryDict,
    first: int,
    total: int,
    *,
    previous: bool,
    following: bool,
) -> Page:
    last = first + len(rows) - 1 if rows else 0
    return Page(
        rows=rows,
        previous_url=_address(params, "before", _values(queryset, names, rows[0]), first)
        if previous and rows
        else "",
        next_url=_address(params, "after", _values(queryset, names, rows[-1]), last + 1) if following else "",
        total=total,
        first=first if rows else 0,
        last=last,
    )


def without_cursor(params: QueryDict) -> QueryDict:
    """The filters of an address without its place in the list."""
    kept = params.copy()
    for name in CURSORS:
        kept.pop(name, None)
    return kept


def _address(params: QueryDict, direction: str, values: list[Any], at: int) -> str:
    query = without_cursor(params)
    query[direction] = (
        str(values[0]) if len(values) == 1 else json.dumps(values, ensure_ascii=False, default=str)
    )
    query["at"] = str(at)
    return f"?{query.urlencode()}"


def _values(queryset: QuerySet, names: list[str], row: Any) -> list[Any]:
    """The ordering values of a row: model instance, mapping, named tuple or ``values_list`` tuple."""
    found = []
    for name in (name.lstrip("-") for name in names):
        if isinstance(row, dict):
            found.append(row[name])
        elif isinstance(row, tuple) and not hasattr(row, "_fields"):
            found.append(row[_shape(queryset).index(name)])
        else:
            value = row
            for step in name.split("__"):
                value = getattr(value, step)
            found.append(value)
    return found


def _shape(queryset: QuerySet) -> list[str]:
    """The columns of a ``values_list``."""
    return list(getattr(queryset, "_fields", None) or ())


def _cursor(queryset: QuerySet, names: list[str], params: QueryDict, direction: str) -> list[Any] | None:
    """The values in the address, as their fields read them; None when there are none or they make no sense."""
    text = params.get(direction)
    if not text:
        return None
    try:
        raw = [text] if len(names) == 1 else json.loads(text)
        if not isinstance(raw, list) or len(raw) != len(names):
            return None
        values = [
            _field(queryset, name.lstrip("-")).to_python(value)
            for name, value in zip(names, raw, strict=True)
        ]
    except (ValueError, ValidationError, FieldError, OverflowError):
        return None
    sane = all(value is not None and not (isinstance(value, int) and abs(value) >= 2**63) for value in values)
    return values if sane and "\0" not in text else None


def _field(queryset: QuerySet, name: str) -> Field:
    """The field that reads one ordering value."""
    if name in queryset.query.annotations:
        return queryset.query.annotations[name].output_field
    field: Any = None
    options = queryset.model._meta
    for step in name.split("__"):
        try:
            field = options.get_field(step)
        except FieldDoesNotExist as error:
            raise FieldError(str(error)) from error
        if field.is_relation:
            options = field.related_model._meta
    return field.target_field if field.is_relation else field


def _position(params: QueryDict) -> int:
    """Where in the list this page begins; only a label, so a wrong number harms nothing."""
    text = params.get("at", "")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _beyond(names: list[str], values: list[Any]) -> Q:
    """Rows that come after ``values`` in this order, written so that an index on the first name can be used."""
    condition = Q()
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        same = Q(**{other.lstrip("-"): values[at] for at, other in enumerate(names[:place])})
        condition |= same & Q(**{f"{name.lstrip('-')}__{'lt' if name.startswith('-') else 'gt'}": value})
    if len(names) > 1:
        first = names[0]
        condition &= Q(**{f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}": values[0]})
    return condition
