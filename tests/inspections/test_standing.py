"""A duty stands one way on a day: the rule, its condition in the database and every page say the same."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspections.models import RectificationDuty, VisitDuty
from inspections.querysets import part_condition
from inspections.rectification import dates_of
from inspections.rules.standing import STANDING_PARTS, Dates, standing
from records.rules.workdays import WorkCalendar
from tests.factories import make_business, make_duty, make_problem

DAY = date(2026, 11, 10)
CALENDAR = WorkCalendar(frozenset({date(2026, 11, 4)}), frozenset({date(2026, 11, 7)}), frozenset({2026}))
near = st.integers(-6, 6).map(lambda days: DAY + timedelta(days=days))
maybe = st.none() | near


@st.composite
def duties(draw: Any) -> dict[str, date | None]:
    """The days of a duty, close enough to the day asked about to meet every boundary."""
    arises_on = draw(near)
    ceases_on = draw(st.none() | st.integers(1, 8).map(lambda days: arises_on + timedelta(days=days)))
    fulfilled_on = draw(maybe)
    before = st.integers(0, 5).map(lambda days: fulfilled_on - timedelta(days=days) if fulfilled_on else None)
    return {
        "arises_on": arises_on,
        "ceases_on": ceases_on,
        "due_on": draw(near),
        "fulfilled_on": fulfilled_on,
        "delivered_on": draw(st.none() | before),
        "excluded_on": draw(maybe),
    }


@pytest.mark.django_db
@pytest.mark.both_databases
@pytest.mark.parametrize("model", [VisitDuty, RectificationDuty])
@given(days=duties(), running=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rule_and_the_database_count_a_duty_in_the_same_figures(model, days, running):
    row = make_duty() if model is VisitDuty else make_problem().duties.get()
    exclusion = ("suspended" if model is VisitDuty else "voided") if days["excluded_on"] else ""
    model.objects.filter(pk=row.pk).update(**days, exclusion=exclusion)
    row.refresh_from_db()
    found = {
        part
        for part in STANDING_PARTS
        if model.objects.filter(part_condition(part, DAY, running=running), pk=row.pk).exists()
    }
    assert found == set(standing(row, DAY, CALENDAR, running=running).counted_in)
    row.delete()


@given(days=duties(), running=st.booleans())
def test_a_standing_counts_its_days_from_the_due_day(days, running):
    found = standing(Dates(**days), DAY, CALENDAR, running=running)
    if found.badge is None or found.badge.kind in ("today", "on_time"):
        assert (found.working_days, found.calendar_days) == (0, 0)
    else:
        until = found.badge.on or DAY
        assert found.calendar_days == abs((until - days["due_on"]).days)
        first, last = sorted((until, days["due_on"]))
        after = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
        assert found.working_days == sum(map(CALENDAR.is_workday, after))


@pytest.mark.parametrize(
    ("days", "running", "part", "kind"),
    [
        pytest.param({"due_on": DAY}, True, "open", "today", id="due today is not overdue in the course of today"),
        pytest.param({"due_on": DAY}, False, "overdue", "overdue", id="due today is overdue at the end of today"),
        pytest.param({"due_on": DAY - timedelta(1)}, True, "overdue", "overdue", id="due yesterday is overdue"),
        pytest.param({"due_on": DAY + timedelta(1)}, False, "open", "left", id="due tomorrow is open tonight"),
        pytest.param(
            {"due_on": DAY, "fulfilled_on": DAY, "delivered_on": DAY}, True, "done", "on_time", id="done on the due day"
        ),
        pytest.param(
            {"due_on": DAY - timedelta(1), "fulfilled_on": DAY, "delivered_on": DAY},
            True, "done", "late", id="done a day after the due day",
        ),
        pytest.param(
            {"due_on": DAY - timedelta(1), "fulfilled_on": DAY, "delivered_on": DAY - timedelta(1)},
            True, "done", "on_time", id="delivered on the due day, accepted later",
        ),
        pytest.param(
            {"due_on": DAY, "fulfilled_on": DAY + timedelta(1)}, True, "open", "today", id="done only tomorrow"
        ),
        pytest.param(
            {"due_on": DAY - timedelta(9), "excluded_on": DAY}, True, "excluded", None, id="excluded from today on"
        ),
        pytest.param(
            {"due_on": DAY - timedelta(9), "excluded_on": DAY + timedelta(1)},
            True, "overdue", "overdue", id="excluded only from tomorrow on",
        ),
        pytest.param({"due_on": DAY, "arises_on": DAY + timedelta(1)}, True, "", None, id="arises tomorrow"),
        pytest.param({"due_on": DAY, "ceases_on": DAY}, True, "", None, id="continued by another row today"),
        pytest.param(
            {"due_on": DAY, "ceases_on": DAY + timedelta(1)}, True, "open", "today", id="continued only tomorrow"
        ),
    ],
)  # fmt: skip
def test_a_standing_has_its_boundaries(days, running, part, kind):
    found = standing(Dates(**{"arises_on": DAY - timedelta(30)} | days), DAY, CALENDAR, running=running)
    assert (found.part, found.badge.kind if found.badge else None) == (part, kind)


def words_of(html: str) -> set[str]:
    """Every deadline badge of a page that says how late something is."""
    return {" ".join(found.split()) for found in re.findall(r"(?:超期|逾期) ?\d+ (?:个工作日|天)", html)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "said"),
    [
        pytest.param(
            {"fulfilled_on": date(2026, 11, 5), "delivered_on": date(2026, 11, 5)},
            "超期 6 天",
            id="done late",
        ),
        pytest.param({}, "逾期 7 个工作日", id="overdue"),
    ],
)
def test_a_business_and_the_list_of_duties_say_the_same_of_one_duty(login, time_machine, days, said):
    time_machine.move_to("2026-11-10T04:00:00Z", tick=False)
    shop = make_business("湖东幼儿园食堂")
    make_duty(shop, due_on=date(2026, 10, 30), **days)
    office = login(role="campaign_office", region="9901")
    file = office.get(reverse("business-detail", args=[shop.pk])).content.decode()
    listed = office.get(reverse("duty-list"), {"business": shop.pk}).content.decode()
    assert words_of(file) == words_of(listed) == {said}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "days",
    [
        pytest.param({}, id="open"),
        pytest.param({"closed_on": date(2026, 11, 9), "rectified_on": date(2026, 11, 5)}, id="closed late"),
        pytest.param(
            {"due_provisional": True, "extension_count": 1}, id="extended, so no longer provisional"
        ),
    ],
)
def test_a_business_and_its_problem_say_the_same_of_one_deadline(login, time_machine, days):
    time_machine.move_to("2026-11-10T04:00:00Z", tick=False)
    shop = make_business("湖东幼儿园食堂")
    state = "closed" if "closed_on" in days else "rectifying"
    problem = make_problem(
        business=shop, due_on=date(2026, 10, 30), state=state, found_on=date(2026, 10, 20), **days
    )
    office = login(role="campaign_office", region="9901")
    file = office.get(reverse("business-detail", args=[shop.pk])).content.decode()
    own = office.get(reverse("problem-detail", args=[problem.pk])).content.decode()
    badge = re.compile(r"(?:超期|逾期) ?\d+ (?:个工作日|天)\*?")
    assert set(badge.findall(file)) == set(badge.findall(own)) != set()


def test_the_days_of_a_problem_are_those_of_its_duty(db):
    problem = make_problem(closed_on=date(2026, 11, 9), rectified_on=date(2026, 11, 5), state="closed")
    assert dates_of(problem) == Dates(
        arises_on=date(2026, 11, 2),
        due_on=date(2026, 11, 13),
        fulfilled_on=date(2026, 11, 9),
        delivered_on=date(2026, 11, 5),
    )
