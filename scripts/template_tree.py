"""Read a Jinja2 template of HTML as a tree in which every gap says whether blanks may stand in it.

Blanks between two pieces are *needed* where a reader would miss them, *forbidden* where a reader would see them, and *free*
beside everything that begins a line of its own on the page (a paragraph, a row of a table).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
INLINE = frozenset(
    {
        *(
            "a",
            "abbr",
            "b",
            "button",
            "code",
            "del",
            "em",
            "i",
            "img",
            "input",
            "ins",
            "kbd",
            "label",
            "mark",
            "q",
            "s",
        ),
        *("select", "small", "span", "strong", "sub", "sup", "svg", "time"),
    }
)
RAW = frozenset(("pre", "textarea", "script", "style", "noscript"))
NESTING = frozenset(["if", "for", "block", "with", "call", "macro", "filter"])
JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
WORD = re.compile(r"[^\s<{]+|[<{]")


class Gap(Enum):
    """What stands between two pieces of a page."""

    FORBIDDEN = 0
    NEEDED = 1
    FREE = 2


@dataclass(slots=True)
class Piece:
    """A word, a tag without content, an expression, a statement without end, or a comment."""

    kind: str
    text: str


@dataclass(slots=True)
class Branch:
    """What follows a statement up to the next one of its kind; ``gaps`` has one more entry than ``nodes``."""

    head: str
    nodes: list[Node] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@dataclass(slots=True)
class Element:
    """An HTML element with what it encloses."""

    name: str
    inside: Branch

    @property
    def is_block(self) -> bool:
        """Whether it begins a line of its own on the page."""
        return self.name not in INLINE


@dataclass(slots=True)
class Statement:
    """``if``, ``for``, ``block`` … with its branches and its end."""

    branches: list[Branch]
    end: str

    @property
    def word(self) -> str:
        """What it is: ``if``, ``for`` …"""
        return self.branches[0].head.split()[0]

    @property
    def always_prints(self) -> bool:
        """Whether one of the branches is always taken."""
        return self.word not in ("if", "for") or self.branches[-1].head == "else"


Node = Piece | Element | Statement


def tag_end(source: str, start: int) -> int:
    """Where the HTML tag that begins at ``start`` ends; quotes and Jinja inside it are skipped."""
    at, quote = start + 1, ""
    while at < len(source):
        jinja = JINJA.match(source, at)
        if jinja:
            at = jinja.end()
            continue
        letter = source[at]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == ">":
            return at + 1
        at += 1
    raise ValueError(f"a tag without end: {source[start : start + 60]}")


TEXT = re.compile(r'("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')')


def squeezed(code: str) -> str:
    """Code of Jinja on one line; texts in quotes stay as they are, neighbouring ones become one."""
    parts = TEXT.split(code)
    said = [parts[0]]
    for between, text in zip(parts[2::2], parts[1::2], strict=True):
        if len(said) > 1 and not said[-1].strip() and said[-2][0] == text[0]:
            said.pop()
            said[-1] = said[-1][:-1] + text[1:]
        else:
            said.append(text)
        said.append(between)
    line = "".join(part if TEXT.fullmatch(part) else _close(re.sub(r"\s+", " ", part)) for part in said)
    return line.strip()


def _close(code: str) -> str:
    """No blanks inside brackets, no comma before the closing one."""
    return re.sub(r",? *([)\]}])", r"\1", re.sub(r"([(\[{]) ", r"\1", code))


@dataclass(slots=True)
class Token:
    """One piece of the source with what its own signs say about the blanks before and after it."""

    kind: str
    text: str
    before: str = ""
    after: str = ""


def tokens(source: str) -> Iterator[Token]:
    """The pieces of a template in order, blanks among them."""
    at = 0
    while at < len(source):
        blank = re.compile(r"\s+").match(source, at)
        jinja = JINJA.match(source, at)
        if blank:
            yield Token("blank", blank[0])
            at = blank.end()
        elif jinja:
            yield _jinja(jinja[0])
            at = jinja.end()
        elif source[at] == "<" and re.match(r"<[a-zA-Z/!]", source[at : at + 2]):
            end = tag_end(source, at)
            name = tag_name(source[at:end])
            if name in RAW and not source.startswith("</", at):
                end = source.index(f"</{name}>", end) + len(name) + 3
                yield Token("raw", source[at:end])
            else:
                yield Token("tag", source[at:end])
            at = end
        else:
            word = WORD.match(source, at)
            assert word
            end = word.end()
            yield Token("word", source[at:end])
            at = end


def _jinja(text: str) -> Token:
    inner, kind = text[2:-2], {"{%": "stmt", "{{": "expr", "{#": "comment"}[text[:2]]
    before = inner[0] if inner[:1] in ("-", "+") else ""
    inner = inner[len(before) :]
    after = inner[-1] if inner[-1:] in ("-", "+") else ""
    inner = inner[: len(inner) - len(after)]
    return Token(kind, inner.strip() if kind == "comment" else squeezed(inner), before, after)


def tag_name(tag: str) -> str:
    """``a`` of ``<a href="…">`` and of ``</a>``."""
    found = re.match(r"</?([a-zA-Z][\w-]*)", tag)
    return found[1].lower() if found else ""


def spaced(source: str) -> Iterator[tuple[Gap, Token]]:
    """Every token but blanks, with the gap before it; at the end a token ``end``."""
    blank, last = "", Token("start", "", after="-")
    for token in (*tokens(source), Token("end", "", before="-")):
        if token.kind == "blank":
            blank += token.text
            continue
        begins_line = last.kind == "start"
        if last.kind in ("stmt", "comment") and last.after != "+" and blank.startswith("\n"):
            blank, begins_line = blank[1:], True
        if token.kind in ("stmt", "comment") and token.before != "+":
            rest = blank.rstrip(" \t")
            blank = rest if rest.endswith("\n") or (begins_line and not rest) else blank
        needed = blank and "-" not in (last.after, token.before)
        if token.kind == "comment" and not token.text:
            last = Token("word", "", after="-")
        else:
            yield (
                Gap.FREE if _is_edge_of_macro(last, token) else Gap.NEEDED if needed else Gap.FORBIDDEN,
                token,
            )
            last = token
        blank = ""


def _is_edge_of_macro(last: Token, token: Token) -> bool:
    """Whether a macro that prints lines of its own begins or ends here: one that leaves the blanks beside it."""
    begins = last.kind == "stmt" and last.text.startswith("macro ") and last.after != "-"
    return begins or (token.kind == "stmt" and token.text.startswith("endmacro") and token.before != "-")


class Reader:
    """Builds the tree; a tag whose other half stands elsewhere is a piece of its own."""

    def __init__(self, block_macros: frozenset[str]) -> None:
        self.block_macros = block_macros
        self.root = Branch("")
        self.open: list[tuple[Element | Statement | None, Branch]] = [(None, self.root)]

    def read(self, source: str) -> Branch:
        """The whole template as one branch."""
        for gap, token in spaced(source):
            self._take(gap, token)
        while len(self.open) > 1:
            self._flatten()
        _Edges(self.block_macros).mark(self.root)
        return self.root

    @property
    def _here(self) -> Branch:
        return self.open[-1][1]

    def _take(self, gap: Gap, token: Token) -> None:
        word = token.text.split()[0] if token.kind == "stmt" else ""
        if token.kind == "stmt" and (word in ("else", "elif") or word.startswith("end")):
            while not isinstance(self.open[-1][0], Statement):
                self._flatten()
            statement = self.open.pop()[0]
            assert isinstance(statement, Statement)
            statement.branches[-1].gaps.append(gap)
            if word in ("else", "elif"):
                statement.branches.append(Branch(token.text))
                self.open.append((statement, statement.branches[-1]))
            else:
                statement.end = token.text
            return
        if token.kind == "tag" and token.text.startswith("</"):
            element = self.open[-1][0]
            if isinstance(element, Element) and element.name == tag_name(token.text):
                self._here.gaps.append(gap)
                self.open.pop()
                return
        self._here.gaps.append(gap)
        if token.kind == "end":
            return
        self._add(token, word)

    def _add(self, token: Token, word: str) -> None:
        name = tag_name(token.text) if token.kind == "tag" else ""
        if token.kind == "stmt" and word in NESTING:
            statement = Statement([Branch(token.text)], "")
            self._here.nodes.append(statement)
            self.open.append((statement, statement.branches[0]))
        elif name and not token.text.startswith("</") and name not in VOID and not token.text.endswith("/>"):
            element = Element(name, Branch(token.text))
            self._here.nodes.append(element)
            self.open.append((element, element.inside))
        else:
            self._here.nodes.append(Piece(token.kind, token.text))

    def _flatten(self) -> None:
        """An element that is not closed where it was opened: its tag becomes a piece, its content stands beside it."""
        element, inside = self.open.pop()
        assert isinstance(element, Element)
        outer = self._here
        outer.nodes[-1] = Piece("tag", inside.head)
        outer.nodes += inside.nodes
        outer.gaps += inside.gaps


class _Edges:
    """Marks the gaps beside whatever begins a line of its own on the page as free."""

    def __init__(self, block_macros: frozenset[str]) -> None:
        self.block_macros = block_macros

    def mark(self, root: Branch) -> None:
        """All gaps of a template."""
        self._branch(root, before=True, after=True)

    def _branch(self, branch: Branch, *, before: bool, after: bool) -> None:
        edges_before = self._passed(branch, before, backwards=False)
        edges_after = self._passed(branch, after, backwards=True)
        for place, node in enumerate(branch.nodes):
            if isinstance(node, Element):
                inner = node.is_block or node.name == "button"
                self._branch(node.inside, before=inner, after=inner)
            elif isinstance(node, Statement):
                own = node.word == "call" or (
                    node.word == "block" and not node.branches[0].head.endswith("title")
                )
                for one in node.branches:
                    self._branch(
                        one,
                        before=own or (edges_before[place] and self._begins_anew(node, one, backwards=False)),
                        after=own
                        or (edges_after[place + 1] and self._begins_anew(node, one, backwards=True)),
                    )
        for place in range(len(branch.gaps)):
            if edges_before[place] or edges_after[place]:
                branch.gaps[place] = Gap.FREE

    def _begins_anew(self, node: Statement, branch: Branch, *, backwards: bool) -> bool:
        """Whether what stands outside is what a branch begins beside: not in a macro, and in a loop only where every turn ends so."""
        if node.word == "macro":
            return branch.gaps[-1 if backwards else 0] is Gap.FREE
        if node.word != "for":
            return True
        return self._passed(branch, True, backwards=backwards)[0 if backwards else -1]

    def _passed(self, branch: Branch, edge: bool, *, backwards: bool) -> list[bool]:
        """For every gap, whether an edge is what comes before it (or, backwards, after it)."""
        nodes = branch.nodes[::-1] if backwards else branch.nodes
        found = [edge]
        for node in nodes:
            edge = self._leaves(node, edge, backwards=backwards)
            found.append(edge)
        return found[::-1] if backwards else found

    def _leaves(self, node: Node, edge: bool, *, backwards: bool) -> bool:
        if isinstance(node, Element):
            return node.is_block
        if isinstance(node, Statement):
            if node.word in ("call", "block", "macro"):
                return not node.branches[0].head.endswith("title")
            ways = [
                self._passed(one, edge, backwards=backwards)[0 if backwards else -1] for one in node.branches
            ]
            return all(ways) and (node.always_prints or edge)
        if node.kind == "stmt":
            return edge if node.text.split()[0] != "include" else False
        if node.kind == "comment":
            return edge
        if node.kind == "expr":
            return node.text.split("(")[0] in self.block_macros
        if node.kind == "tag":
            return tag_name(node.text) not in INLINE
        return node.kind == "raw" and tag_name(node.text) not in ("textarea",)
