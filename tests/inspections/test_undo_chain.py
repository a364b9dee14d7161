"""A chain of ledgers is taken back in any order: what is held is named and tried again, and nothing of the chain stays."""

from __future__ import annotations

import itertools

import pytest
from django.utils import timezone

from entities.models import Assignment, Business, Officer, Pledge
from inspections.models import Visit, VisitDuty
from records.choices import BatchState
from records.ledgers import batches
from records.models import LedgerBatch
from tests.factories import make_policy
from tests.factories.ledgers import business_row, make_county, make_liaison, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

KINDS = ("businesses", "officers", "visits")


def chain(liaison):
    shop = business_row()
    named = {f"business_{key}": shop[key] for key in ("name", "credit_code", "licence_no")}
    person = {"officer_name": "吴成丽", "officer_level": "乡镇级", "township": "人民街道", **named}
    post = {
        "officer_title": "副镇长",
        "officer_unit": "人民街道办事处",
        "officer_phone": "13900000001",
        "county": "南湖区",
    }
    visit = {**person, "visited_on": timezone.localdate(), "mode": "现场"}
    rows = {
        "businesses": shop,
        "officers": {**person, **post, "pledge_signed_on": "2026-02-05"},
        "visits": visit,
    }
    return {kind: take_in(send(liaison, kind, [rows[kind]])) for kind in KINDS}


def left():
    tables = (Business, Officer, Assignment, Pledge, Visit, VisitDuty)
    return {table.__name__: table.objects.count() for table in tables if table.objects.exists()}


@pytest.mark.parametrize("order", list(itertools.permutations(KINDS)), ids="-".join)
def test_undoing_a_chain_in_any_order_and_trying_again_leaves_nothing(order):
    make_county()
    make_policy("C")
    liaison = make_liaison()
    sent = chain(liaison)
    assert left().keys() == {"Business", "Officer", "Assignment", "Pledge", "Visit", "VisitDuty"}
    for _round in range(len(KINDS)):
        for kind in order:
            batch = LedgerBatch.objects.get(pk=sent[kind].pk)
            if batch.state == BatchState.COMMITTED or batch.choices.get("left_rows"):
                batches.undo_batch(batch=batch, by=liaison)
    assert left() == {}
    told = [(one.state, one.choices["left_rows"]) for one in LedgerBatch.objects.all()]
    assert told == [(BatchState.UNDONE, [])] * len(KINDS)


def test_a_batch_of_which_nothing_could_go_stays_imported_and_names_who_holds_it():
    make_county()
    make_policy("C")
    liaison = make_liaison()
    sent = chain(liaison)
    held = batches.undo_batch(batch=sent["businesses"], by=liaison)
    assert (held.removed, held.restored, len(held.conflicts)) == (0, 0, 1)
    assert held.conflicts[0]["by"].startswith("PC-")
    assert LedgerBatch.objects.get(pk=sent["businesses"].pk).state == BatchState.COMMITTED
