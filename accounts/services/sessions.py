"""Sessions of a person: which browsers are signed in, ending one or all of them, and how long one lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import OpenSession, User
from accounts.services.tokens import revoke_token
from records.services import audit

LAST_SEEN, SIGNED_IN = "last_seen", "signed_in_at"
"""Where a session keeps, in seconds since 1970, when its person last asked for something and when they signed in."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A session in the list of one's own; ``seen_at`` is exact to the minute."""

    session: OpenSession
    seen_at: datetime
    ends_at: datetime
    here: bool


def longest() -> timedelta:
    """How long a session lasts from log-in, whatever is done in it."""
    return timedelta(seconds=settings.SESSION_COOKIE_AGE)


def note_session(*, request: HttpRequest, user: User) -> None:
    """Remember a browser in which somebody has just signed in, and when: from then on its time runs."""
    request.session[SIGNED_IN] = int(timezone.now().timestamp())
    key = request.session.session_key
    if key:
        OpenSession.objects.update_or_create(
            session_key=key,
            defaults={
                "user": user,
                "signed_in_at": timezone.now(),
                "address": request.META.get("REMOTE_ADDR") or None,
                "browser": request.META.get("HTTP_USER_AGENT", "")[:200],
            },
        )


def sessions_of(user: User, *, here: str | None) -> list[Seen]:
    """The person's signed-in browsers, the latest first; ``here`` is the key of the one that asks."""
    known = {row.session_key: row for row in OpenSession.objects.filter(user=user)}
    alive = Session.objects.filter(session_key__in=list(known), expire_date__gt=timezone.now())
    found = []
    for session in alive:
        told, row = session.get_decoded(), known[session.session_key]
        if told.get("_auth_user_hash") != user.get_session_auth_hash():
            continue
        seen = told.get(LAST_SEEN)
        at = datetime.fromtimestamp(seen, UTC) if seen else row.signed_in_at
        found.append(Seen(row, at, row.signed_in_at + longest(), session.session_key == here))
    return sorted(found, key=lambda one: one.seen_at, reverse=True)


@transaction.atomic
def end_session(*, session: OpenSession, by: User) -> bool:
    """Sign out one of one's browsers; False when it had ended already."""
    ended, _rows = Session.objects.filter(session_key=session.session_key).delete()
    session.delete()
    if ended:
        audit.record(by=by, action="session.ended", target=by, after={"browser": session.browser})
    return bool(ended)


@transaction.atomic
def end_everything(*, user: User, by: Any) -> None:
    """End every session and token of an account for good: nothing that opens it later brings them back."""
    User.objects.filter(pk=user.pk).update(session_stamp=F("session_stamp") + 1)
    user.refresh_from_db(fields=["session_stamp"])
    keys: Sequence[str] = list(OpenSession.objects.filter(user=user).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    OpenSession.objects.filter(user=user).delete()
    revoke_token(user=user, by=by)


def forget_sessions(now: datetime) -> int:
    """Delete sessions whose time is over, and their lines in the lists; returns how many sessions."""
    gone, _rows = Session.objects.filter(expire_date__lt=now).delete()
    OpenSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return gone
