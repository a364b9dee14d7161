"""Where merged regions have gone, as arithmetic on codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodsafe_portal.lib.mergers import ask_again, home_of, moves, never_any, presume_none, read, read_once

MERGERS = {"990102002": "990102001", "990102001": "990102009", "990104": "990102", "990104001": "990103001"}


@pytest.mark.parametrize(
    ("code", "home"),
    [
        ("990102003", "990102003"),
        ("990102001", "990102009"),
        ("990102002", "990102009"),
        ("990102002001", "990102009"),
        ("990104", "990102"),
        ("990104002001", "990102"),
        ("990104001001", "990103001"),
    ],
    ids=[
        "never merged", "merged", "merged twice over", "below a merged one", "a county", "below a merged county",
        "a township that went another way than its county",
    ],
)  # fmt: skip
def test_what_was_merged_counts_where_it_went_last(code: str, home: str) -> None:
    assert home_of(code, MERGERS) == home


def test_a_circle_ends() -> None:
    assert home_of("99010200", {"990102": "990103", "990103": "990102"}) in {"990102", "990103", "99010200"}


def test_a_question_by_code_is_told_what_it_misses_and_what_it_wrongly_keeps() -> None:
    def told(code: str) -> dict[str, bool]:
        inside = moves(
            MERGERS, held=lambda each: each.startswith(code), wanted=lambda home: home.startswith(code)
        )
        return dict(inside)

    assert told("990102") == {"990104": True, "990104001": False}
    assert told("990103") == {"990104001": True}
    assert told("990102009") == {"990102001": True, "990102002": True}
    assert told("9901") == {}


CODES = st.sampled_from(
    ["9901", "990101", "990102", "990101001", "990101002", "990102001", "990101001001", "990102001002"]
)


@given(mergers=st.dictionaries(CODES.filter(lambda c: len(c) > 4), CODES.filter(lambda c: len(c) > 4), max_size=4),
       territory=CODES, code=CODES)  # fmt: skip
def test_the_moves_select_exactly_what_counts_in_a_territory(
    mergers: dict[str, str], territory: str, code: str
) -> None:
    selected = code.startswith(territory)
    for merged, comes in moves(
        mergers, held=lambda each: each.startswith(territory), wanted=lambda home: home.startswith(territory)
    ):
        if code.startswith(merged):
            selected = comes
    inside_of_merged = any(territory.startswith(merged) for merged in mergers)
    if not inside_of_merged:
        assert selected == home_of(code, mergers).startswith(territory)


def test_one_request_asks_once_and_anew_after_a_change() -> None:
    answers = iter([{"a": "b"}, {"c": "d"}, {"e": "f"}])
    with read_once():
        assert read(lambda: next(answers)) == read(lambda: next(answers)) == {"a": "b"}
        presume_none()
        assert not never_any()
        ask_again()
        assert read(lambda: next(answers)) == {"c": "d"}
    assert read(lambda: next(answers)) == {"e": "f"}
    with read_once():
        presume_none()
        assert (read(lambda: {"x": "y"}), never_any()) == ({}, True)
    assert not never_any()
