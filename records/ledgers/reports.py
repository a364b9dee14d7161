"""What the ledger pages show, read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from foodsafe_portal.lib.badges import badge_for
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.sentences import told
from records.choices import BatchState, Outcome, RowVerb
from records.ledgers import LedgerKind, batches, kind_of
from records.ledgers.codes import LEAVING_OUT, group_message
from records.models import AuditEvent, Job, LedgerBatch, LedgerRow

PAGE = 100
NAME_KEYS = ("name", "business_name", "officer_name", "title", "username", "description", "code")
NUMBER_KEYS = ("licence_no", "credit_code")
STEP = {
    BatchState.UPLOADED: 2,
    BatchState.CHECKING: 2,
    BatchState.CHECKED: 3,
    BatchState.AWAITING: 3,
    BatchState.COMMITTING: 4,
    BatchState.COMMITTED: 5,
    BatchState.UNDONE: 4,
    BatchState.REFUSED: 2,
    BatchState.ABANDONED: 3,
}
ENDED_BY = {BatchState.ABANDONED: "ledger.abandoned", BatchState.UNDONE: "ledger.undone"}
"""The event that tells who ended a batch, and when."""

TONES = {
    BatchState.CHECKED: "info",
    BatchState.AWAITING: "warn",
    BatchState.COMMITTED: "ok",
    BatchState.REFUSED: "bad",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a batch stands, in words: the title of its page, its badge, and how far down which road it is."""

    title: str
    word: str
    tone: str
    step: int
    road: tuple[str, ...] | None = None
    """The steps by name; None = the usual ones."""


def is_declined(batch: LedgerBatch) -> bool:
    """Whether a second person has said no to what was last checked; a check since then speaks for itself."""
    said = batch.decided_at if batch.state == BatchState.REFUSED and batch.decision_reason else None
    return said is not None and (batch.checked_at is None or said >= batch.checked_at)


def standing(batch: LedgerBatch) -> Standing:
    """The same words for a batch on its page and in every list."""
    state = BatchState(batch.state)
    word, tone, step = str(state.label), TONES.get(state, "wait"), STEP[state]
    begun = (_("上传"), _("检查"))
    if is_declined(batch):
        return Standing(_("没有批准"), _("未批准"), "bad", 3, (*begun, _("未批准")))
    if state == BatchState.REFUSED and batch.choices.get("ask"):
        return Standing(_("先回答一个问题"), _("请回答"), "warn", step)
    if state == BatchState.COMMITTED and batch.undo_asked_at is not None:
        return Standing(_("撤销待批准"), _("撤销待批准"), "warn", step)
    if state == BatchState.ABANDONED:
        given_up = _("已撤回") if batch.confirmed_at else word
        return Standing(given_up, given_up, tone, step, (*begun, given_up))
    if state == BatchState.UNDONE:
        return Standing(_("已整批撤销"), word, tone, step, (*begun, _("确认"), word))
    if state == BatchState.AWAITING:
        return Standing(_("等待批准"), word, tone, step, (*begun, _("批准"), _("完成")))
    titles = {
        BatchState.COMMITTED: _("导入完成"),
        BatchState.CHECKED: _("检查结果"),
        BatchState.REFUSED: _("检查结果"),
    }
    return Standing(titles.get(state, _("正在处理台账")), word, tone, step)


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
    number_of: str
    """The licence number or credit code by which the register finds it; '' where the row names none."""


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
    """What a yes or no given on this page is about (``batches.seen_of``)."""
    job: Job | None
    working: bool
    standing: Standing
    declined: bool
    ended: AuditEvent | None
    """Who gave the batch up or took it back, and when; None while it stands."""
    limit: int | None
    """How many rows one person may import alone, where this batch has more; None where it has not."""
    approvers: tuple[str, ...]
    """Some of the people who may say the second yes, with their posts, where one is needed."""
    groups: tuple[dict[str, Any], ...]
    warnings: tuple[dict[str, Any], ...]
    asks: str
    sheets: tuple[tuple[str, int | None], ...]
    """The sheets to choose from with the rows of each, where that is asked."""
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
    waits = (batch.state == BatchState.AWAITING or undo_asked) and batches.awaiting_approval(user).filter(
        pk=batch.pk
    ).exists()
    over = _limit_passed(batch)
    rows_in = batch.choices.get("candidate_rows", {})
    return BatchPage(
        batch=batch,
        kind=kind_of(batch.kind),
        head=batches.head(batch),
        seen=batches.seen_of(batch),
        job=batch.commit_job if batch.state == BatchState.COMMITTING else batch.check_job,
        working=working,
        standing=standing(batch),
        declined=is_declined(batch),
        ended=_ended(batch),
        limit=over,
        approvers=_approvers(batch, user) if over is not None or batch.state == BatchState.AWAITING else (),
        groups=tuple(group for group in groups if group.get("severity", "error") == "error"),
        warnings=tuple(group for group in groups if group.get("severity") == "warning"),
        asks=str(batch.choices.get("ask", "")) if batch.state == BatchState.REFUSED else "",
        sheets=tuple((name, rows_in.get(name)) for name in batch.choices.get("candidates", ())),
        may_act=batch.uploaded_by_id == user.pk,
        may_decide=waits and batch.state == BatchState.AWAITING,
        may_decide_undo=waits and undo_asked,
        may_withdraw_undo=undo_asked and batch.undo_asked_by_id == user.pk,
        undo_takes_two=batch.state == BatchState.COMMITTED and over is not None,
        left_alone=tuple(batch.choices.get("left_alone", ())),
        left_out=tuple(
            LeftOut(group["count"], told(group["message"]))
            for group in groups
            if group["code"] in LEAVING_OUT
        ),
    )


