"""The migration that brings stored keys to the one normal form: what was two by an invisible sign becomes a pair to look at."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.utils.module_loading import import_string

from entities.models import Business, DuplicatePair, Officer
from tests.factories import make_business, make_officer
from tests.factories.ledgers import make_county

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def renew():
    import_string("entities.migrations.0006_keys_of_one_form.renew_keys")(apps, None)


def test_keys_and_codes_lose_what_nobody_sees():
    make_county()
    old = make_business(
        "恒满\u200e包子铺", licence_no="JY29901021037718\u200f", match_key="L:JY29901021037718\u200f"
    )
    officer = make_officer("刘 测洋", match_key="P:刘测洋|1\u2060")
    renew()
    old.refresh_from_db()
    officer.refresh_from_db()
    assert (old.name, old.licence_no, old.match_key) == (
        "恒满包子铺",
        "JY29901021037718",
        "L:JY29901021037718",
    )
    assert officer.name == "刘测洋" and "\u2060" not in officer.match_key
    before = list(Business.objects.order_by("pk").values()), list(Officer.objects.order_by("pk").values())
    renew()
    assert before == (
        list(Business.objects.order_by("pk").values()),
        list(Officer.objects.order_by("pk").values()),
    )


def test_a_key_that_another_business_holds_stays_and_the_two_are_shown_to_a_person():
    make_county()
    kept = make_business("甲店", licence_no="JY1", match_key="L:JY1")
    other = make_business("甲店", licence_no="JY1\u200e", match_key="L:JY1\u200e")
    renew()
    other.refresh_from_db()
    assert other.match_key == "L:JY1\u200e"
    assert list(DuplicatePair.objects.values_list("first_id", "second_id")) == [(kept.pk, other.pk)]
