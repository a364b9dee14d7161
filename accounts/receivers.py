"""Log-ins, refusals, log-outs and password changes go into the trail."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa import signals as second_factors
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.second_factor import due_on, is_bound
from accounts.services.sessions import note_session
from accounts.services.tokens import revoke_token
from records.choices import Outcome
from records.services import audit


@receiver(user_logged_in)
def logged_in(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    """Somebody came in; ``SignInMiddleware`` marks the browser."""
    audit.record(by=user, action="login.done", target=user)
    if request is not None:
        request.signed_in = user
        note_session(request=request, user=user)
        _remind(request, user)


def _remind(request: Any, user: User) -> None:
    """Tell whose post will need a second factor by when, while it is still missing."""
    day = due_on(user)
    if day is not None and day > timezone.localdate() and not is_bound(user):
        said = _("您的岗位须在 %(day)s 前绑定动态口令，到期后不绑定不能继续使用。") % {"day": day.isoformat()}
        messages.warning(request, said, fail_silently=True)


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


@receiver(post_save, sender=Authenticator)
def second_factor_bound(sender: Any, instance: Any, created: bool, **kwargs: Any) -> None:
    """An app or a list of recovery codes was bound to an account, in the transaction that binds it."""
    if created:
        after = {"type": instance.type}
        audit.record(by=instance.user, action="second_factor.bound", target=instance.user, after=after)


@receiver(second_factors.authenticator_removed)
def second_factor_removed(sender: Any, user: User, authenticator: Any, **kwargs: Any) -> None:
    """Its person took a second factor off."""
    audit.record(by=user, action="second_factor.removed", target=user, after={"type": authenticator.type})


@receiver(second_factors.authenticator_used)
def second_factor_used(sender: Any, user: User, authenticator: Any, **kwargs: Any) -> None:
    """A code was right; the one of a recovery list is worth knowing."""
    if authenticator.type == "recovery_codes":
        audit.record(by=user, action="second_factor.recovery_used", target=user)
