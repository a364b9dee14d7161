"""Engine sentences are set for the interface without changing what they say."""

from __future__ import annotations

import pytest

from foodsafe_portal.lib.typography import set_chinese


@pytest.mark.parametrize(
    ("sentence", "printed"),
    [
        pytest.param(
            "扣0.25分:要求2次,实际1次", "扣 0.25 分：要求 2 次，实际 1 次", id="a reason of the contract"
        ),
        pytest.param("要求≥80,实际79.9", "要求 ≥80，实际 79.9", id="a sign before its number"),
        pytest.param(
            "总分最高 88.50 分，达不到 90 分", "总分最高 88.50 分，达不到 90 分", id="a sentence already set"
        ),
        pytest.param("见 https://a.b:8000/x", "见 https://a.b:8000/x", id="an address keeps its colon"),
        pytest.param(
            "达到≥30档,实际56.211656441717",
            "达到 ≥30 档，实际 56.2",
            id="a rate the portal counted to twelve places",
        ),
        pytest.param("实际79.9999", "实际 79.9999", id="a number somebody entered"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_sentence_is_set(sentence, printed):
    assert set_chinese(sentence) == printed
    assert set_chinese(printed) == printed
