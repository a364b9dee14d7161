"""``manage.py export``: what a list page's export button gives, written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.http import QueryDict

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from foodsafe_portal.lib.exports import FORMATS, UnknownExport, export_keys, export_kind
from records.management.people import person
from records.services.exports import ExportRefused, export_rows


class Command(DocumentCommand):
    """Export the rows a person may see, filtered as a list page's address filters them."""

    help = "Export rows to xlsx or csv (contract: export)."
    refusals = (ExportRefused, UnknownExport)

    def add_arguments(self, parser: CommandParser) -> None:
        """The kind, the file, the person, the filter."""
        super().add_arguments(parser)
        parser.add_argument("kind", help=f"one of {', '.join(export_keys())}")
        parser.add_argument("file", type=Path, help="ends in .xlsx or .csv")
        parser.add_argument("--user", required=True, help="user name of the person whose rows these are")
        parser.add_argument(
            "--filter", default="", help="query string of the list page, e.g. grade=B&duty=overdue"
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        """How many rows were written and how long it took; a refused or broken export leaves no file behind."""
        kind, by, path = export_kind(options["kind"]), person(options["user"]), options["file"]
        suffix = path.suffix.lstrip(".").lower()
        if suffix not in FORMATS:
            raise Refusal(f"文件名应以 .xlsx 或 .csv 结尾，写的是 {path.name}。")
        unfinished = path.with_name(f".{path.name}.part")
        try:
            with unfinished.open("wb") as target:
                done = export_rows(
                    kind=kind,
                    params=QueryDict(options["filter"].lstrip("?")),
                    by=by,
                    target=target,
                    suffix=suffix,
                )
            unfinished.replace(path)
        except OSError as problem:
            raise Refusal(f"写不了文件 {path}：{problem.strerror}。") from None
        finally:
            unfinished.unlink(missing_ok=True)
        return {"rows": done.rows, "seconds": done.seconds}
