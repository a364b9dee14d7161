"""Rows come in pieces that are read one at a time."""

from __future__ import annotations

from itertools import count

import pytest

from foodsafe_portal.lib.pieces import in_pieces


@pytest.mark.parametrize(
    ("rows", "pieces"),
    [
        pytest.param("", [], id="no rows are no piece"),
        pytest.param("ab", [["a", "b"]], id="fewer rows than a piece are one short piece"),
        pytest.param(
            "abcdef", [["a", "b", "c"], ["d", "e", "f"]], id="even pieces leave no empty one behind"
        ),
        pytest.param("abcd", [["a", "b", "c"], ["d"]], id="the rest is a piece of its own"),
    ],
)
def test_rows_keep_their_order_and_none_is_lost(rows, pieces):
    assert list(in_pieces(rows, 3)) == pieces


def test_no_row_is_read_before_its_piece_is_asked_for():
    source = count()
    pieces = in_pieces(source, 2)
    assert (next(pieces), next(pieces), next(source)) == ([0, 1], [2, 3], 4)
