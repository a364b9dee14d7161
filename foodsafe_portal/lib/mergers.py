"""Where merged regions have gone: plain arithmetic on region codes, for reading by territory and for counting by place.

A merged region keeps its code and its facts; ``mergers`` maps its code to the code of the region it went into. Everything
below it goes with it, unless it was merged on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

Mergers = Mapping[str, str]
DIGITS: Final = (12, 9, 6, 4, 2)


def carrier_of(code: str, mergers: Mergers) -> str:
    """The narrowest merged region that holds ``code``, itself included; '' when none does."""
    return next((code[:size] for size in DIGITS if size <= len(code) and code[:size] in mergers), "")


def home_of(code: str, mergers: Mergers) -> str:
    """The region in which what lies in ``code`` counts now; the code itself when nothing above it was merged."""
    if not mergers:  # asked for every row of a ledger, and most cities have never merged anything
        return code
    followed: set[str] = set()
    while (carrier := carrier_of(code, mergers)) and carrier not in followed:
        followed.add(carrier)
        code = mergers[carrier]
    return code


def moves(
    mergers: Mergers, *, held: Callable[[str], bool], wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bool]]:
    """Merged regions that a question by code alone would miss (True) or wrongly keep (False), wide ones first.

    ``held`` tells whether the question by code alone holds everything below a region, ``wanted`` whether it wants what counts in one.
    """
    known: dict[str, bool] = {}
    for code in sorted(mergers, key=lambda each: (len(each), each)):
        outer = next((code[:size] for size in DIGITS if size < len(code) and code[:size] in known), "")
        known[code] = wanted(home_of(code, mergers))
        if known[code] != (known[outer] if outer else held(code)):
            yield code, known[code]


# --- asking once -----------------------------------------------------------------------------------------

_NEVER: Final[Mergers] = {}
_answer: ContextVar[list[Mergers] | None] = ContextVar("mergers_of_this_request", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """While one request lasts, what is merged is asked of the database at most once."""
    token = _answer.set([])
    try:
        yield
    finally:
        _answer.reset(token)


def read(ask: Callable[[], Mergers]) -> Mergers:
    """What ``ask`` answers; inside ``read_once`` it is asked only the first time."""
    kept = _answer.get()
    if kept is None:
        return ask()
    if not kept:
        kept.append(ask())
    return kept[0]


def presume_none() -> None:
    """Inside ``read_once``: somebody has just seen that nothing was ever merged, so it need not be asked."""
    kept = _answer.get()
    if kept is not None and not kept:
        kept.append(_NEVER)


def never_any() -> bool:
    """Whether it is known in this request that nothing was ever merged."""
    kept = _answer.get()
    return kept is not None and any(answer is _NEVER for answer in kept)


def ask_again() -> None:
    """What is merged has changed: inside ``read_once`` the next reader asks anew."""
    kept = _answer.get()
    if kept is not None:
        kept.clear()
