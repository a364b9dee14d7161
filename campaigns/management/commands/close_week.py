"""``manage.py close_week``: freeze one campaign's week."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from campaigns.documents import report_document
from campaigns.errors import CampaignRefused
from campaigns.models import Campaign
from campaigns.services.weeks import close_week
from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from foodsafe_portal.lib.weeks import Week


class Command(DocumentCommand):
    """Freeze a week; twice with nothing new answers the same revision and digest."""

    help = "Freeze one campaign's week (contract: close_week)."
    refusals = (CampaignRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which campaign, which ISO week."""
        super().add_arguments(parser)
        parser.add_argument("--campaign", required=True, help="campaign code, e.g. demo")
        parser.add_argument("--week", required=True, help="ISO week, e.g. 2026-W46")

    def answer(self, **options: Any) -> dict[str, Any]:
        """The frozen week as its document."""
        try:
            week = Week.parse(options["week"])
        except ValueError as error:
            raise Refusal(str(error)) from None
        campaign = Campaign.objects.filter(code=options["campaign"]).first()
        if campaign is None:
            raise Refusal(f"没有代码为“{options['campaign']}”的创建；请核对 --campaign。")
        return report_document(close_week(campaign=campaign, week=week))
