"""What the kept one of two merged businesses takes over."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from entities.fields import TAKEN_OVER
from entities.rules.merging import blanks_filled

DAY = date(2028, 3, 16)


def said(**fields: Any) -> dict[str, Any]:
    return dict.fromkeys(TAKEN_OVER, "") | {"licence_valid_to": None} | fields


@pytest.mark.parametrize(
    ("kept", "gone", "filled"),
    [
        pytest.param({}, {"contact_phone": "138"}, {"contact_phone": "138"}, id="a blank is filled"),
        pytest.param({"contact_phone": "139"}, {"contact_phone": "138"}, {}, id="what is said stays"),
        pytest.param({"scale": "small"}, {}, {}, id="a blank fills nothing"),
        pytest.param(
            {},
            {"licence_no": "JY1", "licence_valid_to": DAY},
            {"licence_no": "JY1", "licence_valid_to": DAY},
            id="a licence comes with its last day",
        ),
        pytest.param(
            {"licence_no": "JY2"},
            {"licence_no": "JY1", "licence_valid_to": DAY},
            {},
            id="and no other licence's day",
        ),
        pytest.param(
            {"licence_no": "JY1"},
            {"licence_no": "JY1", "licence_valid_to": DAY},
            {"licence_valid_to": DAY},
            id="the same licence's day is filled",
        ),
    ],
)
def test_only_blanks_are_filled(kept, gone, filled):
    assert blanks_filled(said(**kept), said(**gone)) == filled


def test_a_licence_left_out_keeps_its_last_day_to_itself():
    gone = said(licence_no="JY1", licence_valid_to=DAY, contact_phone="138")
    assert blanks_filled(said(), gone, without={"licence_no"}) == {"contact_phone": "138"}
