"""Checking a ledger: everything wrong with it at once, and what each row would do, before anything is saved."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from foodsafe_portal.lib.intake.model import IntakeRefused, WorkbookData
from foodsafe_portal.lib.intake.reader import read_workbook, require_sheet
from foodsafe_portal.lib.intake.tables import Table, TableSearch, find_table
from foodsafe_portal.lib.ledger import normalise_header
from records.choices import BatchState, Verdict
from records.ledgers import LedgerKind, Plan, Rows, all_kinds, kind_of, staging
from records.ledgers.batches.context import collector_at_rest, context_of, limits
from records.ledgers.batches.habits import applied, habit_of, in_words, usable
from records.ledgers.codes import group_message
from records.ledgers.naming import name_columns_as_in_file, samples_of
from records.ledgers.reading import ledger_date, read_rows
from records.models import LedgerBatch
from records.services import audit, jobs

log = logging.getLogger(__name__)

_SEVERITIES = ("error", "warning", "changed", "note")
_COUNTS = (
    "read", "accepted", "rejected", "skipped", "created", "updated", "unchanged", "closed", "reactivated",
    "conflicts", "warnings", "changed", "notes", "missing",
)  # fmt: skip
_HIDDEN_NAMED = 5
_REMEMBERED = ("remembered", "remembered_sheet")
_OUTCOME = (
    "state", "verdict", "reason", "sheet", "header_row", "columns", "unrecognised", "ledger_date", "checked_at",
    "choices", "counts", "groups", "seconds",
)  # fmt: skip


class _Refusal(Exception):
    """The whole file is refused; ``ask`` names what the uploader may still choose (sheet, columns)."""

    def __init__(
        self,
        sentence: str,
        code: str,
        ask: str = "",
        *,
        candidates: Mapping[str, int] | None = None,
        table: Table | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence, self.code, self.ask = sentence, code, ask
        self.candidates, self.table = candidates or {}, table


def check_batch(*, batch_id: int, job: Any, progress: jobs.Progress) -> dict[str, Any]:
    """Check one batch and stage its rows. Running it twice changes nothing the second time."""
    batch = LedgerBatch.objects.select_related("uploaded_by").get(pk=batch_id)
    if batch.check_job_id != job.pk:
        return {"batch": batch.pk, "superseded": True}
    if not LedgerBatch.objects.filter(
        pk=batch.pk, check_job=job, state__in=[BatchState.UPLOADED, BatchState.CHECKING]
    ).update(state=BatchState.CHECKING):
        return {"batch": batch.pk, "state": batch.state}
    try:
        with collector_at_rest():
            _check(batch, progress)
    except _Superseded:
        return {"batch": batch.pk, "superseded": True}
    except jobs.JobStopped:
        raise
    except Exception:
        log.exception("check of batch %s broke", batch.pk)
        _give_up(batch, "检查时出错，没有保存任何内容；请重新上传，仍不行请联系系统管理员")
        raise
    return {
        "batch": batch.pk,
        "state": batch.state,
        "verdict": batch.verdict,
        "counts": batch.counts,
        "said": batch.reason,
    }


def _check(batch: LedgerBatch, progress: jobs.Progress) -> None:
    started = time.perf_counter()
    kind = kind_of(batch.kind)
    progress(0, 0, "正在读取文件", force=True)
    try:
        workbook, table, left_out = _read(batch, kind)
    except _Refusal as refusal:
        with _still_wanted(batch):
            progress.guard()
            _refuse(batch, kind, refusal, time.perf_counter() - started)
        return
    size = len(table.row_numbers)
    now = timezone.now()
    batch.sheet, batch.header_row = table.sheet.name, table.header_row
    batch.columns = {header: key for key, header in table.header_of.items()}
    batch.unrecognised = list(table.unrecognised)
    batch.ledger_date = ledger_date(table, timezone.localdate(now))
    context = context_of(batch, now)
    progress(0, size, "正在检查", force=True)
    rows = read_rows(table, kind, epoch_1904=workbook.epoch_1904)
    progress(size // 3, size, "正在检查")
    kind.check(rows, context)
    rows.identities = kind.identity(rows)
    rows.merge_duplicates()
    progress(size // 2, size, "正在与登记核对")
    plan = kind.plan(rows, context)
    progress(size * 4 // 5, size, "正在整理结果")
    batch.checked_at = now
    batch.choices = _answers(batch, *_REMEMBERED) | {
        "notes": [*workbook.notes, *left_out, *_seen_otherwise(table, kind), *_last_time(batch, kind)],
        "guess": list(table.columns.values()),
        "samples": samples_of(table),
    }
    name_columns_as_in_file(rows, kind)
    _judge(batch, rows, plan, len(table.skipped), table)
    with _still_wanted(batch):
        progress.guard()
        staging.write(batch, rows, plan, table.skipped)
        missing = kind.missing(batch)
        batch.counts["missing"] = missing.count() if missing is not None else 0
        batch.seconds = {"check": round(time.perf_counter() - started, 3)}
        _finish(batch, {"verdict": batch.verdict, "counts": batch.counts}, "checked")
    progress(size, size, batch.reason, force=True)


def _answers(batch: LedgerBatch, *names: str) -> dict[str, Any]:
    """What the uploader has said about this file, and of ``names`` what the check found out about it."""
    return {name: batch.choices[name] for name in ("sheet", "mapping", *names) if batch.choices.get(name)}


def _read(batch: LedgerBatch, kind: LedgerKind) -> tuple[WorkbookData, Table, tuple[str, ...]]:
    """The workbook, its one table, and sentences on the sheets that are not taken. Raises ``_Refusal``."""
    batch.choices = answers = _answers(batch)
    try:
        workbook = read_workbook(batch.file.path, limits=limits())
        if answers.get("sheet"):
            require_sheet(workbook, answers["sheet"])
    except IntakeRefused as refusal:
        raise _Refusal(refusal.sentence, refusal.code) from None
    habit = habit_of(batch)
    remembered = usable(habit, kind, workbook, answers.get("mapping", {}))

    def find(sheet: str | None) -> TableSearch:
        return find_table(
            workbook,
            kind.vocabulary,
            required=kind.required,
            sheet=sheet,
            mapping=remembered | answers.get("mapping", {}),
            ignorable=kind.ignorable,
            prefilled=kind.prefilled,
        )

    found = find(answers.get("sheet"))
    if found.code == "which_sheet" and habit is not None and habit.sheet in found.candidates:
        found = find(habit.sheet)
        batch.choices["remembered_sheet"] = habit.sheet
    table = found.table or found.guess
    if table is not None:
        batch.choices["remembered"] = applied(remembered, table.columns.values())
    if found.code in ("", "no_header", "no_rows") and (found.table is None or found.table.missing):
        _refuse_other_template(workbook, kind)
    if found.table is None:
        raise _no_table(found)
    table = found.table
    unclear = {key: headers for key, headers in table.doubled.items() if key not in table.header_of}
    if twins := [headers for key, headers in unclear.items() if _same_words(table, key)]:
        named = "；".join("、".join(headers) for headers in twins)
        raise _Refusal(
            f"有几列的列名一模一样，分不清用哪一列：{named}；请在文件里删去多余的一列，或给它改名",
            "doubled_columns",
            table=table,
        )
    if unclear:
        named = "；".join("、".join(headers) for headers in unclear.values())
        raise _Refusal(
            f"有几列都像是同一项：{named}；请指定用哪一列，其余的不导入",
            "doubled_columns",
            "columns",
            table=table,
        )
    if table.missing:
        named = "、".join(f"“{header}”" for header in kind.headers(table.missing))
        raise _Refusal(
            f"缺少必填的列{named}；请补上这些列，或指定文件中的哪一列就是它",
            "missing_columns",
            "columns",
            table=table,
        )
    if len(table.row_numbers) > limits().rows:
        raise _Refusal(
            f"表里有 {len(table.row_numbers):,} 行，超过 {limits().rows:,} 行的上限；请按县(市、区)、乡镇分成几个文件上传",
            "too_many_rows",
        )
    return workbook, table, found.left_out


def _refuse_other_template(workbook: WorkbookData, kind: LedgerKind) -> None:
    """Refuse a file that was filled into the portal's template of another kind; its hidden sheet says which."""
    other = next((each for each in all_kinds() if each.key == dict(workbook.template).get("台账")), kind)
    if other is not kind:
        with override(None):
            title, wanted = str(other.title), str(kind.title)
        raise _Refusal(
            f"这是“{title}”的模板，不是“{wanted}”；请重新上传，上传时选择“{title}”", "other_template"
        )


