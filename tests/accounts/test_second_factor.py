"""A second factor is asked for on pages and API alike, each code once, and those whose posts need one cannot go without."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache.backends.filebased import FileBasedCache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.services.second_factor import proven_by
from foodsafe_portal.lib.sealing import SealBroken, seal, unseal
from records.models import AuditEvent
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.django_db]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(step: int = 0, secret: str = SECRET) -> str:
    """What the phone shows; ``step`` times 30 seconds from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


@pytest.fixture
def person() -> Any:
    user = make_user("office", role="campaign_office", region="9901")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def bound(person: Any) -> Any:
    TOTP.activate(person, SECRET)
    return person


def sign_in(client: Client) -> Any:
    return client.post(reverse("account_login"), {"login": "office", "password": PASSWORD})


def test_the_password_alone_does_not_sign_in_and_the_code_does(bound: Any) -> None:
    client = Client()
    answer = sign_in(client)
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("my-sessions")).status_code == 302
    page = client.get(reverse("mfa_authenticate"))
    assert page.status_code == 200 and "动态口令" in page.content.decode()
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "口令不对" in wrong.content.decode() and "_auth_user_id" not in client.session
    client.post(reverse("mfa_authenticate"), {"code": code()})
    assert client.session["_auth_user_id"] == str(bound.pk)
    actions = list(AuditEvent.objects.values_list("action", flat=True))
    assert "second_factor.refused" in actions and "login.done" in actions


def test_codes_are_counted_with_passwords(bound: Any) -> None:
    client = Client()
    sign_in(client)
    codes = [client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


def test_a_code_opens_once_also_without_redis(bound: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileBasedCache, "add", lambda *_a, **_k: pytest.fail("asked the cache"))
    now = code()
    assert proven_by(bound, now) is not None
    assert proven_by(bound, now) is None
    assert proven_by(bound, code(-1)) is None  # older than the last one used
    assert proven_by(bound, code(+1)) is not None


def test_the_secret_is_sealed_in_the_database(bound: Any) -> None:
    stored = str(Authenticator.objects.values_list("data", flat=True).get())
    assert SECRET not in stored and "s1:" in stored


def test_a_seal_opens_with_old_keys_for_its_own_purpose_alone() -> None:
    old, new = "o" * 32, "n" * 32
    sealed = seal("13800000000", purpose="telephone", keys=[old])
    assert unseal(sealed, purpose="telephone", keys=[new, old]) == "13800000000"
    assert unseal("13800000000", purpose="telephone", keys=[new]) == "13800000000"
    for purpose, keys in (("other", [old]), ("telephone", [new])):
        with pytest.raises(SealBroken):
            unseal(sealed, purpose=purpose, keys=keys)


def test_a_token_asks_for_the_code_as_well(bound: Any) -> None:
    def ask(**more: str) -> Any:
        body = {"username": "office", "password": PASSWORD, **more}
        return Client().post("/api/v1/token/", body, content_type="application/json")

    assert (ask().status_code, "动态口令" in ask().json()["detail"]) == (403, True)
    assert ask(code="000000").status_code == 403
    assert ask(code=code()).status_code == 200


def test_binding_goes_through_the_password_shows_recovery_codes_and_is_told(person: Any) -> None:
    client = Client()
    sign_in(client)
    page = client.get(reverse("mfa_activate_totp"), follow=True)
    assert page.redirect_chain and "确认密码" in page.content.decode()
    again = client.post(page.redirect_chain[-1][0], {"password": PASSWORD}, follow=True)
    assert "二维码" in again.content.decode()
    answer = client.post(
        reverse("mfa_activate_totp"), {"code": code(secret=client.session["mfa.totp.secret"])}, follow=True
    )
    shown = answer.content.decode()
    assert "恢复码" in shown and Authenticator.objects.filter(user=person).count() == 2
    events = AuditEvent.objects.filter(action="second_factor.bound")
    assert {event.after["type"] for event in events} == {"totp", "recovery_codes"}
    recovery = Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()
    assert recovery[0] in shown
    other = Client()
    sign_in(other)
    other.post(reverse("mfa_authenticate"), {"code": recovery[0]})
    assert "_auth_user_id" in other.session
    assert proven_by(person, recovery[0]) is None
    assert AuditEvent.objects.filter(action="second_factor.recovery_used").count() == 1
    for name in ("mfa_index", "mfa_view_recovery_codes", "my-sessions"):
        assert client.get(reverse(name)).status_code == 200


@pytest.fixture
def required(settings: Any) -> Any:
    settings.SECOND_FACTOR_ROLES, settings.SECOND_FACTOR_GRACE_DAYS = ["campaign_office"], 14
    return settings


def begun(person: Any, days: int) -> None:
    person.posts.update(valid_from=timezone.localdate() - timedelta(days=days))


def test_after_the_grace_nothing_else_opens_before_one_is_bound(person: Any, required: Any) -> None:
    begun(person, 14)
    client = Client()
    client.force_login(person)
    assert client.get(reverse("my-sessions")).headers["Location"] == reverse("mfa_activate_totp")
    assert client.get("/api/v1/me/").status_code == 403
    assert (
        client.get(reverse("mfa_activate_totp"))
        .headers["Location"]
        .startswith(reverse("account_reauthenticate"))
    )
    body = {"username": "office", "password": PASSWORD}
    answer = Client().post("/api/v1/token/", body, content_type="application/json")
    assert (answer.status_code, "绑定动态口令" in answer.json()["detail"]) == (409, True)
    TOTP.activate(person, generate_totp_secret())
    assert client.get(reverse("my-sessions")).status_code == 200


def test_within_the_grace_the_day_is_told(person: Any, required: Any) -> None:
    begun(person, 13)
    client = Client()
    sign_in(client)
    day = (timezone.localdate() + timedelta(days=1)).isoformat()
    page = client.get(reverse("my-sessions"))
    assert page.status_code == 200 and page.content.decode().count(day) >= 2


def test_whose_post_needs_one_cannot_take_it_off(bound: Any, required: Any) -> None:
    client = Client()
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    client.get(reverse("mfa_deactivate_totp"))
    client.post(reverse("mfa_reauthenticate"), {"code": code(+1)})
    answer = client.post(reverse("mfa_deactivate_totp"))
    assert "不能解除" in answer.content.decode() and Authenticator.objects.filter(user=bound).exists()
