"""Reads bodies of the API: what is nested without end or holds text that no database keeps is refused with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser


class UnreadableBody(ParseError):
    """A body that is refused before anybody looks at its fields; its detail is the sentence to tell."""


def unwritable(document: Any) -> bool:
    """Whether a text anywhere in ``document`` holds NUL or half a character (a lone surrogate), which databases refuse."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "\0" in one or (not one.isascii() and any("\ud800" <= sign <= "\udfff" for sign in one)):
                return True
        elif isinstance(one, Mapping):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
    return False


class PortalJSON(JSONParser):
    """JSON with an end and of characters that can be kept."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The document; raises ``UnreadableBody``, which answers 400."""
        try:
            document = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise UnreadableBody(_("请求体嵌套过深，读不了；请检查生成它的程序。")) from None
        _refuse_unwritable(document)
        return document


class PortalForm(MultiPartParser):
    """Fields and files in parts, of characters that can be kept."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The fields and files; raises ``UnreadableBody``, which answers 400."""
        parts = super().parse(stream, media_type, parser_context)
        _refuse_unwritable(dict(parts.data.lists()))
        return parts


def _refuse_unwritable(document: Any) -> None:
    if unwritable(document):
        raise UnreadableBody(_("请求体中有不能保存的字符（NUL 或半个字符），请去掉后重试。"))