def _same_words(table: Table, key: str) -> bool:
    """Whether all columns that claim ``key`` bear the same header, so that no answer could tell them apart."""
    said = [header.rsplit("（", 1)[0] for header in table.doubled[key]]
    return len({normalise_header(header) for header in said}) == 1


def _last_time(batch: LedgerBatch, kind: LedgerKind) -> list[str]:
    return in_words(kind, batch.choices.get("remembered", {}), batch.choices.get("remembered_sheet", ""))


def _no_table(found: TableSearch) -> _Refusal:
    ask = {"which_sheet": "sheet", "no_header": "columns"}.get(found.code, "")
    return _Refusal(
        found.sentence,
        found.code,
        ask,
        candidates=dict(zip(found.candidates, found.candidate_rows, strict=True)),
        table=found.guess,
    )


def _seen_otherwise(table: Table, kind: LedgerKind) -> list[str]:
    """What a person does not see in Excel as it was read: hidden rows and columns, formulas, headers with hints."""
    sheet = table.sheet
    found = []
    if rows := [str(number) for number in sorted(set(sheet.hidden_rows).intersection(table.row_numbers))]:
        found.append(f"有 {len(rows)} 个隐藏的行也一并检查和导入：第 {_first_few(rows, len(rows))} 行")
    if columns := [f"“{table.columns[index]}”" for index in sheet.hidden_columns if index in table.mapping]:
        found.append(f"有 {len(columns)} 个隐藏的列也一并检查和导入：{_first_few(columns, len(columns))}")
    count, formulas = sheet.formulas
    if count:
        found.append(f"有 {count} 个单元格是公式，按上次保存的结果导入：{_first_few(formulas, count)}")
    if hinted := [f"“{typed}” → “{kind.column_of[key].header}”" for typed, key in table.hinted.items()]:
        found.append(f"有 {len(hinted)} 个列名带着说明，去掉后识别：{_first_few(hinted, len(hinted))}")
    return found


