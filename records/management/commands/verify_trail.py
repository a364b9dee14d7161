"""``manage.py verify_trail``: read the whole trail and name the first record that is not what it was."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from records.services import anchors
from records.services.trail_check import verify_trail


class Command(DocumentCommand):
    """Hold the trail against its chain, its signatures, the anchors outside the database and those on paper."""

    help = "Verify the audit trail (contract: verify_trail)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Anchors from paper."""
        super().add_arguments(parser)
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="TEXT",
            help="position and digest as printed, e.g. '1234 9f86d081884c7d65…' (16 digits or more); may be repeated",
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        """How many links, whether they hold, the first false record, and everything that was found."""
        try:
            printed = [anchors.Anchor.parse(text) for text in options["anchor"]]
        except ValueError as error:
            raise Refusal(f"“{error}”不是存档；应写成序号和摘要，例如 1234 9f86d081884c7d65") from None
        check = verify_trail(printed)
        first, head = check.first, anchors.head()
        false = None if first is None else first.event_id if first.event_id is not None else first.position
        return {
            "links": check.links,
            "intact": check.intact,
            "first_false": false,
            "position": first.position if first else None,
            "why": first.sentence if first else "",
            "unsealed": check.unsealed,
            "anchor": str(head) if head else "",
            "findings": [
                {"position": one.position, "event": one.event_id, "why": one.sentence}
                for one in check.findings
            ],
        }

    def in_words(self, document: dict[str, Any]) -> str:
        """One line when it holds, one for each finding when it does not."""
        if document["intact"]:
            return f"封存链完整：{document['links']} 条，另有 {document['unsealed']} 条待封存。存档 {document['anchor']}"
        return "\n".join(f"{one['position']} {one['why']}" for one in document["findings"])
