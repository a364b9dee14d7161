"""Keep of a stylesheet the rules that some page can use: classes nobody writes, variables nobody reads and their kin go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CLASS = re.compile(r"\.(-?[_a-zA-Z][\w-]*)")
NEGATED = re.compile(r":not\((?:[^()]|\([^()]*\))*\)")
READ = re.compile(r"var\(\s*(--[\w-]+)")
ANIMATED = re.compile(r"animation(?:-name)?:([^;]+)")
# States and themes that none of our pages switches on; Tabler writes whole palettes for them.
UNUSED_STATES = ("[data-bs-", ".dropdown", "::-moz-focus-inner")


@dataclass
class Block:
    """A rule with its declarations, or an at-rule with the blocks inside it (`text` of one without a body ends in ;)."""

    head: str
    text: str = ""
    inner: list[Block] = field(default_factory=list)
    nested: bool = False

    def __str__(self) -> str:
        if self.nested:
            return f"{self.head}{{{''.join(map(str, self.inner))}}}"
        return f"{self.head}{{{self.text}}}" if self.head else self.text


def _pieces(css: str) -> Iterator[tuple[str, str]]:
    """Head and body of every block on the top level; ("", statement) for an at-rule without a block."""
    at = 0
    while at < len(css):
        stop, depth, quote = at, 0, ""
        begin = -1
        while stop < len(css):
            sign = css[stop]
            if quote:
                stop += sign == "\\"
                quote = "" if sign == quote else quote
            elif sign in "\"'":
                quote = sign
            elif sign == "{":
                begin = stop if depth == 0 else begin
                depth += 1
            elif sign == "}":
                depth -= 1
                if depth == 0:
                    break
            elif sign == ";" and depth == 0:
                break
            stop += 1
        if begin >= 0:
            yield css[at:begin].strip(), css[begin + 1 : stop]
        elif css[at:stop].strip():
            yield "", css[at : stop + 1].strip()
        at = stop + 1


def parse(css: str) -> list[Block]:
    """The blocks of a stylesheet, at-rules with theirs inside."""
    blocks = []
    for head, body in _pieces(COMMENT.sub("", css)):
        if head.startswith(("@media", "@supports", "@layer")):
            blocks.append(Block(head, inner=parse(body), nested=True))
        else:
            blocks.append(Block(head, body))
    return blocks


def selectors(head: str) -> list[str]:
    """A selector list at its outer commas."""
    parts, depth, last = [], 0, 0
    for at, sign in enumerate(head):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append(head[last:at])
            last = at + 1
    return [*parts, head[last:]]


def _wanted(selector: str, classes: frozenset[str]) -> bool:
    """Whether a page that writes only ``classes`` could match the selector."""
    if any(state in selector for state in UNUSED_STATES):
        return False
    return all(name in classes for name in CLASS.findall(NEGATED.sub("", selector)))


def _used_rules(blocks: Iterable[Block], classes: frozenset[str]) -> list[Block]:
    kept = []
    for block in blocks:
        if block.nested:
            inner = _used_rules(block.inner, classes)
            if inner:
                kept.append(Block(block.head, inner=inner, nested=True))
        elif block.head.startswith("@") or not block.head:
            kept.append(block)
        elif wanted := [one for one in selectors(block.head) if _wanted(one, classes)]:
            kept.append(Block(",".join(wanted), block.text))
    return kept


def _declarations(text: str) -> list[str]:
    """Declarations at their own semicolons: those of a data address or a string are none."""
    parts, depth, quote, last = [], 0, "", 0
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign == "(") - (sign == ")")
            if sign == ";" and depth == 0:
                parts.append(text[last:at])
                last = at + 1
    return [part.strip() for part in [*parts, text[last:]] if part.strip()]


def _without(blocks: Iterable[Block], read: frozenset[str]) -> list[Block]:
    """The blocks without variables that are not in ``read``, and without rules left empty."""
    kept = []
    for block in blocks:
        if block.nested:
            inner = _without(block.inner, read)
            if inner:
                kept.append(Block(block.head, inner=inner, nested=True))
            continue
        if block.head.startswith("@") or not block.head:
            kept.append(block)
            continue
        said = [
            one
            for one in _declarations(block.text)
            if not one.startswith("--") or one.split(":", 1)[0].strip() in read
        ]
        if said:
            kept.append(Block(block.head, ";".join(said)))
    return kept


def used_parts(css: str, *, classes: frozenset[str], beside: str) -> str:
    """The stylesheet without what no page uses; the same input gives the same text.

    ``classes`` are the class names pages write. ``beside`` is the text of our own stylesheets and scripts: variables and
    animations named there stay. Order is kept, so the cascade is.
    """
    blocks = _used_rules(parse(css), classes)
    before = ""
    while before != (text := "".join(map(str, blocks))):
        before = text
        blocks = _without(blocks, frozenset(READ.findall(text + beside)) | _named(beside))
    animated = " ".join(ANIMATED.findall(before + beside))
    kept = [one for one in blocks if not _is_idle_animation(one, animated)]
    return "".join(map(str, kept))


def _named(beside: str) -> frozenset[str]:
    """Variables that a script of ours asks for by name."""
    return frozenset(re.findall(r"[\"'](--[\w-]+)[\"']", beside))


def _is_idle_animation(block: Block, animated: str) -> bool:
    name = re.match(r"@(?:-\w+-)?keyframes\s+([\w-]+)", block.head)
    return name is not None and not re.search(rf"(?<![\w-]){re.escape(name[1])}(?![\w-])", animated)