def _first_few(named: Sequence[str], whole: int) -> str:
    return "、".join(named[:_HIDDEN_NAMED]) + ("…" if whole > _HIDDEN_NAMED else "")


def _judge(batch: LedgerBatch, rows: Rows, plan: Plan, left_out: int, table: Table) -> None:
    """Count, group and decide what may happen with the whole file."""
    size, rejected, skipped = len(rows), len(rows.rejected), len(rows.skipped - rows.rejected)
    accepted = size - rejected - skipped
    severities: Counter[str] = Counter()
    groups: dict[tuple[str, str], int] = Counter()
    warned = 0
    for found in rows.issues.values():
        warned += any(issue["severity"] == "warning" for issue in found)
        for issue in found:
            severities[issue["severity"]] += 1
            groups[issue["severity"], issue["code"]] += 1
    groups["note", "row_skipped"] += left_out
    batch.groups = [
        {"code": code, "severity": severity, "message": group_message(code), "count": count}
        for (severity, code), count in sorted(
            groups.items(), key=lambda item: (_SEVERITIES.index(item[0][0]), -item[1])
        )
        if count
    ]
    verbs = staging.verb_counts(rows, plan)
    verbs["conflicts"] = verbs.pop("conflict")
    batch.counts = {
        "read": size + left_out,
        "accepted": accepted,
        "rejected": rejected,
        "skipped": skipped + left_out,
        **verbs,
        "warnings": warned,
        "changed": severities["changed"],
        "notes": severities["note"] + left_out,
    }
    if not accepted:
        batch.verdict, batch.state = Verdict.REFUSE, BatchState.REFUSED
        if not rejected:
            batch.reason = "没有可以导入的行"
        elif skipped:
            batch.reason = f"{size:,} 行中有 {rejected:,} 行有错误，其余各行不能单独导入；请改正后重新上传"
        else:
            batch.reason = f"{size:,} 行没有一行可以导入；请按列出的问题改正后重新上传"
    elif rejected:
        batch.verdict, batch.state = Verdict.PARTIAL, BatchState.CHECKED
        if skipped:
            batch.reason = (
                f"{size:,} 行中有 {rejected:,} 行有错误，{skipped:,} 行{_why_skipped(rows)}；"
                f"请改正后重新上传，或只导入其余 {accepted:,} 行"
            )
        else:
            batch.reason = (
                f"{size:,} 行中有 {rejected:,} 行有错误；请改正后重新上传，或只导入其余 {accepted:,} 行"
            )
    else:
        batch.verdict, batch.state = Verdict.ACCEPT, BatchState.CHECKED
        batch.reason = (
            f"{accepted:,} 行合格，可以导入；另有 {skipped:,} 行{_why_skipped(rows)}"
            if skipped
            else f"{accepted:,} 行全部合格，可以导入"
        )
    for headers in table.doubled.values():
        batch.reason += f"；{'、'.join(headers)} 中只取了列名最准的一列"


