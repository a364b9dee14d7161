"""A unit that moves under another takes its ledgers and what was remembered for it along."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.ledgers.units import straighten_paths
from accounts.models import Unit
from accounts.services.places import save_unit
from records.ledgers import batches
from records.models import LedgerBatch, LedgerHabit
from tests.factories import make_region, make_unit, make_user
from tests.factories.ledgers import send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def admin():
    make_region("9901", "示例市")
    return make_user(role="system_admin", region="9901")


def by_hand(unit, parent, admin):
    """One unit is corrected on its page."""
    kept = {name: getattr(unit, name) for name in ("name", "short_name", "kind", "region", "is_member")}
    save_unit(unit=unit, parent=parent, by=admin, **kept)


def by_ledger(unit, parent, admin):
    """A ledger of units says who is above."""
    row = {"name": unit.name, "region": "示例市", "parent": parent.name}
    batch = take_in(send(admin, "units", [row]))
    assert batch.counts["updated"] == 1


def liaison_of(unit):
    return make_user(role="unit_liaison", region="9901", unit=unit)


def again(person):
    """The same person at their next request."""
    return type(person).objects.get(pk=person.pk)


@pytest.mark.parametrize("move", [by_hand, by_ledger])
def test_colleagues_keep_a_moved_units_ledger_and_the_former_superior_loses_it(admin, move):
    old, new, other = (make_unit(name) for name in ("旧局", "新局", "别的局"))
    moved = make_unit("搬迁局", parent=old)
    office = make_unit("搬迁局办公室", parent=moved)
    sender, colleague, elsewhere = liaison_of(office), liaison_of(office), liaison_of(other)
    above, former = liaison_of(new), liaison_of(old)
    batch = send(sender, "readings", [{"no": "1", "on": "2026-11-10", "met": "是"}])
    foreign = send(elsewhere, "readings", [{"no": "1", "on": "2026-11-10", "met": "是"}])
    nobodys = send(liaison_of(None), "readings", [{"no": "1", "on": "2026-11-10", "met": "是"}])
    batches.choose_columns(batch=batch, by=sender, sheet="台账", mapping={"甲": "no"})
    assert list(LedgerBatch.objects.visible_to(former)) == [batch]
    move(moved, new, admin)
    office.refresh_from_db()
    assert office.path == f"{new.path}{moved.pk}/{office.pk}/"
    seen = {
        person: list(LedgerBatch.objects.visible_to(again(person))) for person in (colleague, above, former)
    }
    assert seen == {colleague: [batch], above: [batch], former: []}
    paths = dict(LedgerBatch.objects.filter(kind="readings").values_list("pk", "unit_path"))
    assert paths == {batch.pk: office.path, foreign.pk: other.path, nobodys.pk: ""}
    assert list(LedgerHabit.objects.values_list("kind", "unit_path")) == [("readings", office.path)]


def test_what_was_remembered_where_a_unit_once_was_gives_way_to_what_it_brings_back(admin):
    first, second = make_unit("甲局"), make_unit("乙局")
    unit = make_unit("丙局", parent=second)
    left = {"kind": "readings", "territory": "9901", "updated_by": admin, "updated_at": timezone.now()}
    LedgerHabit.objects.create(**left, unit_path=f"{first.path}{unit.pk}/", mapping={"甲": "no"})
    LedgerHabit.objects.create(**left, unit_path=unit.path, mapping={"乙": "no"})
    Unit.objects.filter(pk=unit.pk).update(parent=first)
    assert straighten_paths() == 1
    assert [one.mapping for one in LedgerHabit.objects.all()] == [{"乙": "no"}]


def test_units_that_get_their_first_path_take_nothing_along(admin):
    batch = send(liaison_of(None), "readings", [{"no": "1", "on": "2026-11-10", "met": "是"}])
    Unit.objects.bulk_create([Unit(name="新设的局", region_id="9901")])
    assert straighten_paths() == 1
    assert LedgerBatch.objects.get(pk=batch.pk).unit_path == ""
