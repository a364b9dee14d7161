"""Sessions: one's own are listed and ended, none outlives its time, none comes back with its account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import OpenSession, Post
from accounts.services import people, sessions
from accounts.services.sessions import LAST_SEEN, SIGNED_IN
from records.models import AuditEvent
from tests.factories import make_user

pytestmark = [pytest.mark.django_db]
PAGE = "/sessions/"


def moved(client: Client, **ago: int) -> None:
    """Let the session have begun, or been used, so many seconds ago."""
    session = client.session
    for name, seconds in ago.items():
        session[name] = int(timezone.now().timestamp()) - seconds
    session.save()


def test_a_session_ends_after_its_hours_however_busy_it_is(login: Any, settings: Any) -> None:
    settings.SESSION_COOKIE_AGE = 12 * 3600
    client = login(make_user("busy", role="auditor", region="9901"))
    moved(client, **{SIGNED_IN: 12 * 3600 - 60, LAST_SEEN: 120})
    assert client.get(PAGE).status_code == 200
    moved(client, **{SIGNED_IN: 12 * 3600 + 1, LAST_SEEN: 1})
    page = client.get(PAGE, follow=True)
    assert "登录已满 12 小时" in page.content.decode() and "_auth_user_id" not in client.session


def test_a_silent_session_ends(login: Any, settings: Any) -> None:
    client = login(make_user("silent", role="officer", region="990102001"))
    moved(client, **{LAST_SEEN: settings.IDLE_MINUTES * 60 + 1})
    assert client.get(PAGE).status_code == 302


def test_a_person_sees_and_ends_their_own_browsers_alone(login: Any) -> None:
    person, other = (
        make_user("two_browsers", role="auditor", region="9901"),
        make_user("other", role="auditor", region="9901"),
    )
    here, there, stranger = login(person), login(person), login(other)
    assert "停止操作" in here.get(PAGE).content.decode()
    listed = sessions.sessions_of(person, here=here.session.session_key)
    assert sorted(one.here for one in listed) == [False, True]
    away = next(one.session for one in listed if not one.here)
    assert stranger.post(reverse("session-end", args=[away.pk])).status_code == 404
    assert here.post(reverse("session-end", args=[away.pk])).status_code == 302
    assert (here.get(PAGE).status_code, there.get(PAGE).status_code, stranger.get(PAGE).status_code) == (
        200,
        302,
        200,
    )
    assert AuditEvent.objects.filter(action="session.ended", actor=person).count() == 1


def test_switching_on_again_brings_no_session_back(login: Any) -> None:
    person, admin = make_user("away", role="auditor", region="9901"), make_user("admin", role="system_admin")
    client = login(person)
    people.switch_account(user=person, active=False, by=admin)
    assert client.get(PAGE).status_code == 302
    people.switch_account(user=person, active=True, by=admin)
    assert client.get(PAGE).status_code == 302
    assert login(person).get(PAGE).status_code == 200


def test_sessions_whose_time_is_over_are_forgotten(login: Any) -> None:
    client = login(make_user("gone"))
    assert (sessions.forget_sessions(timezone.now()), OpenSession.objects.count()) == (0, 1)
    assert sessions.forget_sessions(timezone.now() + timedelta(days=2)) == 1
    assert not OpenSession.objects.exists() and client.get(PAGE).status_code == 302


def test_a_post_with_a_planned_end_can_be_ended_early_and_not_twice() -> None:
    today = timezone.localdate()
    person, security = (
        make_user("planned", role="officer", region="990102001"),
        make_user("security", role="security_admin"),
    )
    Post.objects.filter(user=person).update(
        valid_to=today + timedelta(days=30), valid_from=today - timedelta(days=9)
    )
    yesterday = today - timedelta(days=1)
    assert people.end_post(post=person.posts.get(), on=yesterday, by=security).valid_to == yesterday
    with pytest.raises(people.AccountRefused, match="已经终止"):
        people.end_post(post=person.posts.get(), on=today, by=security)
