"""``manage.py list_figure``: the rows behind one frozen figure, as of and known at its report."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from campaigns.choices import Level
from campaigns.measures import MEASURES, TOTAL, Question, rows_behind
from campaigns.models import WeeklyReport
from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from inspections.querysets import PARTS

LEVEL_BY_DIGITS = {6: Level.COUNTY, 9: Level.TOWNSHIP}


class Command(DocumentCommand):
    """Re-ask a figure's question; the count equals the figure."""

    help = "List the rows behind one frozen figure (contract: list_figure)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which figure of which report."""
        super().add_arguments(parser)
        parser.add_argument("--report", required=True, type=int)
        parser.add_argument("--measure", required=True, help=", ".join(MEASURES))
        parser.add_argument("--code", required=True, help="region code")
        parser.add_argument("--level", choices=Level.values, help="when the code alone is not clear (市本级)")
        parser.add_argument("--grade", default="", help="A, B, C or D; empty = all")
        parser.add_argument("--part", required=True, help=", ".join(PARTS))

    def answer(self, **options: Any) -> dict[str, Any]:
        """The count and the rows."""
        report = WeeklyReport.objects.select_related("campaign").filter(pk=options["report"]).first()
        if report is None:
            raise Refusal(f"没有编号为 {options['report']} 的周报。")
        measure = MEASURES.get(options["measure"])
        if measure is None:
            raise Refusal(f"没有“{options['measure']}”这个指标；可用：{'、'.join(MEASURES)}。")
        if options["part"] not in PARTS:
            raise Refusal(f"没有“{options['part']}”这一栏；可用：{'、'.join(PARTS)}。")
        code = options["code"]
        is_city = code == report.campaign.region_id
        level = options["level"] or (Level.CITY if is_city else LEVEL_BY_DIGITS.get(len(code)))
        if level is None or not code.startswith(report.campaign.region_id):
            raise Refusal(f"“{code}”不是本创建范围内的市、县或乡镇代码。")
        rows = rows_behind(
            measure,
            Question.of(report),
            part=options["part"],
            level=level,
            code=code,
            grade=options["grade"] or TOTAL,
        )
        fields = [
            "region_id",
            "grade",
            "arises_on",
            "due_on",
            "fulfilled_on",
            "delivered_on",
            "excluded_on",
            "exclusion",
        ]
        found = list(rows.order_by(measure.natural_key).values(measure.natural_key, *fields))
        listed = [{"key": row.pop(measure.natural_key), **row} for row in found]
        return {"count": len(listed), "rows": listed}
