"""How programs prove who they are: a token that follows its account, or the session of a signed-in page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication, TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed


class AccountToken(TokenAuthentication):
    """``Authorization: Token …``. A switched-off account or one that must change its password has none from then on."""

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        """The person behind a token; asked on every request, so nothing outlives the account's rights."""
        try:
            user, token = super().authenticate_credentials(key)
        except AuthenticationFailed:
            raise AuthenticationFailed(_("令牌无效或已撤销，请重新取令牌。")) from None
        if user.must_change_password:
            raise AuthenticationFailed(_("首次登录须先改密码，改好后请重新取令牌。"))
        return user, token


class PageSession(SessionAuthentication):
    """The session of the pages; what it writes carries the CSRF token."""
