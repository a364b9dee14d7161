"""Initials as people type them."""

from __future__ import annotations

import pytest

from foodsafe_portal.lib.pinyin import initials


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("南湖区实验小学食堂", "nhqsyxxst"),
        ("重庆火锅（旗舰店）", "cqhgqjd"),
        ("长沙米粉", "csmf"),
        ("银行食堂", "yhst"),
        ("ＫＦＣ 3号店", "kfc3hd"),
        ("", ""),
    ],
)
def test_initials_are_the_first_letters_of_the_readings(name: str, letters: str) -> None:
    assert initials(name) == letters
