"""Staged rows: what a check found is written once and read back for the commit, in bulk both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from json import dumps, loads
from json.encoder import encode_basestring
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast

from foodsafe_portal.lib import bulk
from foodsafe_portal.lib.bulk import Same
from foodsafe_portal.lib.pieces import in_pieces
from records.choices import RowVerb, RowVerdict
from records.ledgers.kind import LedgerKind, Plan
from records.ledgers.rows import Rows
from records.models import LedgerBatch, LedgerRow

KEY_LENGTH = 200
ROWS_AT_ONCE = 5_000  # how many rows' documents stand in memory at a time
IDLE_VERBS = (RowVerb.UNCHANGED.value, RowVerb.CONFLICT.value)  # rows that write nothing


def write(batch: LedgerBatch, rows: Rows, plan: Plan, left_out: Iterable[tuple[int, str]]) -> None:
    """Replace the staged rows of a batch. ``left_out`` are rows of the sheet that carry no data, with the reason."""
    LedgerRow.objects.filter(batch=batch).delete()
    size = len(rows)
    verdicts = [RowVerdict.ACCEPTED.value] * size
    for index in rows.skipped:
        verdicts[index] = RowVerdict.SKIPPED.value
    for index in rows.rejected:
        verdicts[index] = RowVerdict.REJECTED.value
    verbs = [
        verb.value if verdict == RowVerdict.ACCEPTED else ""
        for verb, verdict in zip(plan.verbs, verdicts, strict=True)
    ]
    issues, some, errors, warnings = ["[]"] * size, [False] * size, [False] * size, [False] * size
    for index, found in rows.issues.items():
        issues[index] = dumps(found, ensure_ascii=False)
        severities = {issue["severity"] for issue in found}
        some[index], errors[index], warnings[index] = (
            bool(found),
            "error" in severities,
            "warning" in severities,
        )
    bulk.insert(
        LedgerRow,
        {
            "batch_id": Same(batch.pk),
            "row_no": rows.numbers,
            "verdict": verdicts,
            "verb": verbs,
            "key": [key[:KEY_LENGTH] for key in rows.identities],
            "values": _documents(rows),
            "before": [
                None if before is None else dumps(before, ensure_ascii=False) for before in plan.befores
            ],
            "target_id": plan.targets,
            "base_version": plan.versions,
            "issues": issues,
            "has_issues": some,
            "has_error": errors,
            "has_warning": warnings,
        },
    )
    skipped = list(left_out)
    if skipped:
        bulk.insert(LedgerRow, _left_out(batch, skipped))


def _left_out(batch: LedgerBatch, skipped: list[tuple[int, str]]) -> dict[str, bulk.Values]:
    def issue(number: int, reason: str) -> str:
        found = {
            "row": number,
            "column": "",
            "value": "",
            "code": "row_skipped",
            "severity": "note",
            "message": reason,
        }
        return dumps([found], ensure_ascii=False)

    return {
        "batch_id": Same(batch.pk),
        "row_no": [number for number, _ in skipped],
        "verdict": Same(RowVerdict.SKIPPED.value),
        "verb": Same(""),
        "key": Same(""),
        "values": Same("{}"),
        "issues": [issue(number, reason) for number, reason in skipped],
        "has_issues": Same(True),
        "has_error": Same(False),
        "has_warning": Same(False),
    }


def _documents(rows: Rows) -> bulk.Pieces:
    """Each row's values as a JSON object without its blanks, put together from the columns' encoded cells."""
    return bulk.Pieces(len(rows), _piece_of_documents(rows))


def _piece_of_documents(rows: Rows) -> Iterator[list[str]]:
    columns = [(key, rows.column(key)) for key in rows.keys]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        piece = slice(start, start + ROWS_AT_ONCE)
        members = [_members(key, column[piece]) for key, column in columns]
        if members:
            yield ["{" + "".join(row)[1:] + "}" for row in zip(*members, strict=True)]
        else:
            yield ["{}"] * len(rows.numbers[piece])


def _members(key: str, column: Sequence[Any]) -> Iterable[str]:
    """Each cell as a member of its row's JSON object, behind a comma; an empty string for a blank."""
    if set(map(type, column)) <= {str, type(None)}:
        whole = "".join(cell for cell in column if cell is not None)
        if len(encode_basestring(whole)) == len(whole) + 2:  # nothing to escape in any of them
            opening = f",{encode_basestring(key)}:"
            return ["" if cell is None else f'{opening}"{cell}"' for cell in column]
    return map(_Encoded(key).__getitem__, column)


class _Encoded(dict[Any, str]):
    """``,"key":value`` for each distinct value of a column, an empty string for blanks."""

    def __init__(self, key: str) -> None:
        super().__init__({None: ""})
        self.opening = f",{encode_basestring(key)}:"

    def __missing__(self, value: Any) -> str:
        if isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, int):
            text = str(value)
        else:
            text = encode_basestring(value.isoformat() if isinstance(value, date) else str(value))
        self[value] = encoded = self.opening + text
        return encoded


