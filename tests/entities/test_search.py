"""The search box, asked the PostgreSQL way and the portable way: the same rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from entities import search
from entities.models import Business
from entities.search import search_businesses
from foodsafe_portal.lib.pinyin import initials
from tests.factories import make_business, make_region

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NAMES = {
    "school": "南湖区实验小学食堂",
    "school_branch": "南湖区实验小学（分校）食堂",
    "market": "湖滨食品超市",
    "kfc": "KFC 湖滨店",
    "percent": "100%鲜奶店",
    "rare": "魑魅餐饮店",
}


@pytest.fixture
def named() -> dict[str, Business]:
    make_region("990102001")
    return {
        key: make_business(name, name_initials=initials(name), credit_code=f"9199{number}0103MA7K12033W"[:18])
        for number, (key, name) in enumerate(NAMES.items())
    }


CASES = [
    pytest.param("湖滨", {"market", "kfc"}, id="two characters anywhere in the name"),
    pytest.param("魑", {"rare"}, id="one character"),
    pytest.param("魑魅", {"rare"}, id="two rare characters"),
    pytest.param("实验小学食堂", {"school"}, id="many characters stand together"),
    pytest.param("小学(分校)", {"school_branch"}, id="half-width brackets find full-width ones"),
    pytest.param("小学（分校）", {"school_branch"}, id="and the other way round"),
    pytest.param("学小", set(), id="the same pairs in another order are no match"),
    pytest.param("南湖 食堂", {"school", "school_branch"}, id="two words, both needed"),
    pytest.param("nhqsy", {"school", "school_branch"}, id="pinyin initials from the beginning"),
    pytest.param("NHQSYXXST", {"school"}, id="initials in capitals"),
    pytest.param("hqsy", set(), id="initials from the middle are no match"),
    pytest.param("kfc", {"kfc"}, id="Latin letters in any case"),
    pytest.param("kfc 湖滨", {"kfc"}, id="a Latin and a Chinese word"),
    pytest.param("91992", {"market"}, id="the beginning of a credit code"),
    pytest.param(" ９１９９２ ", {"market"}, id="full-width digits and blanks around"),
    pytest.param("0103MA", set(), id="the middle of a credit code is no match"),
    pytest.param("100%鲜", {"percent"}, id="a percent sign is a percent sign"),
    pytest.param("%", set(), id="not a wildcard"),
    pytest.param("_", set(), id="nor is an underscore"),
    pytest.param("", set(NAMES), id="nothing typed keeps everything"),
]


@pytest.mark.parametrize(("term", "expected"), CASES)
def test_a_term_finds_what_it_describes(named: dict[str, Business], term: str, expected: set[str]) -> None:
    found = search_businesses(Business.objects.all(), term)
    keys = {business.pk: key for key, business in named.items()}
    assert {keys[pk] for pk in found.rows.values_list("pk", flat=True)} == expected
    assert found.counted.count() == len(expected)


def test_a_licence_number_is_found_by_its_beginning(named: dict[str, Business]) -> None:
    wanted = named["market"]
    found = search_businesses(Business.objects.all(), wanted.licence_no[:14].lower()).rows
    assert wanted in found
    assert all(business.licence_no.startswith(wanted.licence_no[:14]) for business in found)


def test_common_terms_are_walked_to_and_rare_ones_looked_up(
    named: dict[str, Business], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways give the same rows, so that the guess about a term's rarity is only about time."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one way")
    for hits in (0, search.WALK_FROM, search.COUNT_WALKING_FROM):
        monkeypatch.setattr(search, "_hits_among_newest", lambda found, pieces, hits=hits: hits)
        found = search_businesses(Business.objects.all(), "实验小学")
        assert {business.pk for business in found.rows} == {named["school"].pk, named["school_branch"].pk}
        assert found.counted.count() == 2
        assert ("bigrams" in str(found.rows.query)) is (hits < search.WALK_FROM)
        assert ("bigrams" in str(found.counted.query)) is (hits < search.COUNT_WALKING_FROM)


def test_rare_names_are_answered_from_the_index(named: dict[str, Business]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("the bigram index is PostgreSQL's")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        sql, params = search_businesses(Business.objects.order_by(), "魑魅").rows.query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "business_by_name_bigrams" in plan


def test_search_stays_inside_the_given_rows(named: dict[str, Business]) -> None:
    other: Any = make_business("湖滨外地店", region="990103001")
    found = search_businesses(Business.objects.in_territory("990102"), "湖滨").rows
    assert other not in found and len(found) == 2
