"""Tokens for programs: issued against name and password, one per account, revoked at will and with every new password."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.authtoken.models import Token

from accounts.errors import AccountRefused
from accounts.models import User
from records.services import audit


@transaction.atomic
def issue_token(*, user: User) -> Token:
    """A new token of a person who has just proved who they are; the one before stops working.

    Raises ``AccountRefused`` while the one-time password has not been changed.
    """
    if user.must_change_password:
        raise AccountRefused(_("首次登录须先改密码，请先在网页上登录并修改密码。"))
    User.objects.select_for_update().get(pk=user.pk)
    Token.objects.filter(user=user).delete()
    token = Token.objects.create(user=user)
    audit.record(by=user, action="token.issued", target=user)
    return token


@transaction.atomic
def revoke_token(*, user: User, by: User | None) -> bool:
    """Take the account's token back; False when it had none. The event tells who did it."""
    removed, _ = Token.objects.filter(user=user).delete()
    if removed:
        audit.record(by=by, action="token.revoked", target=user)
    return bool(removed)
