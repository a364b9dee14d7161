"""Natural keys of ledgers and register."""

from __future__ import annotations

import pytest

from entities.rules.matching import KEY_LENGTH, match_key, officer_key

BASE = {"licence_no": "", "credit_code": "", "premises_address": "人民路 1 号", "name": "张记面馆"}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        pytest.param(
            {"licence_no": " jy2990102 0000001 "},
            "L:JY29901020000001",
            id="a licence number identifies alone",
        ),
        pytest.param(
            {"licence_no": "ＪＹ2", "credit_code": "9X"}, "L:JY2", id="the licence beats the credit code"
        ),
        pytest.param({"credit_code": "9x"}, "C:9X|人民路1号", id="a credit code needs its premises"),
        pytest.param({}, "N:张记面馆|人民路1号", id="without numbers name and premises"),
        pytest.param(
            {"name": "张记（面馆）"}, "N:张记(面馆)|人民路1号", id="full-width brackets are the same brackets"
        ),
    ],
)
def test_a_business_is_recognised_by_its_best_number(given: dict[str, str], key: str) -> None:
    assert match_key(**{**BASE, **given}) == key


def test_a_long_key_fits_its_column_and_stays_distinct() -> None:
    one = match_key(**{**BASE, "name": "店" * 150, "premises_address": "路" * 200})
    other = match_key(**{**BASE, "name": "店" * 150, "premises_address": "路" * 199 + "弄"})
    assert len(one) == len(other) == KEY_LENGTH
    assert one != other


def test_an_officer_without_a_phone_is_recognised_by_unit_and_region() -> None:
    assert (
        officer_key(name="何 静", phone="138 0000", unit_name="教育局", region="990102") == "P:何静|1380000"
    )
    assert officer_key(name="何静", phone="", unit_name="教育局", region="990102") == "U:何静|教育局|990102"
