"""The search box of the register: any part of a name, a credit code, a licence number, pinyin initials.

PostgreSQL answers from an index over pairs of characters (migration 0002) and prefix indexes; the portable way asks the same
question with LIKE. Both give the same rows.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections
from django.db.models import BooleanField, F, Func, Q, QuerySet

MOST_WORDS: Final = 4
LONGEST: Final = 60
PROBED_ROWS: Final = 2000
# Of the newest 2,000 rows: from 8 hits on, walking the primary key fills a page sooner than sorting what the index finds;
# from 60 hits on it also counts to 1,000 sooner. Measured at a million rows, where a row costs 0.7 µs to walk past.
WALK_FROM: Final = 8
COUNT_WALKING_FROM: Final = 60

_CHINESE = re.compile(r"[⺀-鿿豈-﫿𠀀-𲎯]")


@dataclass(frozen=True, slots=True)
class Found:
    """The rows found, as a list to page through and — the same rows, asked in the way that counts faster — to count."""

    rows: QuerySet
    counted: QuerySet


class HasPairs(Func):
    """PostgreSQL: the name holds all these pairs of characters, in any order (answered by ``business_by_name_bigrams``)."""

    output_field = BooleanField()

    def __init__(self, name: Any, pairs: tuple[str, ...]) -> None:
        super().__init__(name)
        self.pairs = pairs

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """``bigrams(name::text) @> ARRAY[…]`` and its parameters."""
        sql, params = compiler.compile(self.get_source_expressions()[0])
        return f"bigrams({sql}::text) @> %s::text[]", [*params, list(self.pairs)]


def search_businesses(businesses: QuerySet, term: str) -> Found:
    """The businesses that every word of ``term`` describes; an empty term keeps them all.

    A word with a Chinese character is looked for anywhere in the name. Any other word may stand in the name or begin the
    credit code, the licence number or the pinyin initials of the name; a single letter only begins them.
    """
    words = _words(term)
    if not words:
        return Found(businesses, businesses)
    postgresql = connections[businesses.db].vendor == "postgresql"
    condition = Q()
    for word in words:
        condition &= _in_name(word) if _CHINESE.search(word) else _begins_or_in_name(word, indexed=postgresql)
    found = businesses.filter(condition)
    chinese = [word for word in words if _CHINESE.search(word)]
    if postgresql and chinese:
        return _by_pairs(found, chinese)
    return Found(found, found)


def _words(term: str) -> list[str]:
    """The words of a term in the width and case in which numbers are stored; blanks separate them."""
    narrow = unicodedata.normalize("NFKC", term[:LONGEST]).replace("\0", "").upper()
    return list(dict.fromkeys(narrow.split()))[:MOST_WORDS]


def _in_name(word: str) -> Q:
    """The word as a part of the name; brackets may stand there in either width."""
    wide = word.replace("(", "（").replace(")", "）")
    lookup = "name__icontains" if re.search("[A-Z]", word) else "name__contains"
    condition = Q(**{lookup: word})
    return condition if wide == word else condition | Q(**{lookup: wide})


def _begins_or_in_name(word: str, *, indexed: bool) -> Q:
    """What a code or a few letters may mean; ``indexed`` is the form in which PostgreSQL combines its four indexes."""
    ways = Q()
    for field, prefix in (("credit_code", word), ("licence_no", word), ("name_initials", word.lower())):
        if indexed:
            ways |= Q(**{f"{field}__startswith": prefix})
        else:  # SQLite's LIKE uses no index, a half-open range does
            ways |= Q(**{f"{field}__gte": prefix, f"{field}__lt": f"{prefix}\U0010ffff"})
    if len(word) == 1:
        return ways
    pairs = _pairs([word])
    return ways | (_in_name(word) & Q(HasPairs(F("name"), pairs)) if indexed and pairs else _in_name(word))


def _pieces(words: list[str]) -> list[str]:
    """The words cut at brackets, whose width in the name is unknown."""
    return [piece for word in words for piece in re.split("[()]", word) if piece]


def _pairs(words: list[str]) -> tuple[str, ...]:
    """Every pair of neighbours, each once; none for a single character."""
    return tuple(
        dict.fromkeys(piece[at : at + 2] for piece in _pieces(words) for at in range(len(piece) - 1))
    )


def _by_pairs(found: QuerySet, words: list[str]) -> Found:
    """Ask the index for rare terms and walk the primary key for common ones, whichever the newest rows suggest."""
    pairs = _pairs(words)
    if not pairs:
        return Found(found, found)
    indexed = found.filter(HasPairs(F("name"), pairs))
    hits = _hits_among_newest(found, _pieces(words))
    return Found(
        rows=found if hits >= WALK_FROM else indexed, counted=found if hits >= COUNT_WALKING_FROM else indexed
    )


def _hits_among_newest(found: QuerySet, pieces: list[str]) -> int:
    """How many of the newest rows of the whole register carry these words: a guess at how common they are."""
    table = found.model._meta.db_table
    holds = " AND ".join(["strpos(upper(name), %s) > 0"] * len(pieces))
    with connections[found.db].cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT name FROM {table} ORDER BY id DESC LIMIT {PROBED_ROWS}) newest WHERE {holds}",
            pieces,
        )
        return int(cursor.fetchone()[0])
