"""The search box of problems: the beginning of a number, any part of the description, the spot or the business's name.

PostgreSQL answers from an index over pairs of characters of description and spot (migration 0005); the portable way asks
the same question with LIKE. Both give the same rows.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connections
from django.db.models import BooleanField, F, Func, Q

from entities.models import Business
from entities.search import search_businesses
from inspections.querysets import ProblemQuerySet

LONGEST: Final = 60
MOST_BUSINESSES: Final = 200


class HasPairs(Func):
    """PostgreSQL: description and spot together hold all these pairs of characters (``problem_by_words_bigrams``)."""

    output_field = BooleanField()

    def __init__(self, pairs: list[str]) -> None:
        super().__init__(F("description"), F("place"))
        self.pairs = pairs

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """``bigrams(description || ' ' || place) @> ARRAY[…]``."""
        description, place = (compiler.compile(source)[0] for source in self.get_source_expressions())
        return f"bigrams({description} || ' ' || {place}) @> %s::text[]", [list(self.pairs)]


def search_problems(problems: ProblemQuerySet, term: str) -> ProblemQuerySet:
    """The problems that ``term`` describes; an empty term keeps them all.

    Of the businesses whose name holds the term the first 200 count: whoever means more than those means none of them.
    """
    word = " ".join(term[:LONGEST].replace("\0", "").split())
    if not word:
        return problems
    shops = search_businesses(Business.objects.all(), word).rows.order_by("pk")
    named = list(shops.values_list("pk", flat=True)[:MOST_BUSINESSES])
    words = Q(description__icontains=word) | Q(place__icontains=word)
    pairs = list(dict.fromkeys(word.upper()[at : at + 2] for at in range(len(word) - 1)))
    if pairs and connections[problems.db].vendor == "postgresql":
        words &= Q(HasPairs(pairs))
    return problems.filter(Q(code__startswith=word.upper()) | words | Q(business_id__in=named))
