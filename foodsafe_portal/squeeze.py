"""Takes the layout of templates off the pages: what stands one thing a line for people goes out in one line of markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

KEPT = frozenset({"pre", "textarea", "script", "style"})
"""Elements whose blanks and line ends mean something."""

_PIECE = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][\w-]*)|(?P<end>/?>)|(?P<gap>\s*\n\s*|\s{2,})")


class Squeezer:
    """Reads the plain text of one template piece by piece and remembers whether it stands inside a tag."""

    def __init__(self) -> None:
        self.in_tag = False
        self.opening = ""
        self.kept = ""

    def squeezed(self, text: str) -> str:
        """Inside a tag a line end is one blank, before the tag's end none; between tags it is one line end."""
        out, position = [], 0
        for piece in _PIECE.finditer(text):
            out.append(text[position : piece.start()])
            out.append(self._piece(piece, text))
            position = piece.end()
        return "".join(out) + text[position:]

    def _piece(self, piece: re.Match[str], text: str) -> str:
        said = piece.group()
        if self.kept:
            if piece["name"] and piece["close"] and piece["name"].lower() == self.kept:
                self.kept, self.in_tag, self.opening = "", True, ""
            return said
        if piece["name"]:
            self.in_tag = True
            self.opening = "" if piece["close"] else piece["name"].lower()
        elif piece["end"]:
            if self.in_tag and self.opening in KEPT:
                self.kept = self.opening
            self.in_tag, self.opening = False, ""
        elif self.in_tag:
            return "" if text[piece.end() : piece.end() + 1] == ">" else " "
        elif "\n" in said:
            return "\n"
        return said


class Squeeze(Extension):
    """Squeezes the plain text of a template when it is compiled, once and for all its pages."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Every token as it is, plain text squeezed."""
        squeezer = Squeezer()
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, token.type, squeezer.squeezed(token.value))
            else:
                yield token
