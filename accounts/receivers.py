"""Log-ins, refusals, log-outs and password changes go into the trail."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver

from accounts.models import User
from accounts.services.tokens import revoke_token
from records.choices import Outcome
from records.services import audit


@receiver(user_logged_in)
def logged_in(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    """Somebody came in; ``SignInMiddleware`` marks the browser."""
    audit.record(by=user, action="login.done", target=user)
    if request is not None:
        request.signed_in = user


@receiver(user_logged_out)
def logged_out(sender: Any, user: User | None, **kwargs: Any) -> None:
    """Somebody left."""
    if user is not None:
        audit.record(by=user, action="logout.done", target=user)


@receiver(user_login_failed)
def login_failed(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    """Somebody was refused; the name typed is kept, the password never."""
    name = str(credentials.get("username") or credentials.get("login") or "")[:60]
    audit.record(
        by=None,
        action="login.refused",
        target_type="accounts.user",
        target_name=name,
        outcome=Outcome.REFUSED,
    )


@receiver(password_changed)
def changed_password(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    """The first change lifts the one-time password's limit."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(must_change_password=False)
        user.must_change_password = False
        audit.record(by=user, action="account.password_changed", target=user)
        revoke_token(user=user, by=user)
