"""Deadlines of problems over time: extended, settled once, and what the five figures make of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.measures import MEASURES, Question, counted
from campaigns.models import Campaign
from foodsafe_portal.lib.weeks import Week
from inspections.errors import (
    ExtensionRefused,
    SomebodyWasFirst,
)
from inspections.models import Extension, Problem, RectificationDuty, Revisit
from inspections.rules.states import (
    NotPermitted,
    ReasonMissing,
    SecondPersonNeeded,
)
from inspections.services import extensions, problems, rectifying, referrals
from records.hooks import work_year_published
from records.models import AuditEvent, WorkdayOverride, WorkYear
from tests.factories import make_campaign, make_problem, make_region, make_unit, make_user
from tests.factories.files import photo

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DAY = date(2026, 11, 10)


def at(day: date, hour: int = 2) -> datetime:
    """An instant of a day in the portal's time zone."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.fixture
def people() -> dict[str, Any]:
    make_region("990102001")
    bureau = make_unit("南湖区教育局", region="990102")
    return {
        "unit": make_user(role="unit_liaison", unit=bureau, name="徐萍"),
        "county": make_user(role="county_liaison", region="990102", name="陈立"),
        "office": make_user(role="campaign_office", region="9901", name="李敏"),
        "team": make_user(role="supervision_team", region="9901", name="周督"),
        "regulator": make_user(role="regulator", region="990102", name="吴监"),
        "leader": make_user(role="leader", region="9901", name="赵文"),
        "bureau": bureau,
    }


def stood(state: str, people: dict[str, Any], **fields: Any) -> Problem:
    """A problem of the bureau that stands in ``state``, submitted by the unit where it has been."""
    if state in ("submitted", "second_check", "closed"):
        fields = {"submitted_by": people["unit"], "rectified_on": DAY} | fields
    if state in ("closed", "case_closed"):
        fields = {"closed_on": DAY, "rectified_on": DAY, "fulfilled_on": DAY, "delivered_on": DAY} | fields
    if state == "closed":
        fields = {"closed_by": people["office"]} | fields
    problem = make_problem(unit=people["bureau"], state=state, **fields)
    if state in ("referred", "case_filed", "case_declined"):
        problem.referrals.create(office="城关所", referred_on=DAY)
    return problem


WHEN = at(date(2026, 11, 12))


# --- extensions and provisional dates ------------------------------------------------------------


def test_an_approved_extension_is_counted_and_the_original_deadline_stays(people):
    problem = stood("rectifying", people)
    asked = extensions.request_extension(
        problem=problem, to_due_on=date(2026, 11, 30), reason="设备采购", by=people["unit"], at=WHEN
    )
    with pytest.raises(ExtensionRefused, match="等待批准"):
        extensions.request_extension(
            problem=problem, to_due_on=date(2026, 12, 1), reason="再延", by=people["unit"], at=WHEN
        )
    with pytest.raises(NotPermitted):
        extensions.decide_extension(extension=asked, approve=True, by=people["county"], at=WHEN)
    decided_at = at(date(2026, 11, 16))
    extensions.decide_extension(extension=asked, approve=True, by=people["office"], at=decided_at)
    problem.refresh_from_db()
    assert (problem.original_due_on, problem.due_on, problem.extension_count) == (
        date(2026, 11, 13), date(2026, 11, 30), 1,
    )  # fmt: skip
    with pytest.raises(SomebodyWasFirst):
        extensions.decide_extension(
            extension=asked, approve=False, by=people["office"], note="不可", at=decided_at
        )
    overdue_then = RectificationDuty.objects.live().part("overdue", date(2026, 11, 15))
    overdue_now = RectificationDuty.objects.live().part("overdue", date(2026, 11, 16))
    assert (overdue_then.count(), overdue_now.count()) == (1, 0)


