"""Tokens follow their account: whatever ends the account's rights ends the token."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.services.people import reset_password, switch_account
from records.models import AuditEvent
from tests.factories import PASSWORD, make_user

TOKEN = "/api/v1/token/"


@pytest.fixture
def person(db):
    user = make_user("liaison", role="county_liaison", region="990102", mobile="13800000001")
    user.set_password(PASSWORD)
    user.save()
    return user


def ask(username: str = "liaison", password: str = PASSWORD):
    return APIClient().post(TOKEN, {"username": username, "password": password}, format="json")


def me(token: str):
    return APIClient().get("/api/v1/me/", headers={"Authorization": f"Token {token}"})


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_a_token_is_had_for_name_or_mobile_and_told_in_the_trail(person):
    first = ask().json()["token"]
    second = ask("13800000001").json()["token"]
    answer = me(second)
    assert (answer.status_code, answer.json()["username"], answer.json()["regions"]) == (
        200,
        "liaison",
        ["990102"],
    )
    assert me(first).status_code == 401  # the newer one replaces it
    assert actions() == ["token.issued", "token.issued"]


def test_a_wrong_password_is_refused_and_told_in_the_trail(person):
    answer = ask(password="错的口令错的口令")
    assert (answer.status_code, answer.json()["detail"]) == (403, "用户名或密码不对，或账号已停用。")
    assert AuditEvent.objects.get().action == "login.refused"


def test_the_sixth_attempt_within_a_minute_waits_for_one_name_alone(person):
    codes = [ask(password="错的口令错的口令").status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]
    assert ask("somebody-else").status_code == 403
    assert "秒后再试" in ask().json()["detail"]


def test_a_one_time_password_gives_no_token(person):
    type(person).objects.update(must_change_password=True)
    answer = ask()
    assert (answer.status_code, Token.objects.count()) == (409, 0)
    assert "改密码" in answer.json()["detail"]


def test_a_token_dies_with_a_reset_a_switch_off_and_at_will(person):
    admin = make_user(role="system_admin")
    token = ask().json()["token"]
    reset_password(user=person, by=admin)
    assert (me(token).status_code, Token.objects.count()) == (401, 0)

    person.must_change_password = False
    person.set_password(PASSWORD)
    person.save()
    token = ask().json()["token"]
    switch_account(user=person, active=False, by=admin)
    assert me(token).status_code == 401
    switch_account(user=person, active=True, by=admin)
    assert me(token).status_code == 200
    type(person).objects.update(must_change_password=True)
    assert me(token).json()["detail"] == "首次登录须先改密码，改好后请重新取令牌。"
    type(person).objects.update(must_change_password=False)

    assert APIClient().delete(TOKEN, headers={"Authorization": f"Token {token}"}).status_code == 204
    assert me(token).status_code == 401
    assert actions()[-1] == "token.revoked"


def test_a_session_reads_and_needs_the_csrf_token_to_write(person):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person, backend="accounts.backends.NameOrMobileBackend")
    assert client.get("/api/v1/me/").status_code == 200
    answer = client.post("/api/v1/problems/", "{}", content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


def test_a_session_that_must_change_its_password_is_told_so_in_json(person):
    type(person).objects.update(must_change_password=True)
    client = Client()
    client.force_login(person, backend="accounts.backends.NameOrMobileBackend")
    answer = client.get("/api/v1/me/")
    assert (answer.status_code, answer.json()) == (403, {"detail": "首次登录须先改密码。"})
