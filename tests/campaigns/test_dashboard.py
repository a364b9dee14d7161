"""The dashboard: every number opens the list it counts, for everybody only where their posts reach."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.measures import MEASURES
from campaigns.models import WeeklyReport
from entities.models import StatusChange
from foodsafe_portal.lib.weeks import Week
from inspections.models import Extension, RectificationDuty, VisitDuty
from records.models import Job
from tests.campaigns.weekly import MONDAY, WEEK, count_on, figure_links, freeze, get, make_city
from tests.factories import (
    make_business,
    make_campaign,
    make_duty,
    make_problem,
    make_region,
    make_unit,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

URL = "/dashboard/"
NOON = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)


@pytest.fixture
def today(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def drafts(today):
    """Two frozen weeks that nobody has published, after one that was."""
    campaign = make_city()
    freeze(campaign, Week.parse("2026-W44"), MONDAY - timedelta(days=14))
    freeze(campaign, Week.parse("2026-W45"), MONDAY - timedelta(days=7), published=False)
    freeze(campaign, published=False)
    return campaign


@pytest.fixture
def city(today):
    campaign = make_city()
    freeze(campaign, Week.parse("2026-W45"), MONDAY - timedelta(days=7))
    freeze(campaign)
    return campaign


def assert_every_link_opens_its_count(
    client, html: str, least: int, opened: dict[str, int] | None = None
) -> None:
    """Follow every link to a list; what ``opened`` already holds must still print the same number."""
    links, opened = figure_links(html), {} if opened is None else opened
    assert len(links) >= least
    for url, number in links.items():
        if url not in opened:
            opened[url] = count_on(get(client, url))
        assert opened[url] == number, url


def test_every_figure_of_the_dashboard_opens_a_list_of_exactly_that_length(city, login):
    leader = login(role="leader", region="9901")
    opened: dict[str, int] = {}
    for measure in ("visits", "problems_week", "problems"):
        assert_every_link_opens_its_count(leader, get(leader, URL, measure=measure), 60, opened)


def test_the_lists_keep_their_length_after_later_writes(city, login):
    liaison = login(role="county_liaison", region="990102")
    before = figure_links(get(liaison, URL))
    later = NOON + timedelta(days=1)
    make_duty(make_business(region="990102001"), recorded_at=later)
    RectificationDuty.objects.filter(problem=make_problem(region="990102001")).update(recorded_at=later)
    VisitDuty.objects.filter(region_id="990102001", grade="B").update(superseded_at=later)
    html = get(liaison, URL)
    assert figure_links(html) == before
    assert_every_link_opens_its_count(liaison, html, 40)


def test_a_county_liaison_sees_their_county_by_township_and_every_link_opens(city, login):
    liaison = login(role="county_liaison", region="990102")
    html = get(liaison, URL)
    assert "乡镇（街道）× 包保等级" in html
    assert "地区990103" not in html and "990103" not in "".join(figure_links(html))


def test_a_township_liaison_sees_their_township_by_grade(city, login):
    liaison = login(role="township_liaison", region="990102001")
    html = get(liaison, URL)
    assert "990102002" not in html
    assert_every_link_opens_its_count(liaison, html, 15)


def test_another_county_is_not_found(city, login):
    liaison = login(role="county_liaison", region="990102")
    for place in ("990103", "990103001", "9901", "99", "x"):
        assert liaison.get(URL, {"place": place}).status_code == 404
    assert liaison.get(URL, {"place": "990102001"}).status_code == 200


def test_a_supervision_team_changes_between_its_counties(city, login):
    person = make_user(role="supervision_team", region="990103")
    person.posts.create(role="supervision_team", region_id="990102", valid_from=date(2020, 1, 1))
    team = login(person)
    assert "?place=990103" in get(team, URL)
    assert "990103001" in get(team, URL, place="990103")
    assert team.get(URL, {"place": "9901"}).status_code == 404


def test_a_member_unit_sees_counts_and_is_refused_the_rows_of_visits(city, login):
    unit = make_unit("市卫健委", region="9901", is_member=True)
    liaison = login(role="unit_liaison", region="9901", unit=unit)
    links = figure_links(get(liaison, URL))
    for url in links:
        if "/visits/" in url:
            answer = liaison.get(url)
            assert answer.status_code == 403
            assert "您的岗位只看数量" in answer.content.decode()
    assert "只列本单位的" in get(liaison, URL)


@pytest.mark.parametrize("role", ["officer", "assessor", "system_admin", "security_admin"])
def test_roles_without_a_dashboard_are_refused(city, login, role):
    assert login(role=role, region="9901").get(URL).status_code == 403


@pytest.mark.parametrize(
    ("role", "region"),
    [("campaign_office", "9901"), ("auditor", None), ("regulator", "990102"), ("leader", "99")],
)
def test_other_roles_see_their_territory(city, login, role, region):
    html = get(login(role=role, region=region), URL)
    assert ("县（市、区）× 包保等级" in html) is (role != "regulator")


def test_without_a_frozen_week_the_office_is_offered_to_freeze_the_last_one(today, login):
    make_city()
    office = login(role="campaign_office", region="9901")
    html = get(office, URL)
    assert "还没有冻结过任何一周" in html and 'value="2026-W46"' in html
    answer = office.post("/reports/close/", {"campaign": "demo", "week": "2026-W46"})
    job = Job.objects.get(kind="week.close")
    assert (answer.status_code, answer.url) == (302, f"/reports/closing/{job.pk}/")
    reader = get(login(role="leader", region="9901"), URL)
    assert "每周一 00:30 自动冻结" in reader and "/reports/close/" not in reader


def test_without_a_campaign_the_page_says_who_makes_one(today, login):
    make_region("9901")
    assert "还没有创建工作" in get(login(role="leader", region="9901"), URL)


def test_a_post_without_territory_is_told_so(city, login):
    person = make_user(role="unit_liaison", unit=make_unit("市妇联", region="9901"))
    assert "还没有创建工作" in get(login(person), URL)


def test_an_unknown_week_falls_back_to_the_newest_and_says_so(city, login):
    leader = login(role="leader", region="9901")
    for asked in ("2026-W01", "乱写", "2026-W46'"):
        assert "这一周的冻结数据，显示的是" in get(leader, URL, week=asked)
    old = get(leader, URL, week="2026-W45")
    assert "这是以前的一周" in old and "第 45 周" in old


def test_the_countdown_counts_days_and_working_days_and_names_unpublished_years(city, login):
    html = get(login(role="leader", region="9901"), URL)
    assert '<span class="big-figure">120</span>' in html  # 2026-11-16 to 2027-03-16
    assert "86 个工作日" in html
    assert "2027 年放假安排未公布" in html


def test_the_score_stands_as_a_band_with_its_conditions(city, login):
    html = get(login(role="leader", region="9901"), URL)
    report = WeeklyReport.objects.latest("week")
    assert report.score["total_low"] in html and report.score["total_high"] in html
    assert ("合格线 90" in html and "结论待定" in html) or "未达合格条件" in html
    assert "1 项未读数" in html
    assert "市市场监管局" in html  # lead unit of a clause that lost points


def test_without_a_rulebook_the_page_says_so(today, login):
    freeze(make_city(scored=False))
    html = get(login(role="leader", region="9901"), URL)
    assert "还没有评价细则" in html and "综合得分区间" not in html


def test_a_role_without_the_rulebook_sees_no_score(city, login):
    assert "综合得分区间" not in get(login(role="regulator", region="990102"), URL)


def test_the_week_is_compared_with_the_one_before_and_each_direction_has_a_word(today, login):
    campaign = make_city()
    freeze(campaign, Week.parse("2026-W45"), MONDAY - timedelta(days=7))
    make_problem(region="990102001", due_on=date(2026, 11, 13))
    html = get(login(role="leader", region="9901"), URL) if freeze(campaign) else ""
    assert "第 45 周 → 第 46 周" in html
    assert "变差" in html


def test_visits_of_two_quarters_are_not_compared(time_machine, login):
    time_machine.move_to(datetime(2026, 10, 12, 4, tzinfo=UTC), tick=False)
    campaign = make_city()
    freeze(campaign, Week.parse("2026-W39"), datetime(2026, 9, 28, tzinfo=UTC))
    freeze(campaign, Week.parse("2026-W40"), datetime(2026, 10, 5, 1, tzinfo=UTC))
    assert "新一季度" in get(login(role="leader", region="9901"), URL)


def test_worst_counties_stand_first_and_red_begins_at_the_printed_threshold(today, login):
    campaign = make_city()
    for _ in range(MEASURES["visits"].red["county"].total):
        make_duty(make_business(region="990103001"), due_on=date(2026, 11, 12))
    freeze(campaign)
    html = get(login(role="leader", region="9901"), URL)
    assert "红字：逾期 ≥ 30 家，分等级 ≥ 10 家" in html
    assert html.index("place=990103") < html.index("place=990102")
    assert '/visits/county/990103/overdue/">31</a>' in html
    red = [line for line in html.split("<a ") if "n-red" in line and "/visits/county/" in line]
    assert red and all("/990103/" in line for line in red)


def test_what_waits_for_the_office_is_counted_and_linked(drafts, login):
    html = get(login(role="campaign_office", region="9901"), URL)
    assert "周报待发布 2 份" in html and "/reports/?state=frozen" in html
    assert count_on(get(login(role="campaign_office", region="9901"), "/reports/", state="frozen")) == 2
    assert "现在没有等您决定的事" in get(login(role="leader", region="9901"), URL)


def test_each_waiting_count_is_the_length_of_the_list_it_opens(drafts, login):
    office = login(role="campaign_office", region="9901")
    author = make_user()
    for region in ("990102001", "990103001"):
        make_problem(region=region, state="second_check", submitted_by=author)
    problem = make_problem(region="990102001", state="rectifying")
    Extension.objects.create(
        problem=problem,
        from_due_on=problem.due_on,
        to_due_on=date(2026, 12, 1),
        reason="设备到货晚",
        requested_by=author,
        requested_at=NOON,
    )
    StatusChange.objects.create(
        business=make_business(region="990102001"),
        from_status="normal",
        to_status="suspended",
        effective_on=date(2026, 11, 10),
        proposed_by=author,
        proposed_at=NOON,
    )
    waiting = re.findall(r'<a href="([^"]+)"><b>\S+ (\d+) [件项份]</b>', get(office, URL))
    assert {url.partition("?")[0]: int(count) for url, count in waiting}.keys() == {
        "/problems/",
        "/changes/",
        "/reports/",
    }
    assert sorted(int(count) for _url, count in waiting) == [1, 1, 2, 2]
    for url, count in waiting:
        assert count_on(get(office, url.replace("&amp;", "&"))) == int(count), url


def test_a_week_that_ended_unfrozen_waits_for_the_office(today, login):
    campaign = make_city()
    freeze(campaign, Week.parse("2026-W45"), MONDAY - timedelta(days=7))
    assert "第 46 周还没有冻结" in get(login(role="campaign_office", region="9901"), URL)
    assert "还没有冻结" not in get(login(role="leader", region="9901"), URL)


def test_every_trend_has_a_table_behind_it(city, login):
    html = get(login(role="leader", region="9901"), URL)
    assert html.count("data-chart=") == html.count('<details class="chart-data">') == 3


def test_a_county_that_campaigns_on_its_own_shows_its_townships(today, login):
    campaign = make_campaign("county", region="990102")
    make_region("990102001")
    make_duty(make_business(region="990102001"), due_on=date(2026, 11, 12))
    freeze(campaign)
    leader = login(role="leader", region="990102")
    assert_every_link_opens_its_count(leader, get(leader, URL), 15)


@pytest.mark.parametrize("count", [1, 3])
def test_the_dashboard_costs_the_same_queries_however_much_there_is(
    today, login, django_assert_max_num_queries, count
):
    campaign = make_city()
    for number in range(count):
        make_region(f"99010{4 + number}001")
        make_duty(make_business(region=f"99010{4 + number}001"), due_on=date(2026, 11, 12))
        make_problem(region=f"99010{4 + number}001")
        freeze(campaign, Week.parse(f"2026-W{44 + number}"), MONDAY)
    office = login(role="campaign_office", region="9901")
    get(office, URL)  # the first page of a session writes the session
    with django_assert_max_num_queries(15) as queries:
        get(office, URL)
    assert len(queries) == 14


def test_the_dashboard_is_read_from_the_frozen_week_alone(city, login):
    assert str(WEEK) == "2026-W46"
    before = get(login(role="regulator", region="990102"), URL)
    VisitDuty.objects.all().delete()
    assert figure_links(get(login(role="regulator", region="990102"), URL)) == figure_links(before)
