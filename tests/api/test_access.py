"""Who gets what from the API: every resource × every role × own, foreign and absent objects."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.rules.rights import LENSES, PERMISSIONS, Lens, Role
from foodsafe_portal.lib.permissions import Permission as P
from tests.api.conftest import CANARY, client_of

# path: (permissions that open the list, permissions that open one, line of the rights table, the object's name)
RESOURCES: dict[str, tuple[tuple[P, ...], tuple[P, ...], str, str]] = {
    "regions": ((), (), "region", "region"),
    "units": ((), (), "unit", "unit"),
    "businesses": ((P.VIEW_BUSINESSES,), (P.VIEW_BUSINESSES,), "business", "business"),
    "status-changes": ((P.REVIEW_STATUS,), (P.REVIEW_STATUS,), "status_change", "change"),
    "grade-changes": ((P.REVIEW_STATUS,), (P.REVIEW_STATUS,), "grade_change", "grade"),
    "assignments": (
        (P.VIEW_OFFICERS, P.VIEW_BUSINESSES),
        (P.VIEW_OFFICERS, P.VIEW_BUSINESSES),
        "assignment",
        "assignment",
    ),
    "officers": ((P.VIEW_OFFICERS,), (P.VIEW_OFFICERS,), "officer", "officer"),
    "duties": ((P.VIEW_VISITS,), (P.VIEW_VISITS,), "duty", "duty"),
    "visits": ((P.VIEW_VISITS,), (P.VIEW_VISITS,), "visit", "visit"),
    "problems": ((P.VIEW_PROBLEMS,), (P.VIEW_PROBLEMS,), "problem", "problem"),
    "reports": ((P.VIEW_DASHBOARD,), (P.VIEW_DASHBOARD,), "report", "report"),
    "tasks": ((P.VIEW_TASKS,), (P.VIEW_TASKS,), "task", "task"),
    "task-reports": ((P.VIEW_TASKS,), (P.VIEW_TASKS,), "task", "task_report"),
    "clauses": ((P.VIEW_RULEBOOK,), (P.VIEW_RULEBOOK,), "clause", "clause"),
    "ledgers": ((P.VIEW_LEDGERS,), (P.VIEW_LEDGERS,), "batch", "batch"),
    "jobs": ((P.VIEW_JOBS,), (P.VIEW_JOBS, P.IMPORT_LEDGER, P.CLOSE_WEEK, P.EXPORT), "job", "job"),
}
WHOLE = {Lens.TERRITORY, Lens.BOTH, Lens.AROUND, Lens.EVERY}
OFFICERS_OWN = {"business", "assignment", "duty", "visit", "problem"}


def sees(role: Role, resource: str, side: str) -> bool:
    """What the rights table says of an object in the own county (side own) or in another city (foreign)."""
    lens = LENSES[role].get(resource)
    if lens is None:
        return False
    if lens == Lens.EVERY or (resource == "clause" and lens == Lens.AROUND):
        return True
    if side == "foreign":
        return False
    if lens == Lens.OWN:
        return role == Role.OFFICER and resource in OFFICERS_OWN
    return True


def key(thing: Any) -> Any:
    return getattr(thing, "pk", thing)


def test_every_resource_gives_every_role_its_declared_answer(house):
    wrong = []
    for role, person in house.people.items():
        client = client_of(person)
        for path, (to_list, to_open, resource, name) in RESOURCES.items():
            may_list = not to_list or bool(set(to_list) & PERMISSIONS[role])
            may_open = not to_open or bool(set(to_open) & PERMISSIONS[role])
            found = client.get(f"/api/v1/{path}/").status_code
            if found != (200 if may_list else 403):
                wrong.append(f"{role} list {path}: {found}")
            absent = uuid.uuid4() if path == "jobs" else "77" if path == "regions" else 10**9
            for side, at in (
                ("own", key(getattr(house.own, name))),
                ("foreign", key(getattr(house.city, name))),
                ("absent", absent),
            ):
                want = (
                    403 if not may_open else 200 if side != "absent" and sees(role, resource, side) else 404
                )
                answer = client.get(f"/api/v1/{path}/{at}/")
                if answer.status_code != want:
                    wrong.append(f"{role} {side} {path}: {answer.status_code}, declared {want}")
                if want >= 400 and not answer.json().get("detail"):
                    wrong.append(f"{role} {side} {path}: no sentence")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [*RESOURCES, "me", "ledgers/kinds", "schema", "no-such-thing"])
def test_a_stranger_is_told_to_sign_in(db, path):
    answer = APIClient().get(f"/api/v1/{path}/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Token")
    assert "登录" in answer.json()["detail"]


def test_an_address_that_does_not_exist_answers_in_json(api):
    answer = api(role="leader", region="9901").get("/api/v1/no-such-thing/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "没有这条记录，或不在您的范围内。"})


def test_a_foreign_object_answers_exactly_like_an_absent_one(house):
    client = client_of(house.people[Role.COUNTY_LIAISON])
    foreign = client.get(f"/api/v1/businesses/{house.county.business.pk}/")
    absent = client.get("/api/v1/businesses/1000000000/")
    assert (
        (foreign.status_code, foreign.content)
        == (absent.status_code, absent.content)
        == (404, absent.content)
    )


@pytest.mark.parametrize(
    "role",
    [Role.COUNTY_LIAISON, Role.TOWNSHIP_LIAISON, Role.OFFICER, Role.UNIT_LIAISON, Role.SUPERVISION_TEAM],
)
def test_nothing_of_another_county_appears_in_any_list(house, role):
    client = client_of(house.people[role])
    leaks = []
    for path in set(RESOURCES) - {
        "units",
        "regions",
    }:  # names of places and bodies above the own ones are shown to all
        answer = client.get(f"/api/v1/{path}/", {"page_size": 500})
        if CANARY in answer.content.decode():
            leaks.append(path)
    report = f"/api/v1/reports/{house.own.report.pk}"
    # A city bureau's liaison reads the whole city's counts by place, though never a row of them.
    figures = () if role == Role.UNIT_LIAISON else (f"{report}/figures/?page_size=500",)
    addresses = (f"{report}/", *figures)
    leaks += [address for address in addresses if CANARY in client.get(address).content.decode()]
    assert leaks == []


def test_a_unit_liaison_gets_numbers_but_no_business(house):
    client = client_of(house.people[Role.UNIT_LIAISON])
    assert client.get("/api/v1/businesses/").status_code == 403
    question = {"measure": "visits", "level": "city", "code": "9901", "part": "expected"}
    answer = client.get(f"/api/v1/reports/{house.own.report.pk}/rows/", question)
    assert (answer.status_code, answer.json()["detail"]) == (403, "您的岗位只看数量，不看经营主体明细。")


def test_an_officer_gets_only_their_own_businesses(house):
    listed = client_of(house.people[Role.OFFICER]).get("/api/v1/businesses/").json()["results"]
    assert [one["id"] for one in listed] == [house.own.business.pk]


def test_proof_is_given_to_whoever_may_see_the_problem_it_hangs_on(house):
    looks = {P.VIEW_PROBLEMS, P.VIEW_VISITS, P.VIEW_BUSINESSES, P.VIEW_TASKS}
    wrong = []
    for role, person in house.people.items():
        client = client_of(person)
        for side, key_ in (
            ("own", house.own.evidence.pk),
            ("foreign", house.city.evidence.pk),
            ("absent", uuid.uuid4()),
        ):
            answer = client.get(f"/api/v1/evidence/{key_}/")
            shown = P.VIEW_PROBLEMS in PERMISSIONS[role] and side != "absent" and sees(role, "problem", side)
            want = 403 if not looks & PERMISSIONS[role] else 200 if shown else 404
            if answer.status_code != want:
                wrong.append(f"{role} {side}: {answer.status_code}, declared {want}")
            if want == 200 and b"".join(answer.streaming_content) != b"%PDF-1.4":
                wrong.append(f"{role} {side}: other bytes")
    assert not wrong, "\n".join(wrong)


def test_writing_is_refused_to_those_who_may_only_read(house):
    client = client_of(house.people[Role.AUDITOR])
    refused = {
        path: client.post(f"/api/v1/{path}", {}, format="json").status_code
        for path in (
            "businesses/", "visits/", "problems/", "ledgers/", f"problems/{house.own.problem.pk}/sign/",
            f"visits/{house.own.visit.pk}/void/", f"status-changes/{house.own.change.pk}/review/", "assignments/",
            "reports/close/", f"tasks/{house.own.task.pk}/report/", f"businesses/{house.own.business.pk}/grade-changes/",
        )
    }  # fmt: skip
    assert set(refused.values()) == {403}, refused


def test_a_method_that_is_not_there_is_refused(api):
    client = api(role="campaign_office", region="9901")
    assert [
        client.put("/api/v1/businesses/").status_code,
        client.delete("/api/v1/visits/1/").status_code,
    ] == [405, 405]
    assert client.options("/api/v1/businesses/").status_code == 405
