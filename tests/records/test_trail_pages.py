"""The auditor's pages: search, one event, verification; nobody else opens them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from records.models import AuditEvent
from records.services import audit, jobs
from records.services.seal import seal_events
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_the_auditor_finds_an_event_by_person_object_and_day(login):
    client = login(role="auditor")
    audit.record(by=client.user, action="week.closed", target_name="示例周报")
    audit.record(by=None, action="login.refused", target_name="somebody", outcome="refused")
    page = client.get(reverse("trail"), {"q": "示例周报"}).content.decode()
    assert ("示例周报" in page, "somebody" in page) == (True, False)
    assert "somebody" in client.get(reverse("trail"), {"outcome": "refused"}).content.decode()
    assert "没有符合条件的记录" in client.get(reverse("trail"), {"to": "2020-01-01"}).content.decode()


@pytest.mark.parametrize("day", ["没有", "2026-02-30", "9999-99-99"])
def test_a_date_that_is_none_is_no_error(login, day):
    assert login(role="auditor").get(reverse("trail"), {"from": day}).status_code == 200


def test_verifying_says_what_was_found_and_is_itself_an_event(login):
    audit.record(by=None, action="x.done")
    seal_events()
    client = login(role="auditor")
    assert "封存链完整" in client.post(reverse("trail-verify")).content.decode()
    assert AuditEvent.objects.filter(action="trail.verified").count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_trail_costs_the_same_queries_however_long_it_is(login, django_assert_num_queries, count):
    client = login(role="auditor")
    for _ in range(count):
        audit.record(by=client.user, action="x.done")
    client.get(reverse("trail"))
    with django_assert_num_queries(5):
        client.get(reverse("trail"))


def test_a_job_is_seen_by_its_owner_and_the_administrator_only(login):
    owner = login(role="county_liaison", region="990102")
    job = jobs.enqueue(kind="x", params={}, by=owner.user)
    address = reverse("job-detail", args=[job.pk])
    assert owner.get(address).status_code == 200
    assert login(role="county_liaison", region="990103").get(address).status_code == 404
    assert login(role="system_admin").get(address).status_code == 200


def test_a_cancelled_job_ends(login):
    owner = login(role="county_liaison", region="990102")
    job = jobs.enqueue(kind="x", params={}, by=owner.user)
    owner.post(reverse("job-cancel", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == "cancelled"


@pytest.mark.parametrize(("role", "state"), [("auditor", "queued"), ("system_admin", "cancelled")])
def test_who_only_reads_the_jobs_of_others_cannot_stop_them(login, role, state):
    job = jobs.enqueue(kind="x", params={}, by=make_user(role="county_liaison", region="990102"))
    reader = login(role=role)
    page, address = reverse("job-detail", args=[job.pk]), reverse("job-cancel", args=[job.pk])
    assert (address in reader.get(page).content.decode()) is (state == "cancelled")
    told = reader.post(address, follow=True).content.decode()
    job.refresh_from_db()
    assert (job.state, "系统管理员取消" in told) == (state, state == "queued")
