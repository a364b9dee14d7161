"""One-time passwords: made at random, kept for an hour in sealed form, shown once to the person who made the accounts."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.cache import cache

# No letters or digits that look alike on a printed slip (0 O 1 l I).
SLIP_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
SLIP_LENGTH = 14
SECONDS_KEPT = 3600


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed, cut out and handed over: who, the account, its one-time password."""

    username: str
    name: str
    role: str
    password: str


def one_time_password() -> str:
    """A random password for a printed slip; it must be changed at the first log-in."""
    return "-".join(
        "".join(secrets.choice(SLIP_ALPHABET) for _ in range(part)) for part in (5, 5, SLIP_LENGTH - 10)
    )


def keep(batch_id: int, user: Any, slips: Sequence[Slip]) -> None:
    """Keep the slips of one ledger for an hour, for this person alone, sealed with the portal's key."""
    sealed = _seal().encrypt(json.dumps([asdict(slip) for slip in slips], ensure_ascii=False).encode())
    cache.set(_key(batch_id, user), sealed.decode(), SECONDS_KEPT)


def waiting(batch_id: int, user: Any) -> bool:
    """Whether slips wait for this person."""
    return cache.get(_key(batch_id, user)) is not None


def take(batch_id: int, user: Any) -> list[Slip] | None:
    """The slips of one ledger, once; None when they have been shown, the hour is over, or they are another person's."""
    key = _key(batch_id, user)
    sealed = cache.get(key)
    if sealed is None or not cache.delete(key):
        return None
    try:
        return [Slip(**slip) for slip in json.loads(_seal().decrypt(sealed.encode()))]
    except InvalidToken:
        return None


def _key(batch_id: int, user: Any) -> str:
    return f"account-slips:{batch_id}:{user.pk}"


def _seal() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"slips:{settings.SECRET_KEY}".encode()).digest()))
