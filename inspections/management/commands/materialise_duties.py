"""``manage.py materialise_duties``: write the visits that a territory's businesses owe on a day."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.management.base import CommandParser

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from inspections.errors import InspectionRefused
from inspections.models import VisitDuty
from inspections.services.duties import materialise_duties


class Command(DocumentCommand):
    """Materialise twice and the second time creates nothing."""

    help = "Write the missing visit duties of the periods that contain a day (contract: materialise_duties)."
    refusals = (InspectionRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which territory, which day."""
        super().add_arguments(parser)
        parser.add_argument("--region", required=True, help="region code: city, county or township")
        parser.add_argument("--on", required=True, help="a day, YYYY-MM-DD")

    def answer(self, **options: Any) -> dict[str, Any]:
        """How many duties were written, and how many stand now."""
        try:
            on = date.fromisoformat(options["on"])
        except ValueError:
            raise Refusal(f"“{options['on']}”不是日期，应写成 2026-11-16。") from None
        started = time.monotonic()
        counts = materialise_duties(region_code=options["region"], on=on)
        standing = VisitDuty.objects.live().in_territory(options["region"]).in_period_of(on).on(on)
        return {
            "region": options["region"],
            "on": on,
            "periods": sorted(set(standing.values_list("period", flat=True).order_by())),
            **asdict(counts),
            "expected": standing.part("expected", on).count(),
            "excluded": standing.part("excluded", on).count(),
            "seconds": round(time.monotonic() - started, 2),
        }
