"""Proof by the pencil: which clause a file's name means, how a piece stands on a day, and what of the asked is there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

_NUMBER = re.compile(r"^\s*(?:第\s*)?(\d{1,3}(?:\.\d{1,3}){0,5})(?!\d)(.*)$")
_EDGES: Final = " _-—–·.、,，:：()（）[]【】"
_COPY = re.compile(r"(?:\s*[（(]\d{1,2}[)）]|[-_\s]*(?:副本|最终版?|终稿|定稿|[vV]\d{1,2}))+$")


class Standing(StrEnum):
    """How a piece stands for what it is asked for."""

    VALID = "valid"
    WAITING = "waiting"
    OLD = "old"
    RETURNED = "returned"


# What fills a request first: what holds, then what may hold soon.
ORDER: Final = (Standing.VALID, Standing.WAITING, Standing.OLD, Standing.RETURNED)


@dataclass(frozen=True, slots=True)
class Named:
    """What a file's name says: the clause number (empty where it says none) and the words after it."""

    no: str
    title: str


def read_name(path: str, numbers: Collection[str]) -> Named:
    """The clause a file belongs to by its name, else by the innermost folder that begins with a number.

    ``numbers`` are the clauses that can take proof; a number that is none of them (a year, say) is part of the title.
    """
    parts = [part for part in unicodedata.normalize("NFKC", path).replace("\\", "/").split("/") if part]
    last = parts[-1] if parts else ""
    stem = last.rsplit(".", 1)[0] if "." in last else last
    no, rest = _split(stem, numbers)
    if not no:
        for folder in reversed(parts[:-1]):
            no, _rest = _split(re.sub(r"\.zip$", "", folder, flags=re.IGNORECASE), numbers)
            if no:
                break
    return Named(no, (_trimmed(rest) or _trimmed(stem))[:150])


def _trimmed(words: str) -> str:
    """Without what joins a number to a title; a bracket that was opened stays closed."""
    return words.lstrip(_EDGES).rstrip(" _-—–·.、,，:：")


def _split(stem: str, numbers: Collection[str]) -> tuple[str, str]:
    found = _NUMBER.match(stem)
    if found is None:
        return "", stem
    no = found.group(1)
    if no in numbers:
        return no, found.group(2).removeprefix("条")
    return "", stem


def title_key(title: str) -> str:
    """A title as two are compared: width, blanks, case, and marks of copies and versions aside."""
    plain = unicodedata.normalize("NFKC", title).strip()
    return re.sub(r"\s+", "", _COPY.sub("", plain)).casefold()


def standing(
    *,
    accepted: bool,
    valid_until: date | None,
    covers_to: date | None,
    newest: str,
    on: date,
    since: date | None = None,
) -> Standing:
    """How a piece stands on a day. ``accepted``: a version has passed; ``newest`` is the state of the newest version.

    Too old is what ended before ``on``, and what covers nothing from ``since`` on, where the clause asks for that.
    """
    fresh = (valid_until is None or valid_until >= on) and (
        since is None or covers_to is None or covers_to >= since
    )
    if accepted and fresh:
        return Standing.VALID
    if newest == "waiting":
        return Standing.WAITING
    if newest == "returned" or not accepted:
        return Standing.RETURNED
    return Standing.OLD


@dataclass(frozen=True, slots=True)
class Counts:
    """Asked = valid + waiting + old + returned + missing, in pieces; ``beyond`` are pieces nobody asked for, beside it."""

    asked: int = 0
    valid: int = 0
    waiting: int = 0
    old: int = 0
    returned: int = 0
    missing: int = 0
    beyond: int = 0

    def __add__(self, other: Counts) -> Counts:
        names = self.__slots__
        return Counts(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def lacking(self) -> int:
        """What still has to be brought: everything asked that neither holds nor waits."""
        return self.old + self.returned + self.missing


def counted(asked: int, standings: Iterable[Standing]) -> Counts:
    """Fill a request for ``asked`` pieces with what there is, the best first; what is left over stands beside."""
    there = sorted(standings, key=ORDER.index)
    used = there[:asked]
    number = {each: sum(1 for one in used if one is each) for each in ORDER}
    return Counts(
        asked,
        number[Standing.VALID],
        number[Standing.WAITING],
        number[Standing.OLD],
        number[Standing.RETURNED],
        asked - len(used),
        len(there) - len(used),
    )


def best_request(kind: str, requests: Sequence[tuple[int, str, int]]) -> int | None:
    """The request a file of ``kind`` serves: (key, kind, pieces lacking) each; one that lacks something first, its own kind only."""
    same = [one for one in requests if one[1] == kind]
    lacking = [one for one in same if one[2] > 0]
    chosen = (lacking or same)[:1]
    return chosen[0][0] if chosen else None
