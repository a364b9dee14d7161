"""``manage.py ledger_template``: write the empty ledger of a person's territory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from records.ledgers import batches, kind_of
from records.management.people import person


class Command(DocumentCommand):
    """Write a template with drop-downs, text format on codes and an example row that is never imported."""

    help = "Write a ledger's template (contract: ledger_template)."
    refusals = (batches.LedgerRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, which kind, whose territory."""
        super().add_arguments(parser)
        parser.add_argument("out", type=Path)
        parser.add_argument("--kind", required=True)
        parser.add_argument("--user", required=True)

    def answer(self, **options: Any) -> dict[str, Any]:
        """Which file was written, with its columns."""
        by = person(options["user"])
        try:
            batches.template(options["kind"], user=by, out=options["out"])
        except OSError as problem:
            raise Refusal(f"写不了 {options['out']}:{problem.strerror}") from None
        kind = kind_of(options["kind"])
        return {
            "file": str(options["out"]),
            "kind": kind.key,
            "columns": [column.header for column in kind.columns],
        }
