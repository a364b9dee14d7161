"""One search: every kind, only what the person sees, by name, number and pinyin initials."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.models import Region
from campaigns.reports.search import search_everything
from tests.campaigns.weekly import freeze, get, make_city
from tests.factories import make_business, make_officer, make_problem, make_unit, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def city(time_machine):
    time_machine.move_to(datetime(2026, 11, 16, 4, tzinfo=UTC), tick=False)
    campaign = make_city()
    Region.objects.filter(pk="990102").update(name="南湖区")
    freeze(campaign)
    make_business(name="南湖实验小学食堂", name_initials="nhsyxxst", region="990102001")
    make_officer("王南湖", region="990102001")
    make_problem(region="990102001", description="南湖市场没有快检")
    make_unit("南湖区教育局", region="990102")
    return campaign


def found(user, words, **how):
    return {
        str(group.label): [hit.name for hit in group.hits] for group in search_everything(user, words, **how)
    }


def test_each_kind_is_found_by_its_name_and_pinyin(city):
    office = make_user(role="campaign_office", region="9901")
    hits = found(office, "南湖")
    assert hits["经营主体"] == ["南湖实验小学食堂"]
    assert hits["问题"] == ["南湖市场没有快检"]
    assert "南湖区教育局" in hits["单位"]
    assert found(office, "王南")["包保干部"] == ["王南湖"]
    assert found(office, "nhsyxxst")["经营主体"] == ["南湖实验小学食堂"]
    assert "南湖区教育局" in found(office, "nhqjyj")["单位"]
    assert found(office, "督导完成")["条款"] == ["1.1 督导完成率"]
    assert found(office, "南") == {}


def test_nobody_finds_what_they_do_not_see(city):
    other = make_user(role="county_liaison", region="990103")
    hits = found(other, "南湖")
    assert not {"经营主体", "包保干部", "问题"} & set(hits)
    assert "南湖区教育局" not in hits.get("单位", [])
    unit = make_user(role="unit_liaison", region="9901", unit=make_unit("市妇联", region="9901"))
    assert "经营主体" not in found(unit, "实验小学")


def test_the_page_and_the_list_below_the_box_answer_alike(city, login):
    office = login(role="campaign_office", region="9901")
    page = get(office, "/search/", q="实验小学")
    assert "南湖实验小学食堂" in page and "<html" in page
    part = office.get("/search/", {"q": "实验小学"}, HTTP_HX_REQUEST="true").content.decode()
    assert "南湖实验小学食堂" in part and "<html" not in part
    assert "没有找到“查无此店”" in get(office, "/search/", q="查无此店")
