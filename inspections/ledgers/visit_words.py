"""What a row of the ledger of visits says of its visit besides who, where and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from foodsafe_portal.lib.intake.vocabulary import says_no_problem
from records.ledgers import Rows

TEXTS: Final = ("mode", "finding", "remedy", "problem_count", "national_record_no")
"""The words of a visit, as its table calls them."""

COLUMNS: Final = (
    "mode", "problem_desc", "rectify_status", "fixed_on_spot", "handed_to_office", "national_record_no", "fail_items",
)  # fmt: skip


def rows_told(rows: Rows) -> Iterator[dict[str, Any]]:
    """Row by row the words of the visit; only what is not blank."""
    for mode, problem, rectified, fixed, handed, national, failed in rows.tuples(COLUMNS):
        finding = "" if problem is None or says_no_problem(problem) else problem
        parts = [rectified or ""]
        if fixed and "当场" not in parts[0]:
            parts.append("已当场整改")
        if handed and "移交" not in parts[0]:
            parts.append("已移交市场监管所")
        told = {
            "mode": mode,
            "finding": finding,
            "remedy": ";".join(filter(None, parts)),
            "problem_count": int(bool(finding or failed)),
            "national_record_no": national,
        }
        yield {name: value for name, value in told.items() if value}
