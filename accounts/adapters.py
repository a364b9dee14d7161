"""How allauth behaves here: nobody signs up, nobody needs an e-mail address, second factors are kept sealed."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.services import second_factor
from foodsafe_portal.lib.sealing import seal, unseal

PURPOSE = "second factor"


class PortalAccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators or by the accounts ledger."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Whoever came in with a one-time password goes on to work, not to the same form again."""
        return reverse("home")


class PortalSecondFactor(DefaultMFAAdapter):
    """Second factors of the portal: sealed in the database, kept by those whose posts need them."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _("您的岗位必须有动态口令，不能解除；换手机请先请管理员重置。"),
        "cannot_generate_recovery_codes": _("请先绑定动态口令，再生成恢复码。"),
        "incorrect_code": _("口令不对或已用过；请等下一个 6 位口令再填。"),
    }

    def encrypt(self, text: str) -> str:
        """What the database keeps of a secret."""
        return seal(text, purpose=PURPOSE, keys=settings.SEALING_KEYS)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; one that was stored before sealing stands as it is."""
        return unseal(encrypted_text, purpose=PURPOSE, keys=settings.SEALING_KEYS)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not while a post of today needs it."""
        return second_factor.due_on(authenticator.user) is None
