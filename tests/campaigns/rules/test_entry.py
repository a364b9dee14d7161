"""What a person types for a clause becomes the reading its method asks for."""

from __future__ import annotations

import pytest

from campaigns.rules.entry import EntryRefused, reading_from


@pytest.mark.parametrize(
    ("method", "params", "typed", "reason", "reading"),
    [
        ("all_or_nothing", {}, "是", "", {"met": True}),
        ("all_or_nothing", {}, "未达到", "", {"met": False}),
        ("judgement", {}, "0.5", "缺记录", {"deducted": "0.5", "reason": "缺记录"}),
        ("per_occurrence", {}, " 3 ", "", {"occurrences": 3}),
        ("threshold", {}, "79.9%", "", {"value": "79.9"}),
        ("sites", {"combine": "mean"}, "4.5，5、4", "", {"sites": ["4.5", "5", "4"]}),
        ("sites", {"combine": "sum_deductions"}, "2,0,1", "", {"sites": [2, 0, 1]}),
        ("veto", {}, "否", "", {"happened": False}),
        ("veto", {"target": "70"}, "81.4", "", {"value": "81.4"}),
        ("tiered", {}, "不适用", "", {"not_applicable": True}),
    ],
)
def test_typed_words_become_readings(method, params, typed, reason, reading):
    assert reading_from(method, params, typed, reason) == reading


@pytest.mark.parametrize(
    ("method", "params", "typed"),
    [
        ("all_or_nothing", {}, "也许"),
        ("judgement", {}, "0.5"),
        ("per_occurrence", {}, "三次"),
        ("sites", {"combine": "sum_deductions"}, "2.5"),
        ("sites", {"combine": "mean"}, "，"),
    ],
)
def test_what_is_no_reading_gets_a_sentence(method, params, typed):
    with pytest.raises(EntryRefused):
        reading_from(method, params, typed)
