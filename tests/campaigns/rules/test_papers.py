"""The lines of an official paper and how long it is."""

from __future__ import annotations

import pytest

from campaigns.rules.papers import length_of, lines_of


@pytest.mark.parametrize(
    ("line", "level"),
    [
        pytest.param("一、总体情况", 1, id="一、 is a heading of the first level"),
        pytest.param("十二、附则", 1, id="with two numerals as well"),
        pytest.param("（一）县区", 2, id="（一） is one of the second"),
        pytest.param("一是加强整改。", 0, id="一是 begins a sentence"),
        pytest.param("1.核对台账", 0, id="1. is text"),
    ],
)
def test_a_line_tells_its_level(line, level):
    assert [(one.text, one.level) for one in lines_of(f"\n  {line}  \n")] == [(line, level)]


def test_blanks_do_not_count():
    assert length_of("一、 总体\n情况 ") == 6
