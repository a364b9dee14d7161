"""Two people decide on one pair at the same moment, each over a connection of their own."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from entities import services
from entities.errors import PairChanged, PairDecided
from entities.models import Business, BusinessMerger, DuplicatePair
from entities.services.duplicates import seen_of
from tests.factories import make_business, make_region, make_user


@pytest.mark.django_db(transaction=True)
def test_of_two_people_merging_each_way_at_once_one_is_told_so():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    make_region("990102001")
    one, other = make_business("张记面馆"), make_business("南湖张记面馆")
    pair = DuplicatePair.objects.create(
        first=one, second=other, region_id="990102001", likeness=90, found_at=timezone.now()
    )
    people = [make_user(role=role, region="990102") for role in ("county_liaison", "regulator")]
    start, ended = threading.Barrier(2), []

    def merge(person: Any, survivor_id: int) -> None:
        mine = DuplicatePair.objects.select_related("first", "second").get(pk=pair.pk)
        try:
            start.wait(5)
            services.merge_businesses(
                pair=mine, survivor_id=survivor_id, seen=seen_of(mine), by=person, on=timezone.localdate()
            )
            ended.append("merged")
        except (PairDecided, PairChanged):
            ended.append("told so")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=merge, args=(person, key))
        for person, key in zip(people, (one.pk, other.pk), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ended) == ["merged", "told so"]
    assert (BusinessMerger.objects.count(), Business.objects.registered().count()) == (1, 1)
