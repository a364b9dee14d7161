"""Is every sentence of the interface translated? Extracts all of them again and compares with the English catalogue.

    .venv/bin/python -m scripts.check_translations

Exits 1 and names every sentence that is missing from the catalogue, has no English text, waits for somebody to look at it
(fuzzy), loses a placeholder, or still shows Chinese characters; and Chinese text of a template that no translation can reach.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import django
from django.core.management.base import CommandError
from django.template.base import Lexer, TokenType
from jinja2 import nodes

from foodsafe_portal.jinja import pages
from foodsafe_portal.management.commands import makemessages
from foodsafe_portal.management.commands.makemessages import is_jinja
from scripts.catalogues import ROOT, CatalogueMistake, Entry, read

CATALOGUE = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"
SOURCES = ("accounts", "campaigns", "entities", "foodsafe_portal", "inspections", "records", "templates")
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
CHINESE_WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
NAME_OF_LANGUAGE = re.compile(r'lang="zh-Hans"|>中文<|^\s*中文\s*$')
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%n|%%|%[sd]|\{\w*\}|</?\w[^>]*>")


class Extraction(makemessages.Command):
    """The portal's own extraction, which keeps what it found instead of writing it into the catalogue."""

    found: str = ""

    def write_po_file(self, potfile: str, locale: str) -> None:
        """Take the sentences as they were extracted; the catalogue stays as it is."""
        self.found = Path(potfile).read_text(encoding="utf-8")


def sentences_of_the_source() -> list[Entry]:
    """Every sentence that Python and the templates mark for translation."""
    others = sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in SOURCES)
    command = Extraction(stdout=io.StringIO(), stderr=io.StringIO())
    command.run_from_argv(
        [
            "manage.py",
            "makemessages",
            "--locale=en",
            "--no-location",
            *(f"--ignore={name}" for name in others),
        ]
    )
    return [entry for entry in read(command.found) if entry.msgid]


def shown(sentence: str) -> str:
    """A sentence on one line, shortened."""
    line = " ".join(sentence.split())
    return f"“{line}”" if len(line) <= 80 else f"“{line[:79]}…”"


def mistakes(source: Iterable[Entry], catalogue: Iterable[Entry]) -> Iterator[str]:
    """What is wrong with the catalogue, one line each."""
    translated = {entry.key: entry for entry in catalogue if entry.msgid}
    for key in sorted({entry.key for entry in source} - translated.keys()):
        yield f"not in the catalogue: {shown(key)}"
    for entry in translated.values():
        where = f"line {entry.line}, {shown(entry.msgid)}"
        if "fuzzy" in entry.flags:
            yield f"{where}: somebody has to confirm this guess (fuzzy)"
        elif not entry.is_translated:
            yield f"{where}: no English text"
            continue
        for form, text in sorted(entry.translations.items()):
            wanted = entry.plural if form and entry.plural else entry.msgid
            lost = sorted(set(PLACEHOLDER.findall(wanted)) ^ set(PLACEHOLDER.findall(text)))
            if lost:
                yield f"{where}: not the same placeholders on both sides: {' '.join(lost)}"
            if CHINESE.search(text):
                yield f"{where}: Chinese characters in the English text {shown(text)}"


def unreachable(templates: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Chinese text of Django's templates, given as (name, source), that stands outside of every translation tag."""
    for name, source in templates:
        inside = ""
        for token in Lexer(source).tokenize():
            word = token.contents.split(maxsplit=1)[0] if token.contents.split() else ""
            if token.token_type == TokenType.BLOCK and word in {"blocktranslate", "blocktrans", "comment"}:
                inside = word
            elif token.token_type == TokenType.BLOCK and word == f"end{inside}":
                inside = ""
            elif token.token_type == TokenType.TEXT and not inside:
                yield from _bare(name, token.lineno or 1, token.contents)


def unreachable_in_pages(templates: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Chinese text of the pages' Jinja2 templates that no call of gettext encloses, printed or as a text in an expression."""
    env = pages()
    for name, source in templates:
        for number, kind, text in env.lex(source):
            if kind == "data":
                yield from _bare(name, number, text)
        tree = env.parse(source)
        said = {
            id(argument)
            for call in tree.find_all(nodes.Call)
            if isinstance(call.node, nodes.Name) and call.node.name in {"_", "gettext", "ngettext"}
            for argument in call.args
        }
        for constant in tree.find_all(nodes.Const):
            value = constant.value
            if isinstance(value, str) and CHINESE_WORD.search(value) and id(constant) not in said:
                yield f"{name}:{constant.lineno}: Chinese text outside of a translation: {shown(value)}"


def _bare(name: str, first_line: int, text: str) -> Iterator[str]:
    """Lines of a template's plain text that hold Chinese; the name of the language itself is no sentence."""
    for number, line in enumerate(re.sub(r"(?s)<!--.*?-->", "", text).split("\n")):
        if CHINESE.search(line) and not NAME_OF_LANGUAGE.search(line):
            yield f"{name}:{first_line + number}: Chinese text outside of a translation: {shown(line)}"


def main() -> int:
    """Extract, compare, and print what is wrong."""
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "foodsafe_portal.settings")
    django.setup()
    try:
        found = [*mistakes(sentences_of_the_source(), read(CATALOGUE.read_text(encoding="utf-8")))]
    except (CommandError, CatalogueMistake, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    files = sorted((ROOT / "templates").rglob("*.html"))
    for check, wanted in ((unreachable, False), (unreachable_in_pages, True)):
        sources = ((path, path.read_text(encoding="utf-8")) for path in files if is_jinja(path) is wanted)
        found += check((str(path.relative_to(ROOT)), source) for path, source in sources)
    for line in found:
        print(line)
    if found:
        print(
            f"{len(found)} mistakes. To bring new sentences into the catalogue: "
            ".venv/bin/python manage.py makemessages -l en --no-location --no-wrap --no-obsolete --ignore=.venv "
            "--ignore=var --ignore=tests --ignore=node_modules; then translate them.",
            file=sys.stderr,
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
