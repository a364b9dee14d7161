"""Materialising by command and by the clock: once, whoever asks how often."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command

from inspections.models import Checklist, DeadlinePolicy, FrequencyPolicy, VisitDuty
from inspections.tasks import materialise_current_duties
from records.choices import JobState
from records.models import AuditEvent, Job
from records.services import jobs
from tests.factories import make_business, make_region

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def command(capsys: Any, **options: Any) -> tuple[dict[str, Any], int]:
    code = 0
    try:
        call_command("materialise_duties", json=True, **options)
    except SystemExit as left:
        code = left.code
    return json.loads(capsys.readouterr().out), code


def test_the_command_prints_one_document_and_the_second_time_creates_nothing(capsys):
    make_business()
    make_business(status="dormant")
    first, code = command(capsys, region="9901", on="2026-11-16")
    assert code == 0
    assert {name: first[name] for name in ("periods", "created", "changed", "expected", "excluded")} == {
        "periods": ["2026Q4"], "created": 2, "changed": 0, "expected": 1, "excluded": 1,
    }  # fmt: skip
    second, code = command(capsys, region="9901", on="2026-11-16")
    assert (second["created"], second["unchanged"], code) == (0, 2, 0)
    assert AuditEvent.objects.filter(action="duties.materialised").count() == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"region": "77", "on": "2026-11-16"}, "没有代码为“77”的地区", id="an unknown region"),
        pytest.param({"region": "9901", "on": "16.11."}, "不是日期", id="a day that is none"),
    ],
)
def test_a_refusal_says_why(capsys, options, sentence):
    make_region("9901")
    document, code = command(capsys, **options)
    assert code == 2
    assert sentence in document["reason"]


def test_two_beats_materialise_once_and_the_job_may_run_twice(monkeypatch):
    make_business()
    make_business(region="9901")  # belongs to no county
    assert materialise_current_duties() == materialise_current_duties()
    job = jobs.run_inline(Job.objects.get())
    assert (job.state, job.result["created"]) == (JobState.DONE, 2)
    rows = list(VisitDuty.objects.values())
    Job.objects.update(state=JobState.QUEUED, lease_token=None, lease_until=None)
    job = jobs.run_inline(job)
    assert (job.state, job.result["created"], job.result["unchanged"]) == (JobState.DONE, 0, 2)
    assert list(VisitDuty.objects.values()) == rows


def test_a_failed_day_is_tried_again_within_the_day():
    first = materialise_current_duties()
    Job.objects.update(state=JobState.FAILED)
    assert materialise_current_duties() != first
    assert Job.objects.count() == 2


def test_a_new_city_starts_with_rules_that_name_their_source():
    assert set(FrequencyPolicy.objects.values_list("grade", "times", "per", "effective_from")) == {
        (grade, 1, "quarter", date(2022, 11, 1)) for grade in "ABCD"
    }
    assert dict(DeadlinePolicy.objects.values_list("severity", "days")) == {
        "minor": 3,
        "major": 7,
        "serious": 15,
    }
    assert {one.level: one.items.count() for one in Checklist.objects.all()} == {
        "city": 8, "county": 10, "township": 23, "village": 16,
    }  # fmt: skip
    assert all("(B)" in source for source in DeadlinePolicy.objects.values_list("source", flat=True))
    assert all("待本地修订" in source for source in Checklist.objects.values_list("source", flat=True))
