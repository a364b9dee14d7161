"""``manage.py escalate``: take the steps of escalation due on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from inspections.services.escalation import escalate


class Command(DocumentCommand):
    """Take and stop what is due; running it twice sends nothing twice."""

    help = "Take the steps of escalation due on a day (contract: escalate)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which day; today without one."""
        super().add_arguments(parser)
        parser.add_argument("--on", default="", help="the day, e.g. 2026-11-30")

    def answer(self, **options: Any) -> dict[str, Any]:
        """The steps that were taken, how many messages went out, how many steps stopped."""
        try:
            on = date.fromisoformat(options["on"]) if options["on"] else timezone.localdate()
        except ValueError:
            raise Refusal(f"“{options['on']}”不是日期；请写成 2026-11-30 的样子（--on）。") from None
        return escalate(on=on).as_document()
