"""A frozen week as the JSON document of the contract."""

from __future__ import annotations

from typing import Any

from accounts.models import Region
from campaigns.models import WeeklyReport
from foodsafe_portal.lib.instants import stamp


def report_document(report: WeeklyReport) -> dict[str, Any]:
    """The document that ``close_week --json`` and the API answer with."""
    names = dict(Region.objects.below(report.campaign.region_id).values_list("code", "name"))
    return {
        "report": report.pk,
        "campaign": report.campaign.code,
        "week": report.week,
        "revision": report.revision,
        "digest": report.digest,
        "as_of": stamp(report.as_of),
        "known_at": stamp(report.known_at),
        "rulebook": report.rulebook.code if report.rulebook else None,
        "figures": [
            {
                "measure": row["measure"],
                "level": row["level"],
                "code": row["region_id"],
                "name": names.get(row["region_id"], ""),
                "grade": row["grade"] or None,
                "expected": row["expected"],
                "done": row["done"],
                "on_time": row["on_time"],
                "overdue": row["overdue"],
                "excluded": row["excluded"],
            }
            for row in report.figures.order_by("pk").values()
        ],
        "score": report.score,
        "lost_by_unit": report.lost_by_unit,
        "ranking": report.ranking,
        "difference": report.difference,
    }
