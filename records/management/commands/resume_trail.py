"""``manage.py resume_trail``: let sealing go on after a restore that lost sealed events."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from records.management.people import person
from records.services.seal import resume_trail


class Command(DocumentCommand):
    """Say, beside the anchors and in the trail, from where the chain goes on and why."""

    help = "Resume sealing behind a cut, after the documented restore of an older backup."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who says so and why."""
        super().add_arguments(parser)
        parser.add_argument("--user", required=True, help="user name of an auditor")
        parser.add_argument("--reason", required=True, help="e.g. which backup was restored and why")

    def answer(self, **options: Any) -> dict[str, Any]:
        """The anchor that was lost."""
        by = person(options["user"])
        if "auditor" not in by.roles:
            raise Refusal("只有审计管理员能让封存继续；请核对 --user")
        if not options["reason"].strip():
            raise Refusal("请用 --reason 写明原因，例如恢复了哪一份备份")
        lost = resume_trail(reason=options["reason"].strip(), by=by)
        if lost is None:
            raise Refusal("封存链与存档一致，没有要接续的")
        return {"lost": str(lost)}
