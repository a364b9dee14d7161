"""Commands that answer with one JSON document: 0 done, 2 refused with a Chinese reason, 1 broken."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from foodsafe_portal.lib.instants import json_text

log = logging.getLogger(__name__)


class Refusal(Exception):
    """The command cannot do what was asked; the sentence says why and what to do."""

    def __init__(self, reason: str, **fields: Any) -> None:
        super().__init__(reason)
        self.document = {"reason": reason, **fields}


class DocumentCommand(BaseCommand):
    """A command whose ``answer`` returns the document; ``refusals`` are exceptions people can understand."""

    refusals: tuple[type[Exception], ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Every such command knows ``--json``."""
        parser.add_argument("--json", action="store_true", help="print exactly one JSON document")

    def answer(self, **options: Any) -> dict[str, Any]:
        """Do the work and return the document."""
        raise NotImplementedError

    def in_words(self, document: dict[str, Any]) -> str:
        """The document for people, when ``--json`` was not asked for."""
        return "\n".join(
            f"{key}: {value}" for key, value in document.items() if not isinstance(value, list | dict)
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the document and leave with the agreed exit code."""
        code = 0
        try:
            document = self.answer(**options)
        except Refusal as refusal:
            document, code = refusal.document, 2
        except self.refusals as refusal:
            document, code = {"reason": str(refusal)}, 2
        except Exception as error:
            log.exception("the command broke")
            document, code = {"reason": f"程序出错：{error}"}, 1
        if options.get("json"):
            self.stdout.write(json.dumps(document, ensure_ascii=False, default=json_text))
        elif code:
            self.stderr.write(str(document["reason"]))
        else:
            self.stdout.write(self.in_words(document))
        if code:
            sys.exit(code)
