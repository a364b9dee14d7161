"""Merged regions in the frozen week: facts count where they went from the day they went, and frozen weeks keep what they were told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Region, RegionMerger, RegionTerm
from accounts.services.places import save_region
from campaigns.choices import Level
from campaigns.measures import MEASURES, Question, digest_of, regions_of, rows_behind
from campaigns.models import Campaign, WeeklyReport
from campaigns.ranking import week_ranking
from campaigns.services.weeks import close_week
from entities.models import Business
from foodsafe_portal.lib.weeks import Week
from inspections.models import VisitDuty
from inspections.querysets import PARTS
from inspections.services.duties import materialise_duties
from tests.factories import (
    make_assignment,
    make_business,
    make_campaign,
    make_duty,
    make_officer,
    make_policy,
    make_problem,
    make_region,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

WEEK = Week.parse("2026-W46")  # 2026-11-09 to 2026-11-15
NEXT = Week.parse("2026-W47")
NOW = datetime(2026, 11, 16, 0, 30, tzinfo=UTC)
MERGED = datetime(2026, 11, 17, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    """Three townships in two counties with visits to make and a problem."""
    campaign = make_campaign()
    for code in ("990102001", "990102002001", "990103001"):
        make_region(code)
    make_duty(make_business(region="990102001"), due_on=date(2026, 12, 31))
    make_duty(make_business(region="990102002"), due_on=date(2026, 11, 10))
    make_duty(make_business(region="990102002001"), due_on=date(2026, 12, 31))
    make_duty(make_business(region="990103001"), due_on=date(2026, 12, 31))
    make_problem(region="990102002", due_on=date(2026, 11, 20))
    return campaign


def merge(
    code: str,
    into: str | None,
    on: date | None,
    *,
    time_machine: object,
    at: datetime = MERGED,
) -> None:
    """Merge a region, told at one instant."""
    time_machine.move_to(at, tick=False)  # type: ignore[attr-defined]
    region = Region.objects.get(pk=code)
    successor = Region.objects.get(pk=into) if into else None
    admin = make_user(role="system_admin", region="9901")
    save_region(region=region, name=region.name, residents=None, successor=successor, closed_on=on, by=admin)


def expected(report: WeeklyReport, level: str) -> dict[str, int]:
    """How many visits each place of a level has to answer for."""
    rows = report.figures.filter(measure="visits", level=level, grade="")
    return dict(rows.values_list("region_id", "expected"))


def assert_every_figure_opens_its_list_and_levels_add_up(report: WeeklyReport) -> None:
    question = Question.of(report)
    for row in report.figures.all():
        for part in PARTS:
            found = rows_behind(
                MEASURES[row.measure],
                question,
                part=part,
                level=row.level,
                code=row.region_id,
                grade=row.grade,
            )
            assert found.count() == getattr(row, part), (row.measure, row.level, row.region_id, part)
    for measure in MEASURES:
        for part in PARTS:
            rows = report.figures.filter(measure=measure, grade="")
            sums = [sum(rows.filter(level=level).values_list(part, flat=True)) for level in Level.values]
            assert sums[0] == sums[1] == sums[2], (measure, part)


def test_from_the_day_of_the_merger_the_successor_answers_for_what_lay_in_the_merged_township(
    campaign: Campaign, time_machine: object
) -> None:
    before = close_week(campaign=campaign, week=WEEK, at=NOW)
    merge("990102002", "990102001", date(2026, 11, 17), time_machine=time_machine)
    after = close_week(campaign=campaign, week=NEXT, at=LATER)
    assert expected(before, Level.TOWNSHIP) == {"990102001": 1, "990102002": 2, "990103001": 1}
    assert expected(after, Level.TOWNSHIP) == {"990102001": 3, "990103001": 1}
    for report in (before, after):
        assert_every_figure_opens_its_list_and_levels_add_up(report)
    assert close_week(campaign=campaign, week=WEEK, at=LATER) == before


def test_a_merger_told_late_makes_a_revision_and_leaves_the_frozen_one_as_it_was(
    campaign: Campaign, time_machine: object
) -> None:
    first = close_week(campaign=campaign, week=WEEK, at=NOW)
    merge("990102002", "990102001", date(2026, 11, 9), time_machine=time_machine)
    second = close_week(campaign=campaign, week=WEEK, at=LATER)
    assert (second.revision, expected(second, Level.TOWNSHIP)) == (2, {"990102001": 3, "990103001": 1})
    first.refresh_from_db()
    assert expected(first, Level.TOWNSHIP) == {"990102001": 1, "990102002": 2, "990103001": 1}
    for report in (first, second):
        assert_every_figure_opens_its_list_and_levels_add_up(report)
    assert close_week(campaign=campaign, week=WEEK, at=LATER) == second


def test_a_merger_taken_back_is_forgotten_by_the_next_week_only(
    campaign: Campaign, time_machine: object
) -> None:
    merge("990102002", "990102001", date(2026, 11, 9), time_machine=time_machine, at=NOW - timedelta(hours=1))
    merged = close_week(campaign=campaign, week=WEEK, at=NOW)
    merge("990102002", None, None, time_machine=time_machine)
    apart = close_week(campaign=campaign, week=NEXT, at=LATER)
    assert expected(merged, Level.TOWNSHIP) == {"990102001": 3, "990103001": 1}
    assert expected(apart, Level.TOWNSHIP) == {"990102001": 1, "990102002": 2, "990103001": 1}
    assert_every_figure_opens_its_list_and_levels_add_up(merged)
    assert RegionMerger.objects.get().withdrawn_at == MERGED


def test_a_county_that_was_merged_counts_and_ranks_in_the_other(
    campaign: Campaign, time_machine: object
) -> None:
    merge("990103", "990102", date(2026, 11, 17), time_machine=time_machine)
    report = close_week(campaign=campaign, week=NEXT, at=LATER)
    assert expected(report, Level.COUNTY) == {"990102": 4}
    assert [entry["code"] for entry in report.ranking if entry["board"] == "county"] == ["990102"]
    assert_every_figure_opens_its_list_and_levels_add_up(report)


def listed(report: WeeklyReport) -> set[tuple[str, str]]:
    """The places a frozen week lists below the city, by their level."""
    return set(report.figures.exclude(level=Level.CITY).values_list("region_id", "level"))


def test_a_closing_told_late_makes_a_revision_and_leaves_the_frozen_week_its_places(
    campaign: Campaign, time_machine: object
) -> None:
    make_region("990103002")
    first = close_week(campaign=campaign, week=WEEK, at=NOW)
    merge("990103002", None, date(2026, 11, 9), time_machine=time_machine)
    for report in (first, close_week(campaign=campaign, week=WEEK, at=MERGED - timedelta(seconds=1))):
        assert set(regions_of(Question.of(report))) == listed(report)
    second = close_week(campaign=campaign, week=WEEK, at=LATER)
    assert listed(first) - listed(second) == {("990103002", "township")}
    assert (second.revision, second.difference, set(regions_of(Question.of(second)))) == (
        2,
        [],
        listed(second),
    )
    assert set(regions_of(Question.of(first))) == listed(first)
    assert close_week(campaign=campaign, week=WEEK, at=LATER) == second


def test_a_week_frozen_when_digests_told_no_places_stands_until_its_places_change(
    campaign: Campaign, time_machine: object
) -> None:
    make_region("990103002")
    first = close_week(campaign=campaign, week=WEEK, at=NOW)
    digest = digest_of(Question.of(first), [])
    assert digest != first.digest
    WeeklyReport.objects.update(digest=digest)
    again = close_week(campaign=campaign, week=WEEK, at=MERGED)
    assert (again, again.digest, WeeklyReport.objects.count()) == (first, digest, 1)
    merge("990103002", None, date(2026, 11, 9), time_machine=time_machine)
    second = close_week(campaign=campaign, week=WEEK, at=LATER)
    assert (second.revision, listed(first) - listed(second)) == (2, {("990103002", "township")})
    assert close_week(campaign=campaign, week=WEEK, at=LATER).digest == second.digest


def test_a_county_closed_late_stays_in_the_ranking_of_the_frozen_week(
    campaign: Campaign, time_machine: object
) -> None:
    close_week(campaign=campaign, week=WEEK, at=NOW)
    merge("990103", None, date(2026, 11, 9), time_machine=time_machine)
    for known_at, counties in ((NOW, ["990102", "990103"]), (LATER, ["990102"])):
        ranking = week_ranking(Question(campaign, WEEK, known_at))
        assert sorted(entry["code"] for entry in ranking if entry["board"] == "county") == counties


def test_a_region_reopened_or_registered_later_is_unknown_to_the_frozen_week(
    campaign: Campaign, time_machine: object
) -> None:
    merge("990103001", None, date(2026, 11, 9), time_machine=time_machine, at=NOW - timedelta(hours=1))
    merge("990103001", None, None, time_machine=time_machine)
    region = Region(code="990103009")
    admin = make_user(role="system_admin", region="9901")
    save_region(region=region, name="新镇", residents=None, successor=None, closed_on=None, by=admin)
    before, after = (dict(regions_of(Question(campaign, WEEK, at))) for at in (NOW, LATER))
    assert set(after) - set(before) == {"990103001", "990103009"}


def test_a_new_name_says_nothing_about_when_a_region_stands(campaign: Campaign) -> None:
    region, admin = Region.objects.get(pk="990103001"), make_user(role="system_admin", region="9901")
    save_region(region=region, name="东湖镇", residents=None, successor=None, closed_on=None, by=admin)
    assert not RegionTerm.objects.exists()


def test_of_a_region_one_term_holds_at_a_time(campaign: Campaign) -> None:
    RegionTerm.objects.create(region_id="990103001")
    with pytest.raises(IntegrityError, match=r"region_term_known_once|UNIQUE"), transaction.atomic():
        RegionTerm.objects.create(region_id="990103001")


def test_duties_of_a_township_are_written_for_businesses_of_the_one_merged_into_it(
    campaign: Campaign, time_machine: object
) -> None:
    make_policy()
    business = make_business(region="990102002")
    make_assignment(make_officer(region="990102002"), business)
    merge("990102002", "990102001", date(2026, 11, 17), time_machine=time_machine)
    materialise_duties(region_code="990102001", on=date(2026, 11, 18), by=None)
    assert set(Business.objects.in_territory("990102001")) >= {business}
    duty = VisitDuty.objects.live().get(business=business)
    assert duty.region_id == "990102002"
