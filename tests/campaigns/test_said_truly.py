"""Pages name whose numbers they show, who serves today and what a number leaves out, on full and on empty cities."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from campaigns.models import LeadingGroup, Membership, TaskItem, WeeklyReport
from tests.campaigns.weekly import DAY, freeze, get, make_city
from tests.factories import make_campaign, make_problem, make_unit

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FALSE_ON_AN_EMPTY_CITY = ("均有佐证", "从迎检日倒排", "均已达到", "未触发", "按现速可完成", "其中按时 1")


@pytest.fixture
def today(time_machine):
    time_machine.move_to(datetime(2026, 11, 16, 4, 0, tzinfo=UTC), tick=False)


def member(group: LeadingGroup, name: str, valid_to: date | None) -> Membership:
    return Membership.objects.create(
        group=group,
        person_name=name,
        title="副市长",
        role="member",
        valid_from=date(2026, 1, 1),
        valid_to=valid_to,
    )


def test_members_whose_term_has_ended_stand_under_former(today, login):
    group = LeadingGroup.objects.create(campaign=make_campaign(), region_id="9901", name="领导小组")
    for name, end in (("在任者", None), ("到今天者", date(2026, 11, 16)), ("卸任者", date(2026, 11, 15))):
        member(group, name, end)
    html = get(login(role="campaign_office", region="9901"), "/campaign/")
    serving, former = html.split("已卸任 1 人")
    assert "在任者" in serving and "到今天者" in serving and "卸任者" not in serving
    assert "卸任者" in former


def test_a_county_reads_whose_score_it_is(today, login):
    campaign = make_city()
    freeze(campaign)
    html = get(login(role="county_liaison", region="990102"), "/dashboard/")
    assert re.search(rf"综合得分区间\s*<small>{campaign.region.name} · 自评", html)


def test_problems_of_a_place_name_the_place_as_their_scope(today, login):
    unit = make_unit("甲县市场监管局", region="990102")
    html = get(login(role="county_liaison", region="990102", unit=unit), "/problems/")
    scope = re.search(r"范围 <b>([^<]*)</b>", html)
    assert scope is not None and "甲县市场监管局" not in scope[1]


def test_a_target_shows_its_period(today, login):
    task = TaskItem.objects.create(
        campaign=make_campaign(), number=1, title="抽检", lead_unit=make_unit("市农业局", region="9901"),
        starts_on=DAY, due_on=date(2026, 12, 1),
        targets=[{"name": "合格率", "comparator": ">=", "target": 98, "unit": "%", "period": "2026"}],
    )  # fmt: skip
    assert "统计期 2026" in get(login(role="campaign_office", region="9901"), f"/tasks/{task.pk}/")


def test_problems_of_the_citys_own_level_stand_on_the_board(today):
    campaign = make_city()
    make_problem(region="9901", due_on=date(2026, 11, 12))
    board = [line for line in freeze(campaign).ranking if line["board"] == "county"]
    assert {line["code"] for line in board} == {"990102", "990103", "9901"}
    assert [line["expected"] for line in board if line["code"] == "9901"] == [1]


def test_the_longest_overdue_name_what_they_leave_out(today, login):
    campaign = make_city()
    make_problem(region="990102001", found_on=date(2025, 12, 1), due_on=date(2025, 12, 20))
    freeze(campaign)
    html = get(login(role="leader", region="9901"), "/dashboard/")
    assert "2026-01-01 启动以来发现的" in html
    assert "启动以前发现、当时仍逾期的另有 1 个" in html


@pytest.mark.parametrize(
    "url", ["/dashboard/", "/reports/", "/clauses/", "/tasks/", "/problems/", "/campaign/"]
)
@pytest.mark.parametrize("frozen", [False, True], ids=["without weeks", "with an empty week"])
def test_an_empty_city_claims_nothing(today, login, url, frozen):
    campaign = make_campaign()
    if frozen:
        freeze(campaign)
    html = get(login(role="leader", region="9901"), url)
    assert not [claim for claim in FALSE_ON_AN_EMPTY_CITY if claim in html]
    assert WeeklyReport.objects.count() == int(frozen)
