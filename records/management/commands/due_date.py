"""``manage.py due_date``: the day on which a number of working days is over."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import CommandParser

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from records.services.calendar import current_calendar


class Command(DocumentCommand):
    """Count working days from the day after a date, over holidays and make-up days."""

    help = "Count working days (contract: due_date)."

    def add_arguments(self, parser: CommandParser) -> None:
        """From which day, how many working days."""
        super().add_arguments(parser)
        parser.add_argument(
            "--from", dest="start", required=True, help="e.g. 2026-09-28; counting starts the next day"
        )
        parser.add_argument("--working-days", dest="days", required=True, help="e.g. 10")

    def answer(self, **options: Any) -> dict[str, Any]:
        """The due day, whether it is provisional, and every day that did not count with its reason."""
        try:
            start = date.fromisoformat(options["start"])
        except ValueError:
            raise Refusal(f"“{options['start']}”不是日期，应写成 2026-09-28") from None
        try:
            days = int(options["days"])
        except ValueError:
            raise Refusal(f"“{options['days']}”不是天数，应写成 10") from None
        try:
            return current_calendar().add_working_days(start, days).as_document()
        except (ValueError, OverflowError) as error:
            raise Refusal(str(error) if isinstance(error, ValueError) else "到期日超出日历范围") from None

    def in_words(self, document: dict[str, Any]) -> str:
        """One line for the due day, one for each day that did not count."""
        due = (
            f"{document['due_on']}（暂定：跨入未公布放假安排的年份）"
            if document["provisional"]
            else document["due_on"]
        )
        return "\n".join(
            [f"到期日 {due}", *(f"  {skip['day']} {skip['reason']}" for skip in document["skipped"])]
        )
