"""Read gettext catalogues and compile them without gettext, so that serving both languages needs no Debian package.

    python -m scripts.catalogues        compile what is newer than its compiled form

Standard library only: the set-up runs it before anything is installed. The checks of `scripts.check_translations` read
catalogues through it too.
"""

from __future__ import annotations

import ast
import os
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = ("msgctxt", "msgid_plural", "msgid", "msgstr")


class CatalogueMistake(Exception):
    """A line of a catalogue cannot be read; the message says which."""


@dataclass(slots=True)
class Entry:
    """One sentence of a catalogue with its translations: one, or one for each plural form."""

    line: int
    msgid: str = ""
    plural: str = ""
    context: str = ""
    translations: dict[int, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        """What gettext looks the entry up by."""
        sentence = f"{self.msgid}\0{self.plural}" if self.plural else self.msgid
        return f"{self.context}\4{sentence}" if self.context else sentence

    @property
    def is_translated(self) -> bool:
        """Whether every plural form has a text that nobody has to look at again."""
        complete = bool(self.translations) and all(self.translations.values())
        return complete and "fuzzy" not in self.flags


def read(text: str) -> list[Entry]:
    """All entries of a .po or .pot file but the obsolete ones; the header is the entry with an empty msgid.

    Raises CatalogueMistake for a line that is none of gettext's.
    """
    entries: list[Entry] = []
    entry = Entry(line=1)
    flags: set[str] = set()
    keyword, form, has_msgid = "", 0, False

    def add(value: str) -> None:
        if keyword == "msgid":
            entry.msgid += value
        elif keyword == "msgid_plural":
            entry.plural += value
        elif keyword == "msgctxt":
            entry.context += value
        else:
            entry.translations[form] = entry.translations.get(form, "") + value

    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            if line.startswith("#,"):
                flags |= {flag.strip() for flag in line[2:].split(",")}
            continue
        if not line.startswith('"'):
            word, _, line = line.partition(" ")
            keyword, _, index = word.partition("[")
            if keyword not in KEYWORDS:
                raise CatalogueMistake(f"line {number}: {word!r} is no keyword of a catalogue")
            form = int(index.rstrip("]") or 0)
            if keyword == "msgctxt" or (keyword == "msgid" and (has_msgid or not entry.context)):
                entry = Entry(line=number, flags=flags)
                entries.append(entry)
                flags, has_msgid = set(), False
            has_msgid = has_msgid or keyword == "msgid"
        try:
            add(ast.literal_eval(line.strip()))
        except (SyntaxError, ValueError) as problem:
            raise CatalogueMistake(f"line {number}: {line!r} is not a quoted text") from problem
    return entries


def compiled(entries: list[Entry]) -> bytes:
    """The entries as a .mo file; what is not translated is left out, so that its msgid shows."""
    texts = {
        entry.key.encode(): "\0".join(
            entry.translations[form] for form in sorted(entry.translations)
        ).encode()
        for entry in entries
        if entry.is_translated
    }
    keys = sorted(texts)
    start = 28  # seven numbers: magic, revision, count, two tables, and an empty hash table
    offset = start + 16 * len(keys)
    tables, data = [], b""
    for column in (keys, [texts[key] for key in keys]):
        for value in column:
            tables.append(struct.pack("<II", len(value), offset + len(data)))
            data += value + b"\0"
    end = start + 8 * len(keys)
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), start, end, 0, offset)
    return head + b"".join(tables) + data


def compile_newer(root: Path = ROOT) -> list[Path]:
    """Compile every catalogue that is newer than its .mo file; answers what was written."""
    written = []
    for source in sorted(root.glob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        try:
            content = compiled(read(source.read_text(encoding="utf-8")))
        except CatalogueMistake as problem:
            raise CatalogueMistake(f"{source.relative_to(root)}, {problem}") from problem
        part = target.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(target)
        written.append(target)
    return written


def main() -> int:
    """Compile, and answer a mistake in one line."""
    try:
        compile_newer()
    except CatalogueMistake as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