def test_who_asked_for_an_extension_does_not_grant_it(people):
    problem = stood("rectifying", people)
    asked = extensions.request_extension(
        problem=problem, to_due_on=date(2026, 11, 30), reason="设备采购", by=people["office"], at=WHEN
    )
    with pytest.raises(SecondPersonNeeded):
        extensions.decide_extension(extension=asked, approve=True, by=people["office"], at=WHEN)
    with pytest.raises(IntegrityError, match="extension_decided_by_another_person"), transaction.atomic():
        Extension.objects.filter(pk=asked.pk).update(decided_by=people["office"])


def test_a_refused_extension_moves_nothing(people):
    problem = stood("rectifying", people)
    asked = extensions.request_extension(
        problem=problem, to_due_on=date(2026, 11, 30), reason="设备采购", by=people["unit"], at=WHEN
    )
    with pytest.raises(ReasonMissing):
        extensions.decide_extension(extension=asked, approve=False, by=people["office"], at=WHEN)
    extensions.decide_extension(
        extension=asked, approve=False, note="可先人工记录", by=people["office"], at=WHEN
    )
    problem.refresh_from_db()
    assert (problem.due_on, problem.extension_count, asked.state) == (date(2026, 11, 13), 0, "rejected")


@pytest.fixture
def unpublished_2027(db: None) -> int:
    WorkYear.objects.update_or_create(year=2027, defaults={"published": False})
    return 2027


def publish(year: int, *holidays: date) -> None:
    WorkYear.objects.filter(year=year).update(published=True)
    for day in holidays:
        WorkdayOverride.objects.create(day=day, year_id=year, kind="holiday")


def test_a_provisional_deadline_is_settled_once_when_its_year_is_published(people, unpublished_2027):
    """Fifteen working days from 15 December 2026 run into January 2027."""
    found = date(2026, 12, 15)
    fields = {
        "source": "inspection",
        "severity": "serious",
        "found_on": found,
        "region": people["bureau"].region,
    }
    known = at(found)
    office = people["office"]
    open_one, extended, closed = (
        problems.open_problem(description=words, by=office, at=known, unit=people["bureau"], **fields)
        for words in ("未留样", "无冷链", "已关的")
    )
    plain = problems.open_problem(
        source="inspection", severity="minor", found_on=date(2026, 12, 1), region=people["bureau"].region,
        description="短期限", by=office, at=known,
    )  # fmt: skip
    assert (open_one.due_on, open_one.due_provisional, plain.due_provisional) == (
        date(2027, 1, 5),
        True,
        False,
    )
    rectifying.sign_problem(problem=extended, by=people["unit"], at=known)
    asked = extensions.request_extension(
        problem=extended, to_due_on=date(2027, 2, 1), reason="采购", by=people["unit"], at=known
    )
    extensions.decide_extension(extension=asked, approve=True, by=office, at=known)
    Problem.objects.filter(pk=closed.pk).update(state="closed", closed_on=found, rectified_on=found)
    publish(2027, date(2027, 1, 1), date(2027, 1, 4))
    work_year_published.send(sender=WorkYear, year=2027, by=office)
    for problem in (open_one, extended, closed, plain):
        problem.refresh_from_db()
    assert (open_one.original_due_on, open_one.due_on, open_one.due_provisional) == (
        date(2027, 1, 7), date(2027, 1, 7), False,
    )  # fmt: skip
    assert (extended.original_due_on, extended.due_on) == (date(2027, 1, 7), date(2027, 2, 1))
    assert (closed.due_on, closed.due_provisional) == (date(2027, 1, 5), True)
    duty = RectificationDuty.objects.live().get(problem=open_one, ceases_on__isnull=True)
    assert (duty.due_on, duty.original_due_on) == (date(2027, 1, 7), date(2027, 1, 7))
    assert [event.action for event in open_one.events.all()] == ["open", "settle_due"]
    assert AuditEvent.objects.get(action="problems.dates_settled").after["settled"] == 2
    assert extensions.settle_provisional_dates(year=2027, by=office) == 0
    assert AuditEvent.objects.filter(action="problems.dates_settled").count() == 1


