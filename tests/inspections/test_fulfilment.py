"""Duties follow the facts, twice the same, and the past keeps what it said."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from entities.choices import ReviewState
from entities.hooks import business_changed
from entities.models import Business, GradeChange, StatusChange
from foodsafe_portal.lib.weeks import SHANGHAI
from inspections.fulfilment import follow, materialise, refresh_duties
from inspections.models import Visit, VisitDuty
from tests.factories import make_assignment, make_business, make_officer, make_policy, make_region

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

CITY = "9901"
DAY = date(2026, 11, 10)


def moment(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


START = moment(10, 1)


def visit(
    business: Business, on: date, *, known: datetime | None = None, name: str = "邓洁", **fields: Any
) -> Visit:
    return Visit.objects.create(
        business=business,
        region_id=business.region_id,
        grade=business.responsibility_grade,
        officer_name=name,
        visited_on=on,
        recorded_at=known or moment(on.month, on.day, 18),
        **fields,
    )


def status_change(
    business: Business, old: str, new: str, on: date, *, known: datetime, reviewed: bool = True
) -> None:
    StatusChange.objects.create(
        business=business,
        from_status=old,
        to_status=new,
        effective_on=on,
        proposed_at=known,
        state=ReviewState.APPROVED if reviewed else ReviewState.PROPOSED,
        reviewed_at=known if reviewed else None,
    )
    if reviewed:
        Business.objects.filter(pk=business.pk).update(status=new)


def grade_change(business: Business, old: str, new: str, on: date, *, known: datetime) -> None:
    GradeChange.objects.create(
        business=business,
        from_grade=old,
        to_grade=new,
        effective_on=on,
        proposed_at=known,
        state=ReviewState.APPROVED,
        reviewed_at=known,
    )
    Business.objects.filter(pk=business.pk).update(responsibility_grade=new)


def figures(day: date, known: datetime, **conditions: Any) -> dict[str, int]:
    rows = VisitDuty.objects.known_at(known).in_period_of(day).filter(**conditions)
    return {
        part: rows.part(part, day).count() for part in ("expected", "done", "on_time", "overdue", "excluded")
    }


def live(business: Business) -> list[tuple[Any, ...]]:
    rows = business.duties.live().order_by("period_start", "arises_on")
    return list(
        rows.values_list("grade", "arises_on", "ceases_on", "fulfilled_on", "excluded_on", "exclusion")
    )


def test_materialising_twice_leaves_the_same_rows():
    graded, _ungraded = make_business(), make_business(responsibility_grade="")
    elsewhere = make_business(region="990203001")
    assert asdict(materialise(CITY, DAY, START)) == {
        "created": 1,
        "changed": 0,
        "withdrawn": 0,
        "unchanged": 0,
    }
    before = list(VisitDuty.objects.values())
    assert asdict(materialise(CITY, DAY, START + timedelta(hours=1))) == {
        "created": 0, "changed": 0, "withdrawn": 0, "unchanged": 1,
    }  # fmt: skip
    assert list(VisitDuty.objects.values()) == before
    duty = graded.duties.get()
    assert (duty.period, duty.arises_on, duty.due_on, duty.times, duty.officer) == (
        "2026Q4", date(2026, 10, 1), date(2026, 12, 31), 1, None,
    )  # fmt: skip
    assert not elsewhere.duties.exists()


def test_a_duty_arises_when_the_business_enters_the_register():
    business = make_business(registered_on=date(2026, 11, 3))
    later = make_business(registered_on=date(2027, 1, 3))
    materialise(CITY, DAY, moment(11, 3))
    assert business.duties.get().arises_on == date(2026, 11, 3)
    assert not later.duties.exists()


def test_a_business_graded_inside_a_period_owes_its_visit_from_then_on():
    business = make_business(responsibility_grade="")
    follow([business.pk], START)
    assert not business.duties.exists()
    grade_change(business, "", "C", date(2026, 11, 5), known=moment(11, 5))
    follow([business.pk], moment(11, 5))
    assert live(business) == [("C", date(2026, 11, 5), None, None, None, "")]


def test_a_visit_fulfils_its_duty_once():
    business = make_business()
    materialise(CITY, DAY, START)
    first = visit(business, date(2026, 11, 12))
    assert refresh_duties([business.pk], moment(11, 12, 19)) == 1
    visit(business, date(2026, 11, 20))
    assert (
        refresh_duties([business.pk], moment(11, 20, 19)) == 1
    )  # the count of visits is news, the day is not
    assert refresh_duties([business.pk], moment(11, 20, 20)) == 0
    duty = business.duties.live().get()
    assert (duty.fulfilled_on, duty.delivered_on, duty.visit, duty.visits_made) == (
        date(2026, 11, 12), date(2026, 11, 12), first, 2,
    )  # fmt: skip


def test_an_earlier_visit_recorded_later_fulfils_anew_and_the_old_truth_stays_askable():
    business = make_business()
    materialise(CITY, DAY, START)
    visit(business, date(2026, 11, 12))
    refresh_duties([business.pk], moment(11, 12, 19))
    visit(business, date(2026, 10, 20), known=moment(11, 20), name="孟凯")
    refresh_duties([business.pk], moment(11, 20))
    sunday = date(2026, 11, 8)
    assert figures(sunday, moment(11, 16)) == {
        "expected": 1,
        "done": 0,
        "on_time": 0,
        "overdue": 0,
        "excluded": 0,
    }
    assert figures(sunday, moment(11, 20)) == {
        "expected": 1,
        "done": 1,
        "on_time": 1,
        "overdue": 0,
        "excluded": 0,
    }
    assert business.duties.known_at(moment(11, 16)).get().fulfilled_on == date(2026, 11, 12)
    assert business.duties.live().get().fulfilled_on == date(2026, 10, 20)


def test_a_voided_visit_no_longer_fulfils():
    business = make_business()
    materialise(CITY, DAY, START)
    made = visit(business, date(2026, 11, 12))
    refresh_duties([business.pk], moment(11, 12, 19))
    Visit.objects.filter(pk=made.pk).update(voided_at=moment(11, 13))
    refresh_duties([business.pk], moment(11, 13))
    assert business.duties.live().get().fulfilled_on is None
    assert business.duties.known_at(moment(11, 12, 20)).get().fulfilled_on == date(2026, 11, 12)


def test_facts_recorded_after_the_instant_are_not_known_to_it():
    business = make_business()
    materialise(CITY, DAY, START)
    visit(business, date(2026, 11, 12), known=moment(11, 14))
    assert refresh_duties([business.pk], moment(11, 13)) == 0
    assert refresh_duties([business.pk], moment(11, 14)) == 1


def test_twice_a_quarter_is_fulfilled_by_the_second_day_and_two_officers_on_one_day_are_one_visit():
    make_policy("B", effective_from=date(2024, 1, 1), times=2)
    business = make_business(responsibility_grade="B")
    materialise(CITY, DAY, START)
    visit(business, date(2026, 10, 12))
    visit(business, date(2026, 10, 12), name="孟凯")
    refresh_duties([business.pk], moment(10, 13))
    assert business.duties.live().get().fulfilled_on is None
    second = visit(business, date(2026, 12, 1), name="孟凯")
    refresh_duties([business.pk], moment(12, 2))
    duty = business.duties.live().get()
    assert (duty.times, duty.visits_made, duty.fulfilled_on, duty.visit) == (2, 2, date(2026, 12, 1), second)


def test_only_a_reviewed_status_leaves_the_denominator_and_only_from_its_day():
    business, neighbour = make_business(), make_business()
    materialise(CITY, DAY, START)
    status_change(business, "normal", "dormant", date(2026, 11, 9), known=moment(11, 10), reviewed=False)
    assert follow([business.pk], moment(11, 10)).moved == 0
    status_change(business, "normal", "suspended", date(2026, 11, 9), known=moment(11, 12))
    refresh_duties([business.pk, neighbour.pk], moment(11, 12))
    before, after, known = date(2026, 11, 8), date(2026, 11, 15), moment(11, 16)
    assert figures(before, known) == {"expected": 2, "done": 0, "on_time": 0, "overdue": 0, "excluded": 0}
    assert figures(after, known) == {"expected": 1, "done": 0, "on_time": 0, "overdue": 0, "excluded": 1}
    assert figures(after, moment(11, 11))["excluded"] == 0
    assert live(business) == [("C", date(2026, 10, 1), None, None, date(2026, 11, 9), "suspended")]


def test_coming_back_to_normal_owes_again_and_the_weeks_between_stay_excluded():
    business = make_business()
    materialise(CITY, DAY, START)
    status_change(business, "normal", "suspended", date(2026, 10, 12), known=moment(10, 12))
    refresh_duties([business.pk], moment(10, 12))
    status_change(business, "suspended", "normal", date(2026, 11, 9), known=moment(11, 9))
    refresh_duties([business.pk], moment(11, 9))
    known = moment(11, 16)
    assert figures(date(2026, 10, 11), known)["expected"] == 1
    assert figures(date(2026, 11, 8), known) == {
        "expected": 0,
        "done": 0,
        "on_time": 0,
        "overdue": 0,
        "excluded": 1,
    }
    assert figures(date(2026, 11, 15), known) == {
        "expected": 1,
        "done": 0,
        "on_time": 0,
        "overdue": 0,
        "excluded": 0,
    }


def test_a_business_closed_before_the_period_is_excluded_from_its_first_day():
    business = make_business(status="deregistered")
    materialise(CITY, DAY, START)
    assert live(business) == [("C", date(2026, 10, 1), None, None, date(2026, 10, 1), "deregistered")]


def test_a_grade_that_changes_inside_a_period_moves_the_duty_from_that_day_on():
    business = make_business()
    materialise(CITY, DAY, START)
    grade_change(business, "C", "B", date(2026, 11, 9), known=moment(11, 12))
    refresh_duties([business.pk], moment(11, 12))
    visit(business, date(2026, 11, 13))
    refresh_duties([business.pk], moment(11, 13, 19))
    known = moment(11, 16)
    assert figures(date(2026, 11, 8), known, grade="C")["expected"] == 1
    assert figures(date(2026, 11, 8), known, grade="B")["expected"] == 0
    assert figures(date(2026, 11, 15), known, grade="C")["expected"] == 0
    assert figures(date(2026, 11, 15), known, grade="B") == {
        "expected": 1, "done": 1, "on_time": 1, "overdue": 0, "excluded": 0,
    }  # fmt: skip
    assert refresh_duties([business.pk], moment(11, 14)) == 0


def test_a_grade_change_after_a_sunday_leaves_that_sunday_alone_however_late_it_is_asked():
    business = make_business()
    materialise(CITY, DAY, START)
    grade_change(business, "C", "B", date(2026, 11, 9), known=moment(11, 9))
    refresh_duties([business.pk], moment(11, 9))
    for known in (moment(11, 8, 23), moment(11, 30)):
        assert figures(date(2026, 11, 8), known, grade="C")["expected"] == 1


def test_a_change_approved_ahead_takes_effect_on_its_day():
    business = make_business()
    materialise(CITY, DAY, START)
    grade_change(business, "C", "B", date(2026, 12, 1), known=moment(11, 9))
    refresh_duties([business.pk], moment(11, 9))
    assert figures(date(2026, 11, 30), moment(11, 9), grade="C")["expected"] == 1
    assert figures(date(2026, 12, 1), moment(11, 9), grade="B")["expected"] == 1


def test_a_business_that_moved_counts_in_its_new_place_from_the_day_that_became_known():
    business = make_business()
    materialise(CITY, DAY, START)
    make_region("990103002")
    Business.objects.filter(pk=business.pk).update(region_id="990103002")
    refresh_duties([business.pk], moment(11, 9))
    assert refresh_duties([business.pk], moment(11, 20)) == 0
    known = moment(11, 21)
    assert figures(date(2026, 11, 8), known, region_id="990102001")["expected"] == 1
    assert figures(date(2026, 11, 15), known, region_id="990102001")["expected"] == 0
    assert figures(date(2026, 11, 15), known, region_id="990103002")["expected"] == 1
    Business.objects.filter(pk=business.pk).update(region_id="990102001")
    refresh_duties([business.pk], moment(11, 9, 12))
    assert len(live(business)) == 1


def test_a_monthly_grade_takes_over_from_a_quarterly_one():
    make_policy("A", effective_from=date(2024, 1, 1), per="month")
    business = make_business()
    materialise(CITY, DAY, START)
    grade_change(business, "C", "A", date(2026, 11, 9), known=moment(11, 9))
    follow([business.pk], moment(11, 9))
    rows = (
        business.duties.live()
        .order_by("period_start")
        .values_list("period", "grade", "arises_on", "ceases_on")
    )
    assert list(rows) == [
        ("2026Q4", "C", date(2026, 10, 1), date(2026, 11, 9)),
        ("2026-11", "A", date(2026, 11, 9), None),
    ]
    assert figures(date(2026, 11, 15), moment(11, 16))["expected"] == 1


def test_a_grade_taken_away_withdraws_the_duty_from_that_day():
    business = make_business()
    materialise(CITY, DAY, START)
    grade_change(business, "C", "", date(2026, 11, 9), known=moment(11, 9))
    refresh_duties([business.pk], moment(11, 9))
    assert figures(date(2026, 11, 8), moment(11, 10))["expected"] == 1
    assert figures(date(2026, 11, 9), moment(11, 10))["expected"] == 0


def test_a_rule_changed_meanwhile_leaves_written_duties_alone():
    make_policy("C", effective_from=date(2024, 1, 1))
    business = make_business()
    materialise(CITY, DAY, START)
    make_policy("C", effective_from=date(2026, 10, 1), times=3)
    materialise(CITY, DAY, moment(11, 1))
    assert business.duties.live().get().times == 1
    newcomer = make_business()
    materialise(CITY, DAY, moment(11, 1))
    assert newcomer.duties.live().get().times == 3


def test_a_staggered_duty_that_arises_too_late_is_due_at_the_end_of_the_period():
    make_policy("C", effective_from=date(2024, 1, 1), due_mode="staggered")
    early = make_business()
    late = make_business(registered_on=date(2026, 12, 31))
    materialise(CITY, DAY, moment(10, 1))
    assert early.duties.get().due_on < date(2026, 12, 31)
    assert late.duties.get().due_on == date(2026, 12, 31)


def test_the_duty_names_the_officer_at_the_level_of_the_grade_then_any():
    business = make_business()
    village = make_officer("村干部", level="village")
    make_assignment(village, business, recorded_at=START)
    materialise(CITY, DAY, START)
    assert business.duties.live().get().officer == village
    township = make_officer("镇干部", level="township")
    make_assignment(township, business, valid_from=date(2026, 11, 1), recorded_at=moment(11, 2))
    refresh_duties([business.pk], moment(11, 1))
    assert business.duties.live().get().officer == village
    refresh_duties([business.pk], moment(11, 2))
    assert business.duties.live().get().officer == township


def test_a_writer_whose_clock_is_behind_leaves_no_gap_and_no_double():
    business = make_business()
    materialise(CITY, DAY, START)
    visit(business, date(2026, 11, 12), known=moment(11, 12))
    refresh_duties([business.pk], moment(11, 12, 12))
    Visit.objects.update(voided_at=moment(11, 12, 9))
    refresh_duties([business.pk], moment(11, 12, 11))
    for known in (moment(11, 12, 11), moment(11, 12, 12), timezone.now() + timedelta(days=9999)):
        assert business.duties.known_at(known).count() == 1


def test_three_businesses_cost_as_many_statements_as_one():
    costs = []
    for count in (1, 3):
        ids = [make_business().pk for _ in range(count)]
        with CaptureQueriesContext(connection) as queries:
            assert follow(ids, START).created == count
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 15


def test_the_register_telling_of_a_change_is_followed_at_once():
    business = make_business()
    business_changed.send(sender=None, business_ids=[business.pk], at=START)
    assert business.duties.live().count() == 1
