"""Frozen weeks: list, detail, ranking, difference, freezing in the background, publishing, files."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from campaigns.choices import ReportState
from campaigns.errors import CampaignRefused, WeekNotOver
from campaigns.models import WeeklyReport
from campaigns.services.closing import ask_to_close_week
from foodsafe_portal.lib.weeks import Week
from inspections.models import VisitDuty
from records.models import AuditEvent, Job
from records.services import jobs
from tests.campaigns.weekly import MONDAY, WEEK, count_on, figure_links, freeze, get, make_city
from tests.factories import make_campaign, make_duty, make_region, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOON = datetime(2026, 11, 16, 4, tzinfo=UTC)
URL = "/reports/"


@pytest.fixture
def campaign(time_machine):
    time_machine.move_to(NOON, tick=False)
    return make_city()


@pytest.fixture
def weeks(campaign):
    for back in (2, 1, 0):
        freeze(campaign, Week.of(WEEK.sunday - timedelta(weeks=back)), MONDAY - timedelta(weeks=back))
    return campaign


def second_revision(campaign, *, published: bool = True) -> WeeklyReport:
    freeze(campaign, published=published)
    duty = VisitDuty.objects.get(region_id="990102001", grade="B")
    later = MONDAY + timedelta(hours=1)
    VisitDuty.objects.filter(pk=duty.pk).update(superseded_at=later)
    day = date(2026, 11, 11)
    make_duty(duty.business, due_on=duty.due_on, fulfilled_on=day, delivered_on=day, recorded_at=later)
    return freeze(campaign, at=MONDAY + timedelta(hours=2), published=published)


def rows_of(answer):
    book = load_workbook(BytesIO(b"".join(answer.streaming_content)))
    return [[cell.value for cell in row] for row in book.worksheets[1].iter_rows(min_row=2)]


# --- the list --------------------------------------------------------------------------------------


def test_the_list_shows_each_week_with_state_digest_and_the_viewers_figures(weeks, login):
    leader = login(role="leader", region="9901")
    html = get(leader, URL)
    assert count_on(html) == 3
    assert "2026 年第 46 周" in html and "11-09 至 11-15" in html and "已发布" in html
    assert WeeklyReport.objects.first().digest[:8] in html
    for address, number in figure_links(html).items():
        assert count_on(get(leader, address)) == number
    county = figure_links(get(login(role="county_liaison", region="990102"), URL))
    assert county and all("/county/990102/" in address for address in county)


@pytest.mark.parametrize(
    ("words", "count"), [("46", 1), ("第 46 周", 1), ("2026-W45", 1), ("2026-11", 3), ("2026-11-11", 1), ("2026-13-45", 0), ("春", 0)]
)  # fmt: skip
def test_the_search_finds_weeks_by_number_and_date(weeks, login, words, count):
    assert count_on(get(login(role="leader", region="9901"), URL, q=words)) == count


def test_the_list_filters_by_state_and_shows_old_revisions_when_asked(campaign, login):
    report = second_revision(campaign, published=False)
    office = login(role="campaign_office", region="9901")
    assert count_on(get(office, URL)) == 1
    html = get(office, URL, revisions="all")
    assert count_on(html) == 2 and "已有新版" in html
    assert "没有符合条件的周报" in get(office, URL, state="published")
    WeeklyReport.objects.filter(pk=report.pk).update(state=ReportState.PUBLISHED)
    assert count_on(get(office, URL, state="published")) == 1


def test_the_list_of_nothing_says_what_happens_next(campaign, login):
    assert "每周一 00:30 自动冻结上一周" in get(login(role="leader", region="9901"), URL)
    assert "冻结这一周" in get(login(role="campaign_office", region="9901"), URL)


def test_the_list_is_exported_as_shown(weeks, login):
    leader = login(role="leader", region="9901")
    assert [row[0] for row in rows_of(leader.get("/reports/export/", {"q": "2026-11"}))] == [
        "2026-W46",
        "2026-W45",
        "2026-W44",
    ]
    assert leader.get("/reports/export/", {"format": "doc"}).status_code == 400
    assert AuditEvent.objects.filter(action="reports.exported").count() == 1


def test_another_city_sees_none_of_it(weeks, login):
    make_region("9902")
    stranger = login(role="campaign_office", region="9902")
    assert count_on(get(stranger, URL)) == 0
    report = WeeklyReport.objects.first()
    for path in ("", "export/"):
        assert stranger.get(f"/reports/{report.pk}/{path}").status_code == 404
    assert stranger.post(f"/reports/{report.pk}/publish/").status_code == 404
    assert stranger.post("/reports/close/", {"campaign": "demo"}).status_code == 404


@pytest.mark.parametrize("role", ["officer", "assessor", "system_admin", "security_admin"])
def test_roles_without_weeks_are_refused(weeks, login, role):
    client, pk = login(role=role, region="9901"), WeeklyReport.objects.first().pk
    for path in ("", "export/", f"{pk}/", f"{pk}/export/"):
        assert client.get(URL + path).status_code == 403
    assert (
        client.post(f"/reports/{pk}/publish/").status_code
        == client.post("/reports/close/").status_code
        == 403
    )


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_queries_however_long_it_is(
    campaign, login, django_assert_max_num_queries, count
):
    for back in range(count):
        freeze(campaign, Week.of(WEEK.sunday - timedelta(weeks=back)), MONDAY)
    office = login(role="campaign_office", region="9901")
    get(office, URL)
    with django_assert_max_num_queries(15) as queries:
        get(office, URL)
    assert len(queries) == 9


# --- one week --------------------------------------------------------------------------------------


def test_every_figure_of_a_week_opens_a_list_of_exactly_that_length(campaign, login):
    report = second_revision(campaign)
    for person in ({"role": "leader", "region": "9901"}, {"role": "township_liaison", "region": "990102001"}):
        client = login(**person)
        links = figure_links(get(client, f"/reports/{report.pk}/"))
        assert len(links) >= 15
        for address, number in links.items():
            assert count_on(get(client, address)) == number, address


def test_the_week_shows_ranking_with_ties_and_names_those_left_out(campaign, login):
    make_region("990104001")
    html = get(login(role="leader", region="9901"), f"/reports/{freeze(campaign).pk}/")
    assert html.count("并列") == 2
    assert "不参加排名的 1 个：地区990104" in html and "不参加排名的 1 个：市市场监管局" in html


def test_the_week_shows_lost_points_by_unit_to_those_who_read_the_rulebook(campaign, login):
    report = freeze(campaign)
    assert "各牵头单位失分" in get(login(role="leader", region="9901"), f"/reports/{report.pk}/")
    assert "各牵头单位失分" not in get(login(role="regulator", region="990102"), f"/reports/{report.pk}/")


def test_a_revision_shows_what_it_changed_and_only_in_the_viewers_places(campaign, login):
    report = second_revision(campaign)
    html = get(login(role="leader", region="9901"), f"/reports/{report.pk}/")
    assert "与第 1 版的差别" in html and "<del>2</del>" in html and "得分" in html
    mine = get(login(role="county_liaison", region="990102"), f"/reports/{report.pk}/")
    assert "<del>" in mine
    assert "您的辖区内没有差别" in get(login(role="regulator", region="990103"), f"/reports/{report.pk}/")


def test_an_old_revision_points_to_the_new_one_and_offers_no_act(campaign, login):
    report = second_revision(campaign)
    old = WeeklyReport.objects.get(revision=1)
    html = get(login(role="campaign_office", region="9901"), f"/reports/{old.pk}/")
    assert "这是旧版" in html and f"/reports/{report.pk}/" in html and "/publish/" not in html


def test_a_week_of_one_place_and_not_of_a_foreign_one(campaign, login):
    report, liaison = freeze(campaign), login(role="county_liaison", region="990102")
    assert liaison.get(f"/reports/{report.pk}/", {"place": "990103"}).status_code == 404
    assert "地区990102001" in get(liaison, f"/reports/{report.pk}/", place="990102001")
    assert "县（市、区）整改排名" in get(liaison, f"/reports/{report.pk}/")


def test_the_figures_are_exported_where_the_viewer_sees_them(campaign, login):
    report = freeze(campaign)
    everything = rows_of(login(role="leader", region="9901").get(f"/reports/{report.pk}/export/"))
    assert len(everything) == report.figures.count()
    mine = rows_of(login(role="county_liaison", region="990102").get(f"/reports/{report.pk}/export/"))
    assert mine and all(str(row[2]).startswith("990102") for row in mine)


@pytest.mark.parametrize("count", [1, 3])
def test_one_week_costs_the_same_queries_however_much_it_counts(
    campaign, login, django_assert_max_num_queries, count
):
    for number in range(count):
        make_region(f"99010{4 + number}001")
    report, office = freeze(campaign), login(role="campaign_office", region="9901")
    get(office, f"/reports/{report.pk}/")
    with django_assert_max_num_queries(15) as queries:
        get(office, f"/reports/{report.pk}/")
    assert len(queries) == 8


# --- freezing and publishing -----------------------------------------------------------------------


def test_freezing_runs_in_the_background_and_opens_the_week_when_done(campaign, login):
    office = login(role="campaign_office", region="9901")
    answer = office.post("/reports/close/", {"week": "2026-W46"})
    job = Job.objects.get()
    progress = f"/reports/closing/{job.pk}/"
    assert answer.url == progress
    assert "排队中" in get(office, progress)
    job = jobs.run_inline(job)
    report = WeeklyReport.objects.get()
    assert (job.state, job.result["report"], report.closed_by) == ("done", report.pk, office.user)
    assert office.get(progress).url == f"/reports/{report.pk}/"
    fragment = office.get(progress, headers={"HX-Request": "true"})
    assert fragment["HX-Redirect"] == f"/reports/{report.pk}/"


def test_freezing_twice_finds_nothing_new_and_keeps_the_revision(campaign, login):
    office = login(role="campaign_office", region="9901")
    for _ in range(2):
        office.post("/reports/close/", {"week": "2026-W46"})
        job = Job.objects.latest("created_at", "attempts")
        jobs.run_inline(Job.objects.get(state="queued"))
    assert job.kind == "week.close"
    assert [report.revision for report in WeeklyReport.objects.all()] == [1]
    assert Job.objects.filter(state="done").count() == 2


def test_asking_again_while_it_waits_is_the_same_work(campaign, login):
    office = login(role="campaign_office", region="9901")
    for _ in range(2):
        office.post("/reports/close/", {"week": "2026-W46"})
    assert Job.objects.count() == AuditEvent.objects.filter(action="week.close_asked").count() == 1


def test_running_the_work_twice_freezes_once(campaign):
    job = ask_to_close_week(campaign=campaign, week=WEEK, by=make_user(role="campaign_office", region="9901"))
    jobs.run_inline(job)
    Job.objects.filter(pk=job.pk).update(state="queued", lease_until=None)
    jobs.run_inline(job)
    assert WeeklyReport.objects.count() == AuditEvent.objects.filter(action="week.closed").count() == 1


@pytest.mark.parametrize(
    ("week", "sentence"),
    [
        ("2026-W47", "2026-11-22 24:00 才结束"),
        ("2025-W52", "在创建启动"),
        ("第四十六周", "不是周次，应写成 2026-W46"),
        ("2026-W60", "2026 年没有第 60 周"),
    ],
)
def test_a_week_that_cannot_be_frozen_is_refused_with_a_sentence(campaign, login, week, sentence):
    office = login(role="campaign_office", region="9901")
    answer = office.post("/reports/close/", {"week": week}, follow=True)
    assert sentence in answer.content.decode()
    assert Job.objects.count() == 0


def test_a_campaign_that_has_ended_is_not_frozen_further(campaign):
    campaign.closed_on = date(2026, 11, 1)
    with pytest.raises(CampaignRefused, match="之后的周不再冻结"):
        ask_to_close_week(campaign=campaign, week=WEEK, by=None)
    with pytest.raises(WeekNotOver):
        ask_to_close_week(campaign=campaign, week=WEEK, by=None, at=MONDAY - timedelta(days=1))


def test_the_progress_belongs_to_whoever_asked(campaign, login):
    office, other = (login(role="campaign_office", region="9901") for _ in range(2))
    office.post("/reports/close/", {"week": "2026-W46"})
    assert other.get(f"/reports/closing/{Job.objects.get().pk}/").status_code == 404


def test_the_office_publishes_a_week_once(campaign, login):
    report, office = freeze(campaign, published=False), login(role="campaign_office", region="9901")
    assert "/publish/" in get(office, f"/reports/{report.pk}/")
    answer = office.post(f"/reports/{report.pk}/publish/", follow=True).content.decode()
    assert "已发布" in answer and "/publish/" not in answer
    again = office.post(f"/reports/{report.pk}/publish/", follow=True).content.decode()
    assert "已经发布或已有更新的版次" in again
    assert AuditEvent.objects.filter(action="week.published").count() == 1


def test_leaders_and_counties_may_neither_freeze_nor_publish(campaign, login):
    report, draft = freeze(campaign), freeze(campaign, Week.parse("2026-W45"), published=False)
    for person in ({"role": "leader", "region": "9901"}, {"role": "county_liaison", "region": "990102"}):
        client = login(**person)
        html = get(client, f"/reports/{report.pk}/")
        assert "/publish/" not in html and "重新核对" not in html
        assert client.post(f"/reports/{draft.pk}/publish/").status_code == 403
        assert client.post("/reports/close/", {"week": "2026-W46"}).status_code == 403
    draft.refresh_from_db()
    assert draft.state == ReportState.FROZEN


def test_a_county_of_its_own_ranks_and_counts_its_townships(time_machine, login):
    time_machine.move_to(NOON, tick=False)
    campaign = make_campaign("county", region="990105")
    make_region("990105001")
    html = get(login(role="leader", region="990105"), f"/reports/{freeze(campaign).pk}/")
    assert "本周没有到期问题，不排名" in html