def test_a_problem_reopened_after_its_year_was_published_gets_its_settled_deadline(people, unpublished_2027):
    problem = stood(
        "closed",
        people,
        severity="serious",
        found_on=date(2026, 11, 9),
        due_on=date(2026, 11, 27),
        due_provisional=True,
    )
    referrals.revisit_problem(problem=problem, on=DAY, passed=False, note="又犯", by=people["team"], at=WHEN)
    assert (problem.due_provisional, problem.original_due_on) == (False, date(2026, 11, 30))


# --- the figures follow --------------------------------------------------------------------------


def five(week: str, known: datetime | None = None, measure: str = "problems") -> tuple[int, ...]:
    question = Question(
        Campaign.objects.get(), Week.parse(week), known or timezone.now() + timedelta(days=400)
    )
    found = counted(MEASURES[measure], question).values()
    return tuple(
        sum(getattr(cell, part) for cell in found)
        for part in ("expected", "done", "on_time", "overdue", "excluded")
    )


def test_the_five_figures_follow_a_problem_from_its_finding_to_its_reopening(people):
    """Found on 2 November, due on the 13th: open, overdue, done late on the 18th, reopened on the 25th, never forgotten."""
    make_campaign()
    stood("rectifying", people)
    problem = stood("rectifying", people, found_on=date(2026, 11, 2), due_on=date(2026, 11, 13))
    assert five("2026-W45") == (2, 0, 0, 0, 0)
    assert five("2026-W46") == (2, 0, 0, 2, 0)
    rectifying.submit_rectification(
        problem=problem,
        on=date(2026, 11, 17),
        note="",
        proof=[photo()],
        by=people["unit"],
        at=at(date(2026, 11, 17)),
    )
    rectifying.pass_first_check(problem=problem, by=people["county"], at=at(date(2026, 11, 17), 3))
    rectifying.close_problem(problem=problem, by=people["office"], at=at(date(2026, 11, 18)))
    assert five("2026-W46") == (2, 0, 0, 2, 0)
    assert five("2026-W47") == (2, 1, 0, 1, 0)
    assert five("2026-W47", known=at(date(2026, 11, 17), 5)) == (2, 0, 0, 2, 0)
    referrals.revisit_problem(
        problem=problem,
        on=date(2026, 11, 25),
        passed=False,
        note="又缺",
        by=people["team"],
        at=at(date(2026, 11, 25)),
    )
    assert five("2026-W47") == (2, 1, 0, 1, 0)
    assert five("2026-W48") == (2, 0, 0, 2, 0)
    assert five("2026-W46", measure="problems_week") == (2, 0, 0, 2, 0)
    assert (problem.reopen_count, Revisit.objects.get().passed) == (1, False)


def test_a_fix_delivered_in_time_and_closed_later_is_on_time(people):
    make_campaign()
    problem = stood("submitted", people, rectified_on=date(2026, 11, 12))
    rectifying.pass_first_check(problem=problem, by=people["county"], at=at(date(2026, 11, 14)))
    rectifying.close_problem(problem=problem, by=people["office"], at=at(date(2026, 11, 15)))
    assert five("2026-W46") == (1, 1, 1, 0, 0)


def test_closing_on_a_past_day_makes_that_weeks_figure_larger_by_exactly_one(people):
    make_campaign()
    stood("second_check", people)
    problem = stood("second_check", people)
    known = at(date(2026, 11, 16))
    assert five("2026-W46", known) == (2, 0, 0, 2, 0)
    rectifying.close_problem(
        problem=problem, by=people["office"], on=date(2026, 11, 13), at=at(date(2026, 11, 17))
    )
    assert five("2026-W46", known) == (2, 0, 0, 2, 0)
    assert five("2026-W46") == (2, 1, 1, 1, 0)
