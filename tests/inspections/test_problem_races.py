"""Two people act on one problem at the same moment, each over a connection of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from inspections.errors import SomebodyWasFirst
from inspections.models import Problem, RectificationDuty
from inspections.rules.states import WrongState
from inspections.services import rectifying
from tests.factories import make_problem, make_region, make_user

DAY = date(2026, 11, 10)
WHEN = datetime(2026, 11, 12, 2, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def seeds_survive(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tests with real commits empty the tables afterwards; the rows that migrations wrote come back."""
    with django_db_blocker.unblock():
        seeds = connection.creation.serialize_db_to_string()
    yield
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
        connection.creation.deserialize_db_from_string(seeds)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_two_people_closing_at_once_one_wins(round_):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    make_region("990102001")
    problem = make_problem(
        state="second_check", rectified_on=DAY, submitted_by=make_user(role="county_liaison", region="990102")
    )
    people = [make_user(role=role, region="9901") for role in ("campaign_office", "supervision_team")]
    start, ended = threading.Barrier(2), []

    def close(person: Any) -> None:
        try:
            start.wait(5)
            rectifying.close_problem(problem=Problem.objects.get(pk=problem.pk), by=person, at=WHEN)
            ended.append("closed")
        except (SomebodyWasFirst, WrongState):
            ended.append("told so")
        finally:
            connection.close()

    threads = [threading.Thread(target=close, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(ended) == ["closed", "told so"]
    assert problem.events.filter(action="close").count() == 1
    assert RectificationDuty.objects.live().filter(problem=problem).count() == 1
