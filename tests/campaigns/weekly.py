"""A small city for the pages of frozen weeks: two counties, three townships, visits, problems and a scored rulebook."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from campaigns.choices import ReportState
from campaigns.models import Campaign, Clause, Rulebook, WeeklyReport
from campaigns.services.weeks import close_week, publish_week
from foodsafe_portal.lib.weeks import Week
from tests.factories import make_business, make_campaign, make_duty, make_problem, make_region, make_unit

WEEK = Week.parse("2026-W46")  # 2026-11-09 to 2026-11-15
MONDAY = datetime(2026, 11, 16, 0, 30, tzinfo=UTC)
TOWNSHIPS = ("990102001", "990102002", "990103001")
DAY = date(2026, 11, 10)

DOCUMENT = {
    "title": "演示细则",
    "clauses": [
        {"no": "1", "title": "两个责任", "kind": "key", "points": "60", "children": [
            {"no": "1.1", "title": "督导完成率", "kind": "key", "points": "40", "method": "proportional", "params": {"target": "100"}},
            {"no": "1.2", "title": "培训", "kind": "key", "points": "20", "method": "all_or_nothing"},
        ]},
        {"no": "2", "title": "问题逾期", "kind": "basic", "points": "40", "method": "per_occurrence", "params": {"each": "2"}},
        {"no": "9", "title": "重大事故", "kind": "veto"},
    ],
    "pass": {"no_veto": True, "min_total": "90", "key_min_rate": "0.60"},
}  # fmt: skip


def make_rulebook() -> Rulebook:
    """A published edition whose first and third clauses are measured by the portal."""
    rulebook = Rulebook.objects.create(
        code="demo",
        title="演示细则",
        edition="2026 版",
        document=DOCUMENT,
        digest="0" * 64,
        state="published",
    )
    unit = make_unit("市市场监管局", region="9901", is_member=True)
    for order, (no, title, kind, points, measure) in enumerate(
        (
            ("1.1", "督导完成率", "key", "40", {"measure": "visits", "value": "done_rate"}),
            ("1.2", "培训", "key", "20", {}),
            ("2", "问题逾期", "basic", "40", {"measure": "problems", "value": "overdue"}),
            ("9", "重大事故", "veto", None, {}),
        )
    ):
        Clause.objects.create(
            rulebook=rulebook,
            no=no,
            title=title,
            kind=kind,
            points=points,
            measure=measure,
            order=order,
            lead_unit=unit,
        )
    return rulebook


def make_city(*, scored: bool = True) -> Campaign:
    """The campaign with its places and work; nothing is frozen yet."""
    campaign = make_campaign(rulebook=make_rulebook() if scored else None)
    for code in TOWNSHIPS:
        make_region(code)
    unit = make_unit("市教育局", region="9901", is_member=True)
    for code in TOWNSHIPS:
        make_duty(make_business(region=code), fulfilled_on=DAY, delivered_on=DAY)
        make_duty(make_business(region=code, responsibility_grade="B"), due_on=date(2026, 11, 12))
        make_duty(make_business(region=code), due_on=date(2026, 11, 1), fulfilled_on=DAY, delivered_on=DAY)
        make_duty(make_business(region=code, responsibility_grade="D"))
        make_duty(make_business(region=code), excluded_on=date(2026, 11, 3), exclusion="suspended")
        make_problem(region=code, unit=unit)
        make_problem(region=code, unit=unit, fulfilled_on=DAY, delivered_on=DAY)
        make_problem(region=code, due_on=date(2026, 11, 30))
    make_duty(make_business(region="9901", responsibility_grade="A"))
    return campaign


def freeze(
    campaign: Campaign, week: Week = WEEK, at: datetime = MONDAY, *, published: bool = True
) -> WeeklyReport:
    """Close a week and publish it, so that everybody sees it."""
    report = close_week(campaign=campaign, week=week, at=at)
    if published and report.state == ReportState.FROZEN:
        return publish_week(report=report, by=None)
    return report


def figure_links(html: str) -> dict[str, int]:
    """Every link to a list of rows in a page, with the number it prints."""
    found: dict[str, int] = {}
    for url, text in re.findall(r'<a class="n[^"]*" href="(/figures/[^"]+)"[^>]*>([\d,]+)</a>', html):
        number = int(text.replace(",", ""))
        assert found.setdefault(url.replace("&amp;", "&"), number) == number, url
    return found


def count_on(html: str) -> int:
    """The exact count that a list's pager prints; an empty list has no pager."""
    match = re.search(r"共 <b>([\d,]+)</b>", html)
    return int(match[1].replace(",", "")) if match else 0


def get(client: Any, url: str, **query: str) -> str:
    """A page that must answer."""
    answer = client.get(url, query)
    assert answer.status_code == 200, (url, answer.status_code)
    return str(answer.content.decode())
