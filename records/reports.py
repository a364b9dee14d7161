"""What the ledger pages show, read in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from foodsafe_portal.lib.badges import badge_for
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.sentences import told
from records.choices import BatchState, RowVerb
from records.ledgers import LedgerKind, kind_of
from records.ledgers.codes import LEAVING_OUT, group_message
from records.models import Job, LedgerBatch, LedgerRow
from records.services import ledgers

PAGE = 100
NAME_KEYS = ("name", "business_name", "officer_name", "title", "username", "description", "code")
STEP = {
    BatchState.UPLOADED: 2,
    BatchState.CHECKING: 2,
    BatchState.CHECKED: 3,
    BatchState.AWAITING: 3,
    BatchState.COMMITTING: 4,
    BatchState.COMMITTED: 5,
    BatchState.UNDONE: 5,
    BatchState.REFUSED: 2,
    BatchState.ABANDONED: 3,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One changed cell: column, old and new as words; a protected one names its reason."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RowShown:
    """One staged row for the comparison table."""

    number: int
    name: str
    key: str
    verb: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IssueShown:
    """One issue with the column's letter-free header, what was typed and what to do."""

    row: int
    column: str
    value: str
    message: str
    severity: str
    fault: str
    """What this kind of fault is called, in the reader's language; '' where ``message`` is in it already."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that are counted as read and neither imported nor refused: how many, and why."""

    count: int
    why: str


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Everything the page of one batch needs."""

    batch: LedgerBatch
    kind: LedgerKind
    head: dict[str, Any]
    seen: str
    """What a yes or no given on this page is about (``ledgers.seen_of``)."""
    job: Job | None
    working: bool
    step: int
    groups: tuple[dict[str, Any], ...]
    warnings: tuple[dict[str, Any], ...]
    asks: str
    may_act: bool
    may_decide: bool
    may_decide_undo: bool
    may_withdraw_undo: bool
    undo_takes_two: bool
    left_alone: tuple[dict[str, Any], ...]
    left_out: tuple[LeftOut, ...]

    @property
    def changing(self) -> int:
        """Rows that would change the register."""
        names = ("created", "updated", "closed", "reactivated")
        return sum(self.head[name] for name in names)


def batch_page(batch: LedgerBatch, user: Any) -> BatchPage:
    """The page of one batch for this person; only whoever uploaded it may act on it."""
    working = batch.state in {BatchState.UPLOADED, BatchState.CHECKING, BatchState.COMMITTING}
    groups = [dict(group) for group in batch.groups]
    undo_asked = batch.state == BatchState.COMMITTED and batch.undo_asked_at is not None
    waits = (batch.state == BatchState.AWAITING or undo_asked) and ledgers.awaiting_approval(user).filter(
        pk=batch.pk
    ).exists()
    return BatchPage(
        batch=batch,
        kind=kind_of(batch.kind),
        head=ledgers.head(batch),
        seen=ledgers.seen_of(batch),
        job=batch.commit_job if batch.state == BatchState.COMMITTING else batch.check_job,
        working=working,
        step=STEP[BatchState(batch.state)],
        groups=tuple(group for group in groups if group.get("severity", "error") == "error"),
        warnings=tuple(group for group in groups if group.get("severity") == "warning"),
        asks=str(batch.choices.get("ask", "")) if batch.state == BatchState.REFUSED else "",
        may_act=batch.uploaded_by_id == user.pk,
        may_decide=waits and batch.state == BatchState.AWAITING,
        may_decide_undo=waits and undo_asked,
        may_withdraw_undo=undo_asked and batch.undo_asked_by_id == user.pk,
        undo_takes_two=batch.state == BatchState.COMMITTED and ledgers.needs_approval(batch),
        left_alone=tuple(batch.choices.get("left_alone", ())) if batch.state == BatchState.UNDONE else (),
        left_out=tuple(
            LeftOut(group["count"], told(group["message"]))
            for group in groups
            if group["code"] in LEAVING_OUT
        ),
    )


def issues_shown(batch: LedgerBatch, *, severity: str, code: str, after: int) -> tuple[list[IssueShown], int]:
    """A page of issues and the row number to go on after (0 = no more)."""
    rows = ledgers.issue_page(batch, severity=severity, code=code, after=after, size=PAGE)
    foreign = not (get_language() or "zh").startswith("zh")
    shown = [
        IssueShown(
            row=issue["row"],
            column=issue["column"],
            value=str(issue["value"]),
            message=told(issue["message"]),
            severity=issue["severity"],
            fault=told(group_message(issue["code"])) if foreign else "",
        )
        for row in rows
        for issue in row.issues
    ]
    return shown, rows[-1].row_no if len(rows) == PAGE else 0


def rows_shown(batch: LedgerBatch, *, verb: str, after: int) -> tuple[list[RowShown], int]:
    """A page of staged rows of one verb and the row number to go on after (0 = no more)."""
    kind = kind_of(batch.kind)
    rows = list(ledgers.rows_of(batch, verb=verb).filter(row_no__gt=after)[:PAGE])
    shown = [_row(row, kind) for row in rows]
    return shown, rows[-1].row_no if len(rows) == PAGE else 0


def _row(row: LedgerRow, kind: LedgerKind) -> RowShown:
    name = next((str(row.values[key]) for key in NAME_KEYS if row.values.get(key)), row.key)
    before = row.before or {}
    changes = tuple(
        Change(column.header, _word(column, before[column.key]), _word(column, row.values.get(column.key)))
        for column in kind.columns
        if column.key in before
    )
    notes = tuple(told(issue["message"]) for issue in row.issues if issue["severity"] in {"note", "warning"})
    return RowShown(row.row_no, name, row.key, str(RowVerb(row.verb).label), changes, notes)


def _word(column: Column, value: Any) -> str:
    if value in (None, ""):
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return str(column.choices.get(str(value), value))


@dataclass(frozen=True, slots=True)
class ColumnAsked:
    """One header of the file: what it means so far, what is to be said about it, and the first values below it.

    ``choices`` are the columns it may be, each saying whether a file must have it and which header has it already.
    """

    header: str
    key: str
    remark: str
    tone: str
    samples: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """The page that asks what the columns mean: every header, the columns to choose from, and what is missing."""

    headers: tuple[ColumnAsked, ...]
    missing: tuple[str, ...]
    doubled: bool


def column_page(batch: LedgerBatch) -> ColumnPage:
    """Everything the mapping page of a batch shows; unrecognised, missing and doubled columns are named."""
    kind = kind_of(batch.kind)
    chosen = batch.choices
    said = {**chosen.get("remembered", {}), **chosen.get("mapping", {})}
    doubled = {
        label.rsplit("（", 1)[0]: key for key, labels in chosen.get("doubled", {}).items() for label in labels
    }
    found = []
    for header in dict.fromkeys(chosen.get("guess") or batch.columns):
        key = batch.columns.get(header) or said.get(header, "") or doubled.get(header, "")
        if header in doubled:
            remark, tone = _("与另一列像是同一项，请只留一列"), "warn"
        elif header in chosen.get("remembered", {}):
            remark, tone = _("按上次的选择"), "info"
        elif header in batch.unrecognised:
            remark, tone = _("没有认出"), "warn"
        else:
            remark, tone = "", ""
        found.append((header, key, remark, tone))
    taken = {key: header for header, key, _remark, _tone in reversed(found)}
    samples = chosen.get("samples", {})
    return ColumnPage(
        headers=tuple(
            ColumnAsked(
                header,
                key,
                remark,
                tone,
                tuple(samples.get(header, ())),
                _columns_to_choose(kind, header, taken),
            )
            for header, key, remark, tone in found
        ),
        missing=tuple(kind.headers(key for key in kind.required if key not in taken)),
        doubled=len(taken.keys() - {""}) < sum(bool(key) for _header, key, _remark, _tone in found),
    )


def _columns_to_choose(kind: LedgerKind, header: str, taken: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The columns of a kind for one header: required ones marked, and those that another header has already."""
    choices = []
    for column in kind.columns:
        words = _("%(column)s（必填）") % {"column": column.header} if column.required else column.header
        if (other := taken.get(column.key, header)) not in (header, column.header):
            words = _("%(column)s，已对应“%(header)s”") % {"column": words, "header": other}
        elif other != header:
            words = _("%(column)s，已对应") % {"column": words}
        choices.append((column.key, words))
    return tuple(choices)


@badge_for("ledger-home", gettext_lazy("待批准 %(n)s"))
def awaiting(user: Any) -> QuerySet:
    """The ledgers that wait for this person's approval."""
    return ledgers.awaiting_approval(user)