def _why_skipped(rows: Rows) -> str:
    """What became of the rows that are neither accepted nor faulty: copies of another row, or held back with faulty ones."""
    copies = all(
        any(issue["code"] == "duplicate_merged" for issue in rows.issues.get(index, ()))
        for index in rows.skipped - rows.rejected
    )
    return "与其他行完全相同、已合并" if copies else "不能单独导入"


def _refuse(batch: LedgerBatch, kind: LedgerKind, refusal: _Refusal, seconds: float) -> None:
    batch.verdict, batch.state, batch.reason = Verdict.REFUSE, BatchState.REFUSED, refusal.sentence[:500]
    batch.counts = dict.fromkeys(_COUNTS, 0)
    batch.groups, batch.checked_at = [], timezone.now()
    batch.seconds = {"check": round(seconds, 3)}
    batch.choices = _answers(batch, *_REMEMBERED) | {"code": refusal.code, "notes": _last_time(batch, kind)}
    batch.columns, batch.unrecognised = {}, []
    if refusal.ask:
        batch.choices |= {
            "ask": refusal.ask,
            "candidates": list(refusal.candidates),
            "candidate_rows": dict(refusal.candidates),
        }
    table = refusal.table
    if table is not None:
        batch.sheet, batch.header_row = table.sheet.name, table.header_row
        batch.columns = {header: key for key, header in table.header_of.items()}
        batch.unrecognised = list(table.unrecognised)
        batch.choices |= {
            "guess": list(table.columns.values()),
            "samples": samples_of(table),
            "missing": list(table.missing),
            "doubled": {key: list(headers) for key, headers in table.doubled.items()},
        }
    batch.rows.all().delete()
    _finish(batch, {"verdict": batch.verdict, "code": refusal.code}, "refused")


class _Superseded(Exception):
    """The batch has been given up, or is checked anew by another job: nothing of this check may be written."""


@contextmanager
def _still_wanted(batch: LedgerBatch) -> Iterator[None]:
    """One transaction in which the batch still waits for this very check and cannot be taken from it.

    Raises ``_Superseded`` otherwise. Without this two checks of one batch could each clear away what the other has staged.
    """
    with transaction.atomic():
        waiting = LedgerBatch.objects.filter(
            pk=batch.pk, check_job=batch.check_job_id, state=BatchState.CHECKING
        )
        if not list(waiting.select_for_update(of=("self",)).values_list("pk")):
            raise _Superseded
        yield


def _finish(batch: LedgerBatch, after: dict[str, Any], action: str) -> None:
    """Save the outcome of a check, with its event; inside ``_still_wanted``."""
    LedgerBatch.objects.filter(pk=batch.pk).update(**{name: getattr(batch, name) for name in _OUTCOME})
    audit.record(
        by=batch.uploaded_by, action=f"ledger.{action}", target=batch, after=after, reason=batch.reason
    )


def _give_up(batch: LedgerBatch, reason: str) -> None:
    """Let a batch whose check broke wait for its uploader. Of what the check found nothing is written: it may be what broke it."""
    with suppress(_Superseded), _still_wanted(batch):
        batch.rows.all().delete()
        batch.state, batch.verdict, batch.reason = BatchState.REFUSED, Verdict.REFUSE, reason
        LedgerBatch.objects.filter(pk=batch.pk).update(
            state=batch.state, verdict=batch.verdict, reason=reason, counts={}, groups=[]
        )
        audit.record(by=batch.uploaded_by, action="ledger.broken", target=batch, reason=reason)


@transaction.atomic
def check_stopped(job: Any, why: str) -> bool:
    """Let a batch wait for its uploader when its check will not be done; always possible, nothing was saved."""
    waiting = LedgerBatch.objects.filter(check_job=job, state__in=[BatchState.UPLOADED, BatchState.CHECKING])
    batch = waiting.first()
    reason = f"{why}，没有保存任何内容；可以重新检查"
    stopped = waiting.update(
        state=BatchState.REFUSED, verdict=Verdict.REFUSE, reason=reason, counts={}, groups=[]
    )
    if batch is not None and stopped:
        batch.rows.all().delete()
        audit.record(by=None, action="ledger.stopped", target=batch, reason=reason)
    return True
