"""What is owed and when: rules that begin with a period, slices of days, visits counted by days."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodsafe_portal.lib.periods import Period
from inspections.rules.expectations import (
    ALWAYS,
    Change,
    Frequency,
    Fulfilment,
    Made,
    Slice,
    fulfilment,
    governing,
    runs,
    slices,
    value_on,
)

FIRST, LAST = date(2026, 10, 1), date(2026, 12, 31)
QUARTERLY = Frequency(1, "C", date(2022, 11, 1), 1, "quarter", "period_end")


@pytest.mark.parametrize(
    ("day", "newer", "expected"),
    [
        pytest.param(date(2022, 12, 1), None, None, id="nothing is owed in a quarter that began before the first rule"),
        pytest.param(date(2023, 1, 1), None, "2023Q1", id="the first rule begins with the next quarter"),
        pytest.param(date(2026, 12, 10), (date(2026, 11, 15), "month"), "2026Q4", id="a monthly rule waits for the running quarter"),
        pytest.param(date(2027, 1, 1), (date(2026, 11, 15), "month"), "2027-01", id="and begins when the quarter is over"),
        pytest.param(date(2026, 10, 1), (date(2026, 10, 1), "month"), "2026-10", id="a rule of the quarter's first day holds at once"),
        pytest.param(date(2026, 11, 1), (date(2026, 10, 15), "quarter"), "2026Q4", id="the same rhythm keeps its periods"),
    ],
)  # fmt: skip
def test_a_rule_begins_with_a_period_and_cuts_none(day, newer, expected):
    rows = (
        [QUARTERLY] if newer is None else [Frequency(2, "C", newer[0], 1, newer[1], "period_end"), QUARTERLY]
    )
    found = governing(day, rows)
    assert (found[1].code if found else None) == expected


def test_a_rule_changed_inside_a_quarter_holds_from_the_next_one():
    newer = Frequency(2, "C", date(2026, 10, 15), 2, "quarter", "period_end")
    assert governing(date(2026, 11, 1), [newer, QUARTERLY])[0] == QUARTERLY
    assert governing(date(2027, 1, 1), [newer, QUARTERLY])[0] == newer


def test_the_value_of_a_day_is_the_last_one_that_had_begun():
    history = runs([Change(date(2026, 10, 5), "C", "B"), Change(date(2026, 10, 5), "B", "A")], "A")
    assert history == [(ALWAYS, "C"), (date(2026, 10, 5), "A")]
    assert [value_on(day, history) for day in (date(2026, 10, 4), date(2026, 10, 5))] == ["C", "A"]
    assert runs([], "D") == [(ALWAYS, "D")]


def cut(
    *,
    grades=((ALWAYS, "C"),),
    statuses=((ALWAYS, "normal"),),
    regions=((ALWAYS, "r"),),
    owed_from=ALWAYS,
    owed_until=None,
    periodic=("B", "C"),
):
    return slices(
        FIRST,
        LAST,
        owed_from=owed_from,
        owed_until=owed_until,
        grades=grades,
        statuses=statuses,
        regions=regions,
        periodic=frozenset(periodic),
    )


DAY = date(2026, 11, 9)
LATER = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, [Slice(FIRST, None, "C", "r")], id="nothing changed: the whole period"),
        pytest.param(
            {"owed_from": DAY}, [Slice(DAY, None, "C", "r")], id="from the day it entered the register"
        ),
        pytest.param({"owed_from": date(2027, 1, 1)}, [], id="entered after the period: nothing"),
        pytest.param({"grades": [(ALWAYS, "")]}, [], id="not graded: nothing"),
        pytest.param(
            {"grades": [(ALWAYS, ""), (DAY, "C")]},
            [Slice(DAY, None, "C", "r")],
            id="graded later: from then on",
        ),
        pytest.param(
            {"grades": [(ALWAYS, "C"), (DAY, "B")]},
            [Slice(FIRST, DAY, "C", "r"), Slice(DAY, None, "B", "r")],
            id="another grade: the other grade goes on",
        ),
        pytest.param(
            {"grades": [(ALWAYS, "C"), (DAY, "A")]},
            [Slice(FIRST, DAY, "C", "r")],
            id="a grade with another rhythm leaves this period",
        ),
        pytest.param(
            {"statuses": [(ALWAYS, "normal"), (DAY, "suspended")]},
            [Slice(FIRST, None, "C", "r", DAY, "suspended")],
            id="no longer 正常: excluded from that day in the same row",
        ),
        pytest.param(
            {"statuses": [(ALWAYS, "suspended")]},
            [Slice(FIRST, None, "C", "r", FIRST, "suspended")],
            id="not 正常 from the start: excluded from the first day",
        ),
        pytest.param(
            {"statuses": [(ALWAYS, "normal"), (DAY, "suspended"), (LATER, "normal")]},
            [Slice(FIRST, LATER, "C", "r", DAY, "suspended"), Slice(LATER, None, "C", "r")],
            id="正常 again: owed again, the weeks between stay excluded",
        ),
        pytest.param(
            {"statuses": [(ALWAYS, "suspended"), (DAY, "deregistered")]},
            [
                Slice(FIRST, DAY, "C", "r", FIRST, "suspended"),
                Slice(DAY, None, "C", "r", DAY, "deregistered"),
            ],
            id="another reason: its own row",
        ),
        pytest.param(
            {"regions": [(ALWAYS, "r"), (DAY, "s")]},
            [Slice(FIRST, DAY, "C", "r"), Slice(DAY, None, "C", "s")],
            id="moved: the new place goes on",
        ),
    ],
)
def test_slices(facts, expected):
    assert list(cut(**facts)) == expected


days = st.dates(date(2026, 9, 1), date(2027, 1, 31))


def histories(values):
    return st.lists(st.tuples(days, st.sampled_from(values)), max_size=4, unique_by=lambda run: run[0]).map(
        lambda later: [(ALWAYS, values[0]), *sorted(later)]
    )


@given(histories("CBA"), histories(["normal", "suspended", "dormant"]), histories("rs"), days)
def test_every_day_of_a_period_is_told_once_and_truly(grades, statuses, regions, asked):
    found = cut(grades=grades, statuses=statuses, regions=regions)
    for one, following in pairwise(found):
        assert one.ceases_on is not None
        assert one.arises_on < one.ceases_on <= following.arises_on
    if not FIRST <= asked <= LAST:
        return
    telling = [
        one for one in found if one.arises_on <= asked and (one.ceases_on is None or asked < one.ceases_on)
    ]
    grade, status = value_on(asked, grades), value_on(asked, statuses)
    assert len(telling) == (grade in "BC")
    for one in telling:
        excluded = one.excluded_on is not None and one.excluded_on <= asked
        told = (one.grade, one.region, one.exclusion if excluded else "normal")
        assert told == (grade, value_on(asked, regions), status)


@given(st.lists(st.integers(0, 100), max_size=8), st.integers(1, 4))
def test_a_duty_is_fulfilled_by_the_day_of_the_last_visit_it_needs(offsets, times):
    made = [date(2026, 9, 20) + timedelta(days=offset) for offset in sorted(offsets)]
    visits = [Made(day, key, day) for key, day in enumerate(made)]
    counted = sorted({day for day in made if FIRST <= day <= LAST})
    met = fulfilment(visits, FIRST, LAST, times)
    assert met.made == len(counted)
    assert met.on == (counted[times - 1] if len(counted) >= times else None)


def test_two_visits_on_one_day_count_once_and_the_first_is_named():
    visits = [Made(DAY, 7, DAY), Made(DAY, 8, DAY), Made(LATER, 9, LATER)]
    assert fulfilment(visits, FIRST, LAST, 1) == Fulfilment(2, DAY, 7, DAY)
    assert fulfilment(visits, FIRST, LAST, 2) == Fulfilment(2, LATER, 9, LATER)
    assert Period.parse("2026Q4").start == FIRST


def test_a_visit_to_a_merged_business_counts_from_the_day_of_the_merger_and_keeps_its_own_day():
    merged = Made(DAY, 7, LATER)
    assert fulfilment([merged], FIRST, LAST, 1) == Fulfilment(1, LATER, 7, DAY)
    own = Made(DAY + timedelta(days=1), 8, DAY + timedelta(days=1))
    assert fulfilment([own, merged], FIRST, LAST, 1) == Fulfilment(2, own.on, 8, own.on)
    assert fulfilment([own, merged], FIRST, LAST, 2) == Fulfilment(2, LATER, 7, own.on)


@pytest.mark.parametrize(
    ("owed_until", "expected"),
    [
        pytest.param(FIRST, (), id="merged when the period began: nothing is owed in it"),
        pytest.param(DAY, (Slice(FIRST, DAY, "C", "r"),), id="merged inside it: owed until that day"),
        pytest.param(LAST + timedelta(days=1), (Slice(FIRST, None, "C", "r"),), id="merged after it: owed to the end"),
    ],
)  # fmt: skip
def test_a_merged_business_owes_until_the_day_of_the_merger(owed_until, expected):
    assert cut(owed_until=owed_until) == expected


def test_what_was_cut_before_the_merger_stays_cut():
    found = cut(grades=((ALWAYS, "C"), (DAY, "B")), owed_until=LATER)
    assert found == (Slice(FIRST, DAY, "C", "r"), Slice(DAY, LATER, "B", "r"))
