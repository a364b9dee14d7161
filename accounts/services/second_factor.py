"""Second factors: who must have one and from when, and whether a code proves it, each code once."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

BOUND, LAST_STEP = "second_factor", "last_step"
"""Where a session keeps that its person has one; where an authenticator keeps the 30 seconds of its last code."""


def is_bound(user: User) -> bool:
    """Whether the account asks for a code."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def due_on(user: User) -> date | None:
    """From which day on the person must have one, ``SECOND_FACTOR_GRACE_DAYS`` after the post began; ``None`` = never."""
    roles = set(settings.SECOND_FACTOR_ROLES)
    began = [post.valid_from for post in user.posts_today if post.role in roles] if roles else []
    return min(began) + timedelta(days=settings.SECOND_FACTOR_GRACE_DAYS) if began else None


def is_missing(request: HttpRequest, user: User) -> bool:
    """Whether the person must bind one before anything else; the answer of those who have one is kept with the session."""
    day = due_on(user)
    if day is None or timezone.localdate() < day or request.session.get(BOUND):
        return False
    if is_bound(user):
        request.session[BOUND] = True
        return False
    return True


@transaction.atomic
def proven_by(user: User, code: str) -> Authenticator | None:
    """What the code belongs to, of the person's app or recovery codes; each code opens once. Nothing of it depends on Redis."""
    for authenticator in Authenticator.objects.select_for_update().filter(user=user).order_by("pk"):
        if authenticator.type == Authenticator.Type.TOTP:
            right = _of_the_app(authenticator, code)
        else:
            right = authenticator.wrap().validate_code(code)
        if right:
            authenticator.user = user
            return authenticator
    return None


def _of_the_app(authenticator: Authenticator, code: str) -> bool:
    """Whether the code is that of now (one step of 30 seconds earlier or later), and newer than the last that was used."""
    secret = decrypt(authenticator.data["secret"])
    now, around = int(time.time()) // app_settings.TOTP_PERIOD, app_settings.TOTP_TOLERANCE
    for step in range(now - around, now + around + 1):
        fresh = step > authenticator.data.get(LAST_STEP, 0)
        if fresh and compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            authenticator.data[LAST_STEP] = step
            authenticator.save(update_fields=["data"])
            return True
    return False


def taken_off(user: Any) -> int:
    """Take every second factor off an account; returns how many there were."""
    return Authenticator.objects.filter(user=user).delete()[0]
