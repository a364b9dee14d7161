"""``manage.py found_city``: make an empty installation usable and print the administrators' one-time passwords."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.errors import AccountRefused
from campaigns.errors import CampaignRefused
from campaigns.services.founding import found_city
from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from records.services.rows import RowRefused


class Command(DocumentCommand):
    """Regions of the city, three administrators who exclude each other, and the campaign; refused where anything is there."""

    help = "Make an empty installation usable: the city, its three administrators and its campaign."
    refusals = (CampaignRefused, AccountRefused, RowRefused)

    def add_arguments(self, parser: CommandParser) -> None:
        """The city, its administrators, its campaign."""
        super().add_arguments(parser)
        parser.add_argument("--code", required=True, help="GB/T 2260 code of the city, e.g. 990100")
        parser.add_argument("--name", required=True, help="name of the city, e.g. 示例市")
        parser.add_argument(
            "--admin",
            nargs="+",
            default=[],
            metavar="NAME",
            help="user names of the system, the security and the audit administrator (default: the names of their roles)",
        )
        parser.add_argument("--campaign", default="main", help="code of the campaign (default: main)")
        parser.add_argument("--started", default="", help="first day of the campaign (default: today)")
        parser.add_argument(
            "--review-day", default="", help="day of the review (default: presumed, and labelled so)"
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        """Found the city, or say why not."""
        founded = found_city(
            code=options["code"],
            name=options["name"],
            administrators=options["admin"],
            campaign_code=options["campaign"],
            started_on=_day(options["started"], "--started") or timezone.localdate(),
            review_on=_day(options["review_day"], "--review-day"),
        )
        return {
            "region": founded.region.pk,
            "campaign": founded.campaign.code,
            "review_on": founded.campaign.review_on.isoformat(),
            "accounts": [
                {"username": slip.username, "role": slip.role, "password": slip.password}
                for slip in founded.slips
            ],
        }

    def in_words(self, document: dict[str, Any]) -> str:
        """The passwords as a table; they are shown here and never again."""
        lines = [
            f"已初始化地区 {document['region']} 和创建 {document['campaign']}，迎检日期 {document['review_on']}。",
            "一次性密码（只显示这一次，首次登录须修改）：",
        ]
        lines += [f"  {a['username']:<20} {a['password']:<18} {a['role']}" for a in document["accounts"]]
        return "\n".join(lines)


def _day(typed: str, option: str) -> date | None:
    """A day in ISO form, or None where nothing was typed."""
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Refusal(f"{option} 应写成 2026-11-15 这样的日期，填的是“{typed}”。") from None
