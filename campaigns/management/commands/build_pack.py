"""``manage.py build_pack``: write an assessment's review pack."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from campaigns.errors import CampaignRefused
from campaigns.models import Assessment
from campaigns.packing import build_pack
from foodsafe_portal.lib.commands import DocumentCommand, Refusal


class Command(DocumentCommand):
    """Write the pack; the same facts give the same digest. A pack that breaks leaves no file behind."""

    help = "Write an assessment's review pack as a zip (contract: build_pack)."
    refusals = (CampaignRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which assessment, where to, and whether hidden pieces go in."""
        super().add_arguments(parser)
        parser.add_argument("out", help="the zip to write")
        parser.add_argument("--assessment", required=True, type=int, help="the assessment's number")
        parser.add_argument("--include-hidden", action="store_true", help="with pieces marked 敏感，不外送")

    def answer(self, **options: Any) -> dict[str, Any]:
        """Files, bytes, digest and what is missing."""
        found = Assessment.objects.select_related("campaign", "rulebook").filter(pk=options["assessment"])
        assessment = found.first()
        if assessment is None:
            raise Refusal(f"没有编号为 {options['assessment']} 的测评；请核对 --assessment。")
        out = Path(options["out"])
        if not out.parent.is_dir():
            raise Refusal(f"文件夹“{out.parent}”不存在；请先建好。")
        part = out.with_name(out.name + ".part")
        try:
            with part.open("wb") as target:
                built = build_pack(
                    assessment=assessment, target=target, include_hidden=options["include_hidden"]
                )
            part.replace(out)
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
        return built.as_document()
