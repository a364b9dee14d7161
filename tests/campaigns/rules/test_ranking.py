"""Rankings list every tie, leave out and name who had no case, and lists follow sizes or thresholds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules.ranking import ListRule, Standing, consecutive, rank, red_and_black


def standings(**rates: str) -> list[Standing]:
    """``a="3/4"``: a did three of four."""
    counts = {code: tuple(int(part) for part in rate.split("/")) for code, rate in rates.items()}
    return [Standing(code, code.upper(), cases, done) for code, (done, cases) in counts.items()]


def codes(places):
    return [place.standing.code for place in places]


def test_equal_rates_share_a_rank_and_the_next_counts_on():
    ranking = rank(standings(d="1/3", a="1/2", b="50/100", c="9/10", e="0/0", f="2/6", g="0/0"))
    lines = [(place.rank, place.standing.code, place.percent) for place in ranking.places]
    assert lines == [(1, "c", "90.0"), (2, "b", "50.0"), (2, "a", "50.0"), (4, "f", "33.3"), (4, "d", "33.3")]
    assert [one.name for one in ranking.without_cases] == ["E", "G"]


JIANGMEN = ListRule(red_first=2, black_last=2)
MONTHLY = ListRule(red_from=Fraction("0.90"), black_below=Fraction("0.85"))


@pytest.mark.parametrize(
    ("rule", "rates", "red", "black"),
    [
        pytest.param(
            JIANGMEN,
            {"a": "9/10", "b": "8/10", "c": "7/10", "d": "6/10", "e": "5/10"},
            "ab",
            "ed",
            id="the plain case",
        ),
        pytest.param(
            JIANGMEN,
            {"a": "9/10", "b": "8/10", "c": "8/10", "d": "6/10", "e": "5/10"},
            "abc",
            "ed",
            id="a tie at the edge",
        ),
        pytest.param(
            JIANGMEN,
            {"a": "9/10", "b": "6/10", "c": "6/10", "d": "6/10", "e": "5/10"},
            "a",
            "edcb",
            id="a tie at the end",
        ),
        pytest.param(
            JIANGMEN, {"a": "1/1", "b": "2/2", "c": "3/3"}, "abc", "", id="who did everything is never black"
        ),
        pytest.param(
            JIANGMEN, {"a": "9/10", "b": "8/10", "c": "7/10"}, "a", "cb", id="nobody is on both lists"
        ),
        pytest.param(
            JIANGMEN, {"a": "1/1", "b": "0/0", "c": "0/1"}, "a", "c", id="who had no case is on neither list"
        ),
        pytest.param(
            MONTHLY,
            {"a": "90/100", "b": "899/1000", "c": "85/100", "d": "849/1000"},
            "a",
            "d",
            id="by thresholds",
        ),
        pytest.param(ListRule(), {"a": "1/1", "b": "0/1"}, "", "", id="no rule, no lists"),
        pytest.param(
            ListRule(black_last=3, black_below=Fraction(1, 2)),
            {"a": "3/4", "b": "2/4", "c": "1/4"},
            "",
            "c",
            id="size and threshold together",
        ),
    ],
)
def test_red_and_black_lists(rule, rates, red, black):
    lists = red_and_black(rank(standings(**rates)), rule)
    assert (sorted(codes(lists.red)), codes(lists.black)) == (sorted(red), list(black))


@pytest.mark.parametrize(
    ("weeks", "count"),
    [
        pytest.param(["x", "ax", "a", "a"], 3, id="three weeks running"),
        pytest.param(["a", "a", "x", "a"], 1, id="a week off breaks the series"),
        pytest.param(["a", "a", ""], 0, id="not listed now"),
        pytest.param([], 0, id="no week yet"),
    ],
)
def test_consecutive_listings_are_counted(weeks, count):
    assert consecutive("a", [set(week) for week in weeks]) == count


@pytest.mark.parametrize(("cases", "done"), [(1, 2), (1, -1), (-1, -1)])
def test_counts_that_contradict_each_other_are_refused(cases, done):
    with pytest.raises(ValueError, match="对不上"):
        Standing("a", "甲", cases, done)


cases = st.integers(0, 6).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total)))


@given(st.lists(cases, max_size=12), st.integers(0, 5), st.integers(0, 5))
def test_every_tie_is_listed_whole_and_nobody_is_lost(counts, first, last):
    known = [Standing(f"{n:02d}", str(n), total, done) for n, (total, done) in enumerate(counts)]
    ranking = rank(known)
    assert sorted([*codes(ranking.places), *(one.code for one in ranking.without_cases)]) == [
        one.code for one in known
    ]
    lists = red_and_black(ranking, ListRule(red_first=first, black_last=last))
    assert not set(codes(lists.red)) & set(codes(lists.black))
    for listed in (lists.red, lists.black):
        rates = {place.standing.rate for place in listed}
        assert len(listed) == sum(place.standing.rate in rates for place in ranking.places)
    for place in ranking.places:
        better = sum(other.standing.rate > place.standing.rate for other in ranking.places)
        assert place.rank == better + 1
