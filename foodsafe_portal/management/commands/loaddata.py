"""Refuses Django's ``loaddata``, which writes past services and trail, and says what to use instead."""

from __future__ import annotations

from typing import Any

from foodsafe_portal.lib.commands import DocumentCommand, Refusal


class Command(DocumentCommand):
    """``manage.py loaddata``: refused."""

    help = "Refused: it would write past the services and leave no event."

    def add_arguments(self, parser: Any) -> None:
        """Whatever was asked, the answer is the same."""
        super().add_arguments(parser)
        parser.add_argument("anything", nargs="*")

    def answer(self, **options: Any) -> dict[str, Any]:
        """Say what to use instead."""
        raise Refusal(
            "loaddata 绕过校验和审计直接写表，平台不用它；导入数据请用 import_ledger，恢复备份请按 docs/operations.md"
        )
