"""The frozen week: counted once, opened for ever, corrected by revision."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from campaigns.choices import Level
from campaigns.errors import AlreadyPublished, WeekNotOver
from campaigns.measures import MEASURES, Question, rows_behind
from campaigns.models import WeeklyFigure, WeeklyReport
from campaigns.services.weeks import close_week, publish_week, weeks_to_close
from campaigns.tasks import close_due_weeks
from foodsafe_portal.lib.weeks import Week
from inspections.querysets import PARTS
from records.models import AuditEvent
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

WEEK = Week.parse("2026-W46")  # 2026-11-09 to 2026-11-15
NOW = datetime(2026, 11, 16, 0, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=30)


@pytest.fixture
def campaign():
    campaign = make_campaign()
    for code in ("990102001", "990102002", "990103001"):
        make_region(code)
    return campaign


def five(report, *, measure="visits", level="city", code="9901", grade=""):
    row = WeeklyFigure.objects.get(report=report, measure=measure, level=level, region_id=code, grade=grade)
    return tuple(getattr(row, part) for part in PARTS)


def mixed_duties():
    day = date(2026, 11, 10)
    make_duty(make_business(region="990102001"), fulfilled_on=day, delivered_on=day)
    make_duty(make_business(region="990102001"), due_on=date(2026, 11, 1), fulfilled_on=day, delivered_on=day)
    make_duty(make_business(region="990102002", responsibility_grade="B"), due_on=date(2026, 11, 15))
    make_duty(
        make_business(region="990103001"), fulfilled_on=date(2026, 11, 16), delivered_on=date(2026, 11, 16)
    )
    make_duty(make_business(region="990103001"), excluded_on=date(2026, 11, 3), exclusion="suspended")
    make_duty(make_business(region="9901"))
    make_duty(make_business(region="990103001"), period="2026Q3", due_on=date(2026, 9, 30))


def assert_every_figure_opens_its_list(report):
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
            ).count()
            assert found == getattr(row, part), (row.measure, row.level, row.region_id, row.grade, part)


def test_the_five_figures_count_the_quarter_up_to_sunday(campaign):
    mixed_duties()
    report = close_week(campaign=campaign, week=WEEK, at=NOW)
    assert five(report) == (5, 2, 1, 1, 1)
    assert five(report, grade="B") == (1, 0, 0, 1, 0)
    assert five(report, level="county", code="990103") == (1, 0, 0, 0, 1)
    assert five(report, level="county", code="9901") == (1, 0, 0, 0, 0)


def test_levels_add_up(campaign):
    mixed_duties()
    make_problem(region="990102001")
    report = close_week(campaign=campaign, week=WEEK, at=NOW)
    for measure in MEASURES:
        for grade in ("", "A", "B", "C", "D"):
            rows = report.figures.filter(measure=measure, grade=grade)
            sums = [
                tuple(sum(getattr(row, part) for row in rows.filter(level=level)) for part in PARTS)
                for level in Level.values
            ]
            assert sums[0] == sums[1] == sums[2]


def test_every_figure_opens_the_list_it_counts_also_after_later_writes(campaign):
    mixed_duties()
    make_problem(region="990103001", fulfilled_on=date(2026, 11, 12), delivered_on=date(2026, 11, 11))
    report = close_week(campaign=campaign, week=WEEK, at=NOW)
    assert_every_figure_opens_its_list(report)
    make_duty(make_business(region="990102001"), recorded_at=LATER)
    old = make_duty(make_business(region="990102002"), period="2026Q4", superseded_at=None)
    type(old).objects.filter(pk=old.pk).update(recorded_at=LATER)
    assert_every_figure_opens_its_list(report)


def test_closing_a_week_twice_leaves_one_report(campaign):
    mixed_duties()
    first = close_week(campaign=campaign, week=WEEK, at=NOW)
    again = close_week(campaign=campaign, week=WEEK, at=LATER)
    assert (again.pk, again.digest, WeeklyReport.objects.count()) == (first.pk, first.digest, 1)
    assert AuditEvent.objects.filter(action="week.closed").count() == 1


def test_a_late_visit_makes_revision_two_with_exactly_that_difference(campaign):
    duty = make_duty(make_business(region="990102001"), due_on=date(2026, 11, 12))
    first = close_week(campaign=campaign, week=WEEK, at=NOW)
    type(duty).objects.filter(pk=duty.pk).update(superseded_at=NOW + timedelta(days=1))
    make_duty(
        duty.business,
        due_on=duty.due_on,
        fulfilled_on=date(2026, 11, 11),
        delivered_on=date(2026, 11, 11),
        recorded_at=NOW + timedelta(days=1),
    )
    second = close_week(campaign=campaign, week=WEEK, at=LATER)
    first.refresh_from_db()
    assert (second.revision, second.is_latest, first.is_latest) == (2, True, False)
    changed = {
        (c["level"], c["code"], c["grade"], c["part"], c["before"], c["after"]) for c in second.difference
    }
    parts = {("done", 0, 1), ("on_time", 0, 1), ("overdue", 1, 0)}
    assert changed == {
        (level, code, grade, *part)
        for level, code in (("city", "9901"), ("county", "990102"), ("township", "990102001"))
        for grade in (None, "C")
        for part in parts
    }
    assert five(first) == (1, 0, 0, 1, 0)
    assert_every_figure_opens_its_list(first)
    assert_every_figure_opens_its_list(second)


def test_a_visit_dated_after_sunday_leaves_the_digest_as_it_was(campaign):
    duty = make_duty(make_business(region="990102001"))
    first = close_week(campaign=campaign, week=WEEK, at=NOW)
    type(duty).objects.filter(pk=duty.pk).update(superseded_at=LATER)
    make_duty(
        duty.business, fulfilled_on=date(2026, 11, 20), delivered_on=date(2026, 11, 20), recorded_at=LATER
    )
    assert close_week(campaign=campaign, week=WEEK, at=LATER).pk == first.pk


def test_a_week_that_has_not_ended_is_refused(campaign):
    with pytest.raises(WeekNotOver, match=r"2026-11-15 24:00 才结束"):
        close_week(campaign=campaign, week=WEEK, at=datetime(2026, 11, 15, 15, 59, tzinfo=UTC))
    assert WeeklyReport.objects.count() == 0


def test_problems_of_the_week_are_those_due_in_it(campaign):
    make_problem(due_on=date(2026, 11, 13), fulfilled_on=date(2026, 11, 14), delivered_on=date(2026, 11, 12))
    make_problem(due_on=date(2026, 11, 13))
    make_problem(due_on=date(2026, 11, 20))
    report = close_week(campaign=campaign, week=WEEK, at=NOW)
    assert five(report, measure="problems_week") == (2, 1, 1, 1, 0)
    assert five(report, measure="problems") == (3, 1, 1, 1, 0)


def test_the_ranking_lists_ties_and_names_those_left_out(campaign):
    done = {"fulfilled_on": date(2026, 11, 12), "delivered_on": date(2026, 11, 12)}
    bureau = make_unit("市教育局", region="9901", is_member=True)
    make_unit("市商务局", region="9901", is_member=True)
    make_region("990104001")
    make_problem(region="990102001", unit=bureau, **done)
    make_problem(region="990103001", **done)
    ranking = close_week(campaign=campaign, week=WEEK, at=NOW).ranking
    assert [(e["board"], e["rank"], e["code"] if e["board"] == "county" else e["name"]) for e in ranking] == [
        ("county", 1, "990102"),
        ("county", 1, "990103"),
        ("county", None, "990104"),
        ("unit", 1, "市教育局"),
        ("unit", None, "市商务局"),
    ]


def test_a_week_is_published_once_and_only_in_its_latest_revision(campaign):
    report, office = close_week(campaign=campaign, week=WEEK, at=NOW), make_user()
    publish_week(report=report, by=office)
    with pytest.raises(AlreadyPublished):
        publish_week(report=report, by=office)
    assert AuditEvent.objects.filter(action="week.published").count() == 1


def test_the_beat_catches_up_every_week_it_missed(campaign):
    close_week(campaign=campaign, week=Week.parse("2026-W43"), at=NOW)
    assert [str(week) for week in weeks_to_close(campaign, NOW)] == ["2026-W44", "2026-W45", "2026-W46"]


def test_the_beat_waits_for_half_past_twelve_on_monday_and_runs_twice_without_harm(campaign, time_machine):
    close_week(campaign=campaign, week=Week.parse("2026-W45"), at=datetime(2026, 11, 9, tzinfo=UTC))
    time_machine.move_to(datetime(2026, 11, 15, 16, 29, tzinfo=UTC), tick=False)
    assert close_due_weeks() == []
    time_machine.move_to(datetime(2026, 11, 15, 16, 30, tzinfo=UTC), tick=False)
    assert close_due_weeks() == ["demo 2026-W46"]
    assert close_due_weeks() == []


def test_figures_that_do_not_add_up_are_refused_by_the_database(campaign):
    report = close_week(campaign=campaign, week=WEEK, at=NOW)
    row = report.figures.first()
    with pytest.raises(IntegrityError, match="figure_adds_up"), transaction.atomic():
        WeeklyFigure.objects.filter(pk=row.pk).update(done=5, expected=1)
