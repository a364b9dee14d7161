"""Pages of a unit and of a place: their own frozen figures, each number opening exactly its rows, telephones by role."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.models import Region, Unit
from campaigns.models import WeeklyReport
from tests.campaigns.weekly import count_on, figure_links, freeze, get, make_city
from tests.factories import make_region, make_unit, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def report(time_machine) -> WeeklyReport:
    time_machine.move_to(datetime(2026, 11, 16, 4, tzinfo=UTC), tick=False)
    return freeze(make_city())


def numbers_of(page: str, holder: str) -> list[tuple[str, int]]:
    return [(href, number) for href, number in figure_links(page).items() if holder in href and number]


def test_every_number_of_a_unit_opens_its_rows(report, login):
    office = login(role="campaign_office", region="9901")
    unit = Unit.objects.get(name="市教育局")
    page = get(office, f"/units/{unit.pk}/")
    numbers = numbers_of(page, f"?unit={unit.pk}")
    assert numbers
    for href, number in numbers:
        assert count_on(get(office, href)) == number, href


def test_every_number_of_an_officer_or_unit_in_a_place_opens_its_rows(report, login):
    office = login(role="campaign_office", region="9901")
    page = get(office, "/places/990102/")
    assert Region.objects.get(pk="990102").name in page
    numbers = [*numbers_of(page, "officer="), *numbers_of(page, "unit=")]
    assert {href.split("?")[1].split("=")[0] for href, _ in numbers} >= {"officer"}
    for href, number in numbers[:12]:
        assert count_on(get(office, href)) == number, href


def test_a_figure_drills_from_the_county_to_the_township(report, login):
    office = login(role="campaign_office", region="9901")
    assert "/places/990102001/" in get(office, "/places/990102/")
    assert "/places/990102/" in get(office, f"/reports/{report.pk}/")


def test_places_and_units_outside_the_scope_are_not_there(report, login):
    county = login(role="county_liaison", region="990103")
    assert county.get("/places/990102/").status_code == 404
    assert county.get("/places/990103/").status_code == 200
    make_region("990102001")
    foreign = make_unit("南湖区教育局", region="990102")
    assert county.get(f"/units/{foreign.pk}/").status_code == 404
    assert login(role="officer", region="990102001").get(f"/units/{foreign.pk}/").status_code == 403


def test_telephones_are_whole_only_for_who_reads_them_elsewhere(report, login):
    unit = Unit.objects.get(name="市教育局")
    person = make_user(role="unit_liaison", region="9901", unit=unit, name="徐萍")
    person.mobile = "13900000146"
    person.save()
    office = login(role="campaign_office", region="9901")
    leader = login(role="leader", region="9901")
    assert "13900000146" in get(office, f"/units/{unit.pk}/")
    masked = get(leader, f"/units/{unit.pk}/")
    assert "徐萍" in masked and "13900000146" not in masked and "0146" in masked
