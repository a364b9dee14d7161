"""What our pages ask of the browser packages: the class names they write and the icons they show."""

from __future__ import annotations

import re
from pathlib import Path

# Jinja's and Django's expressions, whose own quotes do not end an attribute.
BLOCK = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
CLASS_START = re.compile(r"\bclass=\"")
WORD = re.compile(r"-?[_a-zA-Z][\w-]*")
QUOTED = re.compile(r"\"([a-z][a-z0-9-]*)\"|'([a-z][a-z0-9-]*)'")
WRITTEN_ICON = re.compile(r"\bti-([a-z][a-z0-9-]*)")
FOLDERS_WITHOUT_PAGES = {"tests", "migrations", "management", "demo"}


def templates(root: Path) -> list[Path]:
    """Every template, in the order of its name."""
    return sorted((root / "templates").rglob("*.html"))


def scripts(root: Path) -> list[Path]:
    """Our own browser scripts."""
    return sorted((root / "static" / "js").glob("*.js"))


def stylesheets(root: Path) -> list[Path]:
    """Our own stylesheets."""
    return sorted((root / "static" / "css").glob("*.css"))


def modules(root: Path) -> list[Path]:
    """Python modules of the rooms that may name a class or an icon."""
    packages = (init.parent for init in sorted(root.glob("*/__init__.py")) if init.parent.name != "scripts")
    found = (file for package in packages for file in sorted(package.rglob("*.py")))
    return [file for file in found if not FOLDERS_WITHOUT_PAGES & set(file.relative_to(root).parts)]


def class_attributes(text: str) -> list[str]:
    """What stands in the class attributes of a template, quotes of expressions inside them included."""
    found = []
    for start in CLASS_START.finditer(text):
        at = start.end()
        while at < len(text) and text[at] != '"':
            inside = BLOCK.match(text, at)
            at = inside.end() if inside else at + 1
        found.append(text[start.end() : at])
    return found


def classes(root: Path) -> frozenset[str]:
    """Class names that a page may carry: those written in class attributes, and every quoted word of a script of ours."""
    words: set[str] = set()
    for file in templates(root):
        for value in class_attributes(file.read_text(encoding="utf-8")):
            words.update(WORD.findall(value))
    for file in scripts(root):
        for quoted in re.findall(r"[\"'`]([^\"'`\n]*)[\"'`]", file.read_text(encoding="utf-8")):
            words.update(WORD.findall(quoted))
    for file in modules(root):
        text = file.read_text(encoding="utf-8")
        if "class" in text:
            for one, other in re.findall(r"[\"']class[\"']\s*:\s*(?:\"([^\"]*)\"|'([^']*)')", text):
                words.update(WORD.findall(one or other))
    return frozenset(words)


def icon_words(root: Path) -> frozenset[str]:
    """Words that are an icon if Tabler has one of that name: ``ti-name``, and every word in quotes.

    Macros, rows and acts are handed names of icons from many places; a few icons too many cost less than one that is missing.
    """
    words: set[str] = set()
    for file in [*templates(root), *scripts(root), *modules(root)]:
        text = file.read_text(encoding="utf-8")
        words.update(WRITTEN_ICON.findall(text))
        words.update(one or other for one, other in QUOTED.findall(text))
    return frozenset(words)
