"""What opens a privileged account takes two people, and its owner is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.choices import ResetOf
from accounts.errors import AccountRefused
from accounts.models import ResetRequest, User
from accounts.services.resets import ResetWaits, decide_reset, reset
from records.models import AuditEvent
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
PASSWORD, FACTOR = ResetOf.PASSWORD, ResetOf.SECOND_FACTOR


@pytest.fixture
def asker() -> User:
    return make_user("asker", role="system_admin")


@pytest.fixture
def other() -> User:
    return make_user("other", role="security_admin")


@pytest.mark.parametrize("role", ["auditor", "security_admin", "system_admin", "campaign_office"])
def test_a_privileged_password_is_reset_by_two(asker: User, other: User, role: str) -> None:
    owner = make_user("owner", role=role, region="9901")
    before = owner.password
    for _ in range(2):  # asking twice is asking once
        with pytest.raises(ResetWaits):
            reset(user=owner, what=PASSWORD, by=asker)
    asked = ResetRequest.objects.get()
    for nobody in (asker, owner, make_user("office2", role="campaign_office", region="9901")):
        with pytest.raises(AccountRefused):
            decide_reset(request=asked, approve=True, by=nobody)
    owner.refresh_from_db()
    assert owner.password == before
    decide_reset(request=asked, approve=True, by=other)
    with pytest.raises(ResetWaits):  # the yes was given to who asked
        reset(user=owner, what=PASSWORD, by=make_user("third", role="system_admin"))
    ResetRequest.objects.waiting().delete()
    assert reset(user=owner, what=PASSWORD, by=asker)
    with pytest.raises(ResetWaits):  # and once
        reset(user=owner, what=PASSWORD, by=asker)
    told = list(
        AuditEvent.objects.filter(action__startswith="reset.").values_list("action", "actor__username")
    )
    assert told.count(("reset.approved", "other")) == 1


@pytest.mark.parametrize("hours", [23, 25])
def test_a_yes_holds_for_a_day_and_a_no_for_nothing(asker: User, other: User, hours: int) -> None:
    owner = make_user("owner", role="auditor", region="9901")
    with pytest.raises(ResetWaits):
        reset(user=owner, what=PASSWORD, by=asker)
    decide_reset(request=ResetRequest.objects.get(), approve=True, by=other)
    ResetRequest.objects.update(decided_at=timezone.now() - timedelta(hours=hours))
    if hours == 23:
        assert reset(user=owner, what=PASSWORD, by=asker)
        return
    with pytest.raises(ResetWaits):
        reset(user=owner, what=PASSWORD, by=asker)
    decide_reset(request=ResetRequest.objects.waiting().get(), approve=False, by=other)
    with pytest.raises(ResetWaits):
        reset(user=owner, what=PASSWORD, by=asker)


def test_an_officer_is_helped_by_one(asker: User) -> None:
    assert reset(user=make_user("officer", role="officer", region="990102001"), what=PASSWORD, by=asker)
    with pytest.raises(AccountRefused, match="自己"):
        reset(user=asker, what=PASSWORD, by=asker)


def test_a_second_factor_is_taken_off_by_two_and_ends_what_is_open(
    asker: User, other: User, login: Any
) -> None:
    owner = make_user("owner", role="officer", region="990102001")
    TOTP.activate(owner, generate_totp_secret())
    client = login(owner)
    with pytest.raises(ResetWaits):
        reset(user=owner, what=FACTOR, by=asker)
    assert Authenticator.objects.exists()
    decide_reset(request=ResetRequest.objects.get(), approve=True, by=other)
    assert reset(user=owner, what=FACTOR, by=asker) == ""
    assert not Authenticator.objects.exists() and client.get(reverse("my-sessions")).status_code == 302
    assert f"{asker}" in login(owner).get(reverse("my-sessions")).content.decode()


def test_the_pages_show_the_slip_only_after_the_yes(asker: User, other: User, login: Any) -> None:
    owner = make_user("owner", role="auditor", region="9901")
    system, security = login(asker), login(other)
    page = reverse("account-detail", args=[owner.pk])
    press = reverse("account-reset", args=[owner.pk])
    assert "须两人" in system.post(press, follow=True).content.decode()
    assert "同意重置" in security.get(page).content.decode()
    security.post(reverse("reset-decide", args=[ResetRequest.objects.get().pk]), {"approve": "1"})
    assert "一次性密码" in system.post(press).content.decode()
    work = security.get(reverse("my-work"))
    assert work.status_code == 200


def test_reset_takes_two_in_the_database_as_well(asker: User) -> None:
    with pytest.raises(IntegrityError, match="reset_takes_two"), transaction.atomic():
        ResetRequest.objects.create(
            user=asker, what=PASSWORD, asked_by=asker, decided_by=asker, asked_at=timezone.now()
        )
