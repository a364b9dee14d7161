"""How allauth behaves here: nobody signs up, nobody needs an e-mail address."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse


class PortalAccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators or by the accounts ledger."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Whoever came in with a one-time password goes on to work, not to the same form again."""
        return reverse("home")
