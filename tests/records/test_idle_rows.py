"""A commit reads and plans only the rows that write something, as long as nobody touched the others since the check."""

from __future__ import annotations

import pytest

from entities.ledgers.businesses import BusinessesKind
from entities.models import Business
from records.choices import BatchState
from tests.factories.ledgers import business_row, checked, counts, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def planned(monkeypatch):
    """How many rows each plan was asked for."""
    sizes: list[int] = []
    whole = BusinessesKind.plan

    def counted(self, rows, context):
        sizes.append(len(rows))
        return whole(self, rows, context)

    monkeypatch.setattr(BusinessesKind, "plan", counted)
    return sizes


def test_rows_that_change_nothing_are_planned_once_and_the_others_again(liaison, planned):
    rows = [business_row() for _ in range(4)]
    take_in(send(liaison, "businesses", rows))
    planned.clear()
    batch = take_in(send(liaison, "businesses", [rows[0] | {"legal_person": "李四"}, *rows[1:]]))
    assert (batch.state, planned) == (BatchState.COMMITTED, [4, 1])
    assert Business.objects.filter(legal_person="李四").count() == 1


def test_an_unchanged_row_that_somebody_edited_since_the_check_sends_the_batch_back(liaison, planned):
    rows = [business_row() for _ in range(2)]
    take_in(send(liaison, "businesses", rows))
    batch = send(liaison, "businesses", [rows[0] | {"legal_person": "李四"}, rows[1]])
    edited = Business.objects.get(name=rows[1]["name"])
    Business.objects.filter(pk=edited.pk).update(scale="large", version=2)
    planned.clear()
    batch = take_in(batch)
    assert (batch.state, planned) == (BatchState.UPLOADED, [2])
    assert not Business.objects.filter(legal_person="李四").exists()
    batch = checked(batch)
    assert counts(batch) == {"read": 2, "accepted": 2, "updated": 2}


def test_an_edit_that_says_what_the_row_says_needs_no_second_check(liaison, planned):
    rows = [business_row() for _ in range(2)]
    take_in(send(liaison, "businesses", rows))
    batch = send(liaison, "businesses", [rows[0] | {"legal_person": "李四"}, rows[1]])
    Business.objects.filter(name=rows[1]["name"]).update(version=2)
    assert take_in(batch).state == BatchState.COMMITTED


def test_rows_that_only_an_idle_row_keeps_apart_are_planned_together_after_all(liaison, planned):
    """A business without numbers stands at the address; the idle row names it, so the row with a licence is another one."""
    here = business_row(name="幸福饭店", credit_code=None, licence_no=None)
    take_in(send(liaison, "businesses", [here]))
    licensed = business_row(name="幸福饭店", credit_code=None) | {
        "premises_address": here["premises_address"]
    }
    batch = send(liaison, "businesses", [here, licensed])
    assert counts(batch)["created"] == counts(batch)["unchanged"] == 1
    planned.clear()
    batch = take_in(batch)
    assert (batch.state, planned) == (BatchState.COMMITTED, [1, 2])
    assert Business.objects.count() == 2
