"""How alike names and addresses are: a degree between 0 and 1, and no like pair is overlooked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entities.rules.likeness import Neighbours, core_address, core_name, likeness, signature

PLACES = ("示例省", "示例市", "南湖区", "人民街道")
words = st.text("福来顺兴张记面馆饭店超市路街号 12（）()有限公司ＡaB", max_size=12)


@given(words, words, words, words)
def test_likeness_is_symmetric_from_0_to_1_and_1_for_the_same(name, address, other_name, other_address):
    one, other = signature(name, address, PLACES), signature(other_name, other_address, PLACES)
    assert 0 <= likeness(one, other) <= 1
    assert likeness(one, other) == likeness(other, one)
    assert likeness(one, one) == 1


@pytest.mark.parametrize(
    ("name", "core"),
    [
        pytest.param("示例市南湖区张记面馆", "张记面馆", id="the regions in front say nothing"),
        pytest.param("南湖张记面馆", "张记面馆", id="also in their short form"),
        pytest.param("味口香餐饮管理有限责任公司", "味口香餐饮管理", id="nor does the legal form"),
        pytest.param("张记面馆（个体工商户）", "张记面馆", id="nor do brackets"),
        pytest.param("人民街道", "人民街道", id="a name that is nothing else stays"),
        pytest.param("有限公司", "有限公司", id="and so does a legal form alone"),
        pytest.param("ＡＢ 超市", "AB超市", id="width and blanks do not count"),
    ],
)
def test_the_proper_name(name, core):
    assert core_name(name, PLACES) == core


def test_an_address_loses_the_regions_in_front_only():
    assert core_address("南湖区人民街道幸福路 1 号南湖区旧址", PLACES) == "幸福路1号南湖区旧址"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        pytest.param(("南湖区张记面馆", "南湖区人民街道幸福路 1 号"), ("张记面馆", "幸福路1号"), True, id="written shorter"),
        pytest.param(("张记面馆", "幸福路1号"), ("张记面馆（总店）", "人民街道幸福路1号一楼"), True, id="and longer"),
        pytest.param(("张记面馆", "幸福路1号"), ("张记面馆", "幸福路12号"), False, id="a chain's other branch"),
        pytest.param(("张记面馆", "农贸市场1号"), ("福来水产", "农贸市场1号"), False, id="another stall of a market"),
    ],
)  # fmt: skip
def test_what_is_alike_at_the_default(one, other, alike):
    degree = likeness(signature(one[0], one[1], PLACES), signature(other[0], other[1], PLACES))
    assert (degree >= 0.75) is alike


@given(
    st.lists(st.tuples(words, words), min_size=1, max_size=60),
    st.tuples(words, words),
    st.sampled_from([0.5, 0.75, 0.9]),
)
def test_the_neighbours_are_exactly_those_alike(businesses, asked, threshold):
    known = dict(enumerate(businesses))
    told = Neighbours(known, PLACES, threshold).like(*asked)
    mine = signature(asked[0], asked[1], PLACES)
    all_ways = {key: likeness(mine, signature(texts[0], texts[1], PLACES)) for key, texts in known.items()}
    assert dict(told) == {key: degree for key, degree in all_ways.items() if degree >= threshold}
    assert [degree for _key, degree in told] == sorted((degree for _key, degree in told), reverse=True)


@given(st.lists(st.tuples(words, words), max_size=60), st.sampled_from([0.5, 0.75, 0.9]))
def test_every_two_that_are_alike_are_found_once(businesses, threshold):
    known = dict(enumerate(businesses))
    told = list(Neighbours(known, PLACES, threshold).among_themselves())
    signs = {key: signature(*texts, PLACES) for key, texts in known.items()}
    every = {
        (one, other): likeness(signs[one], signs[other]) for one in known for other in known if one < other
    }
    assert {pair[:2]: pair[2] for pair in told} == {
        pair: degree for pair, degree in every.items() if degree >= threshold
    }
    assert len(told) == len({pair[:2] for pair in told})
