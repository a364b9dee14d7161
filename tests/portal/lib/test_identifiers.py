"""Credit codes, licence numbers and region ranges hold against independent implementations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

from foodsafe_portal.lib.identifiers import (
    USCC_ALPHABET,
    licence_problem,
    make_licence,
    make_uscc,
    territory_upper,
    uscc_problem,
)

digits = st.text("0123456789", min_size=13, max_size=13)
uscc_bodies = st.builds(
    str.__add__, st.text("0123456789", min_size=8, max_size=8), st.text(USCC_ALPHABET, min_size=9, max_size=9)
)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        pytest.param("91110000600037341L", None, id="a published code is fine"),
        pytest.param(
            "911100006000373418",
            "统一社会信用代码校验位不符：末位应为 L，填的是 8",
            id="a wrong check character is named",
        ),
        pytest.param(
            "9111000060003734",
            "统一社会信用代码应为 18 位，填的是 16 位",
            id="a short code says how long it is",
        ),
        pytest.param(
            "110105012345678",
            "填的是 15 位旧注册号，请换成 18 位统一社会信用代码",
            id="an old number is recognised",
        ),
        pytest.param(
            "9211****6000373X1L",
            "统一社会信用代码含有掩码 *，请填完整代码",
            id="a masked number is recognised",
        ),
        pytest.param(
            "91110000600O37341L",
            "统一社会信用代码第 12 位不能是 O：只用数字和除 I、O、S、V、Z 外的大写字母",
            id="the letter O is pointed at",
        ),
        pytest.param(
            "９1110000600037341L",
            "统一社会信用代码第 1 位不能是 ９：只用数字和除 I、O、S、V、Z 外的大写字母",
            id="a full-width digit is no digit",
        ),
        pytest.param(make_uscc("N2110105MF0000001"), None, id="a rural collective begins with a letter"),
        pytest.param("", "统一社会信用代码应为 18 位，填的是 0 位", id="an empty cell is not a code"),
    ],
)
def test_a_credit_code_is_judged_in_a_sentence(code, problem):
    assert uscc_problem(code) == problem


@given(uscc_bodies)
def test_every_code_built_here_is_valid_elsewhere(body):
    code = make_uscc(body)
    assert uscc.is_valid(code)
    assert uscc_problem(code) is None


@given(st.builds(str.__add__, uscc_bodies, st.sampled_from(USCC_ALPHABET)))
def test_both_implementations_agree_on_any_code(code):
    assert (uscc_problem(code) is None) == uscc.is_valid(code)


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        pytest.param("JY29901020400007", None, id="a catering licence is fine"),
        pytest.param("JY19901020400016", None, id="a sales licence is fine"),
        pytest.param(
            "JY29901020400008",
            "许可证编号校验位不符：末位应为 7，填的是 8",
            id="a wrong check digit is named",
        ),
        pytest.param(
            "XK29901020400007", "许可证编号应以 JY 或 SC 开头，填的是 XK", id="another prefix is named"
        ),
        pytest.param("", "许可证编号应以 JY 或 SC 开头，填的是 空", id="an empty number is named"),
        pytest.param(
            "JY2990102040000",
            "许可证编号应为 JY 加 14 位数字，填的是 13 位",
            id="a short number says how long it is",
        ),
        pytest.param(
            "SC2990102040000X", "许可证编号 SC 之后只能是数字", id="a letter among the digits is refused"
        ),
    ],
)
def test_a_licence_number_is_judged_in_a_sentence(number, problem):
    assert licence_problem(number) == problem


@given(st.sampled_from(["JY", "SC"]), digits, st.sampled_from("0123456789"))
def test_licence_numbers_agree_with_the_standard(prefix, thirteen, last):
    assert licence_problem(make_licence(prefix, thirteen)) is None
    assert (licence_problem(prefix + thirteen + last) is None) == mod_11_10.is_valid(thirteen + last)


@pytest.mark.parametrize("body", ["", "9111000060003734I", "911100006000373411"])
def test_no_credit_code_is_built_from_nonsense(body):
    with pytest.raises(ValueError, match="前 17 位不合规"):
        make_uscc(body)


@pytest.mark.parametrize(
    ("prefix", "thirteen"), [("XK", "2990102040000"), ("JY", "299010204000"), ("JY", "29901020400001")]
)
def test_no_licence_number_is_built_from_nonsense(prefix, thirteen):
    with pytest.raises(ValueError, match="前 15 位不合规"):
        make_licence(prefix, thirteen)


@pytest.mark.parametrize(
    ("code", "upper"), [("990109", "99010A"), ("990108", "990109"), ("99", "9A"), ("0", "1")]
)
def test_the_end_of_a_territory_is_its_next_sibling(code, upper):
    assert territory_upper(code) == upper


@pytest.mark.parametrize("code", ["", "99A", "９９"])
def test_a_region_code_is_digits(code):
    with pytest.raises(ValueError, match="区划代码只能是数字"):
        territory_upper(code)


@given(st.text("0123456789", min_size=1, max_size=12), st.text("0123456789", min_size=1, max_size=12))
def test_the_range_of_a_territory_is_exactly_its_prefix(code, other):
    assert (code <= other < territory_upper(code)) == other.startswith(code)