@dataclass(frozen=True, slots=True)
class Staged:
    """What the check promised for the accepted rows, in the rows' order.

    ``before`` and ``after`` digest what the rows' objects were and become, so that the event of a batch stands for all of them.
    """

    verbs: list[str] = field(default_factory=list)
    targets: list[int | None] = field(default_factory=list)
    befores: list[dict[str, Any] | None] = field(default_factory=list)
    versions: list[int | None] = field(default_factory=list)
    before: Any = field(default_factory=sha256)
    after: Any = field(default_factory=sha256)

    def agrees_with(self, plan: Plan, rows: Rows) -> bool:
        """Whether a fresh plan would do exactly what was shown, to objects nobody has written since."""
        return (
            not rows.rejected
            and self.targets == plan.targets
            and self.verbs == [verb.value for verb in plan.verbs]
            and self.befores == plan.befores
            and (
                self.versions == plan.versions or self._written(self.versions) == self._written(plan.versions)
            )
        )

    def _written(self, versions: list[int | None]) -> list[int | None]:
        """The versions of the objects that rows write to; what becomes of the others does not concern this batch."""
        return [version for version, verb in zip(versions, self.verbs, strict=True) if verb not in IDLE_VERBS]


def read(batch: LedgerBatch, kind: LedgerKind, *, changing: bool = False) -> tuple[Rows, Staged]:
    """The accepted rows of a batch as they were understood, and what was promised for them.

    With ``changing`` only those that write something: rows found unchanged, and rows a human decision stands against, stay out.
    """
    accepted = accepted_rows(batch)
    if changing:
        accepted = accepted.exclude(verb__in=IDLE_VERBS)
    stored = (
        accepted.order_by("row_no")
        .annotate(document=Cast("values", TextField()), earlier=Cast("before", TextField()))
        .values_list("row_no", "document", "verb", "key", "target_id", "earlier", "base_version")
        .iterator(chunk_size=ROWS_AT_ONCE)
    )
    headers = {key: header for header, key in batch.columns.items()}
    readers = {
        column.key: _Read(_READERS.get(column.type)).__getitem__
        for column in kind.columns
        if column.key in headers and column.key not in kind.ignorable
    }
    columns: dict[str, list[Any]] = {key: [] for key in readers}
    numbers: list[int] = []
    keys: list[str] = []
    staged = Staged()
    for found in in_pieces(stored, ROWS_AT_ONCE):
        row_numbers, texts, verbs, identities, targets, earlier, versions = zip(*found, strict=True)
        numbers += row_numbers
        keys += identities
        staged.verbs.extend(verbs)
        staged.targets.extend(targets)
        staged.versions.extend(versions)
        # One document for many rows is decoded in a third of the time of one for each.
        whole, known = f"[{','.join(texts)}]", f"[{','.join(text or 'null' for text in earlier)}]"
        for digest, told in ((staged.before, known), (staged.after, whole)):
            digest.update(dumps(identities, ensure_ascii=False).encode())
            digest.update(told.encode())
        staged.befores.extend(loads(known))
        documents = loads(whole)
        for key, read_value in readers.items():
            columns[key] += [read_value(document.get(key)) for document in documents]
    rows = Rows(numbers, columns, headers)
    rows.identities = keys
    return rows, staged


def accepted_rows(batch: LedgerBatch) -> QuerySet[LedgerRow]:
    """The rows that are imported, those that write nothing included."""
    return LedgerRow.objects.filter(batch=batch, verdict=RowVerdict.ACCEPTED)


def idle_rows(batch: LedgerBatch) -> QuerySet[LedgerRow]:
    """The accepted rows that write nothing."""
    return accepted_rows(batch).filter(verb__in=IDLE_VERBS)


def still_stand(batch: LedgerBatch, register: QuerySet) -> bool:
    """Whether the objects behind all idle rows have the version they had at the check; ``register`` is their manager's all().

    Then those rows need not be read and planned again: nothing is written for them, and what they said was true still is.
    """
    idle = idle_rows(batch)
    same = register.filter(pk=OuterRef("target_id"), version=OuterRef("base_version"))
    return not idle.exclude(Exists(same)).exists()


class _Read(dict[Any, Any]):
    """Typed values from JSON, each distinct one once, so that a word that stands in every row is held once."""

    def __init__(self, reader: Callable[[str], Any] | None) -> None:
        super().__init__({None: None})
        self.reader = reader

    def __missing__(self, stored: Any) -> Any:
        self[stored] = value = stored if self.reader is None else self.reader(stored)
        return value


_READERS: dict[str, Callable[[str], Any]] = {"date": date.fromisoformat, "decimal": Decimal}


def verb_counts(rows: Rows, plan: Plan) -> dict[str, int]:
    """How many live rows do what."""
    counts = {verb.value: 0 for verb in RowVerb if verb.value}
    for index in rows.live():
        counts[plan.verbs[index].value] += 1
    return counts
