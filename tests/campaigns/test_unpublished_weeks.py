"""A frozen week is the office's and the auditor's alone until it is published, through every door."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from campaigns.models import WeeklyFigure, WeeklyReport
from campaigns.services.weeks import publish_week
from foodsafe_portal.lib.weeks import Week
from inspections.models import VisitDuty
from tests.campaigns.weekly import MONDAY, WEEK, count_on, figure_links, freeze, get, make_city
from tests.factories import make_campaign, make_duty, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BEFORE = Week.parse("2026-W45")
SEES_DRAFTS = ({"role": "campaign_office", "region": "9901"}, {"role": "auditor"})
SEES_PUBLISHED = (
    {"role": "leader", "region": "9901"},
    {"role": "county_liaison", "region": "990102"},
    {"role": "campaign_office", "region": "990102"},  # a county's office: the city's draft is not its own
)


@pytest.fixture
def city(time_machine):
    """The week before is published, this week is frozen and is not."""
    time_machine.move_to(datetime(2026, 11, 16, 4, 0, tzinfo=UTC), tick=False)
    campaign = make_city()
    freeze(campaign, BEFORE, MONDAY - timedelta(days=7))
    freeze(campaign, published=False)
    return campaign


def weeks_of(client) -> list[tuple[str, bool]]:
    rows = client.get("/api/v1/reports/").json()["results"]
    return [(row["week"], row["is_latest"]) for row in rows]


@pytest.mark.parametrize("person", SEES_PUBLISHED)
def test_everybody_else_sees_the_newest_published_week_at_every_door(city, login, person):
    draft = WeeklyReport.objects.get(week=str(WEEK))
    client = login(**person)
    html = get(client, "/dashboard/")
    assert "第 45 周" in html and "尚未发布" not in html and f"/reports/{draft.pk}/" not in html
    assert figure_links(html) and not any(f"/figures/{draft.pk}/" in url for url in figure_links(html))
    assert "2026-W46" in get(client, "/dashboard/", week="2026-W46") and "没有“2026-W46”" in get(
        client, "/dashboard/", week="2026-W46"
    )
    assert count_on(get(client, "/reports/")) == 1
    figure = f"/figures/{draft.pk}/visits/city/9901/overdue/"
    for url in (f"/reports/{draft.pk}/", f"/reports/{draft.pk}/figures/", figure):
        assert client.get(url).status_code == 404, url
    assert weeks_of(client) == [("2026-W45", True)]
    assert client.get(f"/api/v1/reports/{draft.pk}/figures/").status_code == 404
    sheet = load_workbook(BytesIO(b"".join(client.get("/reports/export/").streaming_content))).worksheets[1]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["2026-W45"]
    assert "2026-W46" not in get(client, "/clauses/")


@pytest.mark.parametrize("person", SEES_DRAFTS)
def test_the_office_and_the_auditor_see_the_draft_and_are_told_that_it_is_one(city, login, person):
    draft = WeeklyReport.objects.get(week=str(WEEK))
    client = login(**person)
    html = get(client, "/dashboard/")
    assert "第 46 周已冻结、尚未发布" in html and "其他人看到的最新一周是 2026 年第 45 周" in html
    assert get(client, f"/reports/{draft.pk}/") and weeks_of(client) == [
        ("2026-W46", True),
        ("2026-W45", True),
    ]


def test_figures_follow_their_week(city):
    leader, office = make_user(role="leader", region="9901"), make_user(**SEES_DRAFTS[0])
    seen = WeeklyFigure.objects.visible_to(leader).values_list("report__week", flat=True).distinct()
    assert list(seen.order_by()) == ["2026-W45"]
    assert WeeklyFigure.objects.visible_to(office).count() == WeeklyFigure.objects.count()


def test_publishing_opens_the_week_to_everybody(city, login):
    publish_week(report=WeeklyReport.objects.get(week=str(WEEK)), by=make_user(**SEES_DRAFTS[0]))
    for person in SEES_PUBLISHED:
        assert weeks_of(login(**person)) == [("2026-W46", True), ("2026-W45", True)]
    assert "尚未发布" not in get(login(**SEES_DRAFTS[0]), "/dashboard/")


def test_a_published_week_stands_until_its_next_revision_is_published(city, login):
    first = publish_week(report=WeeklyReport.objects.get(week=str(WEEK)), by=None)
    duty = VisitDuty.objects.get(region_id="990102001", grade="B")
    later = MONDAY + timedelta(hours=1)
    VisitDuty.objects.filter(pk=duty.pk).update(superseded_at=later)
    day = date(2026, 11, 11)
    make_duty(duty.business, due_on=duty.due_on, fulfilled_on=day, delivered_on=day, recorded_at=later)
    second = freeze(city, at=MONDAY + timedelta(hours=2), published=False)
    assert second.revision == 2
    leader, office = login(role="leader", region="9901"), login(**SEES_DRAFTS[0])
    html = get(leader, f"/reports/{first.pk}/")
    assert "这是旧版" not in html and "这是旧版" in get(office, f"/reports/{first.pk}/")
    assert leader.get("/api/v1/reports/?is_latest=true").json()["results"][0]["id"] == first.pk
    assert office.get("/api/v1/reports/?is_latest=true").json()["results"][0]["id"] == second.pk


def test_nobody_is_told_that_nothing_was_frozen_while_a_draft_waits(time_machine, login):
    time_machine.move_to(datetime(2026, 11, 16, 4, 0, tzinfo=UTC), tick=False)
    freeze(make_campaign(), published=False)
    leader = login(role="leader", region="9901")
    for url in ("/dashboard/", "/reports/"):
        html = get(leader, url)
        assert "还没有冻结" not in html and "还没有发布过周报" in html
