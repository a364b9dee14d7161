"""Names that tell things apart: outside its parent a place or unit carries its county."""

from __future__ import annotations

import pytest

from accounts.forms import PostForm
from accounts.models import Unit
from accounts.names import region_names, unit_names, with_county
from tests.factories import make_region, make_unit, make_user

NAMES = {"990102": "南湖区", "990102001": "人民街道"}
LABELS = [
    ("人民街道办事处", "990102001", "南湖区 · 人民街道办事处"),
    ("人民街道", "990102001", "南湖区 · 人民街道"),
    ("红星社区", "990102001002", "南湖区 · 人民街道 · 红星社区"),
    ("南湖区", "990102", "南湖区"),
    ("南湖区教育局", "990102", "南湖区教育局"),
    ("市教育局", "9901", "市教育局"),
]


@pytest.mark.parametrize(("name", "code", "label"), LABELS, ids=[row[2] for row in LABELS])
def test_a_name_carries_its_county_once(name, code, label):
    assert with_county(name, code, NAMES) == label


@pytest.mark.django_db
def test_names_of_many_take_one_query(django_assert_num_queries):
    make_region("990102", "南湖区")
    make_region("990103", "临江区")
    towns = [make_region("990102001", "人民街道"), make_region("990103001", "人民街道")]
    units = [make_unit("人民街道办事处", region=town.pk) for town in towns]
    with django_assert_num_queries(1):
        assert list(unit_names(units).values()) == ["南湖区 · 人民街道办事处", "临江区 · 人民街道办事处"]
    assert list(region_names(towns).values()) == ["南湖区 · 人民街道", "临江区 · 人民街道"]


@pytest.mark.django_db
def test_the_security_administrator_picks_place_unit_and_role_and_none_is_chosen_before(login):
    make_region("990102", "南湖区")
    town = make_region("990102001", "人民街道")
    unit = make_unit("人民街道办事处", region=town.pk)
    security = login(role="security_admin")
    person = make_user(role="officer", region="9901")
    page = security.get(f"/accounts/{person.pk}/").content.decode()
    assert '<option value="" selected>请选择角色</option>' in page
    assert f'value="{unit.pk}" data-pinyin="nhqrmjdbsc"' in page and "南湖区 · 人民街道办事处" in page
    nothing = PostForm({}, user=security.user)
    assert not nothing.is_valid() and nothing.errors["role"] == ["请选择角色。"]
    chosen = PostForm({"role": "township_liaison", "region": town.pk, "unit": unit.pk}, user=security.user)
    assert chosen.is_valid(), chosen.errors
    assert (chosen.cleaned_data["region"], chosen.cleaned_data["unit"]) == (
        town,
        Unit.objects.get(pk=unit.pk),
    )
