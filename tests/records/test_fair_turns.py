"""Whose work is done next: lanes are served in turn, so that one county's heap of files delays nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from records import tasks
from records.choices import JobState
from records.ledgers import batches
from records.models import Job
from records.services import jobs
from tests.factories import make_user
from tests.factories.ledgers import business_row, make_county, make_liaison, workbook

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def done(monkeypatch):
    names: list[str] = []
    monkeypatch.setitem(jobs._handlers, "test.name", lambda job, progress: names.append(job.params["name"]))
    return names


def queue(name, lane):
    return jobs.enqueue(kind="test.name", params={"name": name}, lane=lane)


def work(rounds):
    """One message after another reaches a worker, in the order in which they were sent."""
    sent = list(Job.objects.order_by("created_at").values_list("pk", flat=True))
    for pk in sent[:rounds]:
        tasks.run_job(str(pk))


def test_another_countys_file_is_next_however_many_wait_before_it(done):
    for number in range(10):
        queue(f"hostile {number}", "county 990102")
    queue("normal", "county 990103")
    work(3)
    assert done == ["hostile 0", "normal", "hostile 1"]
    work(11)
    assert (len(done), done[2:]) == (11, [f"hostile {number}" for number in range(1, 10)])


def test_a_lane_at_work_lets_the_others_go_first(done):
    busy = queue("busy", "county 990102")
    assert jobs.claim(busy.pk) is not None
    Job.objects.filter(pk=busy.pk).update(started_at=timezone.now() - timedelta(hours=2))
    queue("more", "county 990102")
    queue("other", "county 990103")
    assert jobs.run_next(busy.pk) is not None
    assert done == ["other"]


def test_three_lanes_take_turns(done):
    for lane in ("a", "b", "c"):
        for number in (1, 2, 3):
            queue(f"{lane}{number}", lane)
    work(9)
    assert done == ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]


def test_a_job_whose_worker_died_has_its_turn_again(done):
    job = queue("once more", "county 990102")
    assert jobs.claim(job.pk) is not None
    assert jobs.run_next(job.pk) is None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.run_next(job.pk)
    assert (done, Job.objects.get().state) == (["once more"], JobState.DONE)


def test_ledgers_of_a_county_share_a_lane_and_people_without_one_have_their_own():
    make_county()
    for by in (make_liaison(), make_liaison()):
        batches.receive_upload(kind="businesses", file=workbook("businesses", [business_row()]), by=by)
    person = make_user(role="leader", region="9901")
    jobs.enqueue(kind="test.name", params={}, by=person)
    jobs.enqueue(kind="test.name", params={})
    lanes = Job.objects.order_by("created_at").values_list("lane", flat=True)
    assert list(lanes) == ["county 990102", "county 990102", f"person {person.pk}", ""]
