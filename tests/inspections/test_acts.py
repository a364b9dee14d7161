"""Every act on a problem is done by page and API alike, by the same people, and has its words."""

from __future__ import annotations

import pytest
from django.urls import resolve, reverse

from inspections.acts import ACT, ACTS
from inspections.api.problems import ProblemViewSet
from inspections.reports.problem_file import PANELS


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.code)
def test_an_act_has_an_address_for_those_who_may(act):
    view = resolve(reverse(f"problem-{act.code}", args=[1])).func
    assert view.permissions == (act.permission,)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.code)
def test_each_way_of_an_act_is_an_action_of_the_api_for_those_who_may(act):
    actions = {action.__name__ for action in ProblemViewSet.get_extra_actions()}
    for way in act.ways:
        assert way.api in actions
        assert act.permission in ProblemViewSet.needs[way.api]


def test_the_api_knows_no_act_that_pages_do_not():
    actions = {action.__name__ for action in ProblemViewSet.get_extra_actions()} - {"common"}
    assert actions == {way.api for act in ACTS for way in act.ways}


def test_every_panel_of_a_problems_page_is_an_act_and_every_act_has_one():
    """Voiding stands apart: whether it is possible is no question of the state alone."""
    assert {name for name, _steps in PANELS} | {"void"} == set(ACT)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.code)
def test_an_act_says_what_it_is_and_what_was_done(act):
    assert act.title and all(way.words and way.done for way in act.ways)
    assert len({way.value for way in act.ways}) == len(act.ways)
