"""Refuses Django's ``createsuperuser``, which writes past services and trail, and says what to use instead."""

from __future__ import annotations

from typing import Any

from foodsafe_portal.lib.commands import DocumentCommand, Refusal


class Command(DocumentCommand):
    """``manage.py createsuperuser``: refused."""

    help = "Refused: it would write past the services and leave no event."

    def add_arguments(self, parser: Any) -> None:
        """Whatever was asked, the answer is the same."""
        super().add_arguments(parser)
        parser.add_argument("anything", nargs="*")

    def answer(self, **options: Any) -> dict[str, Any]:
        """Say what to use instead."""
        raise Refusal(
            "平台没有超级用户：权限只来自岗位。新装的平台请用 found_city 建三个管理员，忘记密码请用 changepassword"
        )
