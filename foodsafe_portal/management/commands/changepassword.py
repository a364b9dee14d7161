"""Gives an account a one-time password from the machine itself, with its event; Django's own command would leave none."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import User
from accounts.services.people import reset_password
from foodsafe_portal.lib.commands import DocumentCommand, Refusal


class Command(DocumentCommand):
    """``manage.py changepassword NAME``: the last way in, for whoever runs the machine."""

    help = "Give an account a one-time password; the trail says that it was done on the machine."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose account."""
        super().add_arguments(parser)
        parser.add_argument("username")

    def answer(self, **options: Any) -> dict[str, Any]:
        """See ``reset_password``."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise Refusal(f"没有用户名为“{options['username']}”的账号")
        return {"username": user.username, "password": reset_password(user=user, by=None)}
