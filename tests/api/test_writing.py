"""What programs write goes through the same services as the pages: once, audited, refused with a sentence."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.rules.rights import Role
from entities.models import Business
from inspections.models import Problem, Visit
from records.models import ApprovalRule, AuditEvent
from records.services import jobs
from tests.api.conftest import client_of
from tests.factories import make_business, make_region
from tests.factories.files import photo
from tests.factories.ledgers import business_row, make_county, make_liaison, workbook

TODAY = timezone.localdate


# --- visits ----------------------------------------------------------------------------------------


def test_a_visit_sent_twice_is_one_visit(house):
    client = client_of(house.people[Role.OFFICER])
    body = {"client_uuid": str(uuid.uuid4()), "business": house.own.business.pk}
    first, again = (client.post("/api/v1/visits/", body, format="json") for _ in range(2))
    assert (first.status_code, again.status_code, first.json()["id"]) == (201, 201, again.json()["id"])
    assert (Visit.objects.filter(visited_on=TODAY()).count(), first.json()["source"]) == (1, "api")
    assert AuditEvent.objects.filter(action="visit.recorded").count() == 1
    void = f"/api/v1/visits/{first.json()['id']}/void/"
    assert client.post(void, {"reason": "误点"}, format="json").status_code == 200
    refused = client.post(void, {"reason": "误点"}, format="json")
    assert (refused.status_code, refused.json()["detail"]) == (409, "这次督导已经撤销。")


def test_a_visit_with_a_problem_carries_its_photo(house):
    client = client_of(house.people[Role.OFFICER])
    found = [{"description": "进货查验记录不全", "severity": "minor"}]
    body = {
        "client_uuid": str(uuid.uuid4()),
        "business": house.own.business.pk,
        "problems": json.dumps(found),
    }
    without = client.post("/api/v1/visits/", body, format="multipart")
    assert (without.status_code, "照片" in without.json()["detail"]) == (409, True)
    answer = client.post("/api/v1/visits/", {**body, "photo-1": photo()}, format="multipart")
    assert (answer.status_code, answer.json()["problem_count"]) == (201, 1)
    assert Problem.objects.get(visit_id=answer.json()["id"]).description == "进货查验记录不全"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"on": "16/11/2026"}, "on"),
        ({"on": "1026-11-16"}, "on"),
        ({"client_uuid": "x"}, "client_uuid"),
        ({"answers": {"a": "na"}}, "answers"),
        ({"problems": [{"severity": "minor"}]}, "problems.0.description"),
    ],
)
def test_a_visit_that_cannot_be_read_is_refused_with_its_field(house, change, field):
    client = client_of(house.people[Role.OFFICER])
    body = {"client_uuid": str(uuid.uuid4()), "business": house.own.business.pk} | change
    answer = client.post("/api/v1/visits/", body, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_a_visit_to_a_foreign_business_is_a_visit_to_no_business(house):
    client = client_of(house.people[Role.OFFICER])
    body = {"client_uuid": str(uuid.uuid4())}
    foreign, absent = (
        client.post("/api/v1/visits/", {**body, "business": pk}, format="json")
        for pk in (house.county.business.pk, 10**9)
    )
    assert (foreign.status_code, list(foreign.json()["fields"])) == (400, ["business"])
    assert (
        foreign.json()["fields"]["business"][0].replace(str(house.county.business.pk), "1000000000")
        == (absent.json()["fields"]["business"][0])
    )


# --- problems --------------------------------------------------------------------------------------


def test_a_problem_goes_its_whole_way_through_the_api(house):
    unit, county, office = (
        client_of(house.people[role])
        for role in (Role.UNIT_LIAISON, Role.COUNTY_LIAISON, Role.CAMPAIGN_OFFICE)
    )
    body = {
        "description": "后厨生熟混放",
        "severity": "major",
        "region": house.own.township,
        "unit": house.own.unit.pk,
    }
    opened = county.post("/api/v1/problems/", body, format="json")
    assert (opened.status_code, opened.json()["state"]) == (201, "to_sign")
    at = f"/api/v1/problems/{opened.json()['id']}/"

    def do(client, step: str, data: dict | None = None, form: str = "json"):
        return client.post(f"{at}{step}/", data or {}, format=form)

    early = do(unit, "submit", {"on": str(TODAY()), "note": "已分区", "proof": photo()}, "multipart")
    assert (early.status_code, "不能报送整改" in early.json()["detail"]) == (409, True)
    assert do(unit, "sign").json()["state"] == "rectifying"
    assert do(unit, "plan", {"measures": "分区\n培训", "leader_name": "王强"}).json()["plan"] == "分区\n培训"
    bare = do(unit, "submit", {"on": str(TODAY()), "note": "已分区"}, "multipart")
    assert (bare.status_code, list(bare.json()["fields"])) == (400, ["proof"])
    stale = do(unit, "plan", {"measures": "a", "leader_name": "b", "version": 1})
    assert stale.status_code == 409
    assert (
        do(unit, "submit", {"on": str(TODAY()), "note": "已分区", "proof": photo()}, "multipart").json()[
            "state"
        ]
        == "submitted"
    )
    assert do(unit, "pass-first").status_code == 403
    assert do(county, "return", {"reason": "照片不清"}).json()["return_count"] == 1
    late = str(TODAY() + timedelta(days=90))
    assert do(unit, "extend", {"to_due_on": late, "reason": "设备未到"}).status_code == 200
    assert do(office, "decide-extension", {"approve": True}).json()["due_on"] == late
    assert (
        do(unit, "submit", {"on": str(TODAY()), "note": "已补拍", "proof": photo()}, "multipart").status_code
        == 200
    )
    assert do(county, "pass-first").json()["state"] == "second_check"
    assert do(county, "close").status_code == 403
    assert do(office, "close").json()["state"] == "closed"
    assert (
        do(office, "revisit", {"on": str(TODAY()), "passed": False, "note": "又混放"}).json()["state"]
        == "reopened"
    )
    story = [event["action"] for event in office.get(at).json()["events"]]
    assert story == [
        "open", "sign", "plan", "submit", "return", "request_extension", "approve_extension", "submit", "pass_first",
        "close", "reopen",
    ]  # fmt: skip


def test_a_file_that_is_no_photo_is_refused_as_what_was_sent(house):
    from django.core.files.base import ContentFile

    unit = client_of(house.people[Role.UNIT_LIAISON])
    at = f"/api/v1/problems/{house.own.problem.pk}/"
    assert unit.post(f"{at}sign/", {}, format="json").status_code == 200
    proof = ContentFile(b"MZ\x90", name="a.jpg")
    answer = unit.post(
        f"{at}submit/", {"on": str(TODAY()), "note": "好了", "proof": proof}, format="multipart"
    )
    assert (answer.status_code, "不是照片或 PDF" in answer.json()["detail"]) == (400, True)
    assert Problem.objects.get(pk=house.own.problem.pk).state == "rectifying"


def test_a_common_problem_goes_to_every_unit(house):
    office = client_of(house.people[Role.CAMPAIGN_OFFICE])
    body = {"description": "公示栏过期", "units": [house.own.unit.pk, house.county.unit.pk]}
    answer = office.post("/api/v1/problems/common/", body, format="json")
    assert (answer.status_code, len({one["group"] for one in answer.json()}), len(answer.json())) == (
        201,
        1,
        2,
    )


# --- businesses ------------------------------------------------------------------------------------


def test_a_business_is_entered_once_and_corrected_by_version(api):
    make_region("990102001")
    client = api(role="county_liaison", region="990102")
    body = {
        "name": "南湖幸福饭店", "licence_no": "JY29901020000018", "business_type": "catering",
        "premises_address": "幸福路 18 号", "region": "990102001",
    }  # fmt: skip
    made = client.post("/api/v1/businesses/", body, format="json")
    assert (made.status_code, made.json()["status"], made.json()["responsibility_grade"]) == (
        201,
        "normal",
        "",
    )
    assert client.post("/api/v1/businesses/", body, format="json").status_code == 409
    at = f"/api/v1/businesses/{made.json()['id']}/"
    assert client.patch(at, {"version": 1, "legal_person": "王五"}, format="json").json()["version"] == 2
    stale = client.patch(at, {"version": 1, "legal_person": "李四"}, format="json")
    assert (stale.status_code, stale.json()["version"]) == (409, 2)
    assert stale.json()["clashes"] == {"legal_person": {"saved": "王五", "yours": "李四"}}
    assert Business.objects.get().legal_person == "王五"
    masked = client.patch(at, {"version": 2, "contact_phone": "138****5678"}, format="json")
    assert list(masked.json()["fields"]) == ["contact_phone"]


def test_a_business_cannot_be_put_into_another_county(api):
    make_region("990103001")
    make_region("990102001")
    client = api(role="county_liaison", region="990102")
    body = {"name": "饭店", "business_type": "catering", "premises_address": "路 1 号", "region": "990103001"}
    answer = client.post("/api/v1/businesses/", body, format="json")
    assert (answer.status_code, list(answer.json()["fields"]), Business.objects.count()) == (
        400,
        ["region"],
        0,
    )


def test_a_status_is_proposed_by_one_and_reviewed_by_another(api):
    business = make_business(region="990102001")
    liaison, regulator = api(role="county_liaison", region="990102"), api(role="regulator", region="990102")
    at = f"/api/v1/businesses/{business.pk}/status-changes/"
    body = {"to_status": "suspended", "effective_on": str(TODAY()), "reason": "装修"}
    change = liaison.post(at, body, format="json")
    assert change.status_code == 201
    assert liaison.post(at, body, format="json").status_code == 409
    review = f"/api/v1/status-changes/{change.json()['id']}/review/"
    assert liaison.post(review, {"approve": True}, format="json").status_code == 403
    assert (
        regulator.post(review, {"approve": True, "note": "已核实"}, format="json").json()["state"]
        == "approved"
    )
    assert regulator.post(review, {"approve": True, "note": "已核实"}, format="json").status_code == 409
    business.refresh_from_db()
    assert business.status == "suspended"


# --- ledgers ---------------------------------------------------------------------------------------


def test_a_ledger_is_uploaded_watched_read_confirmed_and_undone(api):
    make_county()
    client = api(make_liaison())
    file = workbook("businesses", [business_row(), business_row(name="")])
    sent = client.post("/api/v1/ledgers/", {"kind": "businesses", "file": file}, format="multipart")
    assert (sent.status_code, sent.json()["state"]) == (201, "uploaded")
    batch, job = sent.json()["id"], sent.json()["check_job"]
    at = f"/api/v1/ledgers/{batch}/"
    assert client.get(f"/api/v1/jobs/{job}/").json()["state"] == "queued"
    jobs.run_inline(jobs.Job.objects.get(pk=job))
    assert client.get(f"/api/v1/jobs/{job}/").json()["state"] == "done"
    head = client.get(at).json()
    assert (
        head["verdict"],
        head["counts"]["read"],
        head["counts"]["accepted"],
        head["counts"]["rejected"],
    ) == ("partial", 2, 1, 1)
    issues = client.get(f"{at}issues/?severity=error&size=1").json()
    assert [one["code"] for one in issues["results"]] == ["required"]
    marked = client.get(f"{at}marked/")
    assert b"".join(marked.streaming_content)[:2] == b"PK"
    refused = client.post(f"{at}confirm/", {"digest": head["digest"]}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "partial")
    yes = {"digest": head["digest"], "accept_partial": True}
    confirmed = client.post(f"{at}confirm/", yes, format="json").json()
    jobs.run_inline(jobs.Job.objects.get(pk=confirmed["commit_job"]))
    assert (client.get(at).json()["state"], Business.objects.count()) == ("committed", 1)
    assert client.post(f"{at}confirm/", yes, format="json").status_code == 409
    assert client.post(f"{at}undo/", format="json").json()["removed"] == 1
    assert Business.objects.count() == 0


def test_a_large_ledger_is_approved_or_declined_by_a_second_person(api):
    make_county()
    ApprovalRule.objects.create(rows=0)
    liaison, second = make_liaison(), api(make_liaison())
    client = api(liaison)
    at, digests = [], []
    for _ in range(2):
        file = workbook("businesses", [business_row()])
        sent = client.post(
            "/api/v1/ledgers/", {"kind": "businesses", "file": file}, format="multipart"
        ).json()
        jobs.run_inline(jobs.Job.objects.get(pk=sent["check_job"]))
        at.append(f"/api/v1/ledgers/{sent['id']}/")
        digests.append({name: client.get(at[-1]).json()[name] for name in ("digest", "seen")})
        assert client.post(f"{at[-1]}confirm/", digests[-1], format="json").json()["state"] == "awaiting"
    own = client.post(f"{at[0]}approve/", digests[0], format="json")
    assert (own.status_code, own.json()["code"]) == (409, "own_batch")
    approved = second.post(f"{at[0]}approve/", digests[0], format="json").json()
    jobs.run_inline(jobs.Job.objects.get(pk=approved["commit_job"]))
    assert second.post(f"{at[1]}decline/", {"reason": ""}, format="json").status_code == 400
    declined = second.post(f"{at[1]}decline/", {"reason": "请补许可证号"}, format="json").json()
    assert (declined["state"], declined["decision_reason"]) == ("refused", "请补许可证号")
    assert (client.get(at[0]).json()["state"], Business.objects.count()) == ("committed", 1)


def test_a_kind_that_is_not_the_persons_is_refused_with_a_sentence(api):
    make_county()
    client = api(role="regulator", region="990102")
    sent = client.post(
        "/api/v1/ledgers/", {"kind": "visits", "file": workbook("visits", [])}, format="multipart"
    )
    assert (sent.status_code, sent.json()["code"]) == (409, "not_permitted")
    assert [one["key"] for one in client.get("/api/v1/ledgers/kinds/").json()] == ["businesses"]
