"""An address that takes only what a button sends says so in a page, and leads back to the button."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from foodsafe_portal.middleware import page_above
from tests.doors import DOORS, GET, POST
from tests.factories import make_region, make_user
from tests.factories.ledgers import business_row, make_county, make_liaison, send, workbook
from tests.test_doors import addresses

pytestmark = pytest.mark.django_db


def test_opening_the_address_of_a_button_gives_a_page_that_leads_back_to_it(login):
    make_county()
    liaison = make_liaison()
    batch = send(liaison, "businesses", workbook("businesses", [business_row()]))
    answer = login(liaison).get(reverse("ledger-confirm", args=[batch.pk]))
    html = answer.content.decode()
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "这个地址不能直接打开" in html
    assert f'href="{reverse("ledger-batch", args=[batch.pk])}"' in html


def test_strangers_get_the_page_too_and_every_language_has_it(login):
    address = reverse("ledger-confirm", args=[1])
    assert "这个地址不能直接打开" in Client().get(address).content.decode()
    reader = make_user(role="campaign_office", region="9901", language="en")
    assert "这个地址" not in login(reader).get(address).content.decode()


def test_the_api_keeps_its_own_answer(login):
    answer = login(role="campaign_office", region="9901").delete("/api/v1/businesses/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/json")


@pytest.mark.parametrize("name", sorted(name for name, door in DOORS.items() if door.methods == POST))
def test_the_page_above_every_button_can_be_opened(name):
    """Else the way back would end at the same sentence."""
    route = next(route for known, route in addresses() if known == name)
    above = page_above("/" + re.sub(r"<int:\w+>", "7", re.sub(r"<str:\w+>", "x", route)))
    if above:
        assert set(GET) <= set(DOORS[resolve(above).url_name].methods), above


def test_an_idle_session_ends_at_a_page_that_can_be_opened_again(login, time_machine):
    make_region("9901")
    client = login(role="campaign_office", region="9901")
    client.get("/")
    time_machine.move_to(timezone.now() + timedelta(minutes=40), tick=False)
    answer = client.post(
        reverse("ledger-confirm", args=[1]), headers={"referer": "http://testserver/ledgers/1/?verb=created"}
    )
    assert answer.url == f"{reverse('account_login')}?next=/ledgers/1/%3Fverb%3Dcreated"
