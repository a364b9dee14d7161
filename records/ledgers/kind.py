"""What a kind of ledger is: one definition from which upload, template, import, export and documentation follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from foodsafe_portal.lib.intake import columns as cells
from foodsafe_portal.lib.intake.columns import Parsed
from foodsafe_portal.lib.ledger import Column, header_vocabulary
from records.choices import RowVerb
from records.ledgers.rows import Rows
from records.models import LedgerBatch, LedgerRow


class RegisterChanged(Exception):
    """Between reading and writing, somebody else changed a row this ledger touches; nothing may be written."""


@dataclass(frozen=True, slots=True)
class LedgerContext:
    """Who imports, for which territory (region code, '' = none), and on which day.

    ``ledger_date`` is the day the ledger says it was filled in (填报日期), else the day of the upload. ``batch_id`` marks
    the facts that an import writes. ``locked_columns`` are keys of columns that the city keeps: in an object that is
    registered already, this import leaves them as they are and notes ``owned_by_city`` on the row.
    """

    user: Any
    territory: str
    today: date
    now: datetime
    ledger_date: date
    batch_id: int
    locked_columns: frozenset[str] = frozenset()

    @property
    def batch_number(self) -> str:
        """The number people quote."""
        return f"PC-{self.batch_id:06d}"


class Plan:
    """What each row would do: columns as long as the rows, filled by a kind, nothing written yet.

    ``befores`` hold the register's values of exactly the fields a row changes, by column key and ready for JSON. ``data``
    is whatever ``apply`` needs; it is never stored.
    """

    __slots__ = ("befores", "data", "targets", "verbs", "versions")

    def __init__(self, size: int) -> None:
        self.verbs: list[RowVerb] = [RowVerb.NONE] * size
        self.targets: list[int | None] = [None] * size
        self.versions: list[int | None] = [None] * size
        self.befores: list[dict[str, Any] | None] = [None] * size
        self.data: Any = None


@dataclass(slots=True)
class UndoResult:
    """What an undo did: objects put back, objects taken out, and rows left alone because they were changed since.

    ``awaits_approval``: nothing yet, for a second person has to agree first.
    """

    restored: int = 0
    removed: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    awaits_approval: bool = False

    def conflict(self, row: LedgerRow, name: str, why: str, by: str = "") -> None:
        """Leave one row alone and say why; ``by`` names the batch and the person that hold it, where they are known."""
        told = {"row": row.row_no, "name": name, "why": why}
        self.conflicts.append(told | {"by": by} if by else told)


class LedgerKind:
    """One kind of ledger. Subclass it in the room that owns the facts and put ``@register`` above.

    ``key`` is the name in the rights table, ``match_note`` a Chinese sentence on how rows find their objects, ``example`` the
    template's example row by column key, ``missing_advice`` what to do about objects a file leaves out,
    ``ignorable`` the columns that carry no content (a serial number), ``endless`` the words that mean "no end" in a date
    column, ``ownable`` the columns that the city may keep to itself.
    """

    key: ClassVar[str] = ""
    title: ClassVar[Any] = ""
    columns: ClassVar[tuple[Column, ...]] = ()
    match_note: ClassVar[Any] = ""
    missing_advice: ClassVar[Any] = _("只列出，不会删除。")
    example: ClassVar[Mapping[str, str]] = {}
    ignorable: ClassVar[tuple[str, ...]] = ("seq",)
    endless: ClassVar[Mapping[str, Sequence[str]]] = {}
    ownable: ClassVar[tuple[str, ...]] = ()
    needs_territory: ClassVar[bool] = True

    # --- columns --------------------------------------------------------------------------------

    @cached_property
    def column_of(self) -> dict[str, Column]:
        """Key → column."""
        return {column.key: column for column in self.columns}

    @cached_property
    def vocabulary(self) -> dict[str, str]:
        """Normalised headers and aliases → key."""
        return header_vocabulary(self.columns)

    @cached_property
    def prefilled(self) -> tuple[str, ...]:
        """Keys of columns that the template of a territory fills in beforehand, places and choices: alone they make no row."""
        chosen = tuple(column.key for column in self.columns if column.type in ("enum", "bool", "region"))
        placed = any(column.type == "region" for column in self.columns)
        return chosen if placed and set(self.required) - set(chosen) else ()

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Keys of the columns a file must have."""
        return tuple(column.key for column in self.columns if column.required)

    def headers(self, keys: Iterable[str]) -> list[str]:
        """The proper headers of columns."""
        return [self.column_of[key].header for key in keys]

    def parse(self, column: Column, column_cells: Sequence[Any], *, epoch_1904: bool) -> Parsed:
        """Turn the cells of one column into typed values, by the column's type."""
        match column.type:
            case "code":
                return cells.codes(column_cells)
            case "phone":
                return cells.phones(column_cells)
            case "date":
                return cells.dates(
                    column_cells, epoch_1904=epoch_1904, endless=self.endless.get(column.key, ())
                )
            case "enum":
                return cells.choices(column_cells, column.choices, column.synonyms)
            case "bool":
                return cells.booleans(column_cells)
            case "int":
                return cells.integers(column_cells)
            case "decimal":
                return cells.decimals(column_cells)
            case "text" | "list" | "files":
                return cells.texts(column_cells, multiline=True, max_length=column.max_length)
            case "person":
                return cells.persons(column_cells, max_length=column.max_length)
            case "region" | "ref" | "period":
                return cells.texts(column_cells, max_length=column.max_length)
            case _:
                return cells.texts(
                    column_cells, max_length=column.max_length, worded=True, any_word=column.any_word
                )

    # --- what a kind must answer ---------------------------------------------------------------

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """Report what is wrong in the file itself, across columns; asked once."""

    def identity(self, rows: Rows) -> list[str]:
        """Each row's natural key inside the file, '' where there is none. Same key, same content: merged; else all refused."""
        return [""] * len(rows)

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """Resolve the live rows against the register and say what each would do. Writes nothing; ``rows.identities`` are set.

        Asked twice, at the check and again under lock before the commit: the same register must give the same answer.
        """
        raise NotImplementedError

    def idle_rows_stand(self, batch: LedgerBatch) -> bool:
        """Whether everything behind the rows that write nothing is as it was at the check, by the objects' versions.

        Then a commit reads and plans only the rows that write something. False = not known: all rows are planned again.
        """
        return False

    def lock(self, context: LedgerContext) -> None:
        """Take what keeps two imports of the same territory apart; inside the committing transaction."""

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """Write what was planned, inside the engine's transaction. Raises ``RegisterChanged`` when a guard fails."""
        raise NotImplementedError

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Put back what a batch did, as far as nobody has changed it since."""
        raise NotImplementedError

    def last_written(self, territory: str) -> datetime | None:
        """When anything of this kind was last written in the territory; None = not known."""
        return None

    def missing(self, batch: LedgerBatch) -> QuerySet | None:
        """Objects of the register that this file should name and does not; they are listed, never deleted."""
        return None

    def missing_places(self, rows: Sequence[Any]) -> Mapping[Any, str]:
        """Where each of a page of missing objects lies, in words, by primary key; for the list of ``missing``."""
        return {}

    def regions(self, territory: str) -> Mapping[str, Sequence[str]]:
        """Counties of a territory with their townships, for the drop-downs of a template."""
        return {}

    # --- exports -------------------------------------------------------------------------------

    def export_queryset(self, user: Any) -> QuerySet:
        """What this person may export, in the order of the list page."""
        raise NotImplementedError

    def export_rows(self, queryset: QuerySet) -> Iterable[Sequence[Any]]:
        """Rows in the order of ``columns``; importing them again changes nothing."""
        raise NotImplementedError

    def labels(self, key: str) -> dict[str, str]:
        """Code → word of an enumerated column, for exports, with a blank for the empty code."""
        return {"": "", **{code: str(label) for code, label in self.column_of[key].choices.items()}}


KindClass = TypeVar("KindClass", bound=type[LedgerKind])
_kinds: dict[str, LedgerKind] = {}


def register(kind: KindClass) -> KindClass:
    """Make a kind known to upload, templates, commands, admin and documentation."""
    _kinds[kind.key] = kind()
    return kind


def kind_of(key: str) -> LedgerKind:
    """The kind with this key. KeyError for an unknown one."""
    return _kinds[key]


def all_kinds() -> list[LedgerKind]:
    """Every kind, in the order of declaration."""
    return list(_kinds.values())


def kinds_for(user: Any) -> list[LedgerKind]:
    """The kinds this person may import today."""
    return [kind for kind in _kinds.values() if kind.key in user.import_kinds]
