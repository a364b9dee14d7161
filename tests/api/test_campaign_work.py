"""Programs do the rest of the pages' work as well: grades, bonds, weekly reports on tasks, the frozen week, proof."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.rules.rights import Role
from campaigns.models import TaskReport, WeeklyReport
from entities.models import Assignment, Business
from foodsafe_portal.lib.weeks import Week
from inspections.models import Problem
from records.models import AuditEvent
from records.services import jobs
from tests.api.conftest import client_of
from tests.factories import make_business, make_officer
from tests.factories.files import photo

TODAY = timezone.localdate


def test_a_business_entered_by_a_program_says_so(house):
    client = client_of(house.people[Role.COUNTY_LIAISON])
    body = {
        "name": "南湖区幸福饭店", "licence_no": "JY29901020000018", "business_type": "catering",
        "premises_address": "幸福路 18 号", "region": house.own.township,
    }  # fmt: skip
    made = client.post("/api/v1/businesses/", body, format="json")
    assert (made.status_code, Business.objects.get(pk=made.json()["id"]).source) == (201, "api")


# --- grades ----------------------------------------------------------------------------------------


def test_a_grade_proposed_by_one_is_decided_by_another(house):
    liaison, regulator = (client_of(house.people[role]) for role in (Role.COUNTY_LIAISON, Role.REGULATOR))
    business = make_business(region=house.own.township, responsibility_grade="C")
    at = f"/api/v1/businesses/{business.pk}/grade-changes/"
    body = {"to_grade": "B", "effective_on": str(TODAY()), "reason": "扩大经营面积"}
    made = liaison.post(at, body, format="json")
    assert (made.status_code, made.json()["state"], made.json()["manual"]) == (201, "proposed", True)
    again = liaison.post(at, body, format="json")
    assert (again.status_code, bool(again.json()["detail"])) == (409, True)
    review = f"/api/v1/grade-changes/{made.json()['id']}/review/"
    assert liaison.post(review, {"approve": True}, format="json").status_code == 403
    done = regulator.post(review, {"approve": True}, format="json")
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    business.refresh_from_db()
    assert business.responsibility_grade == "B"
    assert regulator.post(review, {"approve": True}, format="json").status_code == 409
    assert AuditEvent.objects.filter(action="grade_change.approved").count() == 1


def test_a_reviewers_own_grade_takes_effect_at_once(house):
    regulator = client_of(house.people[Role.REGULATOR])
    business = make_business(region=house.own.township, responsibility_grade="C")
    body = {"to_grade": "D", "effective_on": str(TODAY()), "reason": "缩小"}
    made = regulator.post(f"/api/v1/businesses/{business.pk}/grade-changes/", body, format="json")
    business.refresh_from_db()
    assert (made.json()["state"], business.responsibility_grade) == ("approved", "D")


# --- assignments -----------------------------------------------------------------------------------


def test_binding_an_officer_relieves_the_one_of_the_same_level(house):
    client = client_of(house.people[Role.TOWNSHIP_LIAISON])
    after = make_officer("接任", region=house.own.township)
    body = {"business": house.own.business.pk, "officer": after.pk}
    made = client.post("/api/v1/assignments/", body, format="json")
    assert (made.status_code, made.json()["valid_from"]) == (201, str(TODAY()))
    house.own.assignment.refresh_from_db()
    assert house.own.assignment.valid_to == TODAY() - timedelta(days=1)
    listed = client.get("/api/v1/assignments/", {"business": house.own.business.pk, "active": "true"})
    assert [bond["officer_name"] for bond in listed.json()["results"]] == ["接任"]
    end = f"/api/v1/assignments/{made.json()['id']}/end/"
    assert client.post(end, {"reason": "调离"}, format="json").json()["valid_to"] == str(TODAY())
    assert client.post(end, {}, format="json").status_code == 409


@pytest.mark.parametrize("wrong", ["another township's officer", "another county's business"])
def test_a_bond_outside_the_place_is_refused_with_its_field(house, wrong):
    client = client_of(house.people[Role.COUNTY_LIAISON])
    body = {"business": house.own.business.pk, "officer": house.own.officer.pk}
    if wrong == "another township's officer":
        body["officer"], field = make_officer(region="990102009").pk, "officer"
    else:
        body["business"], field = house.county.business.pk, "business"
    answer = client.post("/api/v1/assignments/", body, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert Assignment.objects.filter(recorded_at__date=TODAY()).count() == 3  # those of the house


# --- tasks -----------------------------------------------------------------------------------------


def test_a_unit_reports_on_its_task_and_the_office_ends_it(house):
    unit, office = (client_of(house.people[role]) for role in (Role.UNIT_LIAISON, Role.CAMPAIGN_OFFICE))
    at = f"/api/v1/tasks/{house.own.task.pk}/"
    claimed = unit.post(f"{at}claim/")
    assert (claimed.status_code, bool(claimed.json()["detail"])) == (409, True)  # the house's task is claimed
    bare = unit.post(f"{at}report/", {"progress": "已完成", "claims_done": True}, format="json")
    assert (bare.status_code, "佐证" in bare.json()["detail"]) == (409, True)
    body = {"progress": "已完成", "claims_done": True, "evidence": photo()}
    sent = unit.post(f"{at}report/", body, format="multipart")
    assert (sent.status_code, sent.json()["week"]) == (201, str(Week.of(TODAY())))
    assert unit.post(f"{at}report/", {"progress": "又报"}, format="json").status_code == 409
    file = sent.json()["evidence"][0]
    assert b"".join(office.get(file["url"]).streaming_content)[:2] == b"\xff\xd8"
    decide = f"/api/v1/task-reports/{sent.json()['id']}/decide/"
    assert unit.post(decide, {"approve": True}, format="json").status_code == 403
    unsaid = office.post(decide, {"approve": False}, format="json")
    assert (unsaid.status_code, "理由" in unsaid.json()["detail"]) == (409, True)
    assert office.post(decide, {"approve": True}, format="json").json()["state"] == "approved"
    assert unit.get(at).json()["state"] == "done"
    superseded = office.get("/api/v1/task-reports/", {"state": "superseded", "task": house.own.task.pk})
    assert [one["id"] for one in superseded.json()["results"]] == [house.own.task_report.pk]
    assert TaskReport.objects.filter(state="approved").count() == 1


# --- frozen weeks ----------------------------------------------------------------------------------


def test_the_office_freezes_a_week_in_the_background_and_publishes_it(house):
    office = client_of(house.people[Role.CAMPAIGN_OFFICE])
    last = str(Week.of(TODAY()).previous())
    asked = office.post("/api/v1/reports/close/", {"campaign": "own"}, format="json")
    assert (asked.status_code, asked.json()["kind"]) == (202, "week.close")
    jobs.run(uuid.UUID(asked.json()["id"]))
    done = office.get(f"/api/v1/jobs/{asked.json()['id']}/").json()
    report = office.get(f"/api/v1/reports/{done['result']['report']}/").json()
    assert (done["state"], report["week"], report["state"]) == ("done", last, "frozen")
    published = office.post(f"/api/v1/reports/{report['id']}/publish/")
    assert (published.status_code, published.json()["state"]) == (200, "published")
    assert office.post(f"/api/v1/reports/{report['id']}/publish/").status_code == 409
    assert WeeklyReport.objects.get(pk=report["id"]).published_by == house.people[Role.CAMPAIGN_OFFICE]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"week": "46"}, 400, "week"),
        ({"campaign": "abroad"}, 400, "campaign"),
        ({"week": "2999-W01"}, 409, None),
    ],
)
def test_a_week_that_cannot_be_frozen_is_refused(house, body, status, field):
    office = client_of(house.people[Role.CAMPAIGN_OFFICE])
    answer = office.post("/api/v1/reports/close/", body, format="json")
    assert (answer.status_code, list(answer.json().get("fields", {}))) == (status, [field] if field else [])


# --- proof -----------------------------------------------------------------------------------------


def test_the_photo_of_a_problem_found_on_a_visit_comes_with_both(house):
    officer = client_of(house.people[Role.OFFICER])
    body = {
        "client_uuid": str(uuid.uuid4()), "business": house.own.business.pk,
        "problems": '[{"description": "进货查验记录不全"}]', "photo-1": photo(),
    }  # fmt: skip
    made = officer.post("/api/v1/visits/", body, format="multipart")
    assert made.status_code == 201, made.json()
    visit = made.json()["id"]
    shown = officer.get(f"/api/v1/visits/{visit}/").json()
    problem = Problem.objects.get(visit_id=visit)
    assert shown["problems"] == [problem.pk]
    listed = officer.get(f"/api/v1/problems/{problem.pk}/").json()["evidence"]
    assert [(file["id"], file["of"]) for file in listed] == [(shown["evidence"][0]["id"], "problemevent")]
    answer = officer.get(listed[0]["url"])
    assert answer["Content-Disposition"].startswith('attachment; filename="evidence-')
    assert b"".join(answer.streaming_content)[:2] == b"\xff\xd8"
    elsewhere = client_of(house.people[Role.UNIT_LIAISON])  # a unit that has nothing to do with it
    assert elsewhere.get(listed[0]["url"]).status_code == 404


# --- the description -------------------------------------------------------------------------------


def chinese_in(part: Any, path: str = "") -> Iterator[str]:
    """Where Chinese is left; the values of examples are data."""
    if isinstance(part, dict):
        for name, inner in part.items():
            if name != "value":
                yield from chinese_in(inner, f"{path}/{name}")
    elif isinstance(part, list):
        for place, inner in enumerate(part):
            yield from chinese_in(inner, f"{path}/{place}")
    elif isinstance(part, str) and re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", part):
        yield f"{path}: {part[:60]}"


def test_the_description_speaks_the_readers_language(house):
    client = client_of(house.people[Role.LEADER])
    chinese = client.get("/api/v1/schema/").json()
    english = client.get("/api/v1/schema/", headers={"accept-language": "en"}).json()
    assert chinese["paths"]["/api/v1/problems/"]["get"]["summary"] == "问题列表"
    assert chinese["paths"].keys() == english["paths"].keys()
    english["paths"]["/api/v1/ledgers/"]["post"]["description"] = (
        ""  # names the columns as they stand in ledgers
    )
    assert list(chinese_in(english)) == []
    assert client.get("/api/v1/schema/").json() == chinese
