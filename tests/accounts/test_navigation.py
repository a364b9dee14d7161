"""The navigation: the doors a person is shown, and what waits behind them counted where somebody sees it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts import navigation
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def counted(monkeypatch):
    """The people for whom somebody counted what waits."""
    people = []
    count = navigation.badges_of

    def counts(names, user):
        people.append(user.username)
        return count(names, user)

    monkeypatch.setattr(navigation, "badges_of", counts)
    return people


def test_a_page_counts_what_waits_once_and_a_fragment_or_a_redirect_never(login, counted):
    client = login(username="anna", role="campaign_office", region="9901")
    page = client.get(reverse("ledger-home"))
    assert (page.status_code, counted) == (200, ["anna"])
    assert client.get(reverse("ledger-home"), headers={"HX-Request": "true"}).status_code == 200
    assert client.get(reverse("home")).status_code == 302
    assert counted == ["anna"]


def test_of_two_doors_whose_addresses_begin_alike_the_longer_is_the_active_one():
    user = make_user(role="officer", region="990102")
    for name in ("visit-list", "my-visits"):
        shown = navigation.navigation(user, reverse(name) + "1/")
        active = [item["url"] for group in shown for item in group["items"] if item["active"]]
        assert active == [reverse(name)]


def test_a_person_lands_on_the_first_door_they_are_shown():
    user = make_user(role="county_liaison", region="990102")
    shown = navigation.navigation(user, "")
    assert navigation.home_url(user) == shown[0]["items"][0]["url"]
    assert navigation.home_url(make_user()) == reverse("account_change_password")
