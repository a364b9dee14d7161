"""Workbooks given back to people: the uploaded one with its faults marked, and an empty one to fill in."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from foodsafe_portal.lib.exports import FORMATS
from foodsafe_portal.lib.intake.model import IntakeRefused
from foodsafe_portal.lib.intake.reader import read_workbook
from foodsafe_portal.lib.intake.tables import find_table
from foodsafe_portal.lib.ledger import Issue
from foodsafe_portal.lib.workbooks.marking import write_marked
from foodsafe_portal.lib.workbooks.template import Template, write_template
from records.ledgers import kind_of
from records.ledgers.batches.context import importable, limits
from records.ledgers.batches.refusals import LedgerRefused
from records.models import LedgerBatch

FILE_TYPE = FORMATS["xlsx"]
TEMPLATE_VERSION = "1"


def marked_workbook(batch: LedgerBatch, out: Path | str | BinaryIO) -> int:
    """Write the uploaded sheet with its faults marked; returns how many rows carry one.

    Raises ``LedgerRefused`` when the file has no table to mark.
    """
    kind = kind_of(batch.kind)
    chosen = batch.choices.get("sheet") or batch.sheet or None
    try:
        workbook = read_workbook(batch.file.path, sheet=chosen, limits=limits())
    except IntakeRefused as refusal:
        raise LedgerRefused(refusal.sentence, refusal.code) from None
    found = find_table(
        workbook,
        kind.vocabulary,
        required=kind.required,
        sheet=chosen,
        mapping={**batch.choices.get("remembered", {}), **batch.choices.get("mapping", {})},
        ignorable=kind.ignorable,
    )
    table = found.table or found.guess
    if table is None:
        raise LedgerRefused(found.sentence, found.code)
    staged = batch.rows.filter(has_issues=True).order_by("row_no").values_list("issues", flat=True)
    return write_marked(out, table=table, issues=(Issue(**issue) for issue in chain.from_iterable(staged)))


def template(kind: str, *, user: Any, out: Path | str | BinaryIO) -> None:
    """Write the empty ledger of a kind for this person's territory. Raises ``LedgerRefused`` when they may not import it."""
    found, territory = importable(kind, user)
    facts = [("台账", found.key), ("版本", TEMPLATE_VERSION), ("辖区", territory)]
    write_template(
        out,
        Template(
            title=str(found.title),
            columns=found.columns,
            facts=facts,
            notes=[str(found.match_note)] if found.match_note else [],
            example=found.example,
            regions=found.regions(territory),
        ),
    )
