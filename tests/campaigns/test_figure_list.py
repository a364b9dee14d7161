"""The list behind a figure: exactly its rows, only for those who may see it, with search, pages and files."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from openpyxl import load_workbook

from campaigns.models import WeeklyReport
from inspections.models import RectificationDuty, VisitDuty
from records.models import AuditEvent
from tests.campaigns.weekly import count_on, freeze, get, make_city
from tests.factories import make_business, make_duty, make_officer, make_unit

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LATER = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def report(time_machine) -> WeeklyReport:
    time_machine.move_to(datetime(2026, 11, 16, 4, tzinfo=UTC), tick=False)
    return freeze(make_city())


def url(report: WeeklyReport, measure="visits", level="county", code="990102", part="overdue") -> str:
    return f"/figures/{report.pk}/{measure}/{level}/{code}/{part}/"


def export(client, frozen, **query):
    question = {
        "report": frozen.pk,
        "measure": "visits",
        "level": "county",
        "code": "990102",
        "part": "overdue",
    }
    return client.get("/figures/export/", question | query)


def businesses_on(html: str) -> int:
    return len(re.findall(r'href="/businesses/\d+/"', html))


def sheet_rows(answer):
    book = load_workbook(BytesIO(b"".join(answer.streaming_content)))
    return [[cell.value for cell in row] for row in book.worksheets[1].iter_rows(min_row=2)], book


def test_the_page_says_which_figure_it_is_and_lists_its_rows(report, login):
    html = get(login(role="leader", region="9901"), url(report))
    assert "地区990102 · 逾期 2 家" in html and "按第 46 周冻结时所知" in html
    assert (count_on(html), businesses_on(html)) == (2, 2)


def test_every_part_of_a_figure_lists_as_many_rows_as_its_tab_says(report, login):
    leader = login(role="leader", region="9901")
    for measure in ("visits", "problems", "problems_week"):
        html = get(leader, url(report, measure))
        tabs = re.findall(r'<a href="(/figures/[^"]+)"[^>]*>[^<]+ <span class="count">([\d,]+)</span>', html)
        assert len(tabs) == 7
        for address, number in tabs:
            assert count_on(get(leader, address)) == int(number), address


def test_a_grade_narrows_the_figure(report, login):
    leader = login(role="leader", region="9901")
    assert count_on(get(leader, url(report, part="expected"), grade="B")) == 2
    assert "包保等级" in get(leader, url(report), grade="B")
    assert leader.get(url(report), {"grade": "E"}).status_code == 404


def test_rows_read_as_they_stood_when_the_week_was_frozen(report, login):
    VisitDuty.objects.filter(region_id="990102001", grade="B").update(superseded_at=LATER)
    late = VisitDuty.objects.filter(region_id="990102002", grade="B")
    late.update(fulfilled_on=date(2026, 11, 18), delivered_on=date(2026, 11, 18))
    html = get(login(role="leader", region="9901"), url(report))
    assert count_on(html) == 2
    assert html.count("逾期 1 个工作日") == 2 and "2026-11-18" not in html


def test_what_fell_due_on_friday_is_just_overdue_on_sunday(report, login):
    assert "刚逾期" in get(login(role="leader", region="9901"), url(report, "problems"))


def test_rows_name_the_places_below_the_figures_own(report, login):
    leader = login(role="leader", region="9901")
    assert "地区990102 地区990102001" in get(leader, url(report, level="city", code="9901"))
    assert "地区990102 地区990102001" not in get(leader, url(report))


def test_excluded_rows_say_why(report, login):
    assert "剔除：停业" in get(login(role="leader", region="9901"), url(report, part="excluded"))


def test_late_rows_say_how_late(report, login):
    assert "超期 9 天" in get(login(role="leader", region="9901"), url(report, part="late"))


@pytest.mark.parametrize(
    ("measure", "level", "code", "part"),
    [
        ("visits", "county", "990103", "overdue"),
        ("visits", "city", "9901", "overdue"),
        ("visits", "county", "9901", "overdue"),
        ("problems", "township", "990103001", "overdue"),
        ("visits", "county", "990199", "overdue"),
        ("unknown", "county", "990102", "overdue"),
        ("visits", "village", "990102", "overdue"),
        ("visits", "county", "990102", "pk"),
    ],
)
def test_figures_of_another_county_or_that_do_not_exist_are_not_found(
    report, login, measure, level, code, part
):
    liaison = login(role="county_liaison", region="990102")
    assert liaison.get(url(report, measure, level, code, part)).status_code == 404
    answer = export(liaison, report, measure=measure, level=level, code=code, part=part)
    assert answer.status_code == 404


def test_an_unknown_report_is_not_found(report, login):
    leader = login(role="leader", region="9901")
    for number in (report.pk + 999, 99999999999999999999):
        assert leader.get(f"/figures/{number}/visits/county/990102/overdue/").status_code == 404
    for number in ("", "x", "-1", "9" * 20):
        assert export(leader, report, report=number).status_code == 404


@pytest.mark.parametrize("role", ["officer", "assessor", "system_admin", "security_admin"])
def test_roles_without_figures_are_refused(report, login, role):
    client = login(role=role, region="9901")
    assert client.get(url(report)).status_code == 403
    assert export(client, report).status_code == 403


def test_a_member_unit_sees_its_own_problems_of_a_figure_and_is_told_so(report, login):
    unit = RectificationDuty.objects.filter(unit__isnull=False).first().unit
    liaison = login(role="unit_liaison", region="9901", unit=unit)
    html = get(liaison, url(report, "problems", "city", "9901", "expected"))
    assert "这个数字共 9 个，您的岗位只看得到其中本单位的 6 个" in html
    assert count_on(html) == 6
    assert liaison.get(url(report)).status_code == 403
    assert export(liaison, report).status_code == 403


def test_the_ranking_of_units_opens_the_problems_of_a_unit(report, login):
    leader = login(role="leader", region="9901")
    line = next(one for one in report.ranking if one["board"] == "unit" and one["rank"])
    address = url(report, "problems_week", "city", "9901", "expected")
    assert count_on(get(leader, address, unit=line["code"])) == line["expected"] == 6
    for wrong in ("0", "x", "999999"):
        assert leader.get(address, {"unit": wrong}).status_code == 404
    assert leader.get(url(report, "problems"), {"unit": line["code"]}).status_code == 404
    other = login(role="unit_liaison", region="9901", unit=make_unit("市妇联", region="9901"))
    assert other.get(address, {"unit": line["code"]}).status_code == 404
    county = login(role="county_liaison", region="990102")
    assert county.get(address, {"unit": line["code"]}).status_code == 404


def test_search_narrows_within_the_figure_and_keeps_its_number_in_the_title(report, login):
    leader = login(role="leader", region="9901")
    business = VisitDuty.objects.filter(region_id="990102001", grade="B").get().business
    html = get(leader, url(report), q=business.name)
    assert count_on(html) == 1 and "逾期 2 家" in html
    assert "没有符合查找条件的记录" in get(leader, url(report), q="查无此店")
    assert count_on(get(leader, url(report), q=business.licence_no)) == 1
    assert count_on(get(leader, url(report, "problems"), q="市教育局")) == 2


def test_an_empty_figure_says_that_it_is_nought(report, login):
    assert "这个数字是 0" in get(login(role="leader", region="9901"), url(report), grade="A")


def test_pages_follow_one_another_and_the_count_is_exact(time_machine, login):
    time_machine.move_to(datetime(2026, 11, 16, 4, tzinfo=UTC), tick=False)
    campaign = make_city()
    for _ in range(60):
        make_duty(make_business(region="990102001"), due_on=date(2026, 11, 12))
    report = freeze(campaign)
    leader = login(role="leader", region="9901")
    first = get(leader, url(report))
    assert count_on(first) == 62 and businesses_on(first) == 50
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    assert businesses_on(get(leader, url(report) + following)) == 12


def test_the_export_holds_exactly_the_rows_and_its_cover_the_question(report, login):
    leader = login(role="leader", region="9901")
    rows, book = sheet_rows(export(leader, report))
    assert len(rows) == 2
    cover = "\n".join(str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row)
    for word in ("2026 年第 46 周", "地区990102", "督导任务", "逾期"):
        assert word in cover
    text = b"".join(export(leader, report, format="csv").streaming_content).decode("utf-8-sig")
    assert text.count("\r\n") == 3
    problems, _book = sheet_rows(export(leader, report, measure="problems", part="expected"))
    assert len(problems) == 6
    assert AuditEvent.objects.filter(action__startswith="figure_").count() == 3


def test_the_export_of_a_search_holds_what_the_search_found(report, login):
    business = VisitDuty.objects.filter(region_id="990102001", grade="B").get().business
    rows, _book = sheet_rows(export(login(role="leader", region="9901"), report, q=business.name))
    assert [row[0] for row in rows] == [business.name]


def test_only_xlsx_and_csv_are_offered(report, login):
    assert export(login(role="leader", region="9901"), report, format="pdf").status_code == 400


@pytest.mark.parametrize("measure", ["visits", "problems"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_the_same_queries_however_long_it_is(
    report, login, django_assert_max_num_queries, measure, count
):
    leader = login(role="leader", region="9901")
    code, level = ("990103", "county") if count == 1 else ("9901", "city")
    get(leader, url(report, measure, level, code))
    VisitDuty.objects.update(officer=make_officer())
    with django_assert_max_num_queries(15) as queries:
        assert count_on(get(leader, url(report, measure, level, code))) == count
    assert len(queries) == 10
