"""Engine sentences are set for the interface without changing what they say."""

from __future__ import annotations

import pytest

from foodsafe_portal.lib.typography import plain, set_chinese


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


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        pytest.param("ＪＹ１２３", "JY123", id="full-width letters and digits are narrow"),
        pytest.param("南湖区（人民路）", "南湖区(人民路)", id="full-width brackets too"),
        pytest.param(
            "\u3000人民 街道\n", "人民街道", id="no white space is left, the ideographic one neither"
        ),
        pytest.param(" jy 1\t2 ", "jy12", id="letters keep their case"),
        pytest.param("", "", id="nothing stays nothing"),
    ],
)
def test_texts_are_compared_without_what_a_keyboard_adds(typed, compared):
    assert plain(typed) == compared
