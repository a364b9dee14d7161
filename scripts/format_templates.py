"""Lay out the Jinja2 templates of the pages: one thing a line, at most 140 columns, and no blank more or less on the page.

python -m scripts.format_templates            write them
python -m scripts.format_templates --check    name those that are laid out otherwise, and exit 1
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from scripts.template_tree import JINJA, TEXT, Branch, Element, Gap, Node, Piece, Reader, Statement, squeezed

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "templates"
WIDEST = 140
WIDTH = 118
SHORT = 76
INDENT = "  "
PAIRS = {"(": ")", "[": "]", "{": "}"}


# --- one line ----------------------------------------------------------------------------------


def flat_tag(head: str) -> str:
    """A tag on one line, its Jinja squeezed; a condition that begins with a blank stands right behind an attribute."""
    first, *rest = parts_of(head)
    return first + "".join(part if re.match(r"\{% if [^%]*%\} ", part) else f" {part}" for part in rest)


def flat(node: Node) -> str | None:
    """A piece of a page on one line; None where it has to stand on several."""
    if isinstance(node, Piece):
        return flat_piece(node)
    if isinstance(node, Element):
        inside = flat_branch(node.inside)
        holds_block = any(isinstance(one, Element) and one.is_block for one in node.inside.nodes)
        if inside is None or (holds_block and node.is_block):
            return None
        return f"{flat_tag(node.inside.head)}{inside}</{node.name}>"
    if node.word not in ("if", "block") or len(node.branches) > 2:
        return None
    parts = []
    for branch in node.branches:
        inside = flat_branch(branch)
        if inside is None or any(
            isinstance(one, Statement | Element) and not _is_inline(one) for one in branch.nodes
        ):
            return None
        parts.append(f"{{% {branch.head} %}}{inside}")
    line = f"{''.join(parts)}{{% {node.end} %}}"
    return line if len(line) <= (SHORT if node.word == "if" else WIDTH) else None


def _is_inline(node: Node) -> bool:
    return isinstance(node, Element) and not node.is_block


def flat_piece(piece: Piece) -> str | None:
    """A word, tag, expression or statement on one line."""
    if piece.kind == "expr":
        return f"{{{{ {piece.text} }}}}"
    if piece.kind == "stmt":
        return f"{{% {piece.text} %}}"
    if piece.kind == "tag":
        return flat_tag(piece.text) if piece.text[1] not in "!" else piece.text
    if piece.kind == "comment":
        return f"{{# {piece.text} #}}" if "\n" not in piece.text else None
    return piece.text


def flat_branch(branch: Branch) -> str | None:
    """What a tag or statement encloses on one line, or None."""
    line = ""
    for place, gap in enumerate(branch.gaps):
        line += " " if gap is Gap.NEEDED else ""
        if place < len(branch.nodes):
            node = branch.nodes[place]
            said = None if isinstance(node, Piece) and node.kind in ("stmt", "comment") else flat(node)
            if said is None:
                return None
            line += said
    return line


# --- code of Jinja on several lines -------------------------------------------------------------


def broken_code(code: str, indent: str, *, room: int = WIDTH) -> list[str]:
    """Code of Jinja, its longest brackets opened, one entry a line; the first line carries no indent."""
    if len(indent) + len(code) <= room:
        return [code]
    if TEXT.fullmatch(code):
        return [*_broken_text(code, room - len(indent))]
    start, end = _longest_brackets(code)
    if start < 0:
        return [code]
    entries = _split(code[start + 1 : end], ",")
    lines = [code[: start + 1]]
    comma = "" if code.startswith("macro ") else ","
    for place, entry in enumerate(entries):
        inner = broken_code(entry, indent + INDENT, room=room)
        inner[-1] += "," if place < len(entries) - 1 else comma
        lines += [INDENT + line for line in inner]
    return [*lines, code[end:]]


def _broken_text(text: str, room: int) -> list[str]:
    quote, rest, lines = text[0], text[1:-1], []
    while len(rest) > room - 4:
        cut = max(rest.rfind(sign, 0, room - 6) for sign in "，。；、 ") + 1 or room - 6
        lines.append(f"{quote}{rest[:cut]}{quote}")
        rest = rest[cut:]
    return [*lines, f"{quote}{rest}{quote}"]


def _longest_brackets(code: str) -> tuple[int, int]:
    best, open_at = (-1, -1), []
    for place, letter in _outside_texts(code):
        if letter in PAIRS:
            open_at.append(place)
        elif letter in ")]}" and open_at:
            start = open_at.pop()
            if not open_at and place - start > best[1] - best[0] and place > start + 1:
                best = (start, place)
    return best


def _outside_texts(code: str) -> Iterable[tuple[int, str]]:
    at = 0
    for part in TEXT.split(code):
        if not TEXT.fullmatch(part):
            yield from enumerate(part, start=at)
        at += len(part)


def _split(code: str, sign: str) -> list[str]:
    depth, start, found = 0, 0, []
    for place, letter in _outside_texts(code):
        depth += (letter in PAIRS) - (letter in ")]}")
        if letter == sign and not depth:
            found.append(code[start:place].strip())
            start = place + 1
    return [one for one in [*found, code[start:].strip()] if one]


def broken_jinja(opening: str, code: str, closing: str, indent: str) -> list[str]:
    """An expression or a statement with its braces, on as many lines as it needs."""
    line = f"{indent}{opening} {code} {closing}"
    if len(line) <= WIDTH:
        return [line]
    if code.startswith("from "):
        head, names = code.split(" import ")
        return [
            f"{indent}{opening} {head} import",
            *_filled(_split(names, ","), indent + INDENT),
            f"{indent}{closing}",
        ]
    if (code.startswith(("if ", "elif ")) and _longest_brackets(code)[0] < 0) or (
        " and " in code and len(line) > WIDEST
    ):
        words = re.split(r" (?=(?:and|or) )", code)
        lines = [words[0], *(INDENT * 2 + word for word in words[1:])]
    else:
        lines = broken_code(code, indent + INDENT)
    lines = [indent + one for one in lines]
    lines[0] = f"{indent}{opening} {lines[0].lstrip()}"
    lines[-1] += f" {closing}"
    return lines


def _filled(words: list[str], indent: str) -> list[str]:
    lines = [indent]
    for place, word in enumerate(words):
        word += "," if place < len(words) - 1 else ""
        if len(lines[-1]) + len(word) > WIDTH:
            lines.append(indent)
        lines[-1] += word if lines[-1] == indent else f" {word}"
    return lines


# --- tags on several lines ----------------------------------------------------------------------


def parts_of(head: str) -> list[str]:
    """``<a``, then each attribute with what is glued to it, the last with ``>``."""
    parts, at, depth, quote, part = [], 0, 0, "", ""
    while at < len(head):
        jinja = JINJA.match(head, at)
        if jinja:
            code = squeezed(jinja[0][2:-2].strip("-+"))
            word = code.split()[0] if jinja[0].startswith("{%") else ""
            depth += (word in ("if", "for", "block")) - word.startswith("end") if word else 0
            braces = jinja[0][:2], jinja[0][-2:]
            if word == "if" and depth == 1 and not quote and part:
                parts.append(part)
                part = ""
            part += f"{braces[0]} {code} {braces[1]}"
            at = jinja.end()
            continue
        letter = head[at]
        if letter in "\"'" and quote in ("", letter):
            quote = "" if quote else letter
        if letter.isspace() and not quote and not depth:
            if part:
                parts.append(part)
            part = ""
        elif letter.isspace():
            part += "" if part.endswith((" ", "%}")) and depth and not quote and part.endswith(" ") else " "
        else:
            part += letter
        at += 1
    if part in (">", "/>") and parts:
        parts[-1] += part
    elif part:
        parts.append(part)
    return [_one_blank(one) for one in parts]


def _one_blank(part: str) -> str:
    """Blanks folded outside of Jinja."""
    pieces, at = [], 0
    for found in JINJA.finditer(part):
        pieces += [re.sub(r"\s+", " ", part[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*pieces, re.sub(r"\s+", " ", part[at:])])


def broken_tag(head: str, indent: str, layout: Layout) -> list[str]:
    """A tag with one attribute a line."""
    first, *rest = parts_of(head)
    lines = [indent + first]
    for part in rest:
        line = f"{indent}{INDENT}{part}"
        lines += [line] if len(line) <= WIDEST else layout.attribute(part, indent + INDENT)
    return lines


# --- the page ----------------------------------------------------------------------------------


def _turns(condition: str) -> list[str]:
    """The statements of a condition and what stands between them; conditions inside it stay whole."""
    found, depth, start = [], 0, 0
    for jinja in JINJA.finditer(condition):
        word = jinja[0].strip("{}%-+ ").split()[0] if jinja[0].startswith("{%") else ""
        depth -= word.startswith("end")
        if (word and depth == 0) or (word in ("else", "elif") and depth == 1):
            found += [condition[start : jinja.start()], jinja[0]]
            start = jinja.end()
        depth += word in ("if", "for", "block")
    return [*found, condition[start:]]


class Layout:
    """Prints a tree as lines."""

    def __init__(self, block_macros: frozenset[str]) -> None:
        self.block_macros = block_macros

    def page(self, source: str) -> str:
        """A whole template, laid out."""
        root = Reader(self.block_macros).read(source)
        lines: list[str] = []
        for place, node in enumerate(root.nodes):
            if lines and self._stands_apart(node, root.nodes[place - 1]):
                lines.append("")
            lines = (
                lines + self.lines(node, "")
                if lines and lines[-1] == ""
                else self._joined(lines, self.lines(node, ""), root.gaps[place])
            )
        return "\n".join(lines).strip("\n") + "\n"

    @staticmethod
    def _stands_apart(node: Node, last: Node) -> bool:
        if isinstance(node, Piece) and node.kind == "comment":
            return True
        is_macro = isinstance(node, Statement) and node.word == "macro"
        after_comment = isinstance(last, Piece) and last.kind == "comment"
        return (is_macro or (isinstance(last, Statement) and last.word == "macro")) and not after_comment

    def attribute(self, part: str, indent: str) -> list[str]:
        """An attribute wider than a line: what stands between its quotes, or its condition, on lines of its own."""
        found = re.fullmatch(r"([\w:-]+=)([\"'])(.*)\2(/?>?)", part, re.DOTALL)
        if found:
            head, quote, value, end = found.groups()
            inside = Reader(self.block_macros).read(value)
            self._nothing_free(inside)
            lines = self._joined(
                [f"{indent}{head}{quote}"], self.branch(inside, indent + INDENT), inside.gaps[0]
            )
            return self._joined(lines, [f"{indent}{quote}{end}"], inside.gaps[-1])
        found = re.fullmatch(r"(.*?)(\{% (?:if|block) .*\{% end\w+ %\})(/?>?)", part, re.DOTALL)
        if not found:
            return [indent + part]
        head, condition, end = found.groups()
        lines = [indent + head] if head else []
        for bit in _turns(condition):
            if bit.startswith("{%"):
                lines.append(indent + bit)
            else:
                for one in parts_of(bit):
                    inner = f"{indent}{INDENT}{one}"
                    lines += [inner] if len(inner) <= WIDEST else self.attribute(one, indent + INDENT)
        return [*lines, indent + end] if end else lines

    def _nothing_free(self, branch: Branch) -> None:
        branch.gaps = [Gap.FORBIDDEN if gap is Gap.FREE else gap for gap in branch.gaps]
        for node in branch.nodes:
            if isinstance(node, Statement):
                for one in node.branches:
                    self._nothing_free(one)

    def lines(self, node: Node, indent: str) -> list[str]:
        """One piece of the page on as many lines as it needs."""
        line = flat(node)
        if line is not None and len(indent) + len(line) <= WIDTH:
            return [indent + line]
        if isinstance(node, Piece):
            return self._piece(node, line, indent)
        if isinstance(node, Element):
            return self._element(node, indent)
        found: list[str] = []
        gap = Gap.FREE
        for branch in node.branches:
            head = broken_jinja("{%", branch.head, "%}", indent)
            found = self._joined(found, head, gap)
            found = self._joined(found, self.branch(branch, indent + INDENT), branch.gaps[0])
            gap = branch.gaps[-1]
        return self._joined(found, [f"{indent}{{% {node.end} %}}"], gap)

    def _piece(self, piece: Piece, line: str | None, indent: str) -> list[str]:
        if piece.kind == "expr":
            return broken_jinja("{{", piece.text, "}}", indent)
        if piece.kind == "stmt":
            return broken_jinja("{%", piece.text, "%}", indent)
        if piece.kind == "tag":
            return broken_tag(piece.text, indent, self)
        if piece.kind == "comment":
            words = [one.strip() for one in piece.text.splitlines()]
            return [f"{indent}{{#", *(indent + INDENT + one for one in words), f"{indent}#}}"]
        return [indent + (line or piece.text)]

    def _element(self, element: Element, indent: str) -> list[str]:
        head = flat_tag(element.inside.head)
        opened = (
            [indent + head]
            if len(indent) + len(head) <= WIDTH
            else broken_tag(element.inside.head, indent, self)
        )
        inside, gaps = element.inside, element.inside.gaps
        if not inside.nodes:
            return [*opened[:-1], f"{opened[-1]}</{element.name}>"]
        content = flat_branch(inside)
        last = f"{content}</{element.name}>"
        if (
            len(opened) > 1
            and content is not None
            and len(opened[-1] + last) <= WIDTH
            and not element.is_block
        ):
            return [*opened[:-1], opened[-1] + last]
        found = self._joined(opened, self.branch(inside, indent + INDENT), gaps[0])
        return self._joined(found, [f"{indent}</{element.name}>"], gaps[-1])

    def branch(self, branch: Branch, indent: str) -> list[str]:
        """What a tag or statement encloses, line by line."""
        found: list[str] = []
        open_line = False
        for place, node in enumerate(branch.nodes):
            gap = branch.gaps[place] if place else Gap.FREE
            line = flat(node) if not (isinstance(node, Piece) and node.kind in ("stmt", "comment")) else None
            blank = " " if gap is Gap.NEEDED else ""
            if (
                open_line
                and line is not None
                and gap is not Gap.FREE
                and len(found[-1]) + len(blank + line) <= WIDTH
            ):
                found[-1] += blank + line
                continue
            found = self._joined(found, self.lines(node, indent), gap)
            open_line = line is not None and len(found[-1]) <= WIDTH and found[-1] == indent + line
        return found

    @staticmethod
    def _joined(above: list[str], below: list[str], gap: Gap) -> list[str]:
        """Two runs of lines, with the signs that keep the blanks between them as they have to be."""
        if not above or not below or gap is Gap.FREE:
            return above + below
        above, below = [*above], [*below]
        last, first = above[-1], below[0].lstrip()
        indent = below[0][: len(below[0]) - len(first)]
        if gap is Gap.FORBIDDEN:
            if first.startswith(("{{", "{%")) and not re.match(r"\s*\{% macro ", last):
                below[0] = f"{indent}{first[:2]}-{first[2:]}"
            elif last.endswith(("}}", "%}")):
                above[-1] = f"{last[:-2]}-{last[-2:]}"
            else:
                above.append(f"{indent}{{#- -#}}")
        elif last.endswith("%}") and (first.startswith(("{%", "{#")) or not indent):
            above[-1] = f"{last[:-2]}+%}}"
        return above + below


# --- the folder --------------------------------------------------------------------------------


def block_macros(sources: Iterable[str]) -> frozenset[str]:
    """The macros that print lines of their own: those of which neither end swallows the blanks around it."""
    return frozenset(
        name for source in sources for name in re.findall(r"\{% macro (\w+)\([^%]*?\) %\}", source)
    )


def laid_out(sources: Mapping[Path, str]) -> dict[Path, str]:
    """Every template as it should stand."""
    layout = Layout(block_macros(sources.values()))
    return {path: layout.page(source) for path, source in sources.items()}


def main() -> int:
    """Lay out every template, or say which are laid out otherwise."""
    check = "--check" in sys.argv[1:]
    paths = [path for path in sorted(PAGES.rglob("*.html")) if PAGES / "django" not in path.parents]
    sources = {path: path.read_text(encoding="utf-8") for path in paths}
    wanted = laid_out(sources)
    while not check and wanted != (again := laid_out(wanted)):
        wanted = again  # a macro that turned out to print lines of its own frees the blanks beside its calls
    changed = [path for path in paths if wanted[path] != sources[path]]
    for path in changed:
        print(f"{'not laid out' if check else 'laid out'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
