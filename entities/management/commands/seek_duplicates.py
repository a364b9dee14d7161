"""``manage.py seek_duplicates``: compare the businesses of a territory and put those alike before a person."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Region
from entities.services.duplicates import seek_duplicates
from foodsafe_portal.lib.commands import DocumentCommand, Refusal


class Command(DocumentCommand):
    """Seek twice and the second time finds nothing new."""

    help = "Compare the businesses of each township and list the pairs that look like one business."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which territory."""
        super().add_arguments(parser)
        parser.add_argument("--region", required=True, help="region code: city, county or township")

    def answer(self, **options: Any) -> dict[str, Any]:
        """How many businesses were compared, how many pairs are alike, how many of them are new."""
        code = options["region"]
        if not Region.objects.filter(pk=code).exists():
            raise Refusal(f"没有行政区划“{code}”；请填写市、县或乡镇的代码。")
        started = time.monotonic()
        found = seek_duplicates(region_code=code)
        return {"region": code, **asdict(found), "seconds": round(time.monotonic() - started, 2)}
