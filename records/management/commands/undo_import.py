"""``manage.py undo_import``: take an imported batch back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from records.ledgers import batches
from records.management.people import person
from records.models import LedgerBatch
from records.services import jobs


class Command(DocumentCommand):
    """Put back what a batch did, as far as nobody has changed it since."""

    help = "Undo an imported ledger (contract: undo_import)."
    refusals = (batches.LedgerRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which batch, on whose behalf."""
        super().add_arguments(parser)
        parser.add_argument("batch", help="key or number, e.g. 42 or PC-000042")
        parser.add_argument("--user", required=True, help="user name of the person who undoes")

    def answer(self, **options: Any) -> dict[str, Any]:
        """How much was put back and taken out, and what was left alone."""
        by = person(options["user"])
        digits = options["batch"].upper().removeprefix("PC-")
        batch = LedgerBatch.objects.visible_to(by).filter(pk=digits).first() if digits.isdigit() else None
        if batch is None:
            raise Refusal(f"没有编号为“{options['batch']}”的批次；请核对")
        with jobs.followers_inline():
            result = batches.undo_batch(batch=batch, by=by)
        document = {"restored": result.restored, "removed": result.removed, "conflicts": result.conflicts}
        if result.awaits_approval:
            said = f"批次 {batch.number} 的行数超过一个人可以撤销的行数，已申请撤销，正等待另一人批准；批准以前没有撤销任何内容"
            raise Refusal(said, **document)
        return document

    def in_words(self, document: dict[str, Any]) -> str:
        """Counts, and one line for each row left alone."""
        lines = [
            f"还原 {document['restored']:,}，删除 {document['removed']:,}，未动 {len(document['conflicts']):,}"
        ]
        return "\n".join(
            [*lines, *(f"  第 {c['row']} 行 {c['name']}:{c['why']}" for c in document["conflicts"])]
        )
