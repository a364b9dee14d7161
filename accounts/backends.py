"""Log-in by user name or by mobile number, with the same cost for unknown people as for wrong passwords."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.services import signing_in


class NameOrMobileBackend(BaseBackend):
    """Finds the account by user name first, then by mobile number."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The active account whose password this is, or nothing; raises ``SignInWaits`` after too many wrong ones.

        Without a request (a command, a test's own log-in) nothing is counted.
        """
        name = (username or kwargs.get("login") or "").strip()
        if not name or password is None:
            return None
        user = User.objects.filter(username=name).first() or User.objects.filter(mobile=name).first()
        if request is None:
            return self._proven(user, password)
        attempt = signing_in.begin_attempt(request=request, name=name, user=user)
        proven = self._proven(user, password)
        if proven is None:
            signing_in.note_refusal(attempt=attempt, name=name)
        else:
            signing_in.settle_attempt(attempt)
        return proven

    @staticmethod
    def _proven(user: User | None, password: str) -> User | None:
        if user is None:
            User().set_password(password)  # an unknown person costs one hash as well
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """The account behind a session; a switched-off account has none."""
        return User.objects.filter(pk=user_id, is_active=True).first()
