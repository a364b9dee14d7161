"""Refusals of the accounts room that people can understand."""

from __future__ import annotations

from django.utils.translation import gettext as _


class AccountRefused(Exception):
    """An act that cannot be done; the message is a Chinese sentence saying why and what to do."""


class SignInWaits(Exception):
    """Too many wrong attempts for this name in this place; ``seconds`` is how long the next one has to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(_("尝试次数过多，请 %(seconds)s 秒后再试。") % {"seconds": seconds})
        self.seconds = seconds
