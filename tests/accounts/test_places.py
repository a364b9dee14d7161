"""Regions by hand: merged, renamed and taken back by the same rules as by ledger, one event each."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.errors import AccountRefused
from accounts.models import Region, RegionMerger, User
from accounts.rules.regions import circle, with_former_name
from accounts.services.places import save_region
from entities.models import Business
from records.models import AuditEvent
from tests.factories import make_business, make_region, make_user
from tests.factories.ledgers import make_county

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DAY = date(2026, 6, 30)


@pytest.fixture
def admin() -> User:
    """Who keeps the regions of a city with two counties."""
    make_county()
    return make_user("xitong", role="system_admin", region="9901")


def save(code: str, by: User, **fields: Any) -> Region:
    """Save a region with everything it has but ``fields``."""
    region = Region.objects.get(pk=code)
    values = {"name": region.name, "residents": None, "successor": None, "closed_on": None} | fields
    return save_region(region=region, by=by, former_names=region.former_names, **values)


def test_a_merger_by_hand_is_read_at_the_successor_and_taken_back_by_hand(admin: User) -> None:
    business = make_business(region="990102002001")
    save("990102002", admin, successor=Region.objects.get(pk="990102001"), closed_on=DAY)
    assert list(Business.objects.in_territory("990102001")) == [business]
    save("990102002", admin)
    assert list(Business.objects.in_territory("990102001")) == []
    merger = RegionMerger.objects.get()
    assert (merger.successor_id, merger.effective_on, merger.withdrawn_at is None) == (
        "990102001",
        DAY,
        False,
    )
    assert [event.action for event in AuditEvent.objects.order_by("pk")] == ["region.updated"] * 2


def test_a_merger_that_lies_ahead_is_not_in_force_yet(admin: User) -> None:
    business = make_business(region="990102002")
    save("990102002", admin, successor=Region.objects.get(pk="990102001"), closed_on=date(2199, 1, 1))
    assert list(Business.objects.in_territory("990102002")) == [business]
    assert list(Business.objects.in_territory("990102001")) == []


def test_a_name_given_up_stays_among_the_former_names_until_it_is_taken_again(admin: User) -> None:
    assert save("990102002", admin, name="石门镇").former_names == "石门乡"
    assert save("990102002", admin, name="石门街道").former_names == "石门乡、石门镇"
    assert save("990102002", admin, name="石门乡").former_names == "石门镇、石门街道"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"successor": "990102001"}, "就要填撤销日期"),
        ({"successor": "990102002", "closed_on": DAY}, "不能并入自己"),
        ({"successor": "990103002", "closed_on": DAY}, "已撤销的地区"),
        ({"successor": "990103", "closed_on": DAY}, "同一层级"),
        ({"opened_on": date(2026, 7, 1), "closed_on": DAY}, "早于启用日期"),
    ],
)
def test_a_merger_that_cannot_be_is_refused_in_words(admin: User, fields: dict[str, Any], words: str) -> None:
    make_region("990103002", "旧乡", closed_on=date(2020, 1, 1))
    if "successor" in fields:
        fields = fields | {"successor": Region.objects.get(pk=fields["successor"])}
    with pytest.raises(AccountRefused, match=words):
        save("990102002", admin, **fields)
    assert not RegionMerger.objects.exists()


def test_former_names_that_grow_too_long_lose_the_oldest() -> None:
    names = "、".join(f"第{number:03}号很长的地名" for number in range(30))
    assert with_former_name(names, "石门乡", "石门镇").endswith("、石门乡")
    assert len(with_former_name(names, "石门乡", "石门镇")) <= 300


def test_a_circle_of_successors_is_found_from_each_of_its_regions_and_from_no_other() -> None:
    successors = {"a": "b", "b": "c", "c": "a", "d": "a", "e": "f"}
    assert [code for code in "abcdef" if circle(successors, code)] == ["a", "b", "c"]
