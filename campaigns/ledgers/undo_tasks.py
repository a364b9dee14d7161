"""Taking a ledger of tasks back: tasks and reports nobody has gone on with go, bettered words are put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from campaigns.choices import TaskReportState, TaskState
from campaigns.ledgers.task_words import DAYS, differs, rewrite, stored
from campaigns.models import TaskItem, TaskReport
from foodsafe_portal.lib.bulk import Same, among, update
from records.ledgers import UndoResult
from records.models import LedgerBatch, LedgerRow
from records.services.kept import ready


def undo_tasks(staged: list[LedgerRow], batch: LedgerBatch) -> UndoResult:
    """See ``LedgerKind.undo``; a fixed number of statements whatever the size of the batch."""
    result = UndoResult()
    made = [row for row in staged if "_number" in (row.before or {})]
    known = {
        task.pk: task
        for task in among(TaskItem.objects.all(), "id", [row.target_id for row in staged if row.target_id])
        .select_related("lead_unit")
        .prefetch_related("supports")
    }
    met = [(row, row.before or {}, known[row.target_id]) for row in staged if row.target_id in known]
    _take_reports_back([(row, task) for row, before, task in met if "_report" in before], batch, result)
    _put_words_back([(row, task) for row, before, task in met if "_old" in before], batch, result)
    _take_out(made, result)
    return result


def _as_told(task: TaskItem, values: Mapping[str, Any]) -> bool:
    """Whether a task still says what the ledger wrote."""
    now = ready(stored(task))
    return not any(differs(name, value, now[name]) for name, value in values.items())


def _take_out(rows: list[LedgerRow], result: UndoResult) -> None:
    """Remove the tasks the ledger brought in."""
    if not rows:
        return
    row_of = {(row.before["_campaign"], row.before["_number"]): row for row in rows if row.before}
    campaigns = {campaign for campaign, _number in row_of}
    found = among(
        TaskItem.objects.filter(campaign_id__in=campaigns), "number", {n for _campaign, n in row_of}
    )
    tasks = [task for task in found.prefetch_related("supports") if (task.campaign_id, task.number) in row_of]
    told = set(
        among(TaskReport.objects.all(), "task_id", [task.pk for task in tasks]).values_list(
            "task_id", flat=True
        )
    )
    gone: list[int] = []
    for task in tasks:
        row = row_of[task.campaign_id, task.number]
        if task.state != TaskState.OPEN or task.pk in told or not _as_told(task, (row.before or {})["_new"]):
            result.conflict(row, str(task), "导入之后已被认领、填报或修改，没有删除")
        else:
            gone.append(task.pk)
    among(TaskItem.objects.all(), "id", gone).delete()
    result.removed += len(gone)


def _put_words_back(
    pairs: Iterable[tuple[LedgerRow, TaskItem]], batch: LedgerBatch, result: UndoResult
) -> None:
    """Give bettered tasks back what they said before."""
    assert batch.committed_at is not None
    back: list[tuple[int, dict[str, Any]]] = []
    helpers: dict[int, list[int]] = {}
    for row, task in pairs:
        old, new = (row.before or {})["_old"], (row.before or {})["_new"]
        claimed_since = task.claimed_at is not None and task.claimed_at > batch.committed_at
        if (
            task.state == TaskState.DONE
            or (claimed_since and "lead_unit_id" in old)
            or not _as_told(task, new)
        ):
            result.conflict(row, str(task), "导入之后又被修改、认领或办结，没有还原")
            continue
        days = {name: date.fromisoformat(old[name]) for name in DAYS if name in old}
        back.append((task.pk, stored(task) | old | days))
        if "supports" in old:
            helpers[task.pk] = old["supports"]
    rewrite(back, helpers)
    result.restored += len(back)


def _take_reports_back(
    pairs: list[tuple[LedgerRow, TaskItem]], batch: LedgerBatch, result: UndoResult
) -> None:
    """Withdraw the week's reports nobody has decided on; a task reported by nothing else is as claimed as before."""
    if not pairs:
        return
    waiting = TaskReport.objects.filter(state=TaskReportState.SUBMITTED)
    own = waiting.filter(
        submitted_by=batch.uploaded_by, submitted_at__range=(batch.confirmed_at, batch.committed_at)
    )
    named = among(own, "task_id", [task.pk for _, task in pairs]).values_list(
        "task_id", "unit_id", "week", "pk"
    )
    found = {tuple(key): pk for *key, pk in named}
    gone: list[int] = []
    idle: list[int] = []
    for row, task in pairs:
        told = (row.before or {})["_report"]
        report = found.get((task.pk, told["unit"], told["week"]))
        if report is None:
            result.conflict(row, str(task), "这一周的进展已经审核，没有撤回")
            continue
        gone.append(report)
        if task.state == TaskState.REPORTED and told["state"] == TaskState.CLAIMED:
            idle.append(task.pk)
    among(TaskReport.objects.all(), "id", gone).delete()
    still = set(among(waiting, "task_id", idle).values_list("task_id", flat=True))
    update(TaskItem, [task for task in idle if task not in still], {"state": Same(TaskState.CLAIMED.value)})
    result.removed += len(gone)
