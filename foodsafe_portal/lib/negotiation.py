"""What the API speaks: JSON, whatever a client says it accepts; errors included."""

from __future__ import annotations

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class AlwaysJson(BaseContentNegotiation):
    """Whatever a client says it accepts, it gets JSON, errors included."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser of the body's content type."""
        for parser in parsers:
            kind = (request.content_type or "").split(";")[0].strip().lower()
            if kind == parser.media_type:
                return parser
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first renderer."""
        return renderers[0], renderers[0].media_type
