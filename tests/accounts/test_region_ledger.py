"""The ledger of regions: new, renamed, closed and merged ones; facts stay at their code and are found where they went."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.http import QueryDict

from accounts.ledgers.places import RegionIndex
from accounts.models import Region, RegionMerger, User
from accounts.services.places import save_region
from entities.models import Business
from foodsafe_portal.lib.exports import export_kind
from records.ledgers import batches
from records.models import LedgerBatch
from records.services.exports import export_rows
from tests.factories import make_business, make_region, make_unit, make_user
from tests.factories.ledgers import business_row, counts, found, make_county, make_liaison, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def admin() -> User:
    """Who keeps the regions of a city with two counties."""
    make_county()
    return make_user("xitong", role="system_admin", region="9901")


def row(code: str, name: str, **fields: Any) -> dict[str, Any]:
    """A row without a fault."""
    return {"code": code, "name": name} | fields


MERGED = row("990102002", "石门乡", closed_on="2026-06-30", successor="990102001")


def table() -> list[tuple[Any, ...]]:
    """Every region with everything a ledger may write."""
    return list(
        Region.objects.order_by("code").values_list(
            "code", "name", "level", "residents", "opened_on", "closed_on", "successor_id", "former_names"
        )
    )


def exported(kind: str, user: User) -> ContentFile:
    """What ``manage.py export`` and the page give this person."""
    out = BytesIO()
    export_rows(kind=export_kind(kind), params=QueryDict(), by=user, target=out, suffix="xlsx")
    return ContentFile(out.getvalue(), name="exported.xlsx")


def test_new_regions_come_in_with_the_ones_above_them_in_any_order(admin: User) -> None:
    batch = take_in(
        send(
            admin,
            "regions",
            [
                row("990104001001", "新村", above="990104001", level="村"),
                row("990104001", "新镇", residents="31,000", opened_on="2026.1.1"),
                row("990104", "新县", level="县级"),
            ],
        )
    )
    assert (counts(batch)["created"], found(batch, "error", "warning")) == (3, [])
    new = Region.objects.get(pk="990104001")
    assert (new.level, new.residents, new.opened_on) == ("township", 31_000, date(2026, 1, 1))


def test_another_name_renames_and_the_old_one_still_finds_the_region(admin: User) -> None:
    batch = take_in(send(admin, "regions", [row("990102002", "石门镇")]))
    region = Region.objects.get(pk="990102002")
    assert (counts(batch)["updated"], region.name, region.former_names) == (1, "石门镇", "石门乡")
    place = RegionIndex("990102").resolve("南湖区", "石门乡", "石门村")
    assert (place.code, place.remark and place.remark.code) == ("990102002001", "region_renamed")
    assert RegionIndex("990102").resolve("南湖区", "石门镇", "石门村").remark is None


def test_a_merger_leaves_the_facts_and_territories_read_them_where_they_went(admin: User) -> None:
    business = make_business("石门饭店", region="990102002001")
    other = make_business("人民饭店", region="990102001001")
    take_in(send(admin, "regions", [MERGED]))
    region = Region.objects.get(pk="990102002")
    assert (region.closed_on, region.successor_id) == (date(2026, 6, 30), "990102001")
    business.refresh_from_db()
    assert business.region_id == "990102002001"
    here = make_user(role="township_liaison", region="990102001")
    there = make_user(role="township_liaison", region="990102002")
    county = make_user(role="county_liaison", region="990102")
    stranger = make_user(role="county_liaison", region="990103")
    seen = {user: set(Business.objects.visible_to(user)) for user in (here, there, county, stranger)}
    assert seen == {here: {business, other}, there: {business}, county: {business, other}, stranger: set()}


def test_a_township_that_goes_to_another_county_is_read_there_and_no_longer_here(admin: User) -> None:
    business = make_business(region="990102002001")
    take_in(
        send(admin, "regions", [row("990102002", "石门乡", closed_on="2026-06-30", successor="990103001")])
    )
    here, there = (make_user(role="county_liaison", region=code) for code in ("990102", "990103"))
    assert list(Business.objects.visible_to(here)) == []
    assert list(Business.objects.visible_to(there)) == [business]


def test_a_ledger_of_businesses_still_finds_a_business_of_a_merged_township(admin: User) -> None:
    liaison = make_liaison()
    values = business_row(township="石门乡", village="石门村")
    take_in(send(liaison, "businesses", [values]))
    take_in(send(admin, "regions", [MERGED]))
    # Another title: the very same file would be answered from the first batch.
    batch = send(liaison, "businesses", [values], above=(("再报一次",),))
    assert (counts(batch).get("unchanged"), found(batch, "error")) == (1, [])
    township = make_user(role="township_liaison", region="990102001")
    batch = send(township, "businesses", [values | {"township": "人民街道", "village": None}])
    assert (counts(batch).get("unchanged"), found(batch, "error")) == (1, [])


def test_the_same_ledger_twice_and_an_exported_one_change_nothing(admin: User) -> None:
    rows = [MERGED, row("990103001", "东风镇", residents=8_000), row("990104", "新县")]
    take_in(send(admin, "regions", rows))
    before = table()
    again = send(admin, "regions", rows, below=[["合计", 3]])
    assert (counts(again)["unchanged"], found(again, "error", "warning")) == (3, [])
    batch = send(admin, "regions", exported("regions", admin))
    assert found(batch, "error", "warning") == []
    assert counts(batch) == {
        "read": len(before) - 1,
        "accepted": len(before) - 1,
        "unchanged": len(before) - 1,
    }
    take_in(batch)
    assert table() == before


def test_an_undo_restores_the_table_and_forgets_the_merger(admin: User) -> None:
    business = make_business(region="990102002001")
    before = table()
    rows = [
        row("990102002", "石门旧乡", closed_on="2026-06-30", successor="990102003"),
        row("990102003", "新街道", residents=100),
        row("990102003001", "新社区"),
    ]
    batch = take_in(send(admin, "regions", rows))
    assert counts(batch)["closed"] == 1 and table() != before
    result = batches.undo_batch(batch=batch, by=admin)
    assert (result.restored, result.removed, result.conflicts) == (1, 2, [])
    assert table() == before
    assert list(Business.objects.in_territory("990102002")) == [business]
    assert not RegionMerger.objects.filter(withdrawn_at__isnull=True).exists()


def test_an_undo_says_what_has_changed_since_and_leaves_it(admin: User) -> None:
    rows = [row("990102002", "石门镇"), row("990102001", "人民新街道"), row("990102003", "新街道")]
    batch = take_in(send(admin, "regions", rows))
    make_business(region="990102003")
    Region.objects.filter(pk="990102001").update(name="再改街道")
    result = batches.undo_batch(batch=batch, by=admin)
    assert [(c["row"], c["name"], c["why"]) for c in result.conflicts] == [
        (4, "再改街道", "导入之后又被修改过，没有还原"),
        (5, "新街道", "已有经营主体，没有删除"),
    ]
    assert (result.restored, result.removed) == (1, 0)
    assert Region.objects.get(pk="990102002").name == "石门乡"


@pytest.mark.parametrize(
    ("fault", "column", "code"),
    [
        ({"code": None}, "区划代码", "required"),
        ({"code": "99010"}, "区划代码", "region_code_form"),
        ({"code": "99010X001"}, "区划代码", "region_code_form"),
        ({"name": None}, "名称", "required"),
        ({"level": "县级"}, "层级", "level_differs"),
        ({"level": "组"}, "层级", "unknown_choice"),
        ({"above": "990103"}, "上级代码", "above_differs"),
        ({"code": "990109001"}, "区划代码", "above_unknown"),
        ({"code": "990103002001"}, "区划代码", "above_closed"),
        ({"code": "330102"}, "区划代码", "other_territory"),
        ({"residents": "-5"}, "常住人口", "out_of_range"),
        ({"residents": "约三千"}, "常住人口", "not_an_integer"),
        ({"closed_on": "2026-02-30"}, "撤销日期", "no_such_day"),
        ({"opened_on": "2026-03-01", "closed_on": "2026-02-01"}, "撤销日期", "wrong_order"),
        ({"closed_on": "2026-02-01", "successor": "火星街道"}, "并入地区", "unknown_region"),
        ({"closed_on": "2026-02-01", "successor": "990103"}, "并入地区", "successor_differs_in_level"),
        ({"closed_on": "2026-02-01", "successor": "990103002"}, "并入地区", "successor_closed"),
        ({"closed_on": "2026-02-01", "successor": "990102002"}, "并入地区", "successor_circle"),
        ({"successor": "990102001"}, "并入地区", "required"),
        ({"closed_on": "2026-02-01", "successor": "同名乡"}, "并入地区", "region_ambiguous"),
    ],
)
def test_each_fault_refuses_its_row_with_its_code(
    admin: User, fault: dict[str, Any], column: str, code: str
) -> None:
    make_region("990103002", "旧乡", closed_on=date(2020, 1, 1))
    make_region("990103003", "同名乡")
    make_region("990103004", "同名乡")
    rows = [row("990102001", "人民街道"), row("990102002", "石门乡") | fault]
    assert found(send(admin, "regions", rows), "error") == [(4, column, code)]


def test_two_rows_of_one_code_that_differ_are_refused_both(admin: User) -> None:
    batch = send(admin, "regions", [row("990104", "甲县"), row("990104", "乙县"), row("990105", "丙县")])
    assert found(batch, "error") == [(3, "名称", "duplicate_conflict"), (4, "名称", "duplicate_conflict")]
    assert counts(batch)["created"] == 1


def test_a_row_that_leans_on_a_refused_one_is_refused_with_it(admin: User) -> None:
    rows = [
        row("990104", "新县", residents="-1"),
        row("990104001", "新镇"),
        row("990102002", "石门乡", closed_on="2026-06-30", successor="990104001"),
    ]
    assert found(send(admin, "regions", rows), "error") == [
        (3, "常住人口", "out_of_range"),
        (4, "区划代码", "above_unknown"),
        (5, "并入地区", "unknown_region"),
    ]


def test_closing_without_a_successor_and_a_second_region_of_one_name_are_warned_of(admin: User) -> None:
    rows = [row("990102002", "石门乡", closed_on="2026-06-30"), row("990102003", "人民街道")]
    assert found(send(admin, "regions", rows), "warning") == [
        (3, "撤销日期", "no_successor"),
        (4, "名称", "same_name"),
    ]


def test_a_closed_region_stays_closed_when_a_file_does_not_say_so(admin: User) -> None:
    take_in(send(admin, "regions", [MERGED]))
    batch = send(admin, "regions", [row("990102002", "石门乡")])
    assert (counts(batch)["unchanged"], found(batch, "note")) == (1, [(3, "", "kept")])


def test_regions_beside_those_of_the_file_that_it_does_not_name_are_listed(admin: User) -> None:
    batch = send(admin, "regions", [row("990102001", "人民街道")])
    left = batches.missing_from_file(batch)
    assert left is not None
    assert (batch.counts["missing"], [region.pk for region in left]) == (1, ["990102002"])


def test_the_same_file_again_is_not_read_again_until_somebody_writes(admin: User) -> None:
    file = exported("regions", admin)
    take_in(send(admin, "regions", file))
    assert batches.receive_upload(kind="regions", file=file, by=admin).repeated
    region = Region.objects.get(pk="990102002")
    save_region(region=region, name="石门镇", residents=None, successor=None, closed_on=None, by=admin)
    assert not batches.receive_upload(kind="regions", file=file, by=admin).repeated
    assert LedgerBatch.objects.count() == 2


def test_only_the_offices_that_may_import_regions_do(admin: User) -> None:
    with pytest.raises(batches.LedgerRefused) as refused:
        send(make_liaison(), "regions", [MERGED])
    assert refused.value.code == "not_permitted"
    make_unit(region="9901")
    office = make_user(role="campaign_office", region="9901")
    assert counts(send(office, "regions", [MERGED]))["closed"] == 1


def test_a_region_that_went_to_another_city_is_still_known_by_its_code(admin: User) -> None:
    make_region("9902", "邻市")
    make_region("990201", "邻县")
    take_in(send(admin, "regions", [row("990103", "富源市", closed_on="2026-06-30")]))
    Region.objects.filter(pk="990103").update(successor_id="990201")
    before = table()
    batch = take_in(send(admin, "regions", [row("990103", "富源市", residents="5000")]))
    assert (counts(batch).get("created", 0), counts(batch)["updated"], batch.state) == (0, 1, "committed")
    assert [line for line in table() if line not in before] == [
        ("990103", "富源市", "county", 5000, None, date(2026, 6, 30), "990201", "")
    ]
