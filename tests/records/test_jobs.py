"""Jobs: done once, taken up again after a death, never by two, and a lost message costs half a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from records.choices import JobState
from records.models import Job
from records.services import jobs
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def counted(monkeypatch):
    done: list[str] = []

    def work(job, progress):
        progress(5, 10, "一半", force=True)
        done.append(str(job.pk))
        return {"rows": 10}

    monkeypatch.setitem(jobs._handlers, "test.count", work)
    return done


def queue(**fields) -> Job:
    return jobs.enqueue(kind="test.count", params={}, by=None, **fields)


def test_running_a_job_twice_does_it_once(counted):
    job = queue(total=10)
    jobs.run(job.pk)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (counted, job.state, job.done, job.result) == ([str(job.pk)], JobState.DONE, 10, {"rows": 10})


def test_the_same_dedupe_key_is_one_job(counted):
    assert queue(dedupe_key="a").pk == queue(dedupe_key="a").pk
    assert Job.objects.count() == 1


def test_a_job_with_a_live_lease_is_left_alone_and_an_expired_one_is_taken_up(counted):
    job = queue()
    assert jobs.claim(job.pk) is not None
    assert jobs.claim(job.pk) is None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, len(counted)) == (JobState.DONE, 2, 1)


def test_the_sweeper_wakes_what_no_message_reached(counted, no_broker, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False):
        job = queue()
    assert jobs.sweep(timezone.now()) == 1
    assert no_broker == [("records.tasks.run_job", [str(job.pk)])]


def test_a_worker_that_lost_its_lease_stops_without_a_word(monkeypatch):
    def slow(job, progress):
        Job.objects.filter(pk=job.pk).update(lease_token=None)
        progress(1, 2, force=True)

    monkeypatch.setitem(jobs._handlers, "test.count", slow)
    job = queue()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_a_broken_handler_ends_in_a_sentence(monkeypatch, caplog):
    monkeypatch.setitem(jobs._handlers, "test.count", lambda job, progress: 1 / 0)
    job = jobs.run_inline(queue())
    assert (job.state, "没有保存任何内容" in job.message) == (JobState.FAILED, True)


def test_a_refusal_is_shown_as_it_is(monkeypatch):
    def refuse(job, progress):
        raise jobs.JobRefused("这一周还没有结束。")

    monkeypatch.setitem(jobs._handlers, "test.count", refuse)
    job = jobs.run_inline(queue())
    assert (job.state, job.message) == (JobState.FAILED, "这一周还没有结束。")


def test_a_job_that_died_five_times_ends(counted):
    job = queue()
    Job.objects.update(attempts=5)
    job = jobs.run_inline(job)
    assert (job.state, counted) == (JobState.FAILED, [])


def test_cancelling_stops_a_waiting_job_once(counted):
    job, person = queue(), make_user(role="system_admin")
    assert jobs.cancel_job(job=job, by=person) is True
    assert jobs.cancel_job(job=job, by=person) is False
    jobs.run(job.pk)
    assert counted == []
