"""Log-in limits: per account and place, shared by page and API, nobody locked out by another, nobody let through by a dead Redis."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import SignInAttempt, User
from accounts.services import signing_in
from records.models import AuditEvent
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TOKEN = "/api/v1/token/"
WRONG = "错的口令错的口令"
OUTSIDER, TOWN_HALL = "203.0.113.7", "198.51.100.20"


def sign_in(name: str, password: str = PASSWORD, *, address: str = TOWN_HALL, client: Client | None = None):
    return (client or Client()).post(
        reverse("account_login"), {"login": name, "password": password}, REMOTE_ADDR=address
    )


def token(name: str, password: str = PASSWORD, *, address: str = TOWN_HALL):
    body = {"username": name, "password": password}
    return Client().post(TOKEN, body, content_type="application/json", REMOTE_ADDR=address)


@pytest.fixture
def liu() -> User:
    return make_user("liu", mobile="13800000001", role="leader", region="9901")


def test_seventy_five_people_sign_in_from_one_address_within_a_minute():
    names = [make_user(role="leader", region="9901").username for _ in range(75)]
    assert {sign_in(name).status_code for name in names} == {302}


def test_the_sixth_guess_waits_and_the_page_says_how_long_in_chinese(liu):
    assert [sign_in("liu", WRONG).status_code for _ in range(5)] == [200] * 5
    answer = sign_in("liu")
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "15 分钟后再试" in page
    assert "Too Many" not in page


def test_five_guesses_of_an_outsider_lock_nobody_but_the_outsider(liu):
    for _ in range(9):
        sign_in("liu", WRONG, address=OUTSIDER)
    assert sign_in("liu", address=OUTSIDER).status_code == 429
    assert sign_in("liu", address=TOWN_HALL).status_code == 302


def test_guesses_behind_the_same_address_do_not_lock_a_browser_that_was_in_before(liu):
    browser = Client()
    assert sign_in("liu", client=browser).status_code == 302
    browser.post(reverse("account_logout"))
    for _ in range(6):
        sign_in("liu", WRONG)
    assert sign_in("liu").status_code == 429
    assert sign_in("liu", client=browser).status_code == 302


def test_a_known_browser_may_guess_no_more_often_than_a_strange_one(liu):
    browser = Client()
    sign_in("liu", client=browser)
    browser.post(reverse("account_logout"))
    assert [sign_in("liu", WRONG, client=browser).status_code for _ in range(6)] == [200] * 5 + [429]


def test_the_mark_of_a_browser_is_worth_nothing_for_another_account(liu):
    make_user("wang", role="leader", region="9901")
    browser = Client()
    sign_in("liu", client=browser)
    browser.post(reverse("account_logout"))
    for _ in range(5):
        sign_in("wang", WRONG)
    assert sign_in("wang", WRONG, client=browser).status_code == 429


def test_an_outsider_with_a_guess_a_second_blocks_nobody_behind_the_same_address(liu, monkeypatch):
    monkeypatch.setattr(signing_in, "MOST_BY_ADDRESS", 20)
    for number in range(60):
        sign_in(f"nobody{number}", WRONG)
    assert SignInAttempt.objects.count() <= 60
    assert sign_in("liu").status_code == 302


def test_a_place_with_many_failures_gives_each_strange_name_one_guess(liu, monkeypatch):
    monkeypatch.setattr(signing_in, "MOST_BY_ADDRESS", 20)
    for number in range(21):
        sign_in(f"nobody{number}", WRONG)
    assert [sign_in("liu", WRONG).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("spelling", ["liu ", " liu", "  liu  ", "liu\u3000", "13800000001", "13800000001 "])
def test_a_name_spelled_otherwise_is_the_same_name(liu, spelling):
    assert [token("liu", WRONG).status_code for _ in range(5)] == [403] * 5
    assert token(spelling, WRONG).status_code == 429


@pytest.mark.parametrize("spelling", ["nobody", "NOBODY", "ｎｏｂｏｄｙ", " nobody\t"])
def test_an_unknown_name_spelled_otherwise_is_the_same_name(spelling):
    assert [token("nobody", WRONG).status_code for _ in range(5)] == [403] * 5
    assert token(spelling, WRONG).status_code == 429


def test_page_and_api_count_together(liu):
    for _ in range(3):
        token("liu", WRONG)
    for _ in range(2):
        sign_in("liu", WRONG)
    waits = token("liu")
    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "900")
    assert "秒后再试" in waits.json()["detail"]
    assert sign_in("liu").status_code == 429


def test_the_wait_ends_by_itself_and_is_not_made_longer_by_trying(liu, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    for _ in range(5):
        sign_in("liu", WRONG)
    time_machine.move_to(now + timedelta(minutes=14), tick=False)
    assert [sign_in("liu", WRONG).status_code for _ in range(3)] == [429] * 3
    time_machine.move_to(now + timedelta(minutes=15, seconds=1), tick=False)
    assert sign_in("liu").status_code == 302


def test_a_right_password_forgives_no_earlier_wrong_one(liu):
    for _ in range(4):
        sign_in("liu", WRONG)
    assert sign_in("liu").status_code == 302
    assert [sign_in("liu", WRONG).status_code for _ in range(2)] == [200, 429]


def test_an_account_under_guesses_from_many_places_is_open_where_its_person_was_before(liu, monkeypatch):
    monkeypatch.setattr(signing_in, "MOST_PLACES", 10)
    sign_in("liu", address=TOWN_HALL)
    for number in range(10):
        sign_in("liu", WRONG, address=f"203.0.113.{number}")
    assert sign_in("liu", WRONG, address="192.0.2.1").status_code == 429
    assert sign_in("liu", address=TOWN_HALL).status_code == 302


def test_addresses_of_one_ipv6_network_are_one_place(liu):
    for number in range(5):
        token("liu", WRONG, address=f"2001:db8:1:2::{number + 1}")
    assert token("liu", WRONG, address="2001:db8:1:2:ffff::9").status_code == 429
    assert token("liu", address="2001:db8:1:3::1").status_code == 200


def test_reaching_the_limit_is_told_once_in_the_trail(liu):
    for _ in range(8):
        sign_in("liu", WRONG, address=OUTSIDER)
    told = AuditEvent.objects.values_list("action", "address")
    assert sorted(told) == [("login.limited", OUTSIDER)] + [("login.refused", OUTSIDER)] * 5


def test_without_redis_people_sign_in_and_limits_hold(liu, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        cache.get("anything")
    assert sign_in("liu").status_code == 302
    assert token("liu").status_code == 200
    assert [token("liu", WRONG).status_code for _ in range(6)] == [403] * 5 + [429]
    assert sign_in("liu").status_code == 429


def test_guessing_the_old_password_of_an_open_session_is_limited_too(login, liu):
    client = login(liu)
    body = {"oldpassword": WRONG, "password1": "一个新的口令Aa2026", "password2": "一个新的口令Aa2026"}
    codes = [client.post(reverse("account_change_password"), body).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


def test_attempts_are_forgotten_after_two_days(liu, time_machine):
    sign_in("liu", WRONG)
    time_machine.move_to(timezone.now() + timedelta(days=3))
    signing_in.forget_attempts(timezone.now())
    assert SignInAttempt.objects.count() == 0
