"""Tokens for programs: named, for a time, kept as digests; issued to whoever proved who they are, revoked with every new password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import AccountRefused
from accounts.models import ApiToken, User
from records.services import audit


def digest_of(key: str) -> str:
    """What is kept of a token: nobody who reads the database can use it."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def issue_token(*, user: User, name: str = "") -> str:
    """A new token, told once; the person's one of the same ``name`` stops working.

    Raises ``AccountRefused`` while the one-time password has not been changed.
    """
    if user.must_change_password:
        raise AccountRefused(_("首次登录须先改密码，请先在网页上登录并修改密码。"))
    User.objects.select_for_update().get(pk=user.pk)
    ApiToken.objects.filter(user=user, name=name).delete()
    key, now = secrets.token_hex(20), timezone.now()
    expires = now + timedelta(days=settings.API_TOKEN_DAYS)
    ApiToken.objects.create(user=user, name=name, digest=digest_of(key), created_at=now, expires_at=expires)
    audit.record(
        by=user,
        action="token.issued",
        target=user,
        after={"name": name, "expires": expires.isoformat()},
    )
    return key


@transaction.atomic
def revoke_token(*, user: User, by: User | None, token: ApiToken | None = None) -> bool:
    """Take one token of the account back, all of them without ``token``; False when there was none. The event tells who did it."""
    tokens = ApiToken.objects.filter(user=user)
    removed, _rows = (tokens.filter(pk=token.pk) if token else tokens).delete()
    if removed:
        audit.record(by=by, action="token.revoked", target=user)
    return bool(removed)
