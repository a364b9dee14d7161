"""What a frozen week has counted, an undone ledger leaves in the register."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from campaigns.models import WeeklyReport
from entities.models import Business
from records.ledgers import batches
from tests.factories import make_campaign
from tests.factories.ledgers import business_row, make_county, make_liaison, send, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.parametrize(("region", "left"), [("9901", 1), ("9902", 0)])
def test_a_business_that_a_frozen_week_has_counted_stays_when_its_ledger_is_undone(region, left):
    make_county()
    liaison = make_liaison()
    batch = take_in(send(liaison, "businesses", [business_row()]))
    now = timezone.now()
    WeeklyReport.objects.create(
        campaign=make_campaign(region=region),
        week="2026-W46",
        sunday=date(2026, 11, 15),
        as_of=now,
        known_at=now,
        digest="0" * 64,
    )
    result = batches.undo_batch(batch=batch, by=liaison)
    assert (Business.objects.count(), len(result.conflicts), result.removed) == (left, left, 1 - left)
    assert all("周报" in conflict["why"] for conflict in result.conflicts)
