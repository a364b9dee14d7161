"""Limits on guessing: one counter in the database for pages, API and codes, per name and place."""

from __future__ import annotations

import hashlib
import math
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Max, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.errors import SignInWaits
from accounts.models import SignInAttempt, User
from foodsafe_portal.lib.addresses import place_of
from records.choices import Outcome
from records.models import AuditEvent
from records.services import audit

# So many wrong attempts for one name in one place within so long (GB/T 22239-2019 8.1.4.1 b; the numbers are the portal's default).
MOST_BY_PLACE, WINDOW = 5, timedelta(minutes=15)
MOST_BY_PLACE_A_DAY, DAY = 30, timedelta(days=1)
# Beyond so many wrong attempts from one address, a name that has not been in from there gets one attempt instead of five.
MOST_BY_ADDRESS = 300
# Beyond so many places for one name within a day, only places where its person has been before are open
# (NIST SP 800-63B 5.2.2: no more than 100 failures in a row for one account; here at most 30 places by 5 at a time).
MOST_PLACES = 30
KEPT = timedelta(days=2)
# How long a browser, or an address, counts as one where its person has been before.
REMEMBERED = timedelta(days=180)
DEVICE_SALT = "accounts.device"
DEVICE_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Device:
    """A browser in which people have signed in: a random mark and who they were."""

    mark: str
    people: tuple[int, ...]


def normalised(name: str) -> str:
    """A name as typed, without what makes no difference: outer blanks, width and case of letters."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def device_of(request: HttpRequest) -> Device | None:
    """The browser's mark, if it carries one that this portal gave out."""
    try:
        told = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=DEVICE_SALT, max_age=REMEMBERED
        )
        return Device(str(told["mark"]), tuple(told["people"]))
    except (signing.BadSignature, KeyError, TypeError):
        return None


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Mark the browser as one in which ``user`` has signed in: strangers' guesses elsewhere do not count against it."""
    known = device_of(request) or Device(secrets.token_urlsafe(16), ())
    people = [user.pk, *(pk for pk in known.people if pk != user.pk)][:DEVICE_PEOPLE]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps({"mark": known.mark, "people": people}, salt=DEVICE_SALT),
        max_age=REMEMBERED,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def begin_attempt(*, request: HttpRequest, name: str, user: User | None) -> SignInAttempt:
    """Count an attempt before it is looked at, so that a hundred at once are a hundred; ``settle_attempt`` takes it back.

    ``user`` is the account the name leads to. Raises ``SignInWaits`` when this name has to wait in this place; such an attempt is
    not counted, so that trying does not lengthen the wait.
    """
    now = timezone.now()
    address = place_of(request.META.get("REMOTE_ADDR", ""))
    device = device_of(request)
    known_browser = bool(user and device and user.pk in device.people)
    attempt = SignInAttempt.objects.create(
        at=now,
        name_key=_name_key(name, user),
        place=f"device:{device.mark}" if device and known_browser else address,
        address=address,
    )
    seconds = _seconds_to_wait(attempt, user, known_browser=known_browser)
    if seconds:
        attempt.delete()
        raise SignInWaits(seconds)
    return attempt


def settle_attempt(attempt: SignInAttempt) -> None:
    """The attempt was right: it does not count. Earlier wrong ones go on counting."""
    attempt.delete()


def note_refusal(*, attempt: SignInAttempt, name: str) -> None:
    """The attempt was wrong and stays; the one that reaches the limit is told in the trail."""
    since = attempt.at - WINDOW
    counted = SignInAttempt.objects.filter(name_key=attempt.name_key, place=attempt.place, at__gt=since)
    if counted.count() == MOST_BY_PLACE:
        audit.record(
            by=None,
            action="login.limited",
            target_type="accounts.user",
            target_name=name[:60],
            outcome=Outcome.REFUSED,
        )


def forget_attempts(now: datetime) -> int:
    """Delete attempts that count for nothing any more; returns how many."""
    return SignInAttempt.objects.filter(at__lt=now - KEPT).delete()[0]


def _name_key(name: str, user: User | None) -> str:
    text = f"user:{user.pk}" if user else f"name:{normalised(name)}"
    return hashlib.sha256(f"{settings.SECRET_KEY}:{text}".encode(errors="replace")).hexdigest()


def _seconds_to_wait(attempt: SignInAttempt, user: User | None, *, known_browser: bool) -> int:
    """How long this attempt has to wait: 0 = it may be looked at."""
    others = SignInAttempt.objects.filter(pk__lt=attempt.pk)
    here = others.filter(name_key=attempt.name_key, place=attempt.place)
    waits = [
        _until(here, attempt.at, MOST_BY_PLACE, WINDOW),
        _until(here, attempt.at, MOST_BY_PLACE_A_DAY, DAY),
    ]
    if not any(waits) and not known_browser:
        waits += [_strange_here(attempt, user), _strange_anywhere(attempt, user)]
    return max(waits)


def _until(attempts: Any, now: datetime, most: int, window: timedelta) -> int:
    """Seconds until fewer than ``most`` of the attempts lie within ``window``; 0 = now."""
    recent = attempts.filter(at__gt=now - window).order_by("-at", "-pk")
    oldest = recent.values_list("at", flat=True)[most - 1 : most].first()
    return max(1, math.ceil((oldest + window - now).total_seconds())) if oldest else 0


def _strange_here(attempt: SignInAttempt, user: User | None) -> int:
    """An address with very many failures gives a name that has not been in from there one attempt, not five."""
    since = attempt.at - WINDOW
    mine = SignInAttempt.objects.filter(
        name_key=attempt.name_key, place=attempt.place, at__gt=since, pk__lt=attempt.pk
    )
    first = mine.aggregate(first=Min("at"))["first"]
    if first is None:
        return 0
    crowd = SignInAttempt.objects.filter(address=attempt.address, at__gt=since)[:MOST_BY_ADDRESS].count()
    if crowd < MOST_BY_ADDRESS or _was_here(attempt, user):
        return 0
    return max(1, math.ceil((first + WINDOW - attempt.at).total_seconds()))


def _strange_anywhere(attempt: SignInAttempt, user: User | None) -> int:
    """A name guessed at from very many places is open only where its person has been before."""
    since = attempt.at - DAY
    elsewhere = SignInAttempt.objects.filter(name_key=attempt.name_key, at__gt=since, pk__lt=attempt.pk)
    places = elsewhere.values("place").annotate(last=Max("at")).order_by("-last")
    crowded = list(places.values_list("last", flat=True)[MOST_PLACES - 1 : MOST_PLACES])
    if not crowded or _was_here(attempt, user):
        return 0
    return max(1, math.ceil((crowded[0] + DAY - attempt.at).total_seconds()))


def _was_here(attempt: SignInAttempt, user: User | None) -> bool:
    """Whether this person has signed in from this address before."""
    if user is None or not attempt.address:
        return False
    came = AuditEvent.objects.filter(
        actor_id=user.pk, action__in=("login.done", "token.issued"), at__gt=attempt.at - REMEMBERED
    )
    addresses = came.exclude(address=None).values_list("address", flat=True).distinct()
    return any(place_of(str(address)) == attempt.address for address in addresses)
