"""Says a sentence that was stored in Chinese in the reader's language.

Verdicts of ledgers, reasons of scores and refusals are stored as they were said, in Chinese, with their numbers and names in
them. A room declares the patterns it says by ``may_be_stored``; ``told`` finds the pattern again and fills its translation
with what stands in the sentence. What no pattern fits stays as it is: Chinese, never half translated.
"""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

_PLACE = re.compile(r"%\((?P<name>\w+)\)s")
_patterns: dict[str, re.Pattern[str]] = {}


def may_be_stored(*sentences: str) -> None:
    """Declare sentences (msgids, marked by ``gettext_noop``) that are stored with their ``%(names)s`` filled.

    A name that ends in ``_said`` stands for something that is itself such a sentence, one that begins with ``n_`` for a number.
    """
    for sentence in sentences:
        _patterns[sentence] = _pattern_of(sentence)
    _by_words.cache_clear()


def _pattern_of(sentence: str) -> re.Pattern[str]:
    parts, end, seen = [], 0, set()
    for place in _PLACE.finditer(sentence):
        parts.append(re.escape(sentence[end : place.start()].replace("%%", "%")))
        name = place["name"]
        what = r"[0-9][0-9.,]*" if name.startswith("n_") else ".+" if name.endswith("_said") else ".+?"
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{what})")
        seen.add(name)
        end = place.end()
    parts.append(re.escape(sentence[end:].replace("%%", "%")))
    return re.compile("".join(parts), re.DOTALL)


@lru_cache(maxsize=1)
def _by_words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Every pattern, the one with the most words of its own first: it says most exactly what is meant."""
    return tuple(sorted(_patterns.items(), key=lambda known: -len(_PLACE.sub("", known[0]))))


def told(sentence: str | None) -> str:
    """A stored Chinese sentence in the reader's language, as far as the catalogue has its pattern."""
    if not sentence or (get_language() or "zh").startswith("zh"):
        return sentence or ""
    return _whole(sentence) or _by_clauses(sentence) or sentence


def is_known(sentence: str) -> bool:
    """Whether ``told`` has words for all of a sentence in other languages: its pattern, or the patterns of its clauses."""
    known = sentence in _patterns or any(pattern.fullmatch(sentence) for _key, pattern in _by_words())
    clauses = sentence.split("；")
    return known or (len(clauses) > 1 and all(is_known(clause) for clause in clauses))


def _whole(sentence: str) -> str:
    """The translation of a sentence that is in the catalogue, as it is or by its pattern; '' where there is none."""
    if (same := _(sentence)) != sentence:
        return same
    for pattern, fits in _by_words():
        if found := fits.fullmatch(sentence):
            values = {
                name: told(value) if name.endswith("_said") else value.replace("”、“", "”, “")
                for name, value in found.groupdict().items()
            }
            translated = _(pattern)
            return translated % values if translated != pattern else ""
    return ""


def _by_clauses(sentence: str) -> str:
    """A sentence of several clauses, when every one of them is known; '' otherwise."""
    clauses = [_whole(clause) for clause in sentence.split("；")]
    return "; ".join(clauses) if len(clauses) > 1 and all(clauses) else ""