def _ended(batch: LedgerBatch) -> AuditEvent | None:
    action = ENDED_BY.get(BatchState(batch.state))
    if action is None:
        return None
    events = AuditEvent.objects.filter(
        action=action, target_type=batch._meta.label_lower, target_id=str(batch.pk), outcome=Outcome.DONE
    )
    return events.order_by("-id").first()


def _limit_passed(batch: LedgerBatch) -> int | None:
    if batch.state not in {BatchState.CHECKED, BatchState.AWAITING, BatchState.COMMITTED}:
        return None
    return batches.limit_passed(batch)


def _approvers(batch: LedgerBatch, user: Any) -> tuple[str, ...]:
    people = batches.approvers_of(batch, but=user)
    return tuple(
        _("%(name)s（%(role)s）") % {"name": person, "role": person.posts_today[0].get_role_display()}
        for person in people
    )


def issues_shown(batch: LedgerBatch, *, severity: str, code: str, after: int) -> tuple[list[IssueShown], int]:
    """A page of issues and the row number to go on after (0 = no more)."""
    rows = batches.issue_page(batch, severity=severity, code=code, after=after, size=PAGE)
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
    rows = list(batches.rows_of(batch, verb=verb).filter(row_no__gt=after)[:PAGE])
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
    number = next((str(row.values[key]) for key in NUMBER_KEYS if row.values.get(key)), "")
    return RowShown(row.row_no, name, row.key, str(RowVerb(row.verb).label), changes, notes, number)


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


def column_page(batch: LedgerBatch, answer: Mapping[str, str] | None = None) -> ColumnPage:
    """Everything the mapping page of a batch shows; unrecognised, missing and doubled columns are named.

    ``answer`` is what a person has marked and could not be taken yet (header → key): it stays marked.
    """
    kind = kind_of(batch.kind)
    chosen = batch.choices
    said = {**chosen.get("remembered", {}), **chosen.get("mapping", {})}
    doubled = {
        label.rsplit("（", 1)[0]: key for key, labels in chosen.get("doubled", {}).items() for label in labels
    }
    found = []
    for header in dict.fromkeys(chosen.get("guess") or batch.columns):
        key = batch.columns.get(header) or said.get(header, "") or doubled.get(header, "")
        if answer is not None:
            key = answer.get(header, "")
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
    return batches.awaiting_approval(user)
