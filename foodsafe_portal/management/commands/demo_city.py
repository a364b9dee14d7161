"""``manage.py demo_city``: load the fictitious 示例市 into an empty database and print one-time passwords."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from foodsafe_portal.demo.businesses import ALL
from foodsafe_portal.demo.load import CityRefused, is_empty, is_loaded, last_sunday, load_city
from foodsafe_portal.lib.commands import DocumentCommand, Refusal


class Command(DocumentCommand):
    """The same seed and last day give the same city; only the passwords are different every time."""

    help = "Load the demonstration city (示例市) and print one-time passwords, one account per role."
    refusals = (CityRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        """Size, span and chance of the city."""
        super().add_arguments(parser)
        parser.add_argument(
            "--businesses", type=int, default=ALL, help="how many businesses (default: 31190)"
        )
        parser.add_argument(
            "--weeks", type=int, default=12, help="how many ended weeks are closed (default: 12)"
        )
        parser.add_argument("--seed", type=int, default=1, help="another number gives another city")
        parser.add_argument(
            "--until", default="", help="last day of the data, YYYY-MM-DD (default: last Sunday)"
        )
        parser.add_argument(
            "--force", action="store_true", help="replace the demonstration city that is there"
        )
        parser.add_argument(
            "--if-needed", action="store_true", help="do nothing unless the database is empty"
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        """Load, or say why not."""
        if options["if_needed"] and not options["force"]:
            if is_loaded():
                return {"loaded": False, "reason": "演示城市已在库中，没有重新加载。", "accounts": []}
            if not is_empty():
                return {"loaded": False, "reason": "库中已有其他数据，没有加载演示城市。", "accounts": []}
        now = timezone.localtime()
        loaded = load_city(
            businesses=options["businesses"],
            weeks=options["weeks"],
            seed=options["seed"],
            until=_day(options["until"]) or last_sunday(now),
            now=now,
            force=options["force"],
        )
        return loaded.as_document()

    def in_words(self, document: dict[str, Any]) -> str:
        """The passwords as a table; they are shown here and never again."""
        if not document["loaded"]:
            return str(document["reason"])
        counts = document["counts"]
        lines = [
            f"示例市(演示数据)已加载，截至 {document['until']}：主体 {counts['businesses']:,} 家(已定级 {counts['graded']:,} 家),"
            f"包保干部 {counts['officers']:,} 人，督导 {counts['visits']:,} 次，问题 {counts['problems']:,} 个，"
            f"冻结 {counts['weeks']} 周。",
            "一次性密码(只显示这一次，首次登录须修改):",
        ]
        lines += [f"  {a['username']:<20} {a['password']:<18} {a['role']}" for a in document["accounts"]]
        return "\n".join(lines)


def _day(text: Any) -> date | None:
    """``--until`` as a day."""
    if not text or isinstance(text, date):
        return text or None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise Refusal(f"--until 应写成 2026-11-15 这样的日期，填的是“{text}”。") from None
