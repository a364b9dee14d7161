"""What a monitoring system sees: ready or not and why, figures, and an honest page while the database is away."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone

from foodsafe_portal import health, views
from records.choices import JobState
from records.models import Job, Pulse
from records.services import audit, seal
from records.services.pulses import leave_pulse
from records.tasks import seal_trail

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def beating(settings):
    """Every periodic duty was done a moment ago, and files carry the messages."""
    settings.CELERY_BROKER_URL = "filesystem://"
    for name in settings.CELERY_BEAT_SCHEDULE:
        leave_pulse(name=name, at=timezone.now())


def failed(client):
    body = client.get("/readyz").json()
    return {name for name, check in body["checks"].items() if not check["ok"]}


def test_a_sound_installation_is_ready(client, beating):
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    assert set(response.json()["checks"]) == {"database", "migrations", "broker", "beat", "disk", "seal"}


def test_a_beat_that_fell_silent_is_named(client, beating):
    Pulse.objects.filter(name="seal-trail").update(at=timezone.now() - timedelta(minutes=6))
    assert failed(client) == {"beat"}
    assert "seal-trail" in client.get("/readyz").json()["checks"]["beat"]["detail"]


def test_a_beat_that_never_ran_is_not_ready(client, settings):
    settings.CELERY_BROKER_URL = "filesystem://"
    assert failed(client) == {"beat"}


@pytest.mark.parametrize(("minutes", "expected"), [(9, set()), (11, {"seal"})])
def test_events_that_nobody_seals_are_seen(client, beating, monkeypatch, minutes, expected):
    event = audit.record(by=None, action="test.happened")
    monkeypatch.setattr(health, "_oldest_unsealed", lambda: event.at - timedelta(minutes=minutes))
    assert failed(client) == expected


def test_a_full_disk_is_not_ready(client, beating, settings):
    settings.READY_FREE_MEGABYTES = 10**9
    assert failed(client) == {"disk"}


def test_a_broker_that_does_not_answer_is_not_ready(client, beating, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert failed(client) == {"broker"}


def test_a_periodic_task_leaves_its_pulse(beating):
    Pulse.objects.all().delete()
    seal_trail.apply()
    assert list(Pulse.objects.values_list("name", flat=True)) == ["seal-trail"]


def test_the_figures_tell_of_waiting_jobs_and_of_the_seal(client, beating):
    long_ago = timezone.now() - timedelta(minutes=5)
    Job.objects.create(kind="a", created_at=long_ago)
    Job.objects.create(kind="b", created_at=timezone.now())
    Job.objects.create(kind="c", created_at=long_ago, state=JobState.RUNNING, lease_until=long_ago)
    audit.record(by=None, action="test.happened")
    seal.seal_events()
    lines = dict(
        line.rsplit(" ", 1) for line in client.get("/metrics").content.decode().splitlines() if line[0] != "#"
    )
    assert float(lines["portal_jobs_queued"]) == 2
    assert 300 <= float(lines["portal_queue_age_seconds"]) < 400
    assert float(lines["portal_leases_lost"]) == 1
    assert float(lines["portal_seal_lag_seconds"]) == 0
    assert float(lines['portal_duty_age_seconds{duty="sweep-jobs"}']) < 60


@pytest.mark.parametrize("address", ["/readyz", "/metrics"])
@pytest.mark.parametrize("how", [{"REMOTE_ADDR": "1.2.3.4"}, {"HTTP_X_FORWARDED_FOR": "10.0.0.1"}])
def test_nobody_outside_sees_the_inside(address, how, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert Client().get(address, **how).status_code == 404


@pytest.mark.parametrize(
    ("path", "said"), [("/businesses/", "正在恢复"), ("/api/v1/businesses/", "暂时连不上")]
)
def test_while_the_database_is_away_people_are_told_so_and_when_to_try_again(path, said):
    try:
        raise OperationalError("server closed the connection unexpectedly")
    except OperationalError:
        response = views.broken(RequestFactory().get(path))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    told = response.content.decode()
    assert said in (json.loads(told)["detail"] if path.startswith("/api/") else told)


def test_another_error_is_the_portals_own_fault():
    try:
        raise ValueError("a mistake")
    except ValueError:
        response = views.broken(RequestFactory().get("/businesses/"))
    assert response.status_code == 500


def test_a_page_whose_database_is_away_answers_503(client, monkeypatch):
    def gone(*_args, **_kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(views, "connection", type("Gone", (), {"cursor": staticmethod(gone)}))
    client.raise_request_exception = False
    assert client.get("/healthz").status_code == 503
