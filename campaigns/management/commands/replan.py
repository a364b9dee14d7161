"""``manage.py replan``: count a campaign's plan backwards from a review day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from campaigns.errors import CampaignRefused
from campaigns.models import Campaign
from campaigns.services.planning import apply_replan, preview_replan
from foodsafe_portal.lib.commands import DocumentCommand, Refusal


class Command(DocumentCommand):
    """Name every date that moves and every conflict; with ``--apply`` move them in one act."""

    help = "Plan backwards from a review day (contract: replan)."
    refusals = (CampaignRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which campaign, which review day, and whether to write."""
        super().add_arguments(parser)
        parser.add_argument("--campaign", required=True, help="campaign code, e.g. demo")
        parser.add_argument("--review-day", required=True, help="ISO date, e.g. 2027-03-16")
        parser.add_argument("--apply", action="store_true", help="move the dates")
        parser.add_argument("--reason", default="命令行倒排", help="why, kept in the trail")

    def answer(self, **options: Any) -> dict[str, Any]:
        """The dates that move (with ``--apply``: that were moved) and the conflicts."""
        try:
            review_on = date.fromisoformat(options["review_day"])
        except ValueError:
            raise Refusal(f"“{options['review_day']}”不是日期；请写成 2027-03-16。") from None
        campaign = Campaign.objects.filter(code=options["campaign"]).first()
        if campaign is None:
            raise Refusal(f"没有代码为“{options['campaign']}”的创建；请核对 --campaign。")
        asked: dict[str, Any] = {"campaign": campaign, "review_on": review_on, "today": timezone.localdate()}
        preview = preview_replan(**asked)
        document = preview.as_document() | {"applied": False}
        if options["apply"]:
            done = apply_replan(**asked, reason=options["reason"], by=None, seen=preview.plan.digest)
            document |= {"applied": done is not None, "replan": done.pk if done else None}
        return document
