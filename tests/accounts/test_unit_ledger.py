"""The ledger of units: who is a member, where, and under whom; renames keep the unit, superiors keep the paths true."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Region, Unit, User
from records.ledgers import batches
from tests.accounts.test_region_ledger import exported
from tests.factories import make_problem, make_region, make_unit, make_user
from tests.factories.ledgers import counts, found, make_county, make_liaison, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def admin() -> User:
    """Who keeps the units of a city with a county."""
    make_county()
    Region.objects.filter(pk="9901").update(name="示例市")
    return make_user("xitong", role="system_admin", region="9901")


def row(name: str, **fields: Any) -> dict[str, Any]:
    """A row without a fault."""
    return {"name": name, "region": "南湖区"} | fields


def table() -> list[tuple[Any, ...]]:
    """Every unit with everything a ledger may write."""
    return list(
        Unit.objects.order_by("pk").values_list(
            "pk", "name", "short_name", "kind", "region_id", "parent_id", "path", "is_member"
        )
    )


def lines() -> dict[str, list[str]]:
    """Unit → the units above it, widest first, as its path tells."""
    names = {str(pk): name for pk, name in Unit.objects.values_list("pk", "name")}
    return {unit.name: [names[key] for key in unit.path.split("/")[:-2]] for unit in Unit.objects.all()}


def test_units_come_in_under_superiors_of_the_register_and_of_the_same_file(admin: User) -> None:
    bureau = make_unit("示例市教育局", short_name="市教育局", region="9901")
    batch = take_in(
        send(
            admin,
            "units",
            [
                row("南湖区教育督导室", parent="南湖区教育局", kind="其他"),
                row("南湖区教育局", short_name="区教育局", parent="市教育局", is_member="是"),
                row("石门乡中心校", region="南湖区石门乡", parent="区教育局", is_member="否"),
            ],
        )
    )
    assert (counts(batch)["created"], found(batch, "error", "warning")) == (3, [])
    assert lines() == {
        bureau.name: [],
        "南湖区教育局": [bureau.name],
        "南湖区教育督导室": [bureau.name, "南湖区教育局"],
        "石门乡中心校": [bureau.name, "南湖区教育局"],
    }
    new = Unit.objects.get(name="南湖区教育局")
    assert (new.kind, new.region_id, new.is_member) == ("bureau", "990102", True)


def test_a_superior_that_moves_takes_its_branch_along(admin: User) -> None:
    city, county = make_unit("市局", region="9901"), make_unit("区局", region="990102")
    make_unit("所", region="990102001", parent=county)
    take_in(send(admin, "units", [row("区局", parent="市局")]))
    assert lines() == {"市局": [], "区局": ["市局"], "所": ["市局", "区局"]}
    assert Unit.objects.filter(path__startswith=city.path).count() == 3


def test_a_rename_keeps_the_unit_and_its_problems(admin: User) -> None:
    unit = make_unit("南湖区工商局", region="990102", is_member=True)
    problem = make_problem(unit=unit)
    batch = take_in(send(admin, "units", [row("南湖区市场监督管理局", former_name="南湖区工商局")]))
    problem.refresh_from_db()
    assert (counts(batch)["updated"], problem.unit.name) == (1, "南湖区市场监督管理局")
    again = send(admin, "units", [row("南湖区市场监督管理局", former_name="南湖区工商局", is_member="是")])
    assert (counts(again)["unchanged"], found(again, "error")) == (1, [])


def test_the_same_ledger_twice_and_an_exported_one_change_nothing(admin: User) -> None:
    make_region("990103002", "西山乡", closed_on="2020-01-01")
    for region, name, short in (
        ("9901", "示例市食安办", "食安办"),
        ("990102", "南湖区食安办", "食安办"),
        ("990102", "食安办", ""),
        ("990103", "富源市食安办", "食安办"),
        ("990103002", "西山乡政府", ""),
    ):
        make_unit(name, short_name=short, region=region)
    rows = [
        row("石门乡政府", region="990102002", kind="政府", parent="食安办", is_member="是"),
        row("东风乡政府", region="东风乡", kind="政府", parent="富源市食安办"),
        row("人民街道办事处", region="人民街道", parent="990102南湖区食安办"),
    ]
    take_in(send(admin, "units", rows))
    before = table()
    again = send(admin, "units", rows, below=[["合计", 3]])
    assert (counts(again)["unchanged"], found(again, "error", "warning")) == (3, [])
    batch = send(admin, "units", exported("units", admin))
    assert (counts(batch), found(batch, "error", "warning")) == (
        {"read": 8, "accepted": 8, "unchanged": 8},
        [],
    )
    take_in(batch)
    assert table() == before


def test_an_undo_restores_the_table(admin: User) -> None:
    make_unit("区局", region="990102", short_name="局", is_member=True)
    make_unit("旧局", region="990102")
    before = table()
    rows = [
        row("区局", kind="其他", is_member="否", parent="新局"),
        row("改名局", former_name="旧局"),
        row("新局"),
        row("新局下属", parent="新局"),
    ]
    batch = take_in(send(admin, "units", rows))
    assert (counts(batch)["updated"], counts(batch)["created"]) == (2, 2)
    result = batches.undo_batch(batch=batch, by=admin)
    assert (result.restored, result.removed, result.conflicts) == (2, 2, [])
    assert table() == before


def test_an_undo_says_what_has_changed_since_and_leaves_it(admin: User) -> None:
    make_unit("区局", region="990102")
    rows = [row("区局", short_name="局"), row("新局"), row("用了的局"), row("改了的局"), row("上级局")]
    batch = take_in(send(admin, "units", rows))
    Unit.objects.filter(name="区局").update(short_name="别名")
    Unit.objects.filter(name="改了的局").update(short_name="别名")
    make_user(role="unit_liaison", region="990102", unit=Unit.objects.get(name="用了的局"))
    make_unit("下属", region="990102", parent=Unit.objects.get(name="上级局"))
    result = batches.undo_batch(batch=batch, by=admin)
    assert {c["name"]: c["why"] for c in result.conflicts} == {
        "区局": "导入之后又被修改过，没有还原",
        "改了的局": "导入之后又被修改过，没有还原",
        "用了的局": "已有岗位，没有删除",
        "上级局": "下面还有单位，没有删除",
    }
    assert (result.restored, result.removed) == (0, 1)
    assert not Unit.objects.filter(name="新局").exists()


@pytest.mark.parametrize(
    ("fault", "column", "code"),
    [
        ({"name": None}, "单位名称", "required"),
        ({"name": "局" * 101}, "单位名称", "too_long"),
        ({"region": None}, "行政区划", "required"),
        ({"region": "火星区"}, "行政区划", "unknown_region"),
        ({"region": "330102"}, "行政区划", "other_territory"),
        ({"region": "同名乡"}, "行政区划", "region_ambiguous"),
        ({"region": "990103009"}, "行政区划", "region_closed"),
        ({"kind": "公司"}, "单位类别", "unknown_choice"),
        ({"is_member": "大概"}, "是否成员单位", "not_yes_or_no"),
        ({"parent": "没有的局"}, "上级单位", "parent_unknown"),
        ({"parent": "乙局"}, "上级单位", "parent_circle"),
        ({"parent": "下属局"}, "上级单位", "parent_circle"),
        ({"parent": "两处局"}, "上级单位", "parent_ambiguous"),
        ({"former_name": "甲局"}, "原单位名称", "names_of_two"),
        ({"name": "丁局", "former_name": "没有的局"}, "原单位名称", "former_unknown"),
    ],
)
def test_each_fault_refuses_its_row_with_its_code(
    admin: User, fault: dict[str, Any], column: str, code: str
) -> None:
    make_region("990103003", "同名乡")
    make_region("990103004", "同名乡")
    make_region("990103009", "旧乡", closed_on="2020-01-01")
    make_unit("甲局", region="990102")
    known = make_unit("乙局", region="990102")
    make_unit("下属局", region="990102", parent=known)
    make_unit("两处局", region="990103003")
    make_unit("两处局", region="990103004")
    rows = [row("甲局"), row("乙局") | fault]
    assert found(send(admin, "units", rows), "error") == [(4, column, code)]


def test_one_unit_spelled_in_two_ways_is_refused_in_both_rows(admin: User) -> None:
    batch = send(admin, "units", [row("丙局"), row("丙局", region="990102"), row("丁局")])
    assert found(batch, "error") == [(3, "", "same_target"), (4, "", "same_target")]
    batch = send(admin, "units", [row("丙局", kind="部门"), row("丙局", kind="其他")])
    assert found(batch, "error") == [
        (3, "单位类别", "duplicate_conflict"),
        (4, "单位类别", "duplicate_conflict"),
    ]


def test_a_unit_under_a_refused_row_is_refused_with_it(admin: User) -> None:
    rows = [row("上级局", kind="公司"), row("下级局", parent="上级局")]
    assert found(send(admin, "units", rows), "error") == [
        (3, "单位类别", "unknown_choice"),
        (4, "上级单位", "parent_unknown"),
    ]


def test_members_of_the_same_region_that_the_file_does_not_name_are_listed(admin: User) -> None:
    make_unit("甲局", region="990102")
    left_out = make_unit("乙局", region="990102", is_member=True)
    make_unit("外区局", region="990103", is_member=True)
    left = batches.missing_from_file(send(admin, "units", [row("甲局")]))
    assert left is not None and list(left) == [left_out]


def test_an_office_of_a_county_writes_nothing_beside_its_county(admin: User) -> None:
    office = make_user(role="campaign_office", region="990102")
    rows = [row("甲局"), row("外区局", region="990103")]
    assert found(send(office, "units", rows), "error") == [(4, "行政区划", "other_territory")]
    with pytest.raises(batches.LedgerRefused):
        send(make_liaison(), "units", rows)


def test_the_register_of_units_is_read_once_however_far_a_refused_row_reaches(admin: User) -> None:
    asked = []
    for depth in (1, 4):
        names = [f"第{depth}组{place}局" for place in range(depth + 1)]
        rows = [row(name, parent=above) for name, above in pairwise([*names, "没有的局"])]
        with CaptureQueriesContext(connection) as queries:
            batch = send(admin, "units", rows)
        assert counts(batch)["rejected"] == depth + 1
        asked.append(sum('FROM "accounts_unit"' in query["sql"] for query in queries))
    assert asked[0] == asked[1]
