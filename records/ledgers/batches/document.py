"""A batch as the one document that pages, commands and API show."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.db.models import QuerySet

from records.choices import BatchState, Verdict
from records.ledgers import kind_of
from records.models import LedgerBatch, LedgerRow

_COUNTS = (
    "read", "accepted", "rejected", "skipped", "created", "updated", "unchanged", "closed", "reactivated",
    "conflicts", "warnings",
)  # fmt: skip


def head(batch: LedgerBatch, *, repeated: bool = False) -> dict[str, Any]:
    """Everything about a batch but its single issues.

    ``repeated``: the same file came again and nothing was written in between, so every accepted row is unchanged.
    """
    counts = {name: batch.counts.get(name, 0) for name in (*_COUNTS, "missing")}
    reason, seconds = batch.reason, batch.seconds
    if batch.state == BatchState.AWAITING:
        reason = f"共 {counts['accepted']:,} 行，超过一个人可以导入的行数，正等待另一人批准；批准后自动导入"
    if repeated:
        counts |= dict.fromkeys(("created", "updated", "closed", "reactivated", "conflicts"), 0)
        counts["unchanged"] = counts["accepted"]
        reason = f"与已导入的批次 {batch.number} 完全相同，此后没有变化，不用再导入"
        seconds = {}
    return {
        "verdict": batch.verdict,
        "reason": reason,
        "batch": batch.pk,
        "number": batch.number,
        "state": batch.state,
        "committed": batch.state == BatchState.COMMITTED,
        "kind": batch.kind,
        "file": batch.file_name,
        "sheet": batch.sheet,
        "header_row": batch.header_row,
        "columns": batch.columns,
        "unrecognised": batch.unrecognised,
        **counts,
        "seconds": {"check": 0, "commit": 0} | seconds,
        "notes": batch.choices.get("notes", []),
        "issue_groups": batch.groups,
    }


def no_document(reason: str) -> dict[str, Any]:
    """The document of a file that did not become a batch, because it was not even taken in (contract: ``import_ledger``)."""
    return {
        "verdict": Verdict.REFUSE.value,
        "reason": reason,
        "batch": None,
        "sheet": "",
        "header_row": None,
        "columns": {},
        "unrecognised": [],
        **dict.fromkeys(_COUNTS, 0),
        "seconds": {"check": 0, "commit": 0},
        "issue_groups": [],
        "issues": [],
    }


def document(batch: LedgerBatch, *, repeated: bool = False) -> dict[str, Any]:
    """A batch with every issue, in the order of the sheet (contract: ``import_ledger``)."""
    found = batch.rows.filter(has_issues=True).order_by("row_no").values_list("issues", flat=True)
    issues = [
        {
            "sheet": batch.sheet,
            **{name: issue[name] for name in ("row", "column", "value", "code", "severity", "message")},
        }
        for issue in chain.from_iterable(found)
    ]
    return {**head(batch, repeated=repeated), "issues": issues}


def issue_page(
    batch: LedgerBatch, *, severity: str = "", code: str = "", after: int = 0, size: int = 100
) -> list[LedgerRow]:
    """Rows about which something was noticed, after row number ``after``; each keeps only the issues asked for."""
    found = batch.rows.filter(has_issues=True, row_no__gt=after).order_by("row_no")
    if severity == "error":
        found = found.filter(has_error=True)
    elif severity == "warning":
        found = found.filter(has_warning=True)
    page: list[LedgerRow] = []
    for row in found.iterator(chunk_size=500):
        row.issues = [
            issue
            for issue in row.issues
            if (not severity or issue["severity"] == severity) and (not code or issue["code"] == code)
        ]
        if row.issues:
            page.append(row)
            if len(page) == size:
                break
    return page


def rows_of(batch: LedgerBatch, *, verdict: str = "", verb: str = "") -> QuerySet[LedgerRow]:
    """The staged rows of a batch, by what may happen or what would happen with them."""
    rows = batch.rows.order_by("row_no")
    if verdict:
        rows = rows.filter(verdict=verdict)
    return rows.filter(verb=verb) if verb else rows


def missing_from_file(batch: LedgerBatch) -> QuerySet | None:
    """Objects of the register that the file should name and does not; listed, never deleted."""
    return kind_of(batch.kind).missing(batch)
