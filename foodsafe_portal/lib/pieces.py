"""Takes many rows a piece at a time, so that memory holds only one piece of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Row = TypeVar("_Row")


def in_pieces(rows: Iterable[_Row], size: int) -> Iterator[list[_Row]]:
    """``rows`` in lists of ``size``, the last one shorter; no list at all where there are no rows.

    A piece is taken from ``rows`` only when it is asked for.
    """
    left = iter(rows)
    while piece := list(islice(left, size)):
        yield piece
